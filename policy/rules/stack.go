package rules

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
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
	top, _, _ := strings.Cut(path, ".")
	for _, urn := range res.deps[top] {
		if target := s.byURN[urn]; target != nil && slices.Contains(types, target.Type) {
			found = append(found, target)
		}
	}
	values := texts(res.get(path))
	if len(values) == 0 {
		return found
	}
	for _, target := range s.of(types...) {
		if !slices.Contains(found, target) && isCalled(target, values) {
			found = append(found, target)
		}
	}
	return found
}

// hasCompanion tells whether a resource of one of the given types refers to
// target in the property path.
func (s *stack) hasCompanion(target *resource, path string, types ...string) bool {
	return slices.ContainsFunc(s.of(types...), func(c *resource) bool {
		return slices.Contains(s.refers(c, path, target.Type), target)
	})
}

// namingProperties are what other resources call a resource by.
var namingProperties = []string{"id", "arn", "name", "bucket", "identifier", "clusterIdentifier", "family"}

func isCalled(target *resource, values []string) bool {
	for _, name := range namingProperties {
		for _, props := range []property.Map{target.properties(), target.outputs()} {
			called := knownText(props.Get(name))
			if called != "" && slices.ContainsFunc(values, func(value string) bool { return value == called || nameInARN(value) == called }) {
				return true
			}
		}
	}
	return false
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
