// Package learned holds what the real AWS provider was seen to refuse, as rules
// that the simulation applies: `test/provider/run.py refusals` makes mistakes in the
// stacks' resources, shows them to both, and writes rules.json.
package learned

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Rule is what a property must be like, in the real provider's words; what is
// not set is not demanded.
type Rule struct {
	Type string `json:"type"`
	// Property is a path; [] stands for every element of a list. A part of it
	// that is missing concerns Required alone.
	Property string `json:"property"`
	Required bool   `json:"required,omitempty"`
	// Whole numbers only.
	Whole bool     `json:"whole,omitempty"`
	Min   *float64 `json:"min,omitempty"`
	Max   *float64 `json:"max,omitempty"`
	// MinLength and MaxLength count bytes.
	MinLength int      `json:"minLength,omitempty"`
	MaxLength int      `json:"maxLength,omitempty"`
	MinItems  int      `json:"minItems,omitempty"`
	MaxItems  int      `json:"maxItems,omitempty"`
	OneOf     []string `json:"oneOf,omitempty"`
	// Pattern is a regular expression.
	Pattern string `json:"pattern,omitempty"`
	// ARN demands an ARN.
	ARN bool `json:"arn,omitempty"`
}

//go:embed rules.json
var data []byte

var (
	rules    = load()
	arnForm  = regexp.MustCompile(`^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$`)
	patterns = map[string]*regexp.Regexp{}
)

// load reads the rules by type. The file is part of the program: a fault in it
// is one of the program's.
func load() map[string][]Rule {
	var list []Rule
	if err := json.Unmarshal(data, &list); err != nil {
		panic(fmt.Sprintf("learned rules: %v", err))
	}
	byType := map[string][]Rule{}
	for _, rule := range list {
		byType[rule.Type] = append(byType[rule.Type], rule)
	}
	return byType
}

func init() {
	for _, list := range rules {
		for _, rule := range list {
			patterns[rule.Pattern] = regexp.MustCompile(rule.Pattern)
		}
	}
}

// All returns the rules of all types.
func All() map[string][]Rule { return rules }

// Fault is a property that breaks a rule.
type Fault struct {
	// Property is the input that holds it, Path the place in it.
	Property, Path, Reason string
}

// Faults returns what the inputs of a resource have against the rules of its
// type. What is unknown or secret breaks none.
func Faults(token string, inputs resource.PropertyMap) []Fault {
	var faults []Fault
	for _, rule := range rules[token] {
		top := strings.TrimSuffix(strings.SplitN(rule.Property, ".", 2)[0], "[]")
		for _, reason := range rule.reasons(resource.NewProperty(inputs), strings.Split(rule.Property, ".")) {
			faults = append(faults, Fault{Property: top, Path: rule.Property, Reason: reason})
		}
	}
	return faults
}

// reasons walks down the path and returns what is wrong at its end.
func (r Rule) reasons(value resource.PropertyValue, path []string) []string {
	if value = simcloud.Bare(value); !value.IsObject() {
		return nil
	}
	name, list := strings.CutSuffix(path[0], "[]")
	inner, given := value.ObjectValue()[resource.PropertyKey(name)]
	// To the provider, a list without elements is as good as none.
	empty := simcloud.Bare(inner).IsArray() && len(simcloud.Bare(inner).ArrayValue()) == 0
	if !given || !simcloud.Given(inner) || empty && r.Required {
		if r.Required && len(path) == 1 {
			return []string{"missing"}
		}
		return nil
	}
	elements := []resource.PropertyValue{inner}
	if bare := simcloud.Bare(inner); list {
		if !bare.IsArray() {
			return nil
		}
		elements = bare.ArrayValue()
	}
	var reasons []string
	for _, element := range elements {
		if len(path) > 1 {
			reasons = append(reasons, r.reasons(element, path[1:])...)
		} else if reason := r.reason(element); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

// reason is what a value has against it, or "".
func (r Rule) reason(value resource.PropertyValue) string {
	if value.ContainsUnknowns() || value.ContainsSecrets() {
		return ""
	}
	value = simcloud.Bare(value)
	switch {
	case value.IsNumber():
		return r.ofNumber(value.NumberValue())
	case value.IsArray():
		if n := len(value.ArrayValue()); n < r.MinItems || (r.MaxItems > 0 && n > r.MaxItems) {
			return fmt.Sprintf("%d elements, and the provider takes %s", n, span(r.MinItems, r.MaxItems))
		}
	case value.IsString():
		return r.ofText(value.StringValue())
	}
	return ""
}

func (r Rule) ofNumber(n float64) string {
	switch {
	case r.Whole && n != math.Trunc(n):
		return fmt.Sprintf("%v is no whole number", n)
	case r.Min != nil && n < *r.Min:
		return fmt.Sprintf("%v is less than %v", n, *r.Min)
	case r.Max != nil && n > *r.Max:
		return fmt.Sprintf("%v is more than %v", n, *r.Max)
	}
	return ""
}

func (r Rule) ofText(s string) string {
	switch {
	case len(r.OneOf) > 0 && !slices.Contains(r.OneOf, s):
		return fmt.Sprintf("%q is none of %s", s, strings.Join(r.OneOf, ", "))
	case len(s) < r.MinLength || (r.MaxLength > 0 && len(s) > r.MaxLength):
		return fmt.Sprintf("%q has %d characters, and the provider takes %s", s, len(s), span(r.MinLength, r.MaxLength))
	case r.ARN && s != "" && !arnForm.MatchString(s):
		return fmt.Sprintf("%q is no ARN", s)
	case r.Pattern != "" && !patterns[r.Pattern].MatchString(s):
		return fmt.Sprintf("%q doesn't have the form %s", s, r.Pattern)
	}
	return ""
}

func span(low, high int) string {
	if high == 0 {
		return fmt.Sprintf("at least %d", low)
	}
	return fmt.Sprintf("%d to %d", low, high)
}
