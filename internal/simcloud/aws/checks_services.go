package aws

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

func checkCluster(s *subject) {
	for _, set := range s.list("settings") {
		name, value := plain(set["name"]), plain(set["value"])
		if name == "containerInsights" && value != "" && !has("enabled enhanced disabled", value) {
			s.fail("settings", "InvalidParameterException: containerInsights is enabled, enhanced or disabled, not %q", value)
		}
	}
	for _, c := range s.list("configurations") {
		for _, e := range objects(c["executeCommandConfiguration"]) {
			if logging := plain(e["logging"]); logging != "" && !has("NONE DEFAULT OVERRIDE", logging) {
				s.fail("configurations", "the logging of Exec is NONE, DEFAULT or OVERRIDE, not %q", logging)
			}
			if plain(e["logging"]) == "OVERRIDE" && !simcloud.Given(e["logConfiguration"]) {
				s.fail("configurations", "InvalidParameterException: OVERRIDE needs a logConfiguration")
			}
		}
	}
}

func checkClusterProviders(s *subject) {
	providers, known := simcloud.Strings(s.get("capacityProviders"))
	for _, p := range s.list("defaultCapacityProviderStrategies") {
		if name := plain(p["capacityProvider"]); known && name != "" && !slices.Contains(providers, name) {
			s.fail("defaultCapacityProviderStrategies", "InvalidParameterException: %s is not among the cluster's capacityProviders", name)
		}
	}
	s.strategy("defaultCapacityProviderStrategies")
}

// strategy looks at a capacity provider strategy.
func (s *subject) strategy(input string) {
	bases, weights, list := 0, 0.0, s.list(input)
	unknown := simcloud.Unknown(s.inputs[resource.PropertyKey(input)])
	for _, p := range list {
		base, _ := simcloud.Number(p["base"])
		weight, _ := simcloud.Number(p["weight"])
		if base > 0 {
			bases++
		}
		weights += weight
		if base < 0 || base > 100000 || weight < 0 || weight > 1000 {
			s.fail(input, "InvalidParameterException: a base is 0 to 100000, a weight 0 to 1000")
		}
	}
	if bases > 1 {
		s.fail(input, "InvalidParameterException: only one capacity provider can have a base")
	}
	if len(list) > 0 && weights == 0 && !unknown {
		s.fail(input, "InvalidParameterException: at least one capacity provider needs a weight above 0")
	}
}

func checkService(s *subject) {
	if s.given("capacityProviderStrategies") && !empty(s.get("capacityProviderStrategies")) && s.given("launchType") {
		s.fail("launchType", "InvalidParameterException: launchType and capacityProviderStrategies exclude each other")
	}
	s.strategy("capacityProviderStrategies")
	if !s.given("taskDefinition") && plain(first(s.list("deploymentController"))["type"]) != "EXTERNAL" {
		s.fail("taskDefinition", "missing: a service needs it")
	}
	if s.given("healthCheckGracePeriodSeconds") && empty(s.get("loadBalancers")) {
		s.fail("healthCheckGracePeriodSeconds", "InvalidParameterException: only services behind a load balancer have a grace period")
	}
	low, okLow := s.number("deploymentMinimumHealthyPercent")
	high, okHigh := s.number("deploymentMaximumPercent")
	if okLow && okHigh && s.text("schedulingStrategy") == "REPLICA" && high <= low && high <= 100 {
		s.fail("deploymentMaximumPercent", "InvalidParameterException: with at least %v %% and at most %v %% of the tasks no deployment can begin", low, high)
	}
	s.serviceTask()
	for _, lb := range s.list("loadBalancers") {
		s.serviceTarget(plain(lb["targetGroupArn"]))
	}
}

