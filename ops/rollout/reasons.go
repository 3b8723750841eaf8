package rollout

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	logLines   = 20
	eventLines = 3
)

// reasons tells why the asked revision of a service doesn't run: what ECS says
// of the deployment and its last task that ended, and the last lines of the
// container that failed. What can't be found out is said, and no error of its
// own: it would hide the fault that is being told.
func (r *Rollout) reasons(ctx context.Context, service Service) []string {
	lines := r.told(ctx, service)
	for i := range lines {
		lines[i] = tame(lines[i])
	}
	return lines
}

var (
	inURL    = regexp.MustCompile(`(://[^:/@\s]*:)[^@\s]+@`)
	assigned = regexp.MustCompile(`(?i)((?:password|passwd|secret|token|key)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"',]+)`)
)

// tame makes others' text fit to be printed where anybody may read it: on one
// line, since a pipeline takes some lines for commands, without control
// characters, and without what looks like a secret. It can't know all of them.
func tame(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	return assigned.ReplaceAllString(inURL.ReplaceAllString(text, "$1***@"), "$1***")
}

func (r *Rollout) told(ctx context.Context, service Service) []string {
	var lines []string
	got, err := r.describe(ctx, []Service{service})
	if err != nil {
		return []string{fmt.Sprintf("  its reason: %v", err)}
	}
	for _, d := range got[service.Name].Deployments {
		if d.RolloutState == types.DeploymentRolloutStateFailed {
			lines = append(lines, fmt.Sprintf("  %s failed: %s", aws.ToString(d.Id), aws.ToString(d.RolloutStateReason)))
		}
	}
	for _, event := range events(got[service.Name].Events) {
		lines = append(lines, "  ECS: "+event)
	}
	stopped, err := r.tasks(ctx, types.DesiredStatusStopped)
	if err != nil {
		return append(lines, fmt.Sprintf("  its tasks: %v", err))
	}
	task, ended := lastOf(stopped["service:"+service.Name], service.Revision)
	if !ended {
		return append(lines, "  no task of "+short(service.Revision)+" ended within the hour that ECS remembers")
	}
	lines = append(lines, fmt.Sprintf("  task %s: %s", short(aws.ToString(task.TaskArn)), or(aws.ToString(task.StoppedReason), "ended, for no reason that ECS tells")))
	for _, c := range task.Containers {
		if failed(c) {
			lines = append(lines, r.container(ctx, service, task, c)...)
		}
	}
	return lines
}

// events are the newest that tell more than that all is well, newest first.
func events(all []types.ServiceEvent) []string {
	var lines []string
	for _, event := range all {
		text := aws.ToString(event.Message)
		if strings.Contains(text, "steady state") || strings.Contains(text, "has started") || strings.Contains(text, "registered") {
			continue
		}
		if lines = append(lines, text); len(lines) == eventLines {
			break
		}
	}
	return lines
}

func lastOf(tasks []types.Task, revision string) (types.Task, bool) {
	tasks = slices.DeleteFunc(slices.Clone(tasks), func(t types.Task) bool { return aws.ToString(t.TaskDefinitionArn) != revision })
	if len(tasks) == 0 {
		return types.Task{}, false
	}
	return slices.MaxFunc(tasks, func(a, b types.Task) int { return aws.ToTime(a.StoppedAt).Compare(aws.ToTime(b.StoppedAt)) }), true
}

// failed: it couldn't start, was unhealthy, or ended with an error of its own.
// 143 is how the others of a task end after the one that failed.
func failed(c types.Container) bool {
	code := aws.ToInt32(c.ExitCode)
	return c.HealthStatus == types.HealthStatusUnhealthy || c.ExitCode == nil && c.Reason != nil || code != 0 && code != 143
}

func (r *Rollout) container(ctx context.Context, service Service, task types.Task, c types.Container) []string {
	name := aws.ToString(c.Name)
	end := "ended without an exit code"
	if c.ExitCode != nil {
		end = fmt.Sprintf("ended with %d", *c.ExitCode)
	}
	if c.HealthStatus == types.HealthStatusUnhealthy {
		end += ", unhealthy"
	}
	if c.Reason != nil {
		end += ": " + *c.Reason
	}
	lines := []string{fmt.Sprintf("  container %s %s", name, end)}
	where := service.containers[name]
	if where.logGroup == "" {
		return lines
	}
	stream := fmt.Sprintf("%s/%s/%s", where.streams, name, short(aws.ToString(task.TaskArn)))
	out, err := r.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &where.logGroup, LogStreamName: &stream, Limit: aws.Int32(logLines), StartFromHead: aws.Bool(false),
	})
	if err != nil {
		return append(lines, fmt.Sprintf("  its log %s, stream %s: %v", where.logGroup, stream, err))
	}
	lines = append(lines, fmt.Sprintf("  its last lines in %s, stream %s:", where.logGroup, stream))
	for _, event := range out.Events {
		at := time.UnixMilli(aws.ToInt64(event.Timestamp)).UTC().Format(time.TimeOnly)
		lines = append(lines, "    "+at+" "+strings.TrimRight(aws.ToString(event.Message), "\r\n"))
	}
	return lines
}
