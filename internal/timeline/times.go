// Package timeline says how long a stack's first deployment takes: the plan's
// dependency graph with AWS's usual creation times, its critical path, and the
// DependsOn edges that nothing needs (docs/adr/0072).
package timeline

import (
	"bytes"
	_ "embed"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

//go:embed times.yaml
var timesFile []byte

// Duration is how long something takes.
type Duration struct {
	// Typical and Slow are in seconds.
	Typical float64 `json:"typical" yaml:"typical"`
	Slow    float64 `json:"slow" yaml:"slow"`
	// Basis is "documented", "observed" or "estimate".
	Basis  string `json:"basis" yaml:"basis"`
	Source string `json:"source" yaml:"source"`
	Why    string `json:"why,omitempty" yaml:"why"`
}

// variant is a duration of a type under conditions on its inputs.
type variant struct {
	When     map[string]any
	Duration `yaml:",inline"`
}

// Step is something that is done beside `pulumi up`.
type Step struct {
	Name     string `json:"name" yaml:"name"`
	Duration `yaml:",inline"`
}

// times is times.yaml.
type times struct {
	Date      string
	Sources   map[string]string
	Otherwise Duration
	Types     map[string][]variant
	Running   struct {
		Type     string
		Duration `yaml:",inline"`
	}
	Beforehand   []Step
	LimitMinutes float64 `yaml:"limitMinutes"`
}

func readTimes() (*times, error) {
	var t times
	decoder := yaml.NewDecoder(bytes.NewReader(timesFile))
	decoder.KnownFields(true)
	if err := decoder.Decode(&t); err != nil {
		return nil, fmt.Errorf("times.yaml: %w", err)
	}
	check := func(what string, d Duration) error {
		switch {
		case d.Basis != "documented" && d.Basis != "observed" && d.Basis != "estimate":
			return fmt.Errorf("times.yaml: %s: basis is %q; it must be documented, observed or estimate", what, d.Basis)
		case t.Sources[d.Source] == "":
			return fmt.Errorf("times.yaml: %s: no source is called %q", what, d.Source)
		case d.Slow < d.Typical:
			return fmt.Errorf("times.yaml: %s: slow is below typical", what)
		}
		return nil
	}
	all := map[string]Duration{"otherwise": t.Otherwise, "running": t.Running.Duration}
	for token, variants := range t.Types {
		for i, v := range variants {
			all[fmt.Sprintf("%s, %d", token, i+1)] = v.Duration
		}
	}
	for _, step := range t.Beforehand {
		all[step.Name] = step.Duration
	}
	for what, d := range all {
		if err := check(what, d); err != nil {
			return nil, err
		}
	}
	return &t, nil
}

// of is how long the engine works on a resource: nothing for components and
// providers.
func (t *times) of(r *plan.Resource) Duration {
	if !r.Custom || len(r.Type) >= len(plan.ProviderPrefix) && r.Type[:len(plan.ProviderPrefix)] == plan.ProviderPrefix {
		return Duration{}
	}
	for _, v := range t.Types[r.Type] {
		if v.holds(r) {
			return v.Duration
		}
	}
	return t.Otherwise
}

func (v variant) holds(r *plan.Resource) bool {
	for path, value := range v.When {
		if r.Get(path) != value {
			return false
		}
	}
	return true
}

// clock writes seconds as minutes and seconds.
func clock(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}
