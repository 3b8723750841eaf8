package rollout

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

const (
	prefix    = "pathwai-airflow-dev"
	registry  = awstest.Account + ".dkr.ecr.us-east-1.amazonaws.com/" + prefix
	scheduler = prefix + "-scheduler"
	triggerer = prefix + "-triggerer"
	workers   = prefix + "-worker"
)

func image(name, of string) string {
	return registry + "/" + name + "@sha256:" + strings.Repeat(of, 64)
}

func digests(of string) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"scheduler", "triggerer", "worker"} {
		all[name] = "sha256:" + strings.Repeat(of, 64)
	}
	return all
}

// world is three services on their first revision, with images "a".
type world struct {
	*awstest.AWS
	*awstest.Fleet
	cfg aws.Config

	mu   sync.Mutex
	said []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{AWS: awstest.Start(t)}
	w.Fleet = w.AWS.Fleet(t, prefix+"-cluster")
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("us-east-1"))
	require.NoError(t, err)
	w.cfg = cfg
	for _, name := range []string{scheduler, triggerer, workers} {
		short := strings.TrimPrefix(name, prefix+"-")
		w.Service(name, w.Register(name, short, image(short, "a")))
	}
	return w
}

// up does what `make up` does with new images: new revisions, to which the services move.
func (w *world) up(of string) map[string]string {
	revisions := map[string]string{}
	for _, name := range []string{scheduler, triggerer, workers} {
		short := strings.TrimPrefix(name, prefix+"-")
		revisions[name] = w.Register(name, short, image(short, of))
		w.Deploy(name, revisions[name])
		w.Asked(name, revisions[name])
	}
	return revisions
}

// rollout is ready to follow what Pulumi's state asks for, with images "of".
func (w *world) rollout(t *testing.T, of string) *Rollout {
	t.Helper()
	client := Client(w.cfg)
	asked, err := Asked(t.Context(), client, w.stack(of), w.State())
	require.NoError(t, err)
	return &Rollout{
		ECS: client, Logs: cloudwatchlogs.NewFromConfig(w.cfg), Cluster: prefix + "-cluster", Asked: asked, Limit: 20 * time.Second,
		Pace: Pace{First: 10 * time.Millisecond, Most: 50 * time.Millisecond, Tell: 30 * time.Millisecond},
		Say: func(format string, args ...any) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.said = append(w.said, fmt.Sprintf(format, args...))
		},
	}
}

func (w *world) stack(of string) Stack {
	return Stack{Cluster: prefix + "-cluster", Prefix: prefix, Registry: registry, Digests: digests(of)}
}

// log writes the last words of a container.
func (w *world) log(t *testing.T, group, stream string, lines ...string) {
	t.Helper()
	logs := cloudwatchlogs.NewFromConfig(w.cfg)
	_, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	require.NoError(t, err)
	_, err = logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	require.NoError(t, err)
	var events []types.InputLogEvent
	for _, line := range lines {
		events = append(events, types.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(time.Now().UnixMilli())})
	}
	_, err = logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
	require.NoError(t, err)
}

func (w *world) called(operation string) (n int) {
	for _, call := range w.Calls() {
		if strings.HasSuffix(call, "V20141113."+operation) {
			n++
		}
	}
	return n
}

func TestStableIsTheAskedRevision(t *testing.T) {
	w := newWorld(t)
	w.up("b")
	states, err := w.rollout(t, "b").Stable(t.Context())
	require.NoError(t, err)
	var told []string
	for _, state := range states {
		told = append(told, state.String())
	}
	assert.Equal(t, []string{
		scheduler + " 1/1 pathwai-airflow-dev-scheduler:2 COMPLETED",
		triggerer + " 1/1 pathwai-airflow-dev-triggerer:2 COMPLETED",
		workers + " 1/1 pathwai-airflow-dev-worker:2 COMPLETED",
	}, told)
	assert.Equal(t, told, w.said)
}

