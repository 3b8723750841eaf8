// Command smoke asks a deployed Airflow whether it works, hop by hop, the way
// a user would: name, TLS, health, login, version, a DAG run, its log. Behind
// a load balancer that asks for a login (--login alb) it asks for name, TLS and
// the way to the identity provider: no machine comes further (docs/adr/0053).
//
// Exit codes: 0 all hops passed; 2 usage; else the number of the hop that
// failed: 10 network or TLS, 11 health, 12 login, 13 version, 14 DAGs, 15 run, 16 log;
// 17 if a login answers at a hop where the API should (the stack was taken for one without login.mode alb).
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what a person says.
type options struct {
	url          string
	dag          string
	ca           string
	login, idp   string
	changed      string
	runTimeout   time.Duration
	waitForDAGs  time.Duration
	airflow      string
	user, secret string
}

const (
	usageExit       = 2
	loginBeforeExit = 17
	// loginALB is the mode in which the load balancer asks, see login.mode in Pulumi.yaml.
	loginALB = "alb"
)

func parse(args []string, getenv func(string) string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("smoke", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.url, "url", "", "address of the web interface, https://…")
	flags.StringVar(&o.dag, "dag", "quick", "the DAG to run")
	flags.StringVar(&o.ca, "ca", "", "file with further certificate authorities")
	flags.StringVar(&o.login, "login", "none", "the stack's login.mode: none, alb or fab")
	flags.StringVar(&o.idp, "idp", "", "the stack's login.authorizationEndpoint, for --login alb")
	flags.StringVar(&o.changed, "changed", "", "FOLDER:FILE,FILE: files of the DAG folder that were pushed, whose DAGs must be as in them")
	flags.StringVar(&o.airflow, "airflow", "3.1", "the version that must answer, or its beginning")
	flags.DurationVar(&o.runTimeout, "run-timeout", 10*time.Minute, "time for the run, a worker's start from zero included")
	flags.DurationVar(&o.waitForDAGs, "wait-for-dags", 60*time.Second, "time until the DAG must be visible, and what changed")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.user, o.secret = getenv("SMOKE_USER"), getenv("SMOKE_PASSWORD")
	var faults []string
	if !strings.HasPrefix(o.url, "https://") {
		faults = append(faults, "--url must be an https address")
	}
	if !slices.Contains([]string{"none", loginALB, "fab"}, o.login) {
		faults = append(faults, "--login must be none, alb or fab")
	}
	if o.login == loginALB && !strings.HasPrefix(o.idp, "https://") {
		faults = append(faults, "--idp must be the https address of the login, with --login alb")
	}
	if o.login != loginALB && (o.user == "" || o.secret == "") {
		faults = append(faults, "SMOKE_USER and SMOKE_PASSWORD must be set in the environment (docs/runbooks/admin-user.md)")
	}
	if o.runTimeout <= 0 || o.waitForDAGs <= 0 {
		faults = append(faults, "times must be positive")
	}
	if len(faults) > 0 {
		return o, errors.New(strings.Join(faults, "; "))
	}
	return o, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	o, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "smoke:", err)
		return usageExit
	}
	client, err := newClient(o)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "smoke:", err)
		return usageExit
	}
	airflow := &airflow{base: strings.TrimSuffix(o.url, "/"), http: client, options: o, progress: stdout}
	for _, hop := range airflow.hops() {
		start := time.Now()
		detail, err := hop.try(ctx)
		if err != nil {
			_, _ = fmt.Fprintf(stderr, "smoke: %s: FAILED after %.1f s: %v\n", hop.name, time.Since(start).Seconds(), err)
			if errors.As(err, new(redirected)) {
				_, _ = fmt.Fprintln(stderr, "smoke: a login stands before the API: is the stack deployed with login.mode alb, and its file says another mode?")
				return loginBeforeExit
			}
			return hop.exit
		}
		_, _ = fmt.Fprintf(stdout, "smoke: %-8s ok  %5.1f s  %s\n", hop.name, time.Since(start).Seconds(), detail)
	}
	if o.login == loginALB {
		_, _ = fmt.Fprintln(stdout, "smoke: not asked, since only people pass that login: health, version, DAGs, runs, logs")
	}
	return 0
}

func newClient(o options) (*http.Client, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("certificate authorities of this machine: %w", err)
	}
	if o.ca != "" {
		pem, err := os.ReadFile(o.ca)
		if err != nil {
			return nil, err
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", o.ca)
		}
	}
	return &http.Client{
		// One answer; the whole is bounded hop by hop.
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a redirect to a login page is an answer to report
		},
	}, nil
}
