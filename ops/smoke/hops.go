package smoke

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/config"
)

// airflow is a deployed Airflow, seen from outside.
type airflow struct {
	base    string
	http    *http.Client
	options Options

	token string
	runID string
}

// hop is one thing that must work before the next can.
type hop struct {
	name string
	exit int
	try  func(context.Context) (string, error)
}

func (a *airflow) hops() []hop {
	if a.options.Login == config.LoginALB {
		return []hop{{"network", Unconnected, a.reach}, {"login", 12, a.sentToIdP}}
	}
	return []hop{
		{"network", Unconnected, a.reach},
		{"health", 11, a.health},
		{"login", 12, a.login},
		{"version", 13, a.version},
		{"dags", 14, a.visible},
		{"run", 15, a.trigger},
		{"log", 16, a.log},
	}
}

// redirected is an answer with the way to somewhere else; the API gives none.
type redirected struct{ path, to string }

func (r redirected) Error() string { return fmt.Sprintf("%s redirects to %s", r.path, r.to) }

const pollEvery = 2 * time.Second

// reach opens the address: name, TCP, TLS and certificate.
func (a *airflow) reach(ctx context.Context) (string, error) {
	status, _, err := a.ask(ctx, http.MethodGet, "/api/v2/version", nil, nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s answers (%d)", a.base, status), nil
}

// health asks until every part is healthy: a heartbeat that comes late is no
// outage, and Airflow 3.1 misses one of the DAG processor's after 10.5 s.
func (a *airflow) health(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, a.options.WaitForHealth)
	defer cancel()
	var sick []string
	err := a.poll(ctx, func() (bool, error) {
		var health map[string]struct {
			Status *string `json:"status"`
		}
		if err := a.get(ctx, "/api/v2/monitor/health", &health); err != nil {
			return false, err
		}
		sick = nil
		for _, part := range []string{"metadatabase", "scheduler", "dag_processor", "triggerer"} {
			if status := health[part].Status; status == nil || *status != "healthy" {
				sick = append(sick, part)
			}
		}
		return len(sick) == 0, nil
	})
	if err != nil && len(sick) > 0 {
		err = fmt.Errorf("not healthy: %s: %w", strings.Join(sick, ", "), err)
	}
	return "metadatabase, scheduler, dag_processor, triggerer", err
}

func (a *airflow) login(ctx context.Context) (string, error) {
	var answer struct {
		Token string `json:"access_token"`
	}
	credentials := map[string]string{"username": a.options.User, "password": a.options.Secret}
	if err := a.send(ctx, http.MethodPost, "/auth/token", credentials, &answer); err != nil {
		return "", err
	}
	if answer.Token == "" {
		return "", errors.New("the answer holds no token")
	}
	a.token = answer.Token
	return "as " + a.options.User, nil
}

// sentToIdP is as far as a machine comes if the load balancer asks for a login:
// pages and API alike lead to the identity provider, which sends people back
// to this address.
func (a *airflow) sentToIdP(ctx context.Context) (string, error) {
	idp, err := url.Parse(a.options.IdP)
	if err != nil {
		return "", err
	}
	for _, path := range []string{"/", "/auth/token", "/api/v2/version"} {
		status, to, err := a.redirect(ctx, path)
		switch {
		case err != nil:
			return "", err
		case status != http.StatusFound:
			return "", fmt.Errorf("%s answers %d, and not with the way to the login at %s", path, status, a.options.IdP)
		case to.Scheme != idp.Scheme || to.Host != idp.Host || to.Path != idp.Path:
			return "", fmt.Errorf("%s leads to %s://%s%s, and not to the login at %s", path, to.Scheme, to.Host, to.Path, a.options.IdP)
		case to.Query().Get("redirect_uri") != a.base+"/oauth2/idpresponse":
			return "", fmt.Errorf("after the login at %s people are sent to %q, and not back to %s", a.options.IdP, to.Query().Get("redirect_uri"), a.base)
		}
	}
	return "at " + a.options.IdP, nil
}

// redirect gets a path, and the address that the answer leads to.
func (a *airflow) redirect(ctx context.Context, path string) (int, *url.URL, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := a.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusFound {
		return response.StatusCode, nil, nil
	}
	to, err := response.Location()
	return response.StatusCode, to, err
}

func (a *airflow) version(ctx context.Context) (string, error) {
	var answer struct {
		Version string `json:"version"`
	}
	if err := a.get(ctx, "/api/v2/version", &answer); err != nil {
		return "", err
	}
	if answer.Version != a.options.Airflow && !strings.HasPrefix(answer.Version, a.options.Airflow+".") {
		return "", fmt.Errorf("%q runs, expected %s", answer.Version, a.options.Airflow)
	}
	return "Airflow " + answer.Version, nil
}

