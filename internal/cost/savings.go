package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// Saving is what a choice saves a month: one that the plan has made, or one
// that it could make.
type Saving struct {
	What string `json:"what"`
	// InPlan tells that the plan has it already.
	InPlan bool `json:"inPlan"`
	Range
	// But is the price in something else than money.
	But string `json:"but"`
}

// choice is a saving as a change of the plan. Each is priced by pricing the
// plan again, with the change made or undone.
type choice struct {
	what, but string
	// has tells whether the plan has made the choice already; change makes it
	// when it hasn't, and undoes it when it has. Nil has means no.
	has    bool
	change func(*plan.Plan) *plan.Plan
	adjust func(*estimate)
}

// savings prices all choices that make a difference for this plan.
func savings(p *plan.Plan, now *Report) ([]Saving, error) {
	list := []Saving{}
	for _, c := range choices(p) {
		other := p
		if c.change != nil {
			other = c.change(p.Clone())
		}
		var adjust []func(*estimate)
		if c.adjust != nil {
			adjust = append(adjust, c.adjust)
		}
		then, err := totals(other, adjust...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.what, err)
		}
		saved := now.Total.Minus(then.Total)
		if c.has {
			saved = then.Total.Minus(now.Total)
		}
		// What is cheaper in a busy month may save less of it: the range is of the
		// saving, not of the months.
		saved = Range{min(saved.Low, saved.High), max(saved.Low, saved.High)}
		if !saved.zero() {
			list = append(list, Saving{What: c.what, InPlan: c.has, Range: saved, But: c.but})
		}
	}
	return list, nil
}

func choices(p *plan.Plan) []choice {
	list := []choice{offHoursChoice(p)}
	list = append(list, spotChoices(p)...)
	list = append(list, storageChoices(p)...)
	return append(list, networkChoices(p)...)
}

func offHoursChoice(p *plan.Plan) choice {
	turns := func(r *plan.Resource) bool { // others start a task
		return r.Type == "aws:scheduler/schedule:Schedule" && r.Text("target.input") != ""
	}
	if slices.ContainsFunc(p.Of("aws:scheduler/schedule:Schedule"), turns) {
		return choice{
			what: "off-hours schedule", has: true, but: "nothing runs at night and on weekends",
			change: func(p *plan.Plan) *plan.Plan { return p.Without(turns) },
		}
	}
	return choice{
		what: "off-hours schedule: services at 0 and the database stopped but for 12 hours on 5 days",
		but:  "nothing runs at night and on weekends; RDS starts by itself after 7 days",
		adjust: func(e *estimate) {
			for _, service := range e.plan.Of(plan.ServiceType) {
				e.hours.services[service.Text("name")] = e.officeShare
			}
			e.hours.database = e.officeShare
		},
	}
}

// spotChoices: the Spot shares of the plan, and each service that has tasks on
// demand.
func spotChoices(p *plan.Plan) []choice {
	onlyOnDemand := []any{map[string]any{"capacityProvider": plan.OnDemand, "base": 0.0, "weight": 1.0}}
	onlySpot := []any{map[string]any{"capacityProvider": plan.Spot, "base": 0.0, "weight": 1.0}}
	list := []choice{{
		what: "Spot shares of the services", has: true, but: "a reclaimed task gets two minutes",
		change: func(p *plan.Plan) *plan.Plan {
			for _, service := range p.Of(plan.ServiceType) {
				service.Inputs["capacityProviderStrategies"] = onlyOnDemand
			}
			return p
		},
	}}
	for _, service := range p.Of(plan.ServiceType) {
		if t, _ := p.Tasks(service); t.SpotShare == 1 && t.Base == 0 {
			continue
		}
		urn := service.URN
		list = append(list, choice{
			what: service.Name + " on Spot", but: "each reclaim interrupts it",
			change: func(p *plan.Plan) *plan.Plan {
				p.Resource(urn).Inputs["capacityProviderStrategies"] = onlySpot
				return p
			},
		})
	}
	return list
}

