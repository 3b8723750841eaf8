package components

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
)

// A pool's size once stood in the environment of every container, as the sum of
// all slots: before the real provider a larger pool replaced every task
// definition of the platform, workers with running tasks among them.
func TestPoolSizeConcernsTheSchedulerAlone(t *testing.T) {
	const variable = "AIRFLOW__CORE__PARALLELISM"
	pool := config.WorkerPool{Name: "default", Queues: []string{"default"}, Concurrency: 4, Max: 10}
	secret := &Secret{Name: "any"}
	airflow := &Airflow{
		Config: &config.Config{WorkerPools: []config.WorkerPool{pool}},
		Secrets: &Secrets{
			DatabaseURL: secret, BrokerURL: secret, FernetKey: secret, JWTSecret: secret, APISecretKey: secret,
		},
	}
	for name, containers := range map[string][]Container{
		"api-server": airflow.APIServer(), "dag-processor": airflow.DAGProcessor(),
		"triggerer": airflow.Triggerer(), "worker": airflow.Worker(pool), "dagsync": airflow.DAGSync(),
	} {
		require.NotEmpty(t, containers, name)
		for _, container := range containers {
			require.NotContains(t, container.Environment, variable, "%s, container %s", name, container.Name)
		}
	}
	scheduler := containerNamed(t, airflow.Scheduler(), "scheduler")
	require.Equal(t, "40", scheduler.Environment[variable])
}

func containerNamed(t *testing.T, containers []Container, name string) Container {
	t.Helper()
	for _, container := range containers {
		if container.Name == name {
			return container
		}
	}
	require.FailNow(t, "no container", name)
	return Container{}
}

// Airflow's default pool lets 128 tasks run, however many workers there are.
func TestTheDefaultPoolHoldsAllSlots(t *testing.T) {
	secret := &Secret{Name: "any"}
	cfg := &config.Config{WorkerPools: []config.WorkerPool{
		{Name: "default", Queues: []string{"default"}, Concurrency: 8, Max: 10}, {Name: "heavy", Queues: []string{"heavy"}, Concurrency: 12, Max: 4},
	}}
	airflow := &Airflow{Config: cfg, Secrets: &Secrets{DatabaseURL: secret, BrokerURL: secret, FernetKey: secret, JWTSecret: secret, APISecretKey: secret}}
	migrate := func() map[string]string { return containerNamed(t, airflow.Scheduler(), "migrate").Environment }
	require.NotContains(t, migrate(), poolVariable, "128 slots are enough")
	cfg.WorkerPools[0].Max = 11
	require.Equal(t, "136", migrate()[poolVariable])
	require.NotContains(t, containerNamed(t, airflow.Scheduler(), "scheduler").Environment, poolVariable)
	cfg.Airflow.Options = map[string]map[string]string{"core": {"default_pool_task_slot_count": "500"}}
	require.Equal(t, "500", migrate()[poolVariable], "a stack's own is kept")
}
