package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/smoke"
)

// fake is an Airflow's API as far as smoke uses it; broken names the path that fails.
type fake struct {
	healthy bool
	late    int // how many answers come before it is
	version string
	state   string
	log     []any // its lines
	later   int   // how many answers come without them
	noDAG   bool
	asked   func() // is called when somebody asks how the run is
	login   string // the path from which on a load balancer's login answers
}

func (f *fake) serve(t *testing.T) (address, ca string) {
	t.Helper()
	server := httptest.NewTLSServer(f.handler())
	t.Cleanup(server.Close)
	return server.URL, authority(t, server)
}

func (f *fake) handler() http.Handler {
	answer := func(w http.ResponseWriter, status int, body any) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	mux, asked, looks := http.NewServeMux(), 0, 0
	if f.login != "" {
		mux.Handle(f.login, http.RedirectHandler("https://login.pathwai.com/authorize?state=hidden", http.StatusFound))
	}
	if f.login == "/" {
		return mux
	}
	mux.HandleFunc("GET /api/v2/version", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]string{"version": f.version})
	})
	mux.HandleFunc("GET /api/v2/monitor/health", func(w http.ResponseWriter, _ *http.Request) {
		looks++
		status := map[bool]string{true: "healthy", false: "unhealthy"}[f.healthy && looks > f.late]
		answer(w, 200, map[string]any{
			"metadatabase": map[string]string{"status": "healthy"}, "scheduler": map[string]string{"status": status},
			"dag_processor": map[string]string{"status": "healthy"}, "triggerer": map[string]string{"status": "healthy"},
		})
	})
	mux.HandleFunc("POST /auth/token", func(w http.ResponseWriter, r *http.Request) {
		var given map[string]string
		_ = json.NewDecoder(r.Body).Decode(&given)
		if given["password"] != "right" {
			answer(w, 401, map[string]string{"detail": "no"})
			return
		}
		answer(w, 201, map[string]string{"access_token": "token"})
	})
	mux.HandleFunc("GET /api/v2/dags", func(w http.ResponseWriter, r *http.Request) {
		dags := make([]map[string]string, 100) // a full page of others
		if r.URL.Query().Get("offset") == "100" {
			dags = []map[string]string{{"dag_id": "mine", "relative_fileloc": "sub/mine.py"}}
		}
		answer(w, 200, map[string]any{"dags": dags})
	})
	mux.HandleFunc("GET /api/v2/dagSources/mine", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]string{"content": "@dag\ndef mine(): new"})
	})
	mux.HandleFunc("/api/v2/dags/quick", func(w http.ResponseWriter, r *http.Request) {
		if f.noDAG || r.Header.Get("Authorization") != "Bearer token" {
			answer(w, 404, nil)
			return
		}
		answer(w, 200, map[string]any{})
	})
	mux.HandleFunc("POST /api/v2/dags/quick/dagRuns", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]string{"dag_run_id": "r1"})
	})
	mux.HandleFunc("GET /api/v2/dags/quick/dagRuns/r1", func(w http.ResponseWriter, _ *http.Request) {
		if f.asked != nil {
			f.asked()
		}
		answer(w, 200, map[string]string{"state": f.state})
	})
	mux.HandleFunc("GET /api/v2/dags/quick/dagRuns/r1/taskInstances", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, map[string]any{"task_instances": []map[string]any{{"task_id": "hello", "try_number": 1, "map_index": -1}}})
	})
	mux.HandleFunc("GET /api/v2/dags/quick/dagRuns/r1/taskInstances/hello/logs/1", func(w http.ResponseWriter, _ *http.Request) {
		asked++
		content := f.log
		if asked <= f.later {
			content = nil
		}
		answer(w, 200, map[string]any{"content": append(slices.Clone(notRead), content...)})
	})
	return mux
}

// notRead is what Airflow puts before a log: where it looked for it.
var notRead = []any{
	map[string]any{"event": "::group::Log message source details", "sources": []string{"Could not read served logs: timed out"}},
	map[string]any{"event": "::endgroup::"},
}

// said is a task's log.
var said = []any{map[string]any{"event": "hello from the task", "level": "info"}}

// authority is a file with what signed the server's certificate.
func authority(t *testing.T, server *httptest.Server) string {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(ca, block, 0o600))
	return ca
}

// smoked is how ops smoke ended.
func smoked(t *testing.T, getenv func(string) string, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), append([]string{"smoke"}, args...), Streams{Out: &stdout, Err: &stderr, Root: "../..", Getenv: getenv})
	return code, stdout.String(), stderr.String()
}

func nobody(string) string { return "" }

func environment(password string) func(string) string {
	return func(name string) string {
		return map[string]string{"SMOKE_USER": "ann", "SMOKE_PASSWORD": password}[name]
	}
}