func storageChoices(p *plan.Plan) []choice {
	var list []choice
	for _, files := range p.Of("aws:efs/fileSystem:FileSystem") {
		urn, oneZone := files.URN, files.Shown("availabilityZoneName")
		list = append(list, choice{
			what: "One Zone file system", has: oneZone, but: "the tasks stay in its zone, and stop with it",
			change: func(p *plan.Plan) *plan.Plan {
				if oneZone {
					delete(p.Resource(urn).Inputs, "availabilityZoneName")
				} else {
					p.Resource(urn).Inputs["availabilityZoneName"] = "one"
				}
				return p
			},
		})
	}
	for _, database := range p.Of("aws:rds/instance:Instance") {
		if !database.True("multiAz") {
			continue
		}
		urn := database.URN
		list = append(list, choice{
			what: "database without a standby", but: "a failed zone or instance means a restore",
			change: func(p *plan.Plan) *plan.Plan {
				p.Resource(urn).Inputs["multiAz"] = false
				return p
			},
		})
	}
	for _, broker := range p.Of("aws:elasticache/replicationGroup:ReplicationGroup") {
		if broker.Text("engine") == "valkey" {
			urn := broker.URN
			list = append(list, choice{
				what: "Valkey instead of Redis OSS", has: true,
				change: func(p *plan.Plan) *plan.Plan {
					p.Resource(urn).Inputs["engine"] = "redis"
					return p
				},
			})
		}
	}
	return list
}

func networkChoices(p *plan.Plan) []choice {
	var list []choice
	arm := slices.ContainsFunc(p.Of(plan.TaskDefinitionType), func(r *plan.Resource) bool {
		return r.Text("runtimePlatform.cpuArchitecture") == "ARM64"
	})
	list = append(list, choice{
		what: "ARM instead of x86", has: arm, but: "images must be built for it",
		change: func(p *plan.Plan) *plan.Plan {
			for _, definition := range p.Of(plan.TaskDefinitionType) {
				architecture := "ARM64"
				if arm {
					architecture = "X86_64"
				}
				definition.Inputs["runtimePlatform"] = map[string]any{"cpuArchitecture": architecture}
			}
			return p
		},
	})
	for keep := 1; keep < mostZones(p); keep++ {
		list = append(list, choice{
			what: fmt.Sprintf("endpoints in %s only", count(keep, "zone")),
			but:  "the other zones depend on it, and their traffic to it is billed",
			change: func(p *plan.Plan) *plan.Plan {
				for _, endpoint := range p.Of(plan.EndpointType) {
					if endpointZones(p, endpoint) > keep {
						keepZones(endpoint, keep)
					}
				}
				return p
			},
		})
	}
	return append(list, choice{
		what: "no Container Insights", but: "no metrics by task; ECS's own CPU and memory by service are free",
		change: func(p *plan.Plan) *plan.Plan {
			for _, cluster := range p.Of("aws:ecs/cluster:Cluster") {
				cluster.Inputs["settings"] = []any{}
			}
			return p
		},
	})
}

func mostZones(p *plan.Plan) int {
	most := 0
	for _, endpoint := range p.Of(plan.EndpointType) {
		most = max(most, endpointZones(p, endpoint))
	}
	return most
}

// keepZones leaves an endpoint in its first zones.
func keepZones(endpoint *plan.Resource, keep int) {
	shortened := map[string][]string{}
	for property, urns := range endpoint.PropertyDependencies {
		shortened[property] = urns
	}
	subnets := slices.DeleteFunc(slices.Clone(shortened["subnetIds"]), func(urn string) bool { return !strings.Contains(urn, plan.SubnetType+"::") })
	shortened["subnetIds"] = subnets[:min(keep, len(subnets))]
	endpoint.PropertyDependencies = shortened
	endpoint.Inputs["subnetIds"] = endpoint.List("subnetIds")[:min(keep, len(endpoint.List("subnetIds")))]
}