// The fault that this package is for: ECS took a service back to its former
// revision, where it is stable.
func TestARollbackBeforeIsNotAsked(t *testing.T) {
	w := newWorld(t)
	former := w.Register(triggerer, "triggerer", image("triggerer", "a"))
	w.Deploy(triggerer, former)
	asked := w.up("b")[triggerer]
	w.Stop(triggerer, "Essential container in task exited")
	failed := w.Run(triggerer, asked)
	w.log(t, "/"+triggerer, "triggerer/triggerer/"+failed, "Traceback (most recent call last):", "ImportError: no module named paramiko")
	w.Stop(triggerer, "Essential container in task exited")
	w.Deploy(triggerer, former)
	w.Plant(triggerer, func(service map[string]any) {
		service["deployments"] = append(service["deployments"].([]any), map[string]any{
			"id": "ecs-svc/7", "status": "ACTIVE", "taskDefinition": asked,
			"rolloutState": "FAILED", "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start.",
		})
		service["events"] = []any{
			map[string]any{"message": "(service triggerer) has reached a steady state."},
			map[string]any{"message": "(service triggerer) rolling back to deployment ecs-svc/5."},
		}
	})
	exits := 1
	w.Edit("V20141113.DescribeTasks", func(answer map[string]any) {
		for _, task := range answer["tasks"].([]any) {
			if task := task.(map[string]any); strings.HasSuffix(task["taskArn"].(string), failed) {
				task["stoppedAt"] = float64(time.Now().Unix())
				task["containers"].([]any)[0].(map[string]any)["exitCode"] = exits
			}
		}
	})
	updates := w.called("UpdateService")

	r := w.rollout(t, "b")
	_, stable := r.Stable(t.Context())
	_, redeployed := r.Redeploy(t.Context(), scheduler)
	for _, err := range []error{stable, redeployed} {
		var fault *NotAsked
		require.ErrorAs(t, err, &fault)
		said := fault.Error()
		assert.Regexp(t, `(?s)^pathwai-airflow-dev-triggerer runs pathwai-airflow-dev-triggerer:2, and pathwai-airflow-dev-triggerer:3 was asked for: `+
			`it was rolled back, or deployed by another hand\n`+
			`  ecs-svc/7 failed: ECS deployment circuit breaker: tasks failed to start.\n`+
			`  ECS: \(service triggerer\) rolling back to deployment ecs-svc/5.\n`+
			`  task `+failed+`: Essential container in task exited\n`+
			`  container triggerer ended with 1\n`+
			`  its last lines in /pathwai-airflow-dev-triggerer, stream triggerer/triggerer/`+failed+`:\n`+
			`    [\d:]+ Traceback \(most recent call last\):\n`+
			`    [\d:]+ ImportError: no module named paramiko$`, said)
	}
	assert.Equal(t, updates, w.called("UpdateService"), "nothing is forced: it would deploy the old revision once more")
}

func TestARollbackWhileItIsFollowed(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		happens func(former string)
		says    string
	}{
		"to the former revision": {
			func(former string) { w.Deploy(triggerer, former) },
			triggerer + " runs FORMER, and ASKED was asked for: it was rolled back",
		},
		"to an earlier deployment of the revision": {
			func(string) {
				w.Plant(triggerer, func(service map[string]any) { awstest.Primary(service)["id"] = "ecs-svc/earlier" })
			},
			triggerer + " runs ASKED again as deployed before, by ecs-svc/earlier in the place of ecs-svc/",
		},
		"not, for want of an earlier one": {
			func(string) {
				w.Plant(triggerer, func(service map[string]any) { awstest.Primary(service)["rolloutState"] = "FAILED" })
			},
			"the deployment of ASKED on " + triggerer + " failed",
		},
		"the service is deleted": {
			func(string) {
				w.Plant(triggerer, func(service map[string]any) { service["status"] = "INACTIVE" })
			},
			triggerer + " is not there any more",
		},
	} {
		t.Run(name, func(t *testing.T) {
			former := w.up("a")[triggerer]
			asked := w.up("b")[triggerer]
			r := w.rollout(t, "b")
			w.Plant(triggerer, func(service map[string]any) { awstest.Primary(service)["rolloutState"] = "IN_PROGRESS" })
			looks := 0
			w.On("V20141113.ListTasks", 4, func() { // of the scheduler, then of all
				if looks++; looks == 4 {
					w.Plant(triggerer, nil)
					test.happens(former)
				}
			})
			_, err := r.Redeploy(t.Context(), scheduler)
			w.Plant(triggerer, nil)
			var fault *NotAsked
			require.ErrorAs(t, err, &fault)
			assert.Contains(t, err.Error(), strings.NewReplacer("FORMER", short(former), "ASKED", short(asked)).Replace(test.says))
			assert.Contains(t, err.Error(), "\nforced so far: "+scheduler+" "+triggerer+" "+workers+"; not yet: none")
		})
	}
}

// ECS may answer with what was before an update a moment ago: once is no fault.
func TestAnAnswerFromBeforeIsDoubted(t *testing.T) {
	w := newWorld(t)
	w.up("b")
	r := w.rollout(t, "b")
	// Nor are two, of two services.
	for i, name := range []string{triggerer, scheduler} {
		answers := 0
		w.Plant(name, func(service map[string]any) {
			if answers++; answers == i+1 {
				awstest.Primary(service)["taskDefinition"] = "before"
			}
		})
	}
	_, err := r.Stable(t.Context())
	require.NoError(t, err)
}

