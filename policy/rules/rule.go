// Package rules holds the policies of the pack: what an AWS stack must not, or
// must, contain so that nothing in it can reach the internet, be reached from
// it, or be read by somebody else.
//
// A rule knows resources by their type tokens and property names alone; the
// AWS SDK isn't linked, which keeps the pack quick to start.
package rules

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// The families of rules, in the order of the table.
const (
	NoWayOut     = "no way out"
	OpenDoors    = "open doors"
	AtRest       = "encryption at rest"
	InTransit    = "encryption in transit"
	Identity     = "identity"
	Completeness = "completeness"
	PackItself   = "the pack itself"
)

// Rule is one policy. Stack stands alone; On and Any may both be set.
type Rule struct {
	// Name is what exceptions and the engine's output call the rule.
	Name   string
	Family string
	// Description is one sentence that says what must be so.
	Description string
	// Why and Fix end every message.
	Why, Fix string
	// On holds a check per resource type; the engine asks before it creates or
	// changes a resource.
	On map[string]check
	// Any is asked about every type of AWS, and reads it by the shapes of its
	// properties.
	Any check
	// Stack looks at all resources together, at the end of a preview or update.
	Stack func(s *stack, r report)
}

type check func(res resource, r report)

// on gives several types the same check.
func on(c check, types ...string) map[string]check {
	checks := make(map[string]check, len(types))
	for _, t := range types {
		checks[t] = c
	}
	return checks
}

// each joins tables of checks; a type in several tables gets all their checks.
func each(tables ...map[string]check) map[string]check {
	all := map[string]check{}
	for _, table := range tables {
		for t, c := range table {
			before := all[t]
			if before == nil {
				all[t] = c
				continue
			}
			all[t] = func(res resource, r report) {
				before(res, r)
				c(res, r)
			}
		}
	}
	return all
}

// resource is one resource with the inputs that its program gave.
type resource struct {
	Type, Name, URN string
	properties      func() property.Map

	// The rest is for stack rules: the provider's view; per top-level property,
	// the URNs that it was made from; and whether the rules for single resources
	// were asked about it.
	outputs func() property.Map
	deps    map[string][]string
	met     bool
}

func (res resource) get(path string) property.Value { return get(res.properties(), path) }

// report collects what a rule finds about one resource.
type report struct {
	rule *Rule
	urn  string
	add  func(urn, message string)
	// postpone notes what only the update will see.
	postpone func(urn, what string)
	// preview is true while unknown values may still become known.
	preview  bool
	settings *settings
	stack    string
}

// at returns a report about another resource.
func (r report) at(urn string) report {
	r.urn = urn
	return r
}

// fault says what is wrong; the rule adds why that matters and how to fix it.
func (r report) fault(format string, args ...any) {
	r.write(fmt.Sprintf(format, args...), r.rule.Fix)
}

// faultFix is fault with a fix of its own, where the rule's doesn't fit.
func (r report) faultFix(what, fix string) { r.write(what, fix) }

// later leaves a value that a preview can't see to the update, which asks again
// with known values before it creates anything.
func (r report) later(what string) {
	if !r.preview {
		r.unseen(what)
		return
	}
	r.postpone(r.urn, what)
}

// unseen refuses a value that the rule must read and that isn't known yet.
func (r report) unseen(what string) {
	r.write(what+" is not known before the update, and what cannot be seen is not let through.",
		"make it known at preview: take it from configuration, and build names and ARNs instead of reading them from a resource that doesn't exist yet. "+r.rule.Fix)
}

func (r report) write(what, fix string) {
	var text strings.Builder
	fmt.Fprintf(&text, "What: %s\nWhy: %s\nFix: %s", what, r.rule.Why, fix)
	r.add(r.urn, text.String())
}

// needTrue wants a flag to be there and true.
func (r report) needTrue(res resource, path string) bool {
	switch value, state := truth(res.get(path)); {
	case state == unknown:
		r.unseen(path)
	case state == absent:
		r.fault("%s is not set.", path)
	case !value:
		r.fault("%s is false.", path)
	default:
		return true
	}
	return false
}

// needNotTrue wants a flag to be absent or false.
func (r report) needNotTrue(m property.Map, path string) {
	switch value, state := truth(get(m, path)); {
	case state == unknown:
		r.unseen(path)
	case value:
		r.fault("%s is true.", path)
	}
}

// plainWithoutKey are the types that AWS doesn't encrypt by itself, and that
// have no switch but the key.
var plainWithoutKey = map[string]bool{"aws:sns/topic:Topic": true, "aws:kinesis/stream:Stream": true}

// typeOf returns the type in a URN.
func typeOf(urn string) string {
	parts := strings.Split(urn, "::")
	if len(parts) < 4 {
		return ""
	}
	return parts[2][strings.LastIndex(parts[2], "$")+1:]
}

// needKey wants a KMS key of the customer's own; a key that is about to be
// created counts. Under the baseline profile it is enough to be encrypted.
func (r report) needKey(m property.Map, path string) {
	if r.settings.Profile == Baseline && !plainWithoutKey[typeOf(r.urn)] {
		return
	}
	switch key, state := text(get(m, path)); {
	case state == absent || (state == known && key == ""):
		r.fault("%s is not set, so a key that AWS owns or manages would be used.", path)
	case state == known && managedByAWS(key) && r.settings.Profile != Baseline:
		r.fault("%s is %q, a key that AWS manages.", path, key)
	}
}

// managedByAWS tells the aliases of AWS managed keys, and the word for one that
// AWS owns, from the customer's.
func managedByAWS(key string) bool {
	return strings.HasPrefix(key, "AWS_OWNED") || strings.HasPrefix(key, "alias/aws/") || strings.HasPrefix(key, "aws/") || strings.Contains(key, ":alias/aws/")
}
