package rules

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const jobDefinitionType = "aws:batch/jobDefinition:JobDefinition"

// job is what a Batch job definition says of its container, in the API's words.
type job struct {
	container
	Volumes []struct {
		Name string
		Host *struct{ SourcePath string }
	}
}

// parseJobs reads the containers of a job definition, wherever they stand.
func parseJobs(res resource) ([]job, error) {
	var all []job
	var nodes struct {
		NodeRangeProperties []struct{ Container job }
	}
	var tasks struct {
		TaskProperties []struct{ Containers []job }
	}
	for path, into := range map[string]any{"nodeProperties": &nodes, "ecsProperties": &tasks} {
		if raw, state := text(res.get(path)); state == known && raw != "" {
			if err := json.Unmarshal([]byte(raw), into); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if raw, state := text(res.get("containerProperties")); state == known && raw != "" {
		var one job
		if err := json.Unmarshal([]byte(raw), &one); err != nil {
			return nil, fmt.Errorf("containerProperties: %w", err)
		}
		all = append(all, one)
	}
	for _, node := range nodes.NodeRangeProperties {
		all = append(all, node.Container)
	}
	for _, task := range tasks.TaskProperties {
		all = append(all, task.Containers...)
	}
	for i := range all {
		if all[i].Name == "" {
			all[i].Name = "of the job"
		}
	}
	return all, nil
}

// onJobs hands every container of a job definition to c.
func onJobs(res resource, r report, c func(j job)) {
	for _, path := range []string{"containerProperties", "nodeProperties", "ecsProperties"} {
		if res.get(path).HasComputed() {
			r.later(path)
		}
	}
	jobs, err := parseJobs(res)
	if err != nil {
		r.fault("the job cannot be read: %v.", err)
	}
	for _, j := range jobs {
		c(j)
	}
}

func unprivilegedJob(res resource, r report) {
	onJobs(res, r, func(j job) {
		j.unprivileged(r)
		for _, volume := range j.Volumes {
			if volume.Host != nil && volume.Host.SourcePath != "" {
				r.fault("volume %q is %s of its host.", volume.Name, volume.Host.SourcePath)
			}
		}
	})
}

// environments says where resource types keep variables as a map.
var environments = map[string]string{
	"aws:apprunner/service:Service": "sourceConfiguration.imageRepository.imageConfiguration.runtimeEnvironmentVariables",
	"aws:amplify/app:App":           "environmentVariables",
	"aws:amplify/branch:Branch":     "environmentVariables",
	"aws:glue/job:Job":              "defaultArguments",
	"aws:sagemaker/model:Model":     "primaryContainer.environment",
	"aws:apigateway/stage:Stage":    "variables",
	"aws:apigatewayv2/stage:Stage":  "stageVariables",
	"aws:synthetics/canary:Canary":  "runConfig.environmentVariables",
	"aws:lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion": "containers.environment",
}

// texts says where resource types keep a text that others read: input for a
// task, a definition, a script.
var textual = map[string][]string{
	"aws:cloudwatch/eventTarget:EventTarget":          {"input", "inputTransformer.inputTemplate"},
	"aws:scheduler/schedule:Schedule":                 {"target.input"},
	"aws:pipes/pipe:Pipe":                             {"targetParameters.inputTemplate", "enrichmentParameters.inputTemplate"},
	"aws:sfn/stateMachine:StateMachine":               {"definition"},
	"aws:ec2/instance:Instance":                       {"userData", "userDataBase64"},
	"aws:ec2/spotInstanceRequest:SpotInstanceRequest": {"userData", "userDataBase64"},
	"aws:ec2/launchTemplate:LaunchTemplate":           {"userData"},
	"aws:ec2/launchConfiguration:LaunchConfiguration": {"userData", "userDataBase64"},
	"aws:codebuild/project:Project":                   {"source.buildspec"},
	"aws:ssm/document:Document":                       {"content"},
}

// plaintextElsewhere reads what else hands variables and commands to something that runs.
func plaintextElsewhere() map[string]check {
	checks := map[string]check{jobDefinitionType: func(res resource, r report) {
		onJobs(res, r, func(j job) { plaintext(j.container, r) })
	}}
	add := func(t string, c check) {
		checks = each(checks, on(c, t))
	}
	for t, path := range environments {
		if path != "" {
			add(t, func(res resource, r report) { plaintextMap(path, res.get(path), r) })
		}
	}
	for t, paths := range textual {
		add(t, func(res resource, r report) {
			for _, path := range paths {
				plaintextText(path, res.get(path), r)
			}
		})
	}
	add("aws:codebuild/project:Project", func(res resource, r report) { plaintextPairs("environment.environmentVariables", res, r) })
	add("aws:elasticbeanstalk/environment:Environment", func(res resource, r report) { plaintextPairs("settings", res, r) })
	add("aws:pipes/pipe:Pipe", func(res resource, r report) {
		overridden("targetParameters.ecsTaskParameters.overrides.containerOverrides", res, r)
		overridden("targetParameters.batchJobParameters.containerOverrides", res, r)
	})
	return checks
}

func plaintextMap(where string, v property.Value, r report) {
	if !v.IsMap() {
		return
	}
	for name, value := range v.AsMap().AllStable {
		plaintextVariable(where, strings.TrimLeft(name, "-"), knownText(value), r)
	}
}

// plaintextPairs passes by what is read from Secrets Manager or Parameter Store.
func plaintextPairs(path string, res resource, r report) {
	eachMap(res.get(path), func(m property.Map) {
		if kind := knownText(m.Get("type")); kind == "" || kind == "PLAINTEXT" {
			plaintextVariable(path, knownText(m.Get("name")), knownText(m.Get("value")), r)
		}
	}, func() { r.later(path) })
}

func overridden(path string, res resource, r report) {
	eachMap(res.get(path), func(m property.Map) {
		for _, name := range []string{"environments", "environment"} {
			eachMap(m.Get(name), func(m property.Map) { plaintextVariable(path, knownText(m.Get("name")), knownText(m.Get("value")), r) }, func() {})
		}
		for _, name := range []string{"commands", "command"} {
			plaintextArguments(path, texts(m.Get(name)), r)
		}
	}, func() { r.later(path) })
}

// plaintextText reads a text as JSON if it is some, else as a script.
func plaintextText(path string, v property.Value, r report) {
	raw, state := text(v)
	if state == unknown {
		r.later(path)
	}
	if raw == "" {
		return
	}
	var read any
	if err := json.Unmarshal([]byte(raw), &read); err == nil {
		plaintextJSON(path, read, r)
		return
	}
	if decoded, err := base64.StdEncoding.DecodeString(raw); err == nil {
		raw = string(decoded)
	}
	switch name := tellsSecret(raw, r.settings.SecretWords...); {
	case holdsCredential(raw):
		r.faultFix(path+" holds a credential.", textFix)
	case name != "":
		r.faultFix(fmt.Sprintf("%s gives %s in plain text.", path, name), textFix)
	}
}

const textFix = "keep it in Secrets Manager, and let what runs there read it with its own role."

// plaintextJSON knows names by their keys, and by pairs of Name and Value.
func plaintextJSON(path string, v any, r report) {
	switch v := v.(type) {
	case []any:
		var arguments []string
		for _, item := range v {
			if argument, ok := item.(string); ok {
				arguments = append(arguments, argument)
			}
			plaintextJSON(path, item, r)
		}
		plaintextArguments(path, arguments, r)
	case map[string]any:
		name, value := "", ""
		for _, key := range slices.Sorted(maps.Keys(v)) {
			said, ok := v[key].(string)
			switch {
			case !ok:
				plaintextJSON(path, v[key], r)
			case strings.EqualFold(key, "name"):
				name = said
			case strings.EqualFold(key, "value"):
				value = said
			case strings.HasSuffix(key, ".$"):
				// A path into the state's input.
			case strings.EqualFold(key, "type") || strings.EqualFold(key, "resource") || strings.EqualFold(key, "next") || strings.EqualFold(key, "comment"):
			default:
				plaintextVariable(path, key, said, r)
			}
		}
		if name != "" {
			plaintextVariable(path, name, value, r)
		}
	}
}
