// Package awstest gives a test an AWS that this project didn't write: moto, on
// loopback, behind a proxy that can throttle, refuse, cut and delay its answers.
package awstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Account is the account of the stacks' files, which moto plays.
const Account = "381492153064"

// AWS is a fresh moto behind a proxy. The process's environment leads the SDK
// to it; tests that use it can't be parallel.
type AWS struct {
	URL string

	mu     sync.Mutex
	faults []fault
	edits  []edit
	stands map[string]func(request string) string
	calls  []string
}

type edit struct {
	match string
	do    func(answer map[string]any)
}

type fault struct {
	match  func(call string) bool
	left   int
	answer func(w http.ResponseWriter, r *http.Request, pass func())
}

// Start runs moto for one test, and skips the test, aloud, where its packages
// can't be installed.
func Start(t *testing.T) *AWS {
	t.Helper()
	target := serve(t, python(t))

	a := &AWS{}
	through := httputil.NewSingleHostReverseProxy(target)
	direct := through.Director
	through.Director = func(r *http.Request) { host := r.Host; direct(r); r.Host = host }
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, through) }))
	t.Cleanup(proxy.Close)
	a.URL = proxy.URL
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": proxy.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "us-east-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return a
}

// serve starts moto on a port of loopback. Between choosing a free one and
// binding it another program may take it: then it is another one's turn.
func serve(t *testing.T, python string) *url.URL {
	t.Helper()
	var said bytes.Buffer
	for range 3 {
		port := freePort(t)
		ctx, stop := context.WithCancel(context.Background())
		server := exec.CommandContext(ctx, python, "-m", "moto.server", "-H", "127.0.0.1", "-p", port)
		server.Env = append(os.Environ(), "MOTO_ACCOUNT_ID="+Account, "PYTHONWARNINGS=ignore")
		server.Stdout, server.Stderr = &said, &said
		if err := server.Start(); err != nil {
			stop()
			t.Fatalf("moto: %v", err)
		}
		ended := make(chan struct{})
		go func() { _ = server.Wait(); close(ended) }()
		t.Cleanup(func() { stop(); <-ended })
		target := &url.URL{Scheme: "http", Host: "127.0.0.1:" + port}
		if await(t, target.String(), ended) {
			return target
		}
		stop()
		<-ended
	}
	t.Fatalf("moto didn't answer: %s", said.String())
	return nil
}