func TestEachHopFailsWithItsOwnCode(t *testing.T) {
	good := fake{healthy: true, version: "3.1.8", state: "success", log: said}
	for name, test := range map[string]struct {
		change   func(*fake)
		password string
		exit     int
		says     string
	}{
		"all is well":          {func(*fake) {}, "right", 0, ""},
		"scheduler is down":    {func(f *fake) { f.healthy = false }, "right", 11, "not healthy: scheduler"},
		"heartbeat is late":    {func(f *fake) { f.late = 1 }, "right", 0, ""},
		"wrong password":       {func(*fake) {}, "wrong", 12, "401"},
		"wrong version":        {func(f *fake) { f.version = "2.10.0" }, "right", 13, "expected 3.1"},
		"version with a digit": {func(f *fake) { f.version = "3.10.0" }, "right", 13, "expected 3.1"},
		"DAG is missing":       {func(f *fake) { f.noDAG = true }, "right", 14, "not visible"},
		"run fails":            {func(f *fake) { f.state = "failed" }, "right", 15, "ended as failed"},
		"login before all":     {func(f *fake) { f.login = "/" }, "right", 17, "network: FAILED"},
		"login before changes": {func(f *fake) { f.login = "PATCH /api/v2/dags/quick" }, "right", 17, "/api/v2/dags/quick redirects to https://login.pathwai.com/authorize\n"},
		"log comes later":      {func(f *fake) { f.later = 1 }, "right", 0, "smoke: the log of hello isn't there yet; it is asked for again, for up to 1m0s\n"},
		"log is lost":          {func(f *fake) { f.log = nil }, "right", 16, "the log of hello can't be read: context deadline exceeded; the last answer was [{"},
		"log can't be read":    {func(f *fake) { f.log = []any{"Could not read logs from s3://logs/1.log"} }, "right", 16, "s3://logs/1.log"},
		"text of a log":        {func(f *fake) { f.log = []any{"hello"} }, "right", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := good
			test.change(&server)
			address, ca := server.serve(t)
			health, dags, log := time.Minute, time.Minute, time.Minute // a busy machine takes its time
			switch test.exit {
			case 11:
				health = 5 * time.Second
			case 14: // in vain
				dags = 100 * time.Millisecond
			case 16:
				log = 5 * time.Second
			}
			exit, stdout, stderr := smoked(t, environment(test.password), "dev", "--url", address, "--ca", ca, "--wait-for-health", health.String(), "--wait-for-dags", dags.String(), "--wait-for-log", log.String())
			assert.Equal(t, test.exit, exit, stderr)
			assert.Contains(t, stderr, test.says)
			assert.NotContains(t, stdout+stderr, "right")
			assert.NotContains(t, stderr, "hidden")
			assert.Equal(t, test.exit == 17, strings.Contains(stderr, "a login stands before the API"))
		})
	}
}

func TestDeadAddressFailsFastAndNamesTheHop(t *testing.T) {
	start := time.Now()
	exit, _, stderr := smoked(t, environment("right"), "dev", "--url", "https://127.0.0.1:1")
	assert.Equal(t, 10, exit)
	assert.Contains(t, stderr, "network: FAILED")
	assert.Less(t, time.Since(start), 5*time.Second)
}

func TestUntrustedCertificateIsRefused(t *testing.T) {
	server := fake{}
	address, _ := server.serve(t)
	exit, _, stderr := smoked(t, environment("right"), "dev", "--url", address)
	assert.Equal(t, 18, exit)
	assert.Contains(t, stderr, "certificate")
}

func TestUsage(t *testing.T) {
	exit, _, stderr := smoked(t, nobody, "dev", "--url", "http://x", "--run-timeout", "-1s", "--ca", "nowhere.pem")
	assert.Equal(t, ExitUsage, exit)
	for _, said := range []string{"https address", "SMOKE_USER", "positive", "nowhere.pem"} {
		assert.Contains(t, stderr, said)
	}
}

// behindLogin is a load balancer with login mode alb: every path leads to the
// IdP, but those that are open.
func behindLogin(t *testing.T, idp, back string, open ...string) (address, ca string) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(open, r.URL.Path) {
			return
		}
		if back == "" {
			back = "https://" + r.Host
		}
		query := url.Values{"client_id": {"airflow"}, "redirect_uri": {back + "/oauth2/idpresponse"}, "state": {"x"}}
		http.Redirect(w, r, idp+"?"+query.Encode(), http.StatusFound)
	}))
	t.Cleanup(server.Close)
	return server.URL, authority(t, server)
}

