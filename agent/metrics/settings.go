package metrics

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/emf"
)

func parse(inv cli.Invocation) (s settings, code int, done bool) {
	f := cli.NewFlags("metrics", about)
	namespace := f.String("namespace", "AGENT_METRICS_NAMESPACE", "Airflow", "the metrics' CloudWatch `namespace`")
	stack := f.String("stack", "AGENT_STACK", "", "the `value` of the dimension Stack (required)")
	queues := f.List("queue", "AGENT_QUEUES", "a `queue` that is published even when it is empty; repeatable")
	listen := f.Address("listen", "AGENT_LISTEN", "127.0.0.1:9101", "the `address` of /healthz and /readyz")
	statsd := f.Address("statsd", "AGENT_STATSD", "127.0.0.1:9125", "the UDP `address` at which the scheduler's StatsD is heard")
	address, _ := inv.LookupEnv("AGENT_DATABASE_URL")
	broker, _ := inv.LookupEnv("AGENT_BROKER_URL")
	var database *pgx.ConnConfig
	f.Check(func() (err error) {
		if address == "" {
			return errors.New("AGENT_DATABASE_URL: not set; give it the address of Airflow's database")
		}
		if database, err = sessionConfig(address); err != nil {
			return fmt.Errorf("AGENT_DATABASE_URL: %w", err)
		}
		return nil
	})
	f.Check(func() error {
		if broker == "" {
			return nil
		}
		if err := celery.CheckURL(broker); err != nil {
			return fmt.Errorf("AGENT_BROKER_URL: %w", err)
		}
		return nil
	})
	f.Check(func() error {
		if *stack == "" {
			return errors.New("--stack (AGENT_STACK): not set; give it the stack's name")
		}
		return emf.CheckStack(*stack)
	})
	f.Check(func() error { return emf.CheckNamespace(*namespace) })
	f.Check(func() error {
		if slices.Contains(*queues, "") {
			return errors.New("--queue: an empty name; AGENT_QUEUES is a list like default,large")
		}
		return nil
	})
	if code, done := f.Parse(inv); done {
		return settings{}, code, true
	}
	return settings{
		database: database, broker: broker, namespace: *namespace, stack: *stack, listen: *listen, statsd: *statsd,
		queues: *queues, interval: 10 * time.Second, workersInterval: 30 * time.Second,
	}, 0, false
}