func (a *airflow) visible(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, a.options.WaitForDAGs)
	defer cancel()
	err := a.poll(ctx, func() (bool, error) {
		status, _, err := a.ask(ctx, http.MethodGet, a.dagPath(""), nil, nil)
		return status == http.StatusOK, err
	})
	if err != nil {
		return "", fmt.Errorf("DAG %q is not visible: %w", a.options.DAG, err)
	}
	if err := a.arrived(ctx); err != nil {
		return "", err
	}
	unpause := map[string]bool{"is_paused": false}
	if err := a.send(ctx, http.MethodPatch, a.dagPath(""), unpause, nil); err != nil {
		return "", err
	}
	return a.options.DAG, nil
}

func (a *airflow) trigger(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, a.options.RunTimeout)
	defer cancel()
	var started struct {
		RunID string `json:"dag_run_id"`
	}
	if err := a.send(ctx, http.MethodPost, a.dagPath("/dagRuns"), map[string]any{"logical_date": nil}, &started); err != nil {
		return "", err
	}
	a.runID = started.RunID
	state, said := "", ""
	err := a.poll(ctx, func() (bool, error) {
		var run struct {
			State string `json:"state"`
		}
		if err := a.get(ctx, a.dagPath("/dagRuns/"+url.PathEscape(a.runID)), &run); err != nil {
			return false, err
		}
		if state = run.State; state != said {
			said = state
			a.options.Say("smoke: %s is %s", a.runID, state)
		}
		return state == "success" || state == "failed", nil
	})
	if err != nil {
		return "", fmt.Errorf("run %s is %s: %w", a.runID, state, err)
	}
	if state != "success" {
		return "", fmt.Errorf("run %s ended as %s", a.runID, state)
	}
	return a.runID, nil
}

// log reads the log of one task of the run. A worker uploads it to S3 after the
// task has ended, so it is asked for again until it is there.
func (a *airflow) log(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, a.options.WaitForLog)
	defer cancel()
	var tasks struct {
		Instances []struct {
			TaskID   string `json:"task_id"`
			Try      int    `json:"try_number"`
			MapIndex int    `json:"map_index"`
		} `json:"task_instances"`
	}
	path := a.dagPath("/dagRuns/" + url.PathEscape(a.runID) + "/taskInstances")
	if err := a.get(ctx, path, &tasks); err != nil {
		return "", err
	}
	if len(tasks.Instances) == 0 {
		return "", errors.New("the run has no task")
	}
	first := tasks.Instances[0]
	read := fmt.Sprintf("%s/%s/logs/%d?map_index=%d", path, url.PathEscape(first.TaskID), first.Try, first.MapIndex)
	found := taskLog{}
	told := false
	err := a.poll(ctx, func() (bool, error) {
		var answer struct {
			Content taskLog `json:"content"`
		}
		if err := a.get(ctx, read, &answer); err != nil {
			return false, err
		}
		found = answer.Content
		if found.lines() == 0 && !told {
			told = true
			a.options.Say("smoke: the log of %s isn't there yet; it is asked for again, for up to %s", first.TaskID, a.options.WaitForLog)
		}
		return found.lines() > 0, nil
	})
	if err != nil {
		return "", fmt.Errorf("the log of %s can't be read: %w; the last answer was %.300s", first.TaskID, err, found)
	}
	return fmt.Sprintf("%s, %d lines", first.TaskID, found.lines()), nil
}

// taskLog is what the API gives as a task's log, line by line: objects, or text
// from older handlers. A group before it names where the log was looked for.
type taskLog []json.RawMessage

// aside is what the API itself says in a log.
var aside = regexp.MustCompile(`::(end)?group::|Could not read`)

// lines counts what the task said.
func (l taskLog) lines() int {
	count := 0
	for _, line := range l {
		if !aside.Match(line) {
			count++
		}
	}
	return count
}

func (a *airflow) dagPath(rest string) string {
	return "/api/v2/dags/" + url.PathEscape(a.options.DAG) + rest
}

// poll asks until done says so or the time is up.
func (a *airflow) poll(ctx context.Context, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok || err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

func (a *airflow) get(ctx context.Context, path string, answer any) error {
	return a.send(ctx, http.MethodGet, path, nil, answer)
}

// send asks and wants an answer of the 2xx kind.
func (a *airflow) send(ctx context.Context, method, path string, body, answer any) error {
	status, text, err := a.ask(ctx, method, path, body, answer)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return fmt.Errorf("%s %s answers %d: %.200s", method, path, status, text)
	}
	return nil
}

const longestAnswer = 16 << 20

func (a *airflow) ask(ctx context.Context, method, path string, body, answer any) (int, string, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, "", err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	response, err := a.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 == 3 && a.options.Login != config.LoginALB {
		to, err := response.Location()
		if err != nil {
			return response.StatusCode, "", fmt.Errorf("%s answers %d: %w", path, response.StatusCode, err)
		}
		return response.StatusCode, "", redirected{path, to.Scheme + "://" + to.Host + to.Path} // its query holds a session's state
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return response.StatusCode, "", err
	}
	if answer != nil && response.StatusCode/100 == 2 {
		if err := json.Unmarshal(text, answer); err != nil {
			return response.StatusCode, "", fmt.Errorf("%s answers something else than JSON: %w", path, err)
		}
	}
	return response.StatusCode, string(text), nil
}
