package components

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// containerDefinition is a container as ECS reads it.
type containerDefinition struct {
	Name        string
	Image       string
	Essential   bool
	User        string
	EntryPoint  []string
	Command     []string
	Environment []struct{ Name, Value string }
	Secrets     []struct{ Name, ValueFrom string }
	MountPoints []struct {
		SourceVolume, ContainerPath string
		ReadOnly                    bool
	}
	PortMappings           []struct{ ContainerPort int }
	ReadonlyRootFilesystem bool
	StopTimeout            int
	StartTimeout           *int
	LinuxParameters        struct {
		InitProcessEnabled bool
		Capabilities       struct{ Drop, Add []string }
	}
	LogConfiguration struct {
		LogDriver string
		Options   map[string]string
	}
	HealthCheck *struct {
		Command                                 []string
		Interval, Timeout, Retries, StartPeriod int
	}
	DependsOn []struct{ ContainerName, Condition string }
}

func (c containerDefinition) environment() map[string]string {
	values := map[string]string{}
	for _, variable := range c.Environment {
		values[variable.Name] = variable.Value
	}
	return values
}

func (c containerDefinition) secrets() map[string]string {
	values := map[string]string{}
	for _, secret := range c.Secrets {
		values[secret.Name] = secret.ValueFrom
	}
	return values
}

// definitionsOf parses the container definitions of one task.
func definitionsOf(t testing.TB, record *recorder.Record, service string) map[string]containerDefinition {
	t.Helper()
	text := one(t, record, definitionToken, service)["containerDefinitions"]
	require.IsType(t, "", text, "the definitions aren't known")
	var list []containerDefinition
	require.NoError(t, json.Unmarshal([]byte(text.(string)), &list))
	byName := map[string]containerDefinition{}
	for _, container := range list {
		require.NotContains(t, byName, container.Name)
		byName[container.Name] = container
	}
	return byName
}