func TestLoginAtTheLoadBalancer(t *testing.T) {
	const idp = "https://login.pathwai.com/authorize"
	for name, test := range map[string]struct {
		leads, back string
		open        []string
		exit        int
		says        string
	}{
		"all is well":          {leads: idp, says: "login    ok"},
		"another IdP":          {leads: "https://login.other.com/authorize", exit: 12, says: "leads to https://login.other.com/authorize, and not"},
		"another page of it":   {leads: "https://login.pathwai.com/logout", exit: 12, says: "leads to https://login.pathwai.com/logout, and not"},
		"back to another name": {leads: idp, back: "https://airflow.other.com", exit: 12, says: `sent to "https://airflow.other.com/oauth2/idpresponse"`},
		"no login":             {leads: idp, open: []string{"/"}, exit: 12, says: "/ answers 200, and not"},
		"tokens for passwords": {leads: idp, open: []string{"/auth/token"}, exit: 12, says: "/auth/token answers 200, and not"},
		"an open API":          {leads: idp, open: []string{"/api/v2/version"}, exit: 12, says: "/api/v2/version answers 200, and not"},
	} {
		t.Run(name, func(t *testing.T) {
			address, ca := behindLogin(t, test.leads, test.back, test.open...)
			exit, stdout, stderr := smoked(t, nobody, "dev", "--url", address+"/", "--ca", ca, "--login", "alb", "--idp", idp)
			assert.Equal(t, test.exit, exit, stderr)
			assert.Contains(t, stdout+stderr, test.says)
			assert.Equal(t, test.exit == 0, strings.Contains(stderr, "not asked"), "it says what it can't know")
		})
	}
}

func TestUsageOfTheLogin(t *testing.T) {
	for said, args := range map[string][]string{
		"--login must be none": {"--login", "oidc"},
		"--idp must be":        {"--login", "alb"},
		"SMOKE_USER":           {"--login", "fab"},
	} {
		exit, _, stderr := smoked(t, nobody, append(args, "dev", "--url", "https://x")...)
		assert.Equal(t, ExitUsage, exit)
		assert.Contains(t, stderr, said)
	}
}

func TestChangedFilesMustArrive(t *testing.T) {
	server := fake{healthy: true, version: "3.1.8", state: "success", log: said}
	address, ca := server.serve(t)
	folder := t.TempDir()
	for name, test := range map[string]struct {
		file, content string
		exit          int
		says          string
	}{
		"new source":         {"sub/mine.py", "@dag\ndef mine(): new\n", 0, ""},
		"old source":         {"sub/mine.py", "@dag\ndef mine(): newer\n", 14, "sub/mine.py was pushed, but Airflow doesn't show the new source of mine"},
		"not there":          {"other.py", "with DAG(\"other\"): pass", 14, "other.py was pushed, but Airflow doesn't show its DAG"},
		"a module":           {"helpers.py", "# about a dag\nx = 1", 0, ""},
		"the name is a part": {"mine.py", "@airflow.dag\ndef mine(): new", 14, "mine.py was pushed"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, test.file)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(test.content), 0o600))
			wait := time.Minute
			if test.exit == 14 { // in vain, and asked once on a busy machine, too
				wait = 3 * time.Second
			}
			exit, _, stderr := smoked(t, environment("right"), "dev", "--url", address, "--ca", ca, "--wait-for-dags", wait.String(), "--changed", folder+":"+test.file)
			assert.Equal(t, test.exit, exit, stderr)
			assert.Contains(t, stderr, test.says)
		})
	}
}

func TestSmokeTakesFromSettingsWhatFlagsLeaveOpen(t *testing.T) {
	tool := &tool{Streams: Streams{Root: "../.."}}
	var o smoke.Options
	require.NoError(t, tool.fromSettings("dev", &o))
	assert.Equal(t, smoke.Options{URL: "https://airflow.dev.pathwai.com/", Login: "none", Airflow: "3.1"}, o)
	o = smoke.Options{URL: "https://x", Login: "fab", Airflow: "3.3"}
	require.NoError(t, tool.fromSettings("no-such-stack", &o), "an Airflow that is no stack's")
	for _, o := range []smoke.Options{
		{URL: "https://x", Airflow: "3.3"}, {Login: "fab", Airflow: "3.3"}, {URL: "https://x", Login: "alb", Airflow: "3.3"}, {URL: "https://x", Login: "fab"},
	} {
		require.ErrorContains(t, tool.fromSettings("no-such-stack", &o), "exists for dev prod")
	}
}

func TestSmokeAsJSONAndInterrupted(t *testing.T) {
	server := fake{healthy: false}
	address, ca := server.serve(t)
	exit, stdout, stderr := smoked(t, environment("right"), "dev", "--url", address, "--ca", ca, "--wait-for-health", "5s", "--output", "json")
	assert.Equal(t, 11, exit)
	var hops []smoke.Passed
	require.NoError(t, json.Unmarshal([]byte(stdout), &hops), stdout)
	require.Len(t, hops, 1, "those that passed")
	assert.Equal(t, "network", hops[0].Hop)
	assert.Contains(t, stderr, "ops: smoke: health: FAILED after ")

	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, said bytes.Buffer
	exit = Run(ctx, []string{"smoke", "dev", "--url", address, "--ca", ca}, Streams{Out: &out, Err: &said, Root: "../..", Getenv: environment("right")})
	assert.Equal(t, ExitInterrupted, exit)
	assert.Contains(t, said.String(), "ops: interrupted: smoke: network: FAILED")
	assert.Empty(t, out.String())
}
