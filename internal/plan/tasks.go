package plan

import "strings"

// Type tokens that more than one tool reads.
const (
	ServiceType        = "aws:ecs/service:Service"
	TaskDefinitionType = "aws:ecs/taskDefinition:TaskDefinition"
	ScalableTargetType = "aws:appautoscaling/target:Target"
	SubnetType         = "aws:ec2/subnet:Subnet"
	EndpointType       = "aws:ec2/vpcEndpoint:VpcEndpoint"
	SecurityGroupType  = "aws:ec2/securityGroup:SecurityGroup"
)

// Capacity providers of Fargate.
const (
	OnDemand = "FARGATE"
	Spot     = "FARGATE_SPOT"
)

// Tasks are the tasks of an ECS service on Fargate.
type Tasks struct {
	// VCPU and GB are the size of one.
	VCPU, GB float64
	ARM      bool
	// Min and Max are autoscaling's limits, or both the fixed count.
	Min, Max float64
	// Base tasks run on demand, and SpotShare (0 to 1) of the others on Spot.
	Base, SpotShare float64
	Definition      *Resource
}

// Tasks reads a service; false when the plan doesn't show its task definition
// or the definition's size.
func (p *Plan) Tasks(service *Resource) (Tasks, bool) {
	t, shown := p.sized(p.Ref(service, "taskDefinition", TaskDefinitionType))
	t.Min = service.NumberOr("desiredCount", 0)
	t.Max = t.Min
	if target := p.scalableTarget(service); target != nil {
		t.Min, t.Max = target.NumberOr("minCapacity", 0), target.NumberOr("maxCapacity", 0)
	}
	t.Base, t.SpotShare = capacity(service)
	return t, shown
}

// ScheduledTask reads a schedule that starts a task, which has no numbers; false
// as with [Plan.Tasks].
func (p *Plan) ScheduledTask(schedule *Resource) (Tasks, bool) {
	return p.sized(p.Ref(schedule, "target", TaskDefinitionType))
}

func (p *Plan) sized(definition *Resource) (Tasks, bool) {
	if definition == nil {
		return Tasks{}, false
	}
	cpu, okCPU := definition.Number("cpu")
	memory, okMemory := definition.Number("memory")
	t := Tasks{
		VCPU: cpu / 1024, GB: memory / 1024,
		ARM:        definition.Text("runtimePlatform.cpuArchitecture") == "ARM64",
		Definition: definition,
	}
	return t, okCPU && okMemory
}

func (p *Plan) scalableTarget(service *Resource) *Resource {
	name := service.Text("name")
	for _, target := range p.Of(ScalableTargetType) {
		if name != "" && strings.HasSuffix(target.Text("resourceId"), "/"+name) {
			return target
		}
	}
	return nil
}

// capacity reads a capacity provider strategy; without one tasks run on demand.
func capacity(service *Resource) (base, spotShare float64) {
	weights := map[string]float64{}
	for _, entry := range service.List("capacityProviderStrategies") {
		provider := Text(Lookup(entry, "capacityProvider"))
		if weight, ok := Number(Lookup(entry, "weight")); ok {
			weights[provider] = weight
		}
		if n, ok := Number(Lookup(entry, "base")); ok && provider == OnDemand {
			base = n
		}
	}
	if all := weights[OnDemand] + weights[Spot]; all > 0 {
		spotShare = weights[Spot] / all
	}
	return base, spotShare
}

// Split tells how many of n tasks run on demand and on Spot.
func (t Tasks) Split(n float64) (onDemand, spot float64) {
	spot = (n - min(n, t.Base)) * t.SpotShare
	return n - spot, spot
}
