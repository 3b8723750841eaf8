package rules

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
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

// unprivilegedPods reads the pods of a job on EKS, which share their host's
// network unless they are told not to.
func unprivilegedPods(res resource, r report) {
	pod := res.get("eksProperties.podProperties")
	if !isSet(pod) || !pod.IsMap() {
		return
	}
	switch host, state := truth(get(pod.AsMap(), "hostNetwork")); {
	case state == unknown:
		r.unseen("hostNetwork")
	case state == absent || host:
		r.fault("hostNetwork of the job's pod is not false.")
	}
	eachMap(get(pod.AsMap(), "volumes"), func(m property.Map) {
		if path := get(m, "hostPath"); isSet(path) {
			r.fault("volume %q is a path of its host.", knownText(m.Get("name")))
		}
	}, func() { r.later("volumes") })
	for _, list := range []string{"containers", "initContainers"} {
		eachMap(get(pod.AsMap(), list), func(m property.Map) {
			if privileged, _ := truth(get(m, "securityContext.privileged")); privileged {
				r.fault("a container of the job's pod is privileged.")
			}
			if user, state := number(get(m, "securityContext.runAsUser")); state == known && user == 0 {
				r.fault("a container of the job's pod runs as root.")
			}
		}, func() { r.later(list) })
	}
}

func unprivilegedJob(res resource, r report) {
	unprivilegedPods(res, r)
	onJobs(res, r, func(j job) {
		j.unprivileged(r)
		for _, volume := range j.Volumes {
			if volume.Host != nil && volume.Host.SourcePath != "" {
				r.fault("volume %q is %s of its host.", volume.Name, volume.Host.SourcePath)
			}
		}
	})
}

// textual says where resource types keep a text that others read, by a name
// that says nothing of it.
var textual = map[string]string{
	"aws:ssm/document:Document": "content",
	"aws:appconfig/hostedConfigurationVersion:HostedConfigurationVersion": "content",
	"aws:imagebuilder/component:Component":                                "data",
	restAPIType:                                                           "body",
}

// plaintextTypes are what no shape tells.
func plaintextTypes() map[string]check {
	checks := map[string]check{jobDefinitionType: func(res resource, r report) {
		onJobs(res, r, func(j job) { plaintext(j.container, r) })
	}}
	for t, path := range textual {
		checks[t] = func(res resource, r report) { plaintextText(path, res.get(path), r) }
	}
	return each(checks,
		on(func(res resource, r report) { plaintextPairs("settings", res.get("settings"), r) }, "aws:elasticbeanstalk/environment:Environment"))
}

// plaintextGiven reads, of any type, what it hands to something that runs.
func plaintextGiven(res resource, r report) {
	for _, at := range places(res, schema.Given) {
		if res.Type == functionType && strings.HasPrefix(at.path, "environment") {
			continue
		}
		handed(at.path, at.value, r)
	}
	for _, at := range places(res, schema.Definition) {
		if res.Type != jobDefinitionType {
			plaintextText(at.path, at.value, r)
		}
	}
}

// handed reads a map of variables, a list of pairs or arguments, or a script.
func handed(path string, v property.Value, r report) {
	switch {
	case v.IsMap():
		plaintextMap(path, v, r)
	case v.IsArray() && len(texts(v)) > 0:
		plaintextArguments(path, texts(v), r)
	case v.IsArray():
		plaintextPairs(path, v, r)
	default:
		plaintextText(path, v, r)
	}
}

func plaintextMap(where string, v property.Value, r report) {
	for name, value := range v.AsMap().AllStable {
		if value.IsArray() {
			plaintextArguments(where, texts(value), r)
			continue
		}
		plaintextVariable(where, strings.TrimLeft(name, "-"), knownText(value), r)
	}
}

// plaintextPairs passes by what is read from Secrets Manager or Parameter Store.
func plaintextPairs(path string, v property.Value, r report) {
	eachMap(v, func(m property.Map) {
		if kind := knownText(m.Get("type")); kind == "" || kind == "PLAINTEXT" {
			name := cmp.Or(knownText(m.Get("name")), knownText(m.Get("key")))
			for _, value := range append(texts(m.Get("value")), texts(m.Get("values"))...) {
				plaintextVariable(path, name, value, r)
			}
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
