package scaling

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

type object = map[string]any

const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// planOf writes what a preview of a stack that declares the rules says.
func planOf(p Pool, rules []Rule) object {
	const of = "urn:pulumi:dev::airflow::"
	id := "service/" + p.Cluster + "/" + p.Service
	var steps []object
	add := func(token, name string, inputs object, refs map[string][]string) string {
		urn := of + token + "::" + name
		steps = append(steps, object{"op": "create", "urn": urn, "newState": object{
			"urn": urn, "type": token, "custom": true, "inputs": inputs, "propertyDependencies": refs,
		}})
		return urn
	}
	add(typeTarget, "worker", object{"resourceId": id, "minCapacity": p.Min, "maxCapacity": p.Max}, nil)
	add(typePolicy, "tracking", object{"resourceId": id, "policyType": "TargetTrackingScaling"}, nil)
	add(typeTarget, "api", object{"resourceId": "service/other/api", "minCapacity": 1, "maxCapacity": 2}, nil)
	add(typeAlarm, "unrelated", object{"comparisonOperator": "whatever"}, nil)
	for _, rule := range rules {
		var adjustments []any
		for _, s := range rule.Policy.Steps {
			a := object{"scalingAdjustment": s.Adjustment}
			for name, v := range map[string]*float64{"metricIntervalLowerBound": s.Lower, "metricIntervalUpperBound": s.Upper} {
				if v != nil {
					a[name] = strconv.FormatFloat(*v, 'g', -1, 64) // Pulumi's type is a string
				}
			}
			adjustments = append(adjustments, a)
		}
		policy := add(typePolicy, "worker-"+rule.Name, object{
			"resourceId": id, "policyType": "StepScaling",
			"stepScalingPolicyConfiguration": object{
				"adjustmentType": rule.Policy.AdjustmentType, "cooldown": rule.Policy.CooldownSeconds,
				"metricAggregationType": rule.Policy.Aggregation, "stepAdjustments": adjustments,
			},
		}, nil)
		var queries []any
		for _, q := range rule.Alarm.Queries {
			query := object{"id": q.ID, "label": q.Label}
			if q.Return {
				query["returnData"] = true
			}
			if q.Metric != nil {
				query["metric"] = object{
					"namespace": q.Metric.Namespace, "metricName": q.Metric.Name, "stat": q.Metric.Stat,
					"period": q.Metric.PeriodSeconds, "dimensions": q.Metric.Dimensions,
				}
			} else {
				query["expression"] = q.Expression
			}
			queries = append(queries, query)
		}
		add(typeAlarm, "worker-"+rule.Name, object{
			"alarmDescription": rule.Alarm.Description, "comparisonOperator": rule.Alarm.Comparison,
			"threshold": rule.Alarm.Threshold, "evaluationPeriods": rule.Alarm.EvaluationPeriods,
			"datapointsToAlarm": rule.Alarm.DatapointsToAlarm, "treatMissingData": rule.Alarm.Missing,
			"metricQueries": queries, "alarmActions": []any{unknown},
		}, map[string][]string{"alarmActions": {policy}})
	}
	return object{"steps": steps}
}

func readPlan(t *testing.T, document any) ([]Target, error) {
	t.Helper()
	text, err := json.Marshal(document)
	require.NoError(t, err)
	p, err := plan.Read(bytes.NewReader(text))
	require.NoError(t, err)
	return FromPlan(p)
}

func TestAPlanIsReadAsItWasDeclared(t *testing.T) {
	p := pool()
	p.Queues = []string{"default", "large"}
	rules, err := Rules(p)
	require.NoError(t, err)
	targets, err := readPlan(t, planOf(p, rules))
	require.NoError(t, err)
	require.Equal(t, []Target{{
		ResourceID: "service/pathwai-airflow-dev-cluster/pathwai-airflow-dev-worker", Min: 0, Max: 10, Rules: rules,
	}}, targets)
}

// change applies a change to the inputs of a resource of a plan.
func change(document object, name string, apply func(inputs object)) {
	for _, step := range document["steps"].([]object) {
		if strings.HasSuffix(step["urn"].(string), "::"+name) {
			apply(step["newState"].(object)["inputs"].(object))
		}
	}
}

func TestPlansThatCanNotBeProven(t *testing.T) {
	rules, err := Rules(pool())
	require.NoError(t, err)
	for want, apply := range map[string]func(document object){
		"0 alarms drive it": func(d object) {
			steps := d["steps"].([]object)
			d["steps"] = steps[:len(steps)-1]
		},
		"its actions are switched off": func(d object) {
			change(d, "worker-idle", func(in object) { in["actionsEnabled"] = false })
		},
		"the plan shows no threshold": func(d object) {
			change(d, "worker-idle", func(in object) { in["threshold"] = unknown })
		},
		"no adjustment that the plan shows": func(d object) {
			change(d, "worker-idle", func(in object) {
				if c, ok := in["stepScalingPolicyConfiguration"].(object); ok {
					c["stepAdjustments"].([]any)[0].(object)["scalingAdjustment"] = unknown
				}
			})
		},
	} {
		document := planOf(pool(), rules)
		apply(document)
		_, err := readPlan(t, document)
		require.ErrorContains(t, err, want)
	}
}

// A metric alarm may name its metric directly, and leave out what has a
// default.
func TestAPlainAlarm(t *testing.T) {
	rules, err := Rules(pool())
	require.NoError(t, err)
	document := planOf(pool(), rules)
	change(document, "worker-idle", func(in object) {
		if in["threshold"] == nil {
			delete(in["stepScalingPolicyConfiguration"].(object), "cooldown")
			return
		}
		for _, name := range []string{"metricQueries", "datapointsToAlarm", "treatMissingData"} {
			delete(in, name)
		}
		in["namespace"], in["metricName"], in["statistic"], in["period"] = "Airflow", "Backlog", "Maximum", 60
		in["dimensions"] = object{"Stack": "s", "Queue": "q"}
	})
	targets, err := readPlan(t, document)
	require.NoError(t, err)
	idle := targets[0].Rules[1]
	require.Equal(t, 300, idle.Policy.CooldownSeconds, "ECS's default")
	require.Equal(t, "missing", idle.Alarm.Missing)
	require.Equal(t, 5, idle.Alarm.DatapointsToAlarm, "all of them")
	require.Equal(t, []Query{{ID: "m", Return: true, Metric: &Metric{
		Namespace: "Airflow", Name: "Backlog", Stat: "Maximum", PeriodSeconds: 60, Dimensions: map[string]string{"Stack": "s", "Queue": "q"},
	}}}, idle.Alarm.Queries)
}

func ExampleFromPlan() {
	p, err := plan.ReadFile("no-such-plan.json")
	if err != nil {
		fmt.Println("make the plan first")
		return
	}
	targets, err := FromPlan(p)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for _, target := range targets {
		fmt.Println(target.ResourceID, Prove(target, 4, 20))
	}
	// Output: make the plan first
}
