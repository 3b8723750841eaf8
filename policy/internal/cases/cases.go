// Package cases holds compliant resources, and mutants of them that exactly
// one rule must refuse. Unit tests and the tests with the real engine share
// them.
package cases

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// Resource is a resource as a program declares it. Property values are plain
// Go values, or one of [Unknown], [Secret], [Ref] and [Format].
type Resource struct {
	Type, Name string
	Props      map[string]any
}

// Unknown stands for a value that exists only after the update.
type Unknown struct{}

// Secret marks a value as secret.
type Secret struct{ Value any }

// Ref stands for an output (id, arn, versionId) of another resource of the
// group: unknown at preview, but known to come from there.
type Ref struct{ Name, Output string }

// Format is a text with a reference at its %s.
type Format struct {
	Text string
	Ref  Ref
}

// Group is a set of resources that refer to each other by name.
type Group []*Resource

// Mutant is a group with one fault.
type Mutant struct {
	// Rule must refuse it, and no other rule.
	Rule, Title string
	Group       Group
	// At is the name of the resource that is refused, Says a part of the message.
	At, Says string
	// Also lists further findings that the fault can't be had without, as
	// "rule name", for groups whose fault concerns two resources.
	Also []string
	// More lists further parts of messages at the same resource.
	More []string
	// Alone mutants need a stack of their own: their rule looks at all of it.
	Alone bool
	// Quick mutants are left to the unit tests: another one shows the same to
	// the engine.
	Quick bool
	// Config is the pack's settings; nil means none.
	Config map[string]any
	// Stack is the stack's name; empty means dev.
	Stack string
}

// Find returns a resource of the group; a name that isn't there is a fault of the test.
func (g Group) Find(name string) *Resource {
	for _, res := range g {
		if res.Name == name {
			return res
		}
	}
	panic(fmt.Sprintf("no resource %q", name))
}

type edit func(g Group) Group

func set(name, path string, value any) edit {
	return func(g Group) Group {
		put(g.Find(name).Props, path, func(m map[string]any, key string) { m[key] = value }, func(l []any, i int) { l[i] = value })
		return g
	}
}

func unset(name, path string) edit {
	return func(g Group) Group {
		put(g.Find(name).Props, path, func(m map[string]any, key string) {
			if _, there := m[key]; !there {
				panic("not there: " + path)
			}
			delete(m, key)
		}, nil)
		return g
	}
}

func drop(name string) edit {
	return func(g Group) Group {
		gone := g.Find(name)
		var rest Group
		for _, res := range g {
			if res != gone {
				rest = append(rest, res)
			}
		}
		return rest
	}
}

func add(more ...*Resource) edit {
	return func(g Group) Group { return append(g, more...) }
}

// put walks to the end of a dotted path; numbers are indices.
func put(at any, path string, inMap func(map[string]any, string), inList func([]any, int)) {
	first, rest, more := strings.Cut(path, ".")
	switch node := at.(type) {
	case map[string]any:
		if !more {
			inMap(node, first)
			return
		}
		put(node[first], rest, inMap, inList)
	case []any:
		i, err := strconv.Atoi(first)
		if err != nil {
			panic(err)
		}
		if !more {
			inList(node, i)
			return
		}
		put(node[i], rest, inMap, inList)
	default:
		panic(fmt.Sprintf("%s: %T has no parts", path, at))
	}
}

// mutant applies edits to a compliant group.
func mutant(rule, title string, g Group, at, says string, edits ...edit) Mutant {
	for _, e := range edits {
		g = e(g)
	}
	return Mutant{Rule: rule, Title: title, Group: g, At: at, Says: says}
}

func res(t, name string, props map[string]any) *Resource {
	return &Resource{Type: t, Name: name, Props: props}
}

func one(t, name string, props map[string]any) Group { return Group{res(t, name, props)} }

type object = map[string]any

type list = []any

// Compliant returns groups that no rule refuses, by what they are.
func Compliant() map[string]Group {
	all := map[string]Group{
		"network": network(), "joined": joined(), "asking": asking(), "route": route(), "endpoints": endpoints(), "security-group": securityGroup(),
		"service": service(), "load-balancer": loadBalancer(), "database": database(), "cluster-database": cluster(),
		"cache": cache(), "files": files(), "bucket": bucket(), "access-logs": accessLogs(), "stores": stores(),
		"role": role(), "trust": trust(), "key": key(), "doors": privateDoors(), "lambda": function(), "alarms": alarms(), "sealed": sealed(),
		"placed-elsewhere": elsewhere(), "late-definition": lateDefinition(), "inline-bucket": inlineBucket(), "listener-rule": behindRedirect(), "templates": templated(), "deliveries": delivering(),
	}
	maps.Copy(all, controls())
	return all
}

// Mutants returns every mutant.
func Mutants() []Mutant {
	var all []Mutant
	for _, more := range [][]Mutant{
		gatewayMutants(), routeMutants(), joinMutants(), providerMutants(), addressMutants(), entryMutants(), doorMutants(), restMutants(), bucketMutants(),
		transitMutants(), permissionMutants(), principalMutants(), containerMutants(), completenessMutants(), guardMutants(), settingsMutants(),
		narrowMutants(), wideMutants(), standingMutants(), deliveryMutants(), secretMutants(), shapeMutants(), templateMutants(), switchMutants(),
	} {
		all = append(all, more...)
	}
	return all
}