// runTasks declares a task of each kind, as the platform does.
func runTasks(t testing.TB, cfg *config.Config) *recorder.Record {
	t.Helper()
	return run(t, func(ctx *pulumi.Context) error {
		var oidc pulumi.StringInput
		if cfg.Login.Mode != config.LoginNone {
			oidc = pulumi.String("oidc-pw")
		}
		w, err := newWorld(ctx, "", oidc)
		if err != nil {
			return err
		}
		airflow := &Airflow{Scope: testScope, Config: cfg, Secrets: w.secrets}
		tasks := map[string][]Container{
			"api-server": airflow.APIServer(), "scheduler": airflow.Scheduler(), "dag-processor": airflow.DAGProcessor(),
			"triggerer": airflow.Triggerer(), "dagsync": airflow.DAGSync(), "cleanup": airflow.Cleanup(),
		}
		for _, pool := range cfg.WorkerPools {
			tasks[pool.ServiceName()] = airflow.Worker(pool)
		}
		for name, containers := range tasks {
			args := serviceArgs(w, containers...)
			args.Exec = cfg.Services.Exec
			service, err := NewService(ctx, name, args)
			if err != nil {
				return err
			}
			if err := service.Start(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

var allTasks = []string{"api-server", "scheduler", "dag-processor", "triggerer", "worker", "worker-heavy", "dagsync", "cleanup"}

// eachContainer calls check for every container of the platform.
func eachContainer(t *testing.T, record *recorder.Record, check func(*testing.T, string, containerDefinition)) {
	t.Helper()
	for _, task := range allTasks {
		containers := definitionsOf(t, record, task)
		require.NotEmpty(t, containers)
		for name, container := range containers {
			t.Run(task+"/"+name, func(t *testing.T) { check(t, task, container) })
		}
	}
}

func TestEveryContainerIsComplete(t *testing.T) {
	record := runTasks(t, testConfig())
	eachContainer(t, record, func(t *testing.T, task string, c containerDefinition) {
		require.Regexp(t, `^123456789012\.dkr\.ecr\.eu-west-1\.amazonaws\.com/acme-airflow-test/[a-z-]+@sha256:`, c.Image)
		require.Equal(t, "50000:0", c.User)
		require.True(t, c.LinuxParameters.InitProcessEnabled)
		require.Equal(t, []string{"ALL"}, c.LinuxParameters.Capabilities.Drop)
		require.Empty(t, c.LinuxParameters.Capabilities.Add)
		require.Len(t, c.EntryPoint, 1)
		require.NotEmpty(t, c.Command)
		// Fargate: at most 120 s to stop, and to start, which no schema change promises.
		require.Positive(t, c.StopTimeout)
		require.LessOrEqual(t, c.StopTimeout, 120)
		require.Nil(t, c.StartTimeout)
		require.Equal(t, "awslogs", c.LogConfiguration.LogDriver)
		require.Equal(t, map[string]string{
			"awslogs-group": "/acme-airflow-test/" + task, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": c.Name,
			"mode": "non-blocking", "max-buffer-size": "25m",
		}, c.LogConfiguration.Options)
		require.True(t, c.ReadonlyRootFilesystem, "without Exec nothing writes to the root")
		if c.Essential && task != "cleanup" {
			checkHealth(t, c)
		} else {
			require.Nil(t, c.HealthCheck, "it ends by itself")
		}
		for _, mount := range c.MountPoints {
			writes := mount.SourceVolume != "files" || c.Name == "dagsync"
			require.Equal(t, !writes, mount.ReadOnly, mount.ContainerPath)
		}
	})
}

func checkHealth(t *testing.T, c containerDefinition) {
	t.Helper()
	require.NotNil(t, c.HealthCheck, "no health check")
	require.Equal(t, "CMD", c.HealthCheck.Command[0])
	require.NotContains(t, c.HealthCheck.Command, "airflow", "the CLI costs ten CPU-seconds")
	// Ranges of the ECS API.
	require.True(t, c.HealthCheck.Interval >= 5 && c.HealthCheck.Interval <= 300)
	require.True(t, c.HealthCheck.Timeout >= 2 && c.HealthCheck.Timeout <= 60)
	require.True(t, c.HealthCheck.Retries >= 1 && c.HealthCheck.Retries <= 10)
	require.True(t, c.HealthCheck.StartPeriod > 0 && c.HealthCheck.StartPeriod <= 300)
}

// What ECS asks of the containers of one task.
func TestTasksAreSound(t *testing.T) {
	record := runTasks(t, testConfig())
	for _, task := range allTasks {
		containers, ports := definitionsOf(t, record, task), []int{}
		essential := 0
		volumes, _ := one(t, record, definitionToken, task)["volumes"].([]any)
		declared := []string{}
		for _, volume := range volumes {
			declared = append(declared, volume.(map[string]any)["name"].(string))
		}
		for name, c := range containers {
			if c.Essential {
				essential++
			}
			for _, dependency := range c.DependsOn {
				require.Contains(t, containers, dependency.ContainerName)
				require.Equal(t, "SUCCESS", dependency.Condition)
				require.False(t, containers[dependency.ContainerName].Essential, "an essential container that ends takes the task down")
				require.Empty(t, containers[dependency.ContainerName].DependsOn)
			}
			for _, port := range c.PortMappings {
				require.NotContains(t, ports, port.ContainerPort)
				ports = append(ports, port.ContainerPort)
			}
			for _, mount := range c.MountPoints {
				require.Contains(t, declared, mount.SourceVolume, "%s/%s", task, name)
			}
		}
		require.Positive(t, essential, task)
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(declared))), len(declared), "a volume twice")
	}
}

// Which containers make up a task, what they run, and what must have ended first.
func TestTaskLayout(t *testing.T) {
	type layout struct {
		image, command, after, health, files string
		essential                            bool
		stop                                 int
	}
	const sync = "/opt/airflow/sync"
	airflow := func(image, command, after, role string, stop int) layout {
		return layout{image, command, after, "/opt/airflow/bin/healthcheck " + role, sync, true, stop}
	}
	wait := func(image string) layout { return layout{image: image, command: "wait-for-migrations", stop: 30} }
	waitForAPI := layout{image: "worker", command: "wait-for-api", stop: 30}
	first := layout{image: "web", command: "wait-for-permissions", stop: 30}
	agent := func(command, port string, stop int) layout {
		return layout{"agent", command, "", "/airflow-agent health --url http://127.0.0.1:" + port + "/healthz", "", true, stop}
	}
	want := map[string]layout{
		"api-server/wait":             first,
		"api-server/api-server":       airflow("web", "api-server --proxy-headers", "wait", "api-server", 30),
		"scheduler/migrate":           {image: "scheduler", command: "migrate", stop: 30},
		"scheduler/scheduler":         airflow("scheduler", "scheduler", "migrate", "scheduler", 30),
		"scheduler/metrics":           agent("metrics", "9101", 30),
		"dag-processor/wait":          wait("dag-processor"),
		"dag-processor/dag-processor": airflow("dag-processor", "dag-processor", "wait", "dag-processor", 30),
		"triggerer/wait":              wait("triggerer"),
		"triggerer/triggerer":         airflow("triggerer", "triggerer", "wait", "triggerer", 30),
		"worker/wait":                 waitForAPI,
		"worker/worker":               airflow("worker", "celery worker --queues default,small --without-mingle --without-gossip", "wait", "worker", 120),
		"worker/guard":                agent("guard", "9102", 120),
		"worker-heavy/wait":           waitForAPI,
		"cleanup/cleanup":             {image: "scheduler", command: "cleanup", essential: true, stop: 30},
		"worker-heavy/worker":         airflow("worker", "celery worker --queues heavy --without-mingle --without-gossip", "wait", "worker", 120),
		"worker-heavy/guard":          agent("guard", "9102", 120),
	}
	dagsync := agent("dagsync --source s3://acme-dags/test/ --target /sync/dags --source s3://acme-dags/test-plugins/ --target /sync/plugins --keep 90000s", "9100", 30)
	dagsync.files = "/sync"
	want["dagsync/dagsync"] = dagsync

	got := map[string]layout{}
	record := runTasks(t, testConfig())
	for _, task := range allTasks {
		for name, c := range definitionsOf(t, record, task) {
			l := layout{command: strings.Join(c.Command, " "), essential: c.Essential, stop: c.StopTimeout}
			image, _, _ := strings.Cut(c.Image, "@")
			l.image = image[strings.LastIndex(image, "/")+1:]
			for _, dependency := range c.DependsOn {
				l.after += dependency.ContainerName
			}
			if c.HealthCheck != nil {
				l.health = strings.Join(c.HealthCheck.Command[1:], " ")
			}
			for _, mount := range c.MountPoints {
				if mount.SourceVolume == "files" {
					l.files = mount.ContainerPath
				}
			}
			wantEntry := "/opt/airflow/bin/entrypoint"
			if l.image == "agent" {
				wantEntry = "/airflow-agent"
			}
			require.Equal(t, []string{wantEntry}, c.EntryPoint, "%s/%s", task, name)
			got[task+"/"+name] = l
		}
	}
	require.Equal(t, want, got)
}

// The agent of ECS Exec writes to the root file system of the containers that
// sessions are opened in; what ends by itself and the platform's own stay shut.
func TestExecOpensTheRootOfAirflowsContainersOnly(t *testing.T) {
	cfg := testConfig()
	cfg.Services.Exec = true
	record := runTasks(t, cfg)
	open := []string{}
	for _, task := range allTasks {
		for name, c := range definitionsOf(t, record, task) {
			if !c.ReadonlyRootFilesystem {
				open = append(open, name)
			}
		}
		require.Equal(t, true, one(t, record, serviceToken, task)["enableExecuteCommand"])
	}
	slices.Sort(open)
	require.Equal(t, []string{"api-server", "dag-processor", "scheduler", "triggerer", "worker"}, slices.Compact(open))
}

// The worker gets time to put its tasks back before Fargate kills it, and the
// guard outlives it.
func TestWorkerShutdownFitsIntoTheStopTimeout(t *testing.T) {
	containers := definitionsOf(t, runTasks(t, testConfig()), "worker")
	worker := containers["worker"]
	var celery struct {
		Soft int    `json:"worker_soft_shutdown_timeout"`
		Pool string `json:"worker_pool"`
	}
	environment := worker.environment()
	require.NoError(t, json.Unmarshal([]byte(environment["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"]), &celery))
	require.Equal(t, "airflow_fargate.pool:TaskPool", celery.Pool)
	require.GreaterOrEqual(t, celery.Soft, 60)
	require.LessOrEqual(t, celery.Soft+15, worker.StopTimeout)
	require.Equal(t, "SIGQUIT", environment["REMAP_SIGTERM"], "SIGTERM would be Celery's warm shutdown, that waits for all tasks")
	require.GreaterOrEqual(t, containers["guard"].StopTimeout, worker.StopTimeout)
}