func first(list []resource.PropertyMap) resource.PropertyMap {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// serviceTask holds the service against its task definition, when that is one
// of this run.
func (s *subject) serviceTask() {
	task := s.taskOf(s.text("taskDefinition"))
	if task == nil {
		return
	}
	if plain(task["networkMode"]) == "awsvpc" && !s.given("networkConfiguration") {
		s.fail("networkConfiguration", "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified")
	}
	if version := s.text("platformVersion"); simcloud.Given(task["pidMode"]) && has("1.0.0 1.1.0 1.2.0 1.3.0", version) {
		s.fail("platformVersion", "PlatformTaskDefinitionIncompatibilityException: pidMode needs the platform version 1.4.0, not %s", version)
	}
	if s.flag("enableExecuteCommand") && !simcloud.Given(task["taskRoleArn"]) {
		s.fail("enableExecuteCommand", "InvalidParameterException: The service couldn't be created because a valid taskRoleArn is not being used")
	}
	if doc, ok := document(task["containerDefinitions"]); ok {
		text, err := json.Marshal(doc)
		var list []container
		if err == nil && json.Unmarshal(text, &list) == nil {
			s.servicePorts(list)
		}
	}
}

// taskOf finds a task definition of this run by ARN, or by family and revision.
func (s *subject) taskOf(name string) resource.PropertyMap {
	for _, t := range s.seen.all(taskToken) {
		if arn := plain(t.props["arn"]); name != "" && (arn == name || strings.HasSuffix(arn, ":task-definition/"+name)) {
			return t.props
		}
	}
	return nil
}

func (s *subject) servicePorts(list []container) {
	for _, lb := range s.list("loadBalancers") {
		name, port := plain(lb["containerName"]), 0
		if n, ok := simcloud.Number(lb["containerPort"]); ok {
			port = int(n)
		}
		found := slices.ContainsFunc(list, func(c container) bool {
			for _, p := range c.PortMappings {
				if c.Name == name && p.ContainerPort == port {
					return true
				}
			}
			return false
		})
		if name != "" && port != 0 && !found {
			s.fail("loadBalancers", "InvalidParameterException: The container %s did not have a container port %d defined", name, port)
		}
	}
}

// serviceTarget wants a target group that a listener forwards to already: a
// service is refused before that, which a missing dependsOn brings about.
func (s *subject) serviceTarget(arn string) {
	if arn == "" {
		return
	}
	mine := false
	for _, t := range s.seen.all(targetToken) {
		mine = mine || t.id == arn
	}
	if !mine {
		return
	}
	for _, token := range []string{listenerToken, ruleToken} {
		for _, t := range s.seen.all(token) {
			for _, input := range []resource.PropertyKey{"defaultActions", "actions"} {
				for _, action := range objects(t.inputs[input]) {
					if forwards(action, arn) {
						return
					}
				}
			}
		}
	}
	s.fail("loadBalancers", "InvalidParameterException: The target group with targetGroupArn %s does not have an associated load balancer: let the service depend on the listener", arn)
}

func forwards(action resource.PropertyMap, arn string) bool {
	if plain(action["targetGroupArn"]) == arn {
		return true
	}
	for _, f := range objects(action["forward"]) {
		for _, g := range objects(f["targetGroups"]) {
			if plain(g["arn"]) == arn {
				return true
			}
		}
	}
	return false
}

// replacesService says when a new capacity provider strategy replaces the
// service: always, unless a new deployment is forced and neither strategy is
// empty (as in the Terraform provider).
func replacesService(olds, news resource.PropertyMap) []string {
	const input = "capacityProviderStrategies"
	forced, _ := simcloud.Flag(news["forceNewDeployment"])
	if forced && !empty(olds[input]) && !empty(news[input]) {
		return nil
	}
	return []string{input}
}

func checkScalableTarget(s *subject) {
	low, okLow := s.number("minCapacity")
	high, okHigh := s.number("maxCapacity")
	if okLow && okHigh && (low < 0 || high < low) {
		s.fail("maxCapacity", "ValidationException: minCapacity (%v) is not from 0 to maxCapacity (%v)", low, high)
	}
	s.scalable()
}

// scalable looks at what names the thing that scales.
func (s *subject) scalable() {
	if s.text("serviceNamespace") != "ecs" {
		return
	}
	if id := s.text("resourceId"); id != "" && (strings.Count(id, "/") != 2 || !strings.HasPrefix(id, "service/")) {
		s.fail("resourceId", "ValidationException: %q does not look like service/CLUSTER/SERVICE", id)
	}
	if d := s.text("scalableDimension"); d != "" && d != "ecs:service:DesiredCount" {
		s.fail("scalableDimension", "ValidationException: ECS scales ecs:service:DesiredCount, not %q", d)
	}
}

func checkScalingPolicy(s *subject) {
	s.scalable()
	configs := map[string]string{
		"StepScaling": "stepScalingPolicyConfiguration", "TargetTrackingScaling": "targetTrackingScalingPolicyConfiguration",
	}
	for kind, input := range configs {
		if s.text("policyType") == kind && !s.given(input) {
			s.fail(input, "missing: the policyType is %s", kind)
		}
		if s.known("policyType") && s.text("policyType") != kind && s.given(input) {
			s.fail(input, "goes with the policyType %s", kind)
		}
	}
	for _, c := range s.list("stepScalingPolicyConfiguration") {
		if t := plain(c["adjustmentType"]); t != "" && !has("ChangeInCapacity PercentChangeInCapacity ExactCapacity", t) {
			s.fail("stepScalingPolicyConfiguration", "ValidationException: %q is no adjustmentType", t)
		}
		s.steps(objects(c["stepAdjustments"]))
	}
}

// steps wants the intervals of step adjustments to join without a gap.
func (s *subject) steps(list []resource.PropertyMap) {
	lowers, uppers := map[string]bool{}, map[string]bool{}
	openBelow, openAbove := 0, 0
	for _, st := range list {
		lower, upper := plain(st["metricIntervalLowerBound"]), plain(st["metricIntervalUpperBound"])
		if simcloud.Unknown(st["metricIntervalLowerBound"]) || simcloud.Unknown(st["metricIntervalUpperBound"]) {
			return
		}
		if lower == "" {
			openBelow++
		}
		if upper == "" {
			openAbove++
		}
		if lower != "" && lowers[lower] || upper != "" && uppers[upper] {
			s.fail("stepScalingPolicyConfiguration", "ValidationException: two step adjustments overlap at %s", lower+upper)
		}
		lowers[lower], uppers[upper] = true, true
	}
	if openBelow > 1 || openAbove > 1 {
		s.fail("stepScalingPolicyConfiguration", "ValidationException: only one step adjustment may be open at each end")
	}
	for u := range uppers {
		// At 0, the threshold itself, steps may end: they are then for one side only.
		if u != "" && u != "0" && !lowers[u] {
			s.fail("stepScalingPolicyConfiguration", "ValidationException: there is a gap between step adjustments at %s", u)
		}
	}
}

func checkScheduledAction(s *subject) {
	s.scalable()
	for _, a := range s.list("scalableTargetAction") {
		low, okLow := simcloud.Number(a["minCapacity"])
		high, okHigh := simcloud.Number(a["maxCapacity"])
		if okLow && okHigh && high < low {
			s.fail("scalableTargetAction", "ValidationException: maxCapacity (%v) is below minCapacity (%v)", high, low)
		}
		if !simcloud.Given(a["minCapacity"]) && !simcloud.Given(a["maxCapacity"]) {
			s.fail("scalableTargetAction", "needs minCapacity or maxCapacity")
		}
	}
}
