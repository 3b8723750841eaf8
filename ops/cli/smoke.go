package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/smoke"
)

const smokeLong = `Smoke asks hop by hop, the way a user would: name, TLS, health, login, version,
a DAG run, its log. With login.mode alb it asks for name, TLS and the way to the
identity provider, since no machine comes further. The user of Airflow is
SMOKE_USER, with SMOKE_PASSWORD (docs/runbooks/admin-user.md).

It has exit codes of its own beside those of ops; the first hop that fails:
   10  network: nothing was reached, so nothing is known of the deployment
   11  health
   12  login
   13  version
   14  DAGs
   15  run
   16  log
   17  a login answers at a hop where the API should: the stack is deployed
       with login.mode alb, and its file says another mode
   18  TLS: what answers has a certificate that isn't trusted, or isn't its own`

func (t *tool) smoke() *cobra.Command {
	throughSession := false
	o := smoke.Defaults(t.say)
	cmd := &cobra.Command{
		Use:     "smoke STACK",
		Short:   "Ask a deployed stack for health, login, version, a DAG run and its log",
		Long:    smokeLong,
		Example: "  ops smoke dev\n  ops smoke dev --through-session\n  ops smoke dev --url https://localhost:8443/ --ca bundle.pem --login none",
		Args:    stackArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.fromSettings(args[0], &o); err != nil {
				return err
			}
			o.User, o.Secret = t.Getenv("SMOKE_USER"), t.Getenv("SMOKE_PASSWORD")
			if err := o.Check(); err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			test := func() error { return t.hops(cmd.Context(), o) }
			if throughSession {
				return t.session(cmd.Context(), args[0], &o, test)
			}
			return test()
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.URL, "url", "", "address of the web interface, https://… (default the stack's loadBalancer.hostname)")
	flags.BoolVar(&throughSession, "through-session", false, "connect over Session Manager, as ops open does, from a machine without a joined network")
	flags.StringVar(&o.Login, "login", "", "none, alb or fab (default the stack's login.mode)")
	flags.StringVar(&o.IdP, "idp", "", "address of the login, for alb (default the stack's login.authorizationEndpoint)")
	flags.StringVar(&o.CA, "ca", "", "file with further certificate authorities")
	flags.StringVar(&o.DAG, "dag", o.DAG, "the DAG to run")
	flags.StringVar(&o.Changed, "changed", "", "FOLDER:FILE,FILE: files of the DAG folder that were pushed, whose DAGs must be as in them")
	flags.StringVar(&o.Airflow, "airflow", o.Airflow, "the version that must answer, or its beginning (default: airflow.version)")
	flags.DurationVar(&o.RunTimeout, "run-timeout", o.RunTimeout, "time for the run, a worker's start from zero included")
	flags.DurationVar(&o.WaitForHealth, "wait-for-health", o.WaitForHealth, "time until every part must be healthy: one late heartbeat is no outage")
	flags.DurationVar(&o.WaitForDAGs, "wait-for-dags", o.WaitForDAGs, "time until the DAG must be visible, and what changed")
	flags.DurationVar(&o.WaitForLog, "wait-for-log", o.WaitForLog, "time until the log must be there: a worker uploads it after the task")
	return cmd
}

// hops runs the test, and prints each hop.
func (t *tool) hops(ctx context.Context, o smoke.Options) error {
	hops := []smoke.Passed{}
	err := smoke.Run(ctx, o, func(hop smoke.Passed) {
		hops = append(hops, hop)
		if !t.json {
			_, _ = fmt.Fprintf(t.Out, "smoke: %-8s ok  %5.1f s  %s\n", hop.Hop, hop.Seconds, hop.Detail)
		}
	})
	if t.json {
		err = errors.Join(err, t.printJSON(hops))
	}
	if failed := new(smoke.Failed); errors.As(err, &failed) {
		return &Failure{Code: failed.Exit(), Err: err}
	}
	return err
}

// session runs the test over Session Manager. Without a session nothing is
// known of the deployment, as when one ends before the test does.
func (t *tool) session(ctx context.Context, name string, o *smoke.Options, test func() error) error {
	s, err := t.stack(name)
	if err != nil {
		return err
	}
	unconnected := func(err error) error {
		return &Failure{Code: smoke.Unconnected, Err: fmt.Errorf("smoke: nothing is known of the deployment, since this machine couldn't connect: %w", err)}
	}
	door, err := t.door(ctx, s)
	if err != nil {
		return unconnected(err)
	}
	o.Via = door.Address
	if err = test(); err != nil {
		select {
		case <-door.Ended():
			err = unconnected(door.Err())
		case <-time.After(time.Second): // a session that broke ends within it
		}
	}
	if closing := door.Close(); closing != nil { // it says nothing of the deployment
		t.say("smoke: session %s: %v", door.Session, closing)
	}
	return err
}

// fromSettings adds what the flags leave open from the stack's settings. Where
// they leave nothing open, such as for an Airflow that is no stack's, no
// settings are needed.
func (t *tool) fromSettings(name string, o *smoke.Options) error {
	if o.URL != "" && o.Airflow != "" && (o.Login == "none" || o.Login == "fab" || o.Login != "" && o.IdP != "") {
		return nil
	}
	s, err := t.stack(name)
	if err != nil {
		return err
	}
	o.URL = or(o.URL, "https://"+s.LoadBalancer.Hostname+"/")
	o.Airflow = or(o.Airflow, s.Airflow.Version)
	o.Login = or(o.Login, s.Login.Mode)
	o.IdP = or(o.IdP, s.Login.AuthorizationEndpoint)
	return nil
}
