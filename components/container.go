package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/config"
)

// Container is one container of a task.
type Container struct {
	// Name is unique in the task.
	Name string
	// Image is the platform's image that it runs, one of [ImagesArgs].Names.
	Image string
	// EntryPoint and Command are what it runs, instead of the image's own.
	EntryPoint []string
	Command    []string
	// Environment is not secret; what is goes into Secrets.
	Environment map[string]string
	// Secrets are variables that ECS fetches when the task starts.
	Secrets map[string]SecretRef
	// ForeignSecrets are variables that ECS fetches from secrets of others: name
	// to ARN, with ECS's :key:stage:version behind it or not.
	ForeignSecrets map[string]string
	// After names containers of the task that must have exited with 0.
	After []string
	// Essential containers take the task down with them.
	Essential bool
	// Health is asked by ECS; nil for containers that end by themselves.
	Health *Health
	// StopSeconds is the time between SIGTERM and SIGKILL, at most 120 on Fargate.
	StopSeconds int
	// Port is where it listens for others, 0 for nobody.
	Port int
	// FilesAt is the folder at which it sees the shared files, empty for none;
	// Writer lets it write them.
	FilesAt string
	Writer  bool
	// Scratch are empty folders of the task that the container writes to.
	Scratch []string
	// ReadOnlyRoot makes everything but Scratch and files read-only.
	ReadOnlyRoot bool
}

// SecretRef is a secret, or one key of its JSON.
type SecretRef struct {
	Secret *Secret
	// Key is one of the JSON's; empty means the whole secret.
	Key string
}

// further gives a container what its service has beyond the platform.
func (c Container) further(access config.Access) Container {
	c.Environment = maps.Clone(c.Environment)
	maps.Copy(c.Environment, access.Environment)
	c.ForeignSecrets = access.Secrets
	return c
}

// Health is a container health check; a container that fails it three times
// in a row is replaced.
type Health struct {
	// Command is in ECS's form, with CMD or CMD-SHELL in front.
	Command []string
	// GraceSeconds is the time to start, at most 300, in which failures don't count.
	GraceSeconds int
}

const (
	healthIntervalSeconds = 30
	healthTimeoutSeconds  = 10
	healthRetries         = 3
	filesVolume           = "files"
)

// definition is the container in the form of RegisterTaskDefinition. Values
// that AWS would fill in are written out: left away, each would show as a
// difference, and replace the task definition, for ever. There is no
// startTimeout: Fargate takes 2 to 120 seconds, and a schema change may take
// longer; without one, those that wait for a container wait until it ends.
func (c Container) definition(service *ServiceArgs, logGroup string) map[string]any {
	definition := map[string]any{
		"name":                   c.Name,
		"image":                  service.Images.URI(c.Image),
		"essential":              c.Essential,
		"user":                   fmt.Sprintf("%d:%d", TaskUser, TaskGroup),
		"cpu":                    0,
		"entryPoint":             c.EntryPoint,
		"command":                c.Command,
		"environment":            c.environment(),
		"secrets":                c.secrets(),
		"mountPoints":            c.mountPoints(),
		"portMappings":           c.portMappings(),
		"readonlyRootFilesystem": c.ReadOnlyRoot,
		"linuxParameters": map[string]any{
			// Reaps what a task's processes leave behind, and passes SIGTERM on.
			"initProcessEnabled": true,
			"capabilities":       map[string]any{"drop": []string{"ALL"}, "add": []string{}},
		},
		"logConfiguration": map[string]any{
			"logDriver": "awslogs",
			"options": map[string]string{
				"awslogs-group":         logGroup,
				"awslogs-region":        service.Scope.Region,
				"awslogs-stream-prefix": c.Name,
				// A slow CloudWatch Logs must not stop Airflow.
				"mode":            "non-blocking",
				"max-buffer-size": "25m",
			},
		},
		"systemControls": []string{},
		"volumesFrom":    []string{},
	}
	if c.StopSeconds > 0 {
		definition["stopTimeout"] = c.StopSeconds
	}
	if c.Health != nil {
		definition["healthCheck"] = map[string]any{
			"command":     c.Health.Command,
			"interval":    healthIntervalSeconds,
			"timeout":     healthTimeoutSeconds,
			"retries":     healthRetries,
			"startPeriod": c.Health.GraceSeconds,
		}
	}
	if len(c.After) > 0 {
		var after []map[string]string
		for _, name := range c.After {
			after = append(after, map[string]string{"containerName": name, "condition": "SUCCESS"})
		}
		definition["dependsOn"] = after
	}
	return definition
}

func (c Container) environment() []map[string]string {
	list := make([]map[string]string, 0, len(c.Environment))
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		list = append(list, map[string]string{"name": name, "value": c.Environment[name]})
	}
	return list
}

func (c Container) secrets() []any {
	list := make([]any, 0, len(c.Secrets)+len(c.ForeignSecrets))
	for _, name := range slices.Sorted(maps.Keys(c.Secrets)) {
		ref := c.Secrets[name]
		list = append(list, map[string]any{"name": name, "valueFrom": ref.Secret.ValueFrom(ref.Key)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.ForeignSecrets)) {
		list = append(list, map[string]any{"name": name, "valueFrom": c.ForeignSecrets[name]})
	}
	return list
}

func (c Container) mountPoints() []map[string]any {
	points := []map[string]any{}
	if c.FilesAt != "" {
		points = append(points, map[string]any{"sourceVolume": filesVolume, "containerPath": c.FilesAt, "readOnly": !c.Writer})
	}
	for _, path := range c.Scratch {
		points = append(points, map[string]any{"sourceVolume": c.scratchVolume(path), "containerPath": path, "readOnly": false})
	}
	return points
}

// scratchVolume names the volume of a folder: each container has its own.
func (c Container) scratchVolume(path string) string {
	return c.Name + strings.ReplaceAll(path, "/", "-")
}

func (c Container) portMappings() []map[string]any {
	if c.Port == 0 {
		return []map[string]any{}
	}
	return []map[string]any{{"containerPort": c.Port, "hostPort": c.Port, "protocol": "tcp"}}
}

// containerDefinitions is the task definition's JSON. It holds references to
// secrets, whose ARNs are random: it is known from the first up on.
func containerDefinitions(service *ServiceArgs, logGroup string) pulumi.StringOutput {
	definitions := make([]any, 0, len(service.Containers))
	for _, container := range service.Containers {
		definitions = append(definitions, container.definition(service, logGroup))
	}
	return pulumi.JSONMarshal(definitions)
}