// Fail makes the next times calls that match answer with an AWS error; match
// is a part of a call's name (see Calls). Codes that the SDK retries, such as
// ThrottlingException, are retried by it. "Code: message" has a message of its own.
func (a *AWS) Fail(match string, times, status int, awsCode string) {
	awsCode, message, own := strings.Cut(awsCode, ": ")
	if !own {
		message = "planted by the test"
	}
	a.add(match, times, func(w http.ResponseWriter, r *http.Request, _ func()) {
		if r.Header.Get("X-Amz-Target") != "" {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"__type": %q, "message": %q}`, awsCode, message)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		before, after := "", ""
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "Version=2016-11-15") { // EC2
			before, after = "<Response><Errors>", "</Errors></Response>"
		} else if strings.HasPrefix(r.URL.Path, "/2013-04-01/") { // Route 53
			before, after = "<ErrorResponse>", "</ErrorResponse>"
		}
		_, _ = fmt.Fprintf(w, `%s<Error><Code>%s</Code><Message>%s</Message></Error>%s`, before, awsCode, message, after)
	})
}

// Cut breaks the connection of the next times calls that match. With done the
// call takes effect first: only its answer is lost.
func (a *AWS) Cut(match string, times int, done bool) {
	a.add(match, times, func(w http.ResponseWriter, _ *http.Request, pass func()) {
		if done {
			pass()
		}
		panic(http.ErrAbortHandler)
	})
}

// On runs do before the next times calls that match, which then go through.
func (a *AWS) On(match string, times int, do func()) {
	a.add(match, times, func(_ http.ResponseWriter, _ *http.Request, pass func()) { do(); pass() })
}

// Edit changes every answer of JSON services to calls that match, such as a
// field that moto doesn't fill in. Fields have the names of AWS's API.
func (a *AWS) Edit(match string, do func(answer map[string]any)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.edits = append(a.edits, edit{match, do})
}

// Answer stands in for an API that moto lacks: what do returns, JSON or XML, is
// the answer to calls that match, until another takes its place, or nil, which
// is moto again. The request is the call's body.
func (a *AWS) Answer(match string, do func(request string) string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stands == nil {
		a.stands = map[string]func(string) string{}
	}
	a.stands[match] = do
}

func stood(w http.ResponseWriter, r *http.Request, do func(string) string) {
	body, _ := io.ReadAll(r.Body)
	answer := do(string(body))
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if strings.HasPrefix(answer, "<") {
		w.Header().Set("Content-Type", "text/xml")
	}
	_, _ = io.WriteString(w, answer)
}

// edited passes a call on, and its answer through the edits.
func edited(w http.ResponseWriter, r *http.Request, through http.Handler, edits []edit) {
	answer := httptest.NewRecorder()
	through.ServeHTTP(answer, r)
	body := answer.Body.Bytes()
	var fields map[string]any
	if answer.Code == http.StatusOK && json.Unmarshal(body, &fields) == nil {
		for _, e := range edits {
			e.do(fields)
		}
		body, _ = json.Marshal(fields) // what was JSON before
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Del("X-Amz-Crc32")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body)
}

func (a *AWS) add(match string, times int, answer func(http.ResponseWriter, *http.Request, func())) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, fault{func(call string) bool { return strings.Contains(call, match) }, times, answer})
}

// Heal takes back all faults that are still planted.
func (a *AWS) Heal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = nil
}

// Calls are the requests so far: "AmazonEC2ContainerServiceV20141113.UpdateService"
// for JSON services, "PUT /bucket/key" for S3 (with the query, if any), and
// "Action=GetCallerIdentity&…" for query services.
func (a *AWS) Calls() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.calls...)
}

func (a *AWS) serve(w http.ResponseWriter, r *http.Request, through http.Handler) {
	call := r.Header.Get("X-Amz-Target")
	if call == "" {
		call = r.Method + " " + r.URL.RequestURI()
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			call = string(body)
		}
	}
	a.mu.Lock()
	a.calls = append(a.calls, call)
	var hit *fault
	for i := range a.faults {
		if f := &a.faults[i]; f.left > 0 && f.match(call) {
			f.left--
			hit = f
			break
		}
	}
	var edits []edit
	for _, e := range a.edits {
		if strings.Contains(call, e.match) {
			edits = append(edits, e)
		}
	}
	var stand func(string) string
	for match, do := range a.stands {
		if do != nil && strings.Contains(call, match) {
			stand = do
		}
	}
	a.mu.Unlock()
	pass := func() { through.ServeHTTP(w, r) }
	if stand != nil {
		pass = func() { stood(w, r, stand) }
	}
	if len(edits) > 0 {
		pass = func() { edited(w, r, through, edits) }
	}
	if hit == nil {
		pass()
		return
	}
	hit.answer(w, r, pass)
}

// python is the interpreter of the provider rehearsal's locked packages, moto among them.
func python(t *testing.T) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "../../..")
	out, err := exec.CommandContext(t.Context(), "python3", filepath.Join(root, "test/provider/run.py"), "python").Output()
	if err != nil {
		if failed := new(exec.ExitError); errors.As(err, &failed) {
			out = append(out, failed.Stderr...)
		}
		t.Fatalf("moto's packages: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; filepath.IsAbs(last) {
		return last
	}
	t.Skipf("moto's packages can't be installed here: %s", out)
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// await asks until moto answers, has ended, or a minute is over.
func await(t *testing.T, address string, ended <-chan struct{}) bool {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/moto-api/", nil)
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
			return false
		default:
		}
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			return true
		}
	}
	return false
}
