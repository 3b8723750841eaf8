package cli

import (
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
   10  network or TLS
   11  health
   12  login
   13  version
   14  DAGs
   15  run
   16  log
   17  a login answers at a hop where the API should: the stack is deployed
       with login.mode alb, and its file says another mode`

func (t *tool) smoke() *cobra.Command {
	o := smoke.Options{DAG: "quick", RunTimeout: 10 * time.Minute, WaitForDAGs: time.Minute, Say: t.say}
	cmd := &cobra.Command{
		Use:     "smoke STACK",
		Short:   "Ask a deployed stack for health, login, version, a DAG run and its log",
		Long:    smokeLong,
		Example: "  ops smoke dev\n  ops smoke dev --url https://localhost:8443/ --ca bundle.pem --login none",
		Args:    stackArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.fromSettings(args[0], &o); err != nil {
				return err
			}
			o.User, o.Secret = t.Getenv("SMOKE_USER"), t.Getenv("SMOKE_PASSWORD")
			if err := o.Check(); err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			hops := []smoke.Passed{}
			err := smoke.Run(cmd.Context(), o, func(hop smoke.Passed) {
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
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.URL, "url", "", "address of the web interface, https://… (default the stack's loadBalancer.hostname)")
	flags.StringVar(&o.Login, "login", "", "none, alb or fab (default the stack's login.mode)")
	flags.StringVar(&o.IdP, "idp", "", "address of the login, for alb (default the stack's login.authorizationEndpoint)")
	flags.StringVar(&o.CA, "ca", "", "file with further certificate authorities")
	flags.StringVar(&o.DAG, "dag", o.DAG, "the DAG to run")
	flags.StringVar(&o.Changed, "changed", "", "FOLDER:FILE,FILE: files of the DAG folder that were pushed, whose DAGs must be as in them")
	flags.StringVar(&o.Airflow, "airflow", o.Airflow, "the version that must answer, or its beginning (default: airflow.version)")
	flags.DurationVar(&o.RunTimeout, "run-timeout", o.RunTimeout, "time for the run, a worker's start from zero included")
	flags.DurationVar(&o.WaitForDAGs, "wait-for-dags", o.WaitForDAGs, "time until the DAG must be visible, and what changed")
	return cmd
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
