package cli

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// This test program is session-manager-plugin, too, when it is called so.
func TestMain(m *testing.M) {
	if os.Getenv("FAKE_PLUGIN") != "" {
		os.Exit(fakePlugin(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fakePlugin forwards a port of loopback to $FAKE_REMOTE, as the real one does
// to what the session's document names. $FAKE_PLUGIN is how it behaves; the file
// $FAKE_MOMENT says that a silent one runs, or tells one that breaks when to.
func fakePlugin(args []string) int {
	if args[0] == "--version" {
		fmt.Println(os.Getenv("FAKE_VERSION"))
		return 0
	}
	var response struct{ SessionId, TokenValue, StreamUrl string } //nolint:revive // names of the API
	var request struct{ Parameters map[string][]string }
	if args[0] != "AWS_SSM_START_SESSION_RESPONSE" || args[2] != "StartSession" || json.Unmarshal([]byte(os.Getenv(args[0])), &response) != nil ||
		json.Unmarshal([]byte(args[4]), &request) != nil || response.TokenValue != "token-of-a-test" || strings.Contains(strings.Join(args, " "), "token-of-a-test") {
		fmt.Println("what a call is that?", args)
		return 9
	}
	fmt.Printf("\nStarting session with SessionId: %s\n", response.SessionId)
	if os.Getenv("FAKE_PLUGIN") == "refused" {
		fmt.Fprintln(os.Stderr, "Connection to destination port failed, check SSM Agent logs.")
		return 255
	}
	stop, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	if os.Getenv("FAKE_PLUGIN") == "silent" {
		if err := os.WriteFile(os.Getenv("FAKE_MOMENT"), nil, 0o600); err != nil {
			fmt.Println(err)
			return 1
		}
		<-stop.Done()
		return 0
	}
	port := request.Parameters["localPortNumber"][0]
	listener, err := new(net.ListenConfig).Listen(stop, "tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("Port %s opened for sessionId %s.\nWaiting for connections...\n", port, response.SessionId)
	if os.Getenv("FAKE_PLUGIN") == "times out" {
		time.Sleep(time.Second)
		fmt.Println("Session: was timed out due to inactivity")
		return 0
	}
	go func() {
		for {
			here, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				there, err := new(net.Dialer).DialContext(stop, "tcp", os.Getenv("FAKE_REMOTE"))
				if err != nil {
					_ = here.Close()
					return
				}
				go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
				_, _ = io.Copy(here, there)
				_ = here.Close()
			}()
		}
	}()
	if os.Getenv("FAKE_PLUGIN") == "breaks" {
		awaitFile(stop, os.Getenv("FAKE_MOMENT"))
		return 1
	}
	<-stop.Done()
	fmt.Println("Terminate signal received, exiting.")
	return 0
}

// awaitFile returns when there is a file of this name, or ctx ends.
func awaitFile(ctx context.Context, name string) {
	for ctx.Err() == nil {
		if _, err := os.Stat(name); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// wayIn is dev with one task of the api-server, on moto, which has no Session
// Manager: StartSession and TerminateSession are answered here.
type wayIn struct {
	*home
	aws     *awstest.AWS
	ca      string
	mu      sync.Mutex
	started []string // requests of StartSession
	ended   []string
}

func newWayIn(t *testing.T, airflow *fake) *wayIn {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	w := &wayIn{home: newHome(t, map[string]string{"session-manager-plugin": fmt.Sprintf("exec %q \"$@\"", self)}), aws: awstest.Start(t)}
	server := httptest.NewUnstartedServer(airflow.handler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t, "airflow.dev.pathwai.com")}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	w.ca = authority(t, server)
	for name, value := range map[string]string{
		"FAKE_PLUGIN": "works", "FAKE_MOMENT": filepath.Join(t.TempDir(), "moment"), "FAKE_VERSION": "1.2.707.0", "FAKE_REMOTE": server.Listener.Addr().String(),
		"SMOKE_USER": "ann", "SMOKE_PASSWORD": "right",
	} {
		t.Setenv(name, value)
	}
	w.aws.Answer("AmazonSSM.StartSession", func(request string) string {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.started = append(w.started, request)
		return `{"SessionId": "ann-0123", "TokenValue": "token-of-a-test", "StreamUrl": "wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/ann-0123"}`
	})
	w.aws.Answer("AmazonSSM.TerminateSession", func(request string) string {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ended = append(w.ended, request)
		return `{"SessionId": "ann-0123"}`
	})
	fleet := w.aws.Fleet(t, "pathwai-airflow-dev-cluster")
	fleet.Service("pathwai-airflow-dev-api-server", fleet.Register("pathwai-airflow-dev-api-server", "api-server", "web"))
	w.agent("RUNNING")
	return w
}

// agent says how the agent of ECS Exec is, in every task.
func (w *wayIn) agent(status string) {
	w.aws.Edit("V20141113.DescribeTasks", func(answer map[string]any) {
		for _, task := range answer["tasks"].([]any) {
			for _, c := range task.(map[string]any)["containers"].([]any) {
				c := c.(map[string]any)
				c["runtimeId"] = "0a1b-77"
				c["managedAgents"] = []any{map[string]any{"name": "ExecuteCommandAgent", "lastStatus": status}}
			}
		}
	})
}

// sessions are the requests that began and ended some, since the last time.
func (w *wayIn) sessions() (started, ended []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	started, ended, w.started, w.ended = w.started, w.ended, nil, nil
	return started, ended
}

func selfSigned(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func wellAirflow() *fake {
	return &fake{healthy: true, version: "3.1.8", state: "success", log: said}
}

func TestOpenLeadsABrowserToThePage(t *testing.T) {
	w := newWayIn(t, wellAirflow())
	port := unusedPort(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan answer)
	go func() { ended <- w.opsUntil(ctx, "open", "dev", "--port", port) }()

	proxy, err := url.Parse("http://127.0.0.1:" + port)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(w.ca)
	require.NoError(t, err)
	roots.AppendCertsFromPEM(pem)
	browser := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	get := func(client *http.Client, address string) (int, string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		response, err := client.Do(request)
		if err != nil {
			return 0, "", err
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		return response.StatusCode, string(text), err
	}
	require.Eventually(t, func() bool {
		status, text, err := get(browser, "https://airflow.dev.pathwai.com/api/v2/version")
		return err == nil && status == http.StatusOK && strings.Contains(text, "3.1.8")
	}, time.Minute, 100*time.Millisecond, "its own name, its own certificate, port 443")

	_, text, err := get(http.DefaultClient, proxy.String()+"/proxy.pac")
	require.NoError(t, err)
	assert.Equal(t, "function FindProxyForURL(url, host) { return host == \"airflow.dev.pathwai.com\" ? \"PROXY 127.0.0.1:"+port+"\" : \"DIRECT\"; }\n", text)
	for _, elsewhere := range []string{"https://example.com/", "https://airflow.dev.pathwai.com:8443/", "http://airflow.dev.pathwai.com/", "http://example.com/proxy.pac"} {
		status, _, err := get(browser, elsewhere)
		assert.True(t, err != nil && strings.Contains(err.Error(), "Forbidden") || status == http.StatusForbidden, "%s: %d, %v", elsewhere, status, err)
	}

	stop()
	got := <-ended
	assert.Equal(t, 0, got.code, got.said)
	assert.Contains(t, got.out, "https://airflow.dev.pathwai.com/ is open through task ")
	assert.Contains(t, got.out, "--proxy-pac-url=http://127.0.0.1:"+port+"/proxy.pac https://airflow.dev.pathwai.com/\n")
	assert.Contains(t, got.said, "open: closed\n")
	assert.NotContains(t, got.out+got.said, "token-of-a-test")
	started, closed := w.sessions()
	require.Len(t, started, 1)
	var request struct {
		Target, DocumentName, Reason string
		Parameters                   map[string][]string
	}
	require.NoError(t, json.Unmarshal([]byte(started[0]), &request))
	assert.Equal(t, "AWS-StartPortForwardingSessionToRemoteHost", request.DocumentName)
	assert.Regexp(t, `^ecs:pathwai-airflow-dev-cluster_[0-9a-f-]+_0a1b-77$`, request.Target)
	assert.Equal(t, []string{"airflow.dev.pathwai.com"}, request.Parameters["host"])
	assert.Equal(t, []string{"443"}, request.Parameters["portNumber"])
	assert.Equal(t, "ops open dev", request.Reason)
	assert.Equal(t, []string{`{"SessionId":"ann-0123"}`}, closed)
}

func unusedPort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	w := newWayIn(t, wellAirflow())
	open := func() answer { return w.ops("open", "dev", "--port", unusedPort(t)) }
	dev, err := os.ReadFile(filepath.Join(w.folder, "Pulumi.dev.yaml"))
	require.NoError(t, err)

	got := w.ops("open", "dev", "--port", "0")
	assert.Equal(t, ExitUsage, got.code)
	assert.Equal(t, "ops: --port is 0: 1 to 65535\n", got.said)

	w.write("Pulumi.dev.yaml", strings.Replace(string(dev), "  airflow:services:\n", "  airflow:services:\n    exec: false\n", 1), 0o600)
	got = open()
	assert.Equal(t, ExitNothing, got.code)
	assert.Equal(t, "ops: no way in over Session Manager: services.exec is false in stack dev, so no task takes sessions\n", got.said)
	got = w.ops("open", "dev", "--how")
	assert.Contains(t, got.out, "and from nowhere else, since services.exec is false")
	w.write("Pulumi.dev.yaml", string(dev), 0o600)
	got = w.ops("open", "dev", "--how")
	assert.Equal(t, 0, got.code)
	assert.Equal(t, "https://airflow.dev.pathwai.com/ opens\n"+
		"  from 10.0.0.0/8, over a network that is joined to the stack's (10.40.0.0/16) and knows the name (docs/runbooks/first-deployment.md)\n"+
		"  from anywhere, with rights in the account: bin/ops open dev\n", got.out)
	w.write("Pulumi.dev.yaml", strings.Replace(string(dev), "    cidr: 10.40.0.0/16\n", "    vpcId: vpc-0123456789abcdef0\n    subnetIds: [subnet-0123456789abcdef1, subnet-0123456789abcdef2]\n    routeTableIds: [rtb-0123456789abcdef1]\n", 1), 0o600)
	got = w.ops("open", "dev", "--how")
	assert.Contains(t, got.out, "joined to the stack's (vpc-0123456789abcdef0) and knows the name", got.said)
	w.write("Pulumi.dev.yaml", string(dev), 0o600)

	t.Setenv("FAKE_VERSION", "1.2.463.0")
	got = open()
	assert.Equal(t, ExitNothing, got.code)
	assert.Equal(t, "ops: no way in over Session Manager: session-manager-plugin is 1.2.463.0, and must be 1.2.497.0 or newer\n", got.said)
	t.Setenv("FAKE_VERSION", "The plugin was installed")
	assert.Contains(t, open().said, `calls itself "The plugin was installed", which is no version`)
	require.NoError(t, os.Rename(filepath.Join(w.folder, "bin/session-manager-plugin"), filepath.Join(w.folder, "bin/gone")))
	got = open()
	assert.Equal(t, ExitNothing, got.code)
	assert.Contains(t, got.said, "ops: no way in over Session Manager: this machine has no session-manager-plugin that runs")
	require.NoError(t, os.Rename(filepath.Join(w.folder, "bin/gone"), filepath.Join(w.folder, "bin/session-manager-plugin")))
	t.Setenv("FAKE_VERSION", "1.2.497.0")

	w.agent("STOPPED")
	got = open()
	assert.Equal(t, ExitNothing, got.code)
	assert.Contains(t, got.said, "no task of pathwai-airflow-dev-api-server takes sessions: the agent of ECS Exec isn't running in it.")
	w.agent("RUNNING")
	started, _ := w.sessions()
	assert.Empty(t, started)
}

func TestOpenEndsWithItsSession(t *testing.T) {
	w := newWayIn(t, wellAirflow())
	open := func() answer { return w.ops("open", "dev", "--port", unusedPort(t)) }

	w.aws.Fail("AmazonSSM.StartSession", 1, 400, "TargetNotConnected: the agent isn't connected")
	got := open()
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "ops: no session by Session Manager: operation error SSM: StartSession")
	assert.Contains(t, got.said, "TargetNotConnected: the agent isn't connected")
	w.aws.Fail("AmazonSSM.StartSession", 9, 403, "AccessDeniedException")
	assert.Equal(t, ExitFailure, open().code)
	w.aws.Heal()
	_, ended := w.sessions()
	assert.Empty(t, ended, "none began")

	t.Setenv("FAKE_PLUGIN", "refused")
	got = open()
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "the session ann-0123 ended (exit status 255): Starting session with SessionId: ann-0123; Connection to destination port failed, check SSM Agent logs.\n")
	_, ended = w.sessions()
	assert.Len(t, ended, 1, "what began is ended")

	t.Setenv("FAKE_PLUGIN", "times out")
	got = open()
	assert.Equal(t, ExitFailure, got.code)
	assert.Contains(t, got.said, "Session: was timed out due to inactivity")

	t.Setenv("FAKE_PLUGIN", "silent")
	_, _ = w.sessions()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		awaitFile(ctx, os.Getenv("FAKE_MOMENT"))
		stop()
	}()
	assert.Equal(t, ExitInterrupted, w.opsUntil(ctx, "open", "dev", "--port", unusedPort(t)).code)
	_, ended = w.sessions()
	assert.Len(t, ended, 1)
}
