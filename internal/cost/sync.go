package cost

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// usualPrefixes are DAGs and plugins, when the plan doesn't show the command.
const usualPrefixes = 2

// syncRequests are dagsync's: it asks S3 for the list of DAGs and plugins every
// few seconds, all month.
func (e *estimate) syncRequests() Row {
	row := Row{Name: "dagsync's LIST requests", Service: "S3"}
	for _, service := range e.plan.Of(plan.ServiceType) {
		t, _ := e.plan.Tasks(service)
		if t.Definition == nil {
			continue
		}
		sources, seconds := syncing(t.Definition.Text("containerDefinitions"))
		if !t.Definition.Shown("containerDefinitions") && strings.HasSuffix(service.Text("name"), "-dagsync") {
			sources = usualPrefixes
		}
		if sources == 0 {
			continue
		}
		every := e.assume("syncSeconds")
		if seconds > 0 {
			every = exactly(seconds)
		}
		looks := float64(sources) * e.HoursPerMonth * 3600 * e.on(service)
		row.Lines = append(row.Lines, Line{
			What: fmt.Sprintf("%s, every %g s", count(sources, "prefix"), every.Low),
			Range: Range{
				Low:  looks / every.High * e.assume("syncPages").Low,
				High: looks / every.Low * e.assume("syncPages").High,
			}.Times(e.price("s3.write") / 1000),
			ByUse: true,
		})
	}
	return row
}

// syncing reads a task's containers: how many prefixes dagsync mirrors in it, 0
// when it doesn't run there, and how many seconds apart, 0 when that is left to
// its default.
func syncing(containers string) (sources int, seconds float64) {
	var definitions []struct {
		Command     []string
		Environment []struct{ Name, Value string }
	}
	if json.Unmarshal([]byte(containers), &definitions) != nil {
		return 0, 0 // not shown in this plan
	}
	for _, d := range definitions {
		if !slices.Contains(d.Command, "dagsync") {
			continue
		}
		interval := ""
		for _, variable := range d.Environment {
			if variable.Name == "AGENT_INTERVAL" {
				interval = variable.Value
			}
		}
		for i, argument := range d.Command {
			if argument == "--source" {
				sources++
			}
			if argument == "--interval" && i+1 < len(d.Command) {
				interval = d.Command[i+1]
			}
			if value, ok := strings.CutPrefix(argument, "--interval="); ok {
				interval = value
			}
		}
		if every, err := time.ParseDuration(interval); err == nil {
			seconds = every.Seconds()
		}
	}
	return sources, seconds
}
