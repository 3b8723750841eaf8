// Package smoke asks a deployed Airflow whether it works, hop by hop, the way
// a user would: name, TLS, health, login, version, a DAG run, its log. Behind
// a load balancer that asks for a login it asks for name, TLS and the way to
// the identity provider: no machine comes further (docs/adr/0053).
package smoke

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/config"
)

// Options are what to ask, and whom.
type Options struct {
	// URL is the address of the web interface, https://…
	URL string
	// DAG is the one to run.
	DAG string
	// Via is host:port to connect to instead of the URL's, which keeps its name; empty: the URL's.
	Via string
	// CA is a file with further certificate authorities, or empty.
	CA string
	// Login is the stack's login.mode; IdP its login.authorizationEndpoint, for alb.
	Login, IdP string
	// Changed is FOLDER:FILE,FILE, files of the DAG folder whose DAGs must be as in them, or empty.
	Changed string
	// Airflow is the version that must answer, or its beginning.
	Airflow string
	// RunTimeout is the time for the run, a worker's start from zero included.
	RunTimeout time.Duration
	// WaitForHealth is the time until every part must be healthy.
	WaitForHealth time.Duration
	// WaitForDAGs is the time until the DAG must be visible, and what changed.
	WaitForDAGs time.Duration
	// WaitForLog is the time until the log of a task must be there, after its run.
	WaitForLog time.Duration
	// User and Secret are Airflow's, except behind a login at the load balancer.
	User, Secret string
	// Say gets progress, a line at a time.
	Say func(format string, args ...any)
}

// Defaults are the options that no stack answers: the image's own DAG, and the
// times that a heartbeat, its run, the parse of its file and the upload of its log
// may take.
func Defaults(say func(format string, args ...any)) Options {
	return Options{DAG: "quick", RunTimeout: 10 * time.Minute, WaitForHealth: 30 * time.Second, WaitForDAGs: time.Minute, WaitForLog: time.Minute, Say: say}
}

// Passed is a hop that works.
type Passed struct {
	Hop     string  `json:"hop"`
	Seconds float64 `json:"seconds"`
	Detail  string  `json:"detail"`
}

// Failed is the error of the hop at which it ended.
type Failed struct {
	Hop     string
	Seconds float64
	Err     error
	exit    int
}

func (f *Failed) Error() string {
	said := fmt.Sprintf("smoke: %s: FAILED after %.1f s: %v", f.Hop, f.Seconds, f.Err)
	switch f.Exit() {
	case Unconnected:
		said += "\nsmoke: this machine couldn't connect, so nothing is known of the deployment; ops open --how says how it is reached"
	case loginBeforeExit:
		said += "\nsmoke: a login stands before the API: is the stack deployed with login.mode alb, and its file says another mode?"
	}
	return said
}

func (f *Failed) Unwrap() error { return f.Err }

// Exit is the exit code that tells the hop, that a login answers where the API
// should, or that something answers which isn't to be trusted.
func (f *Failed) Exit() int {
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(f.Err, new(redirected)):
		return loginBeforeExit
	case errors.As(f.Err, &untrusted):
		return certificateExit
	}
	return f.exit
}

const (
	// Unconnected is the exit code of a test that met nobody: it says nothing of the deployment.
	Unconnected     = 10
	loginBeforeExit = 17
	certificateExit = 18
)

// Check returns all faults of the options in one error.
func (o Options) Check() error {
	var faults []string
	if !strings.HasPrefix(o.URL, "https://") {
		faults = append(faults, "--url must be an https address")
	}
	if !slices.Contains([]string{config.LoginNone, config.LoginALB, config.LoginFAB}, o.Login) {
		faults = append(faults, "--login must be none, alb or fab")
	}
	if o.Login == config.LoginALB && !strings.HasPrefix(o.IdP, "https://") {
		faults = append(faults, "--idp must be the https address of the login, with --login alb")
	}
	if o.Login != config.LoginALB && (o.User == "" || o.Secret == "") {
		faults = append(faults, "SMOKE_USER and SMOKE_PASSWORD must be set in the environment (docs/runbooks/admin-user.md)")
	}
	if min(o.RunTimeout, o.WaitForHealth, o.WaitForDAGs, o.WaitForLog) <= 0 {
		faults = append(faults, "times must be positive")
	}
	if _, err := authorities(o.CA); err != nil {
		faults = append(faults, err.Error())
	}
	if len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return nil
}

// Run passes hop by hop, and tells each one that works. It ends with *Failed
// at the first that doesn't.
func Run(ctx context.Context, o Options, passed func(Passed)) error {
	roots, err := authorities(o.CA)
	if err != nil {
		return err
	}
	airflow := &airflow{base: strings.TrimSuffix(o.URL, "/"), http: newClient(roots, o.Via), options: o}
	for _, hop := range airflow.hops() {
		start := time.Now()
		detail, err := hop.try(ctx)
		seconds := time.Since(start).Seconds()
		if err != nil {
			return &Failed{hop.name, seconds, err, hop.exit}
		}
		passed(Passed{hop.name, seconds, detail})
	}
	if o.Login == config.LoginALB {
		o.Say("smoke: not asked, since only people pass that login: health, version, DAGs, runs, logs")
	}
	return nil
}

// authorities are this machine's, and those of a file.
func authorities(file string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("certificate authorities of this machine: %w", err)
	}
	if file == "" {
		return roots, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return roots, nil
}

func newClient(roots *x509.CertPool, via string) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	if via != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, via)
		}
	}
	return &http.Client{
		// One answer; the whole is bounded hop by hop.
		Timeout:   10 * time.Second,
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a redirect to a login page is an answer to report
		},
	}
}
