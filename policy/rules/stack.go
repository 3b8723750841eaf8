package rules

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/translate"
)

// stackType is the type of the resource that stands for the whole stack.
const stackType = "pulumi:pulumi:Stack"

// stack is what a stack rule sees: all resources, sorted by URN, and how they
// refer to each other.
type stack struct {
	name      string
	resources []*resource
	byURN     map[string]*resource
	byType    map[string][]*resource
	// settingsFaults are what is wrong with the pack's settings; excused is what
	// exceptions have let through so far.
	settingsFaults []string
	excused        []excuse
	// names, by type, companions and deliveries are gathered when a rule first asks.
	names      map[string]map[string][]*resource
	companions map[string]map[*resource]bool
	deliveries func() []delivery
}

// of returns the resources of the given types.
func (s *stack) of(types ...string) []*resource {
	var found []*resource
	for _, t := range types {
		found = append(found, s.byType[t]...)
	}
	return found
}

// root returns the URN that stands for the whole stack.
func (s *stack) root() string {
	if roots := s.byType[stackType]; len(roots) > 0 {
		return roots[0].URN
	}
	return ""
}

// refers finds the resources of the given types that a property of res refers
// to: by what the property was made from, or by a known name, id or ARN.
func (s *stack) refers(res *resource, path string, types ...string) []*resource {
	var found []*resource
	add := func(target *resource) {
		if target != nil && slices.Contains(types, target.Type) && !slices.Contains(found, target) {
			found = append(found, target)
		}
	}
	top, _, _ := strings.Cut(path, ".")
	for _, urn := range res.deps[top] {
		add(s.byURN[urn])
	}
	for _, value := range texts(res.get(path)) {
		for _, called := range []string{value, nameInARN(value)} {
			for _, t := range types {
				for _, target := range s.called(res.scoped(called), t) {
					add(target)
				}
			}
		}
	}
	return found
}

// hasCompanion tells whether a resource of one of the given types refers to
// target in the property path. What refers to whom is gathered once per path and
// types: asking for every target stays linear.
func (s *stack) hasCompanion(target *resource, path string, types ...string) bool {
	question := target.Type + " " + path + " " + strings.Join(types, " ")
	if s.companions == nil {
		s.companions = map[string]map[*resource]bool{}
	}
	accompanied, asked := s.companions[question]
	if !asked {
		accompanied = map[*resource]bool{}
		for _, companion := range s.of(types...) {
			for _, other := range s.refers(companion, path, target.Type) {
				accompanied[other] = true
			}
		}
		s.companions[question] = accompanied
	}
	return accompanied[target]
}

// namingProperties are what other resources call a resource by.
var namingProperties = []string{"id", "arn", "name", "bucket", "identifier", "clusterIdentifier", "family"}

// called returns the resources of a type that go by a name, id or ARN.
func (s *stack) called(name, t string) []*resource {
	if name == "" {
		return nil
	}
	names, gathered := s.names[t]
	if !gathered {
		names = map[string][]*resource{}
		for _, res := range s.byType[t] {
			for _, called := range res.names() {
				names[res.scoped(called)] = append(names[res.scoped(called)], res)
			}
		}
		if s.names == nil {
			s.names = map[string]map[string][]*resource{}
		}
		s.names[t] = names
	}
	return names[name]
}

func (res *resource) names() []string {
	var names []string
	for _, props := range []property.Map{res.properties(), res.outputs()} {
		for _, property := range namingProperties {
			if called := knownText(props.Get(property)); called != "" && !slices.Contains(names, called) {
				names = append(names, called)
			}
		}
	}
	return names
}

// scoped is a name as it is within one template, where the resource is in one:
// another's may call something else by it.
func (res *resource) scoped(name string) string {
	if i := strings.LastIndex(res.URN, inside); i >= 0 && strings.HasPrefix(name, translate.RefPrefix) {
		return res.URN[:i] + inside + name
	}
	return name
}

// nameInARN returns the name that an ARN ends in, without a task definition's
// revision; "" if the text is no ARN.
func nameInARN(text string) string {
	parts := strings.Split(text, ":")
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	name := parts[5]
	return name[strings.LastIndex(name, "/")+1:]
}

// texts returns the known strings of a value or list.
func texts(v property.Value) []string {
	var found []string
	list, _ := items(v)
	for _, item := range list {
		if value, state := text(item); state == known && value != "" {
			found = append(found, value)
		}
	}
	return found
}