func TestRedeployReplacesTheSchedulerFirst(t *testing.T) {
	w := newWorld(t)
	former, asked := w.up("a"), w.up("b")
	t.Run("and waits for it", func(t *testing.T) {
		r, before := w.rollout(t, "b"), w.called("ListTasks")
		w.Plant(scheduler, func(service map[string]any) {
			if w.called("ListTasks") < before+5 {
				awstest.Primary(service)["rolloutState"] = "IN_PROGRESS"
			}
		})
		states, err := r.Redeploy(t.Context(), scheduler)
		require.NoError(t, err)
		assert.Len(t, states, 3)
		said := strings.Join(w.said, "\n")
		assert.Regexp(t, "(?s)^"+scheduler+": new tasks of "+short(asked[scheduler])+"\n("+scheduler+" 1/1 \\S+ IN_PROGRESS: new tasks start \\(0 failed\\)\n)+"+
			scheduler+" 1/1 \\S+ COMPLETED\n"+triggerer+": new tasks of .*"+workers+": new tasks of ", said)
	})
	t.Run("and deploys what was asked for, whatever came between", func(t *testing.T) {
		r := w.rollout(t, "b")
		w.On("V20141113.UpdateService", 1, func() { w.Move(triggerer, former[triggerer]) }) // by another hand
		_, err := r.Redeploy(t.Context(), scheduler)
		require.NoError(t, err)
	})
	t.Run("and is throttled", func(t *testing.T) {
		for _, operation := range []string{"DescribeServices", "UpdateService", "ListTasks", "DescribeTasks"} {
			w.Fail("V20141113."+operation, 2, 400, "ThrottlingException")
		}
		_, err := w.rollout(t, "b").Redeploy(t.Context(), scheduler)
		require.NoError(t, err)
	})
	t.Run("and its answer is lost", func(t *testing.T) {
		before := w.called("UpdateService")
		w.Cut("V20141113.UpdateService", 1, true)
		_, err := w.rollout(t, "b").Redeploy(t.Context(), scheduler)
		require.NoError(t, err)
		assert.Equal(t, before+4, w.called("UpdateService"), "asked again: the second deployment counts")
	})
	t.Run("and is refused", func(t *testing.T) {
		w.On("V20141113.UpdateService", 1, func() {}) // the scheduler's
		w.Fail("V20141113.UpdateService", 1, 400, "AccessDeniedException")
		_, err := w.rollout(t, "b").Redeploy(t.Context(), scheduler)
		require.ErrorContains(t, err, triggerer+": operation error ECS: UpdateService")
		require.ErrorContains(t, err, "AccessDeniedException")
		require.ErrorContains(t, err, "\nforced so far: "+scheduler+"; not yet: "+triggerer+" "+workers)
	})
	t.Run("and nothing can be seen", func(t *testing.T) {
		w.Fail("V20141113.DescribeTasks", 1, 400, "AccessDeniedException")
		_, err := w.rollout(t, "b").Stable(t.Context())
		require.ErrorContains(t, err, "how are the tasks? operation error ECS: DescribeTasks")
	})
	t.Run("and it takes too long", func(t *testing.T) {
		w.Plant(triggerer, func(service map[string]any) {
			awstest.Primary(service)["rolloutState"], awstest.Primary(service)["failedTasks"] = "IN_PROGRESS", 2
			service["events"] = []any{map[string]any{"message": "(service triggerer) was unable to place a task."}}
		})
		r := w.rollout(t, "b")
		r.Limit = 500 * time.Millisecond
		_, err := r.Stable(t.Context())
		var fault *Unfinished
		require.ErrorAs(t, err, &fault)
		assert.Contains(t, err.Error(), "not stable after 500ms:\n"+triggerer+" 1/1 "+short(asked[triggerer])+" IN_PROGRESS: new tasks start (2 failed)\n"+
			"  ECS: (service triggerer) was unable to place a task.\n")
	})
}

func TestManyServicesTenAtATimeAndBusyWorkersLiveOn(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		name := fmt.Sprintf("%s-worker-%c", prefix, 'a'+i)
		before := w.Register(name, "worker", image("worker", "0"))
		w.Service(name, w.Register(name, "worker", image("worker", "a")))
		w.Run(name, before) // busy, protected
		w.Plant(name, func(service map[string]any) { awstest.Primary(service)["rolloutState"] = "IN_PROGRESS" })
	}
	r := w.rollout(t, "a")
	require.Len(t, r.Asked, 15)
	_, err := r.Stable(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, w.called("DescribeServices"))
	states, err := r.Redeploy(t.Context(), scheduler)
	require.NoError(t, err)
	assert.Equal(t, 15, w.called("UpdateService"))
	for i, service := range r.Asked {
		assert.Equal(t, strings.HasPrefix(service.Name, workers), service.Worker, service.Name)
		if strings.HasPrefix(service.Name, workers+"-") {
			assert.Equal(t, service.Name+" 1/1 "+service.Name+":2 IN_PROGRESS; 1 old tasks are busy, protected, and end by themselves", states[i].String())
		}
	}
}

func TestInterruptedWhileItWaits(t *testing.T) {
	w := newWorld(t)
	r := w.rollout(t, "a")
	w.Plant(triggerer, func(service map[string]any) { awstest.Primary(service)["rolloutState"] = "IN_PROGRESS" })
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		for w.called("ListTasks") < 3 {
			time.Sleep(5 * time.Millisecond)
		}
		stop()
	}()
	_, err := r.Redeploy(ctx, scheduler)
	require.ErrorIs(t, err, context.Canceled)
	assert.Contains(t, err.Error(), "while these were not stable yet:\n"+triggerer+" 1/1 "+triggerer+":1 IN_PROGRESS: new tasks start (0 failed)")
	assert.Contains(t, err.Error(), "forced so far: "+scheduler+" "+triggerer+" "+workers+"; not yet: none")
}
