package rules

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// place is a value of a property, somewhere in a resource.
type place struct {
	path  string
	shape schema.Shape
	value property.Value
	// in is the map that has it, or should have it.
	in property.Map
	// top is true for a property of the resource itself.
	top bool
}

// leaf is the property's own name.
func (p place) leaf() string { return p.path[strings.LastIndex(p.path, ".")+1:] }

// hasShapes tells whether a type has anything to be read by shape: what the
// provider's schema says, or, for a type that it doesn't know, perhaps.
func hasShapes(token string) bool {
	if !strings.HasPrefix(token, "aws:") && !foreign(token) {
		return false
	}
	properties, known := schema.Of(token)
	return !known || len(properties) > 0 || textual[token] != ""
}

// foreign tells types of AWS that no release of the provider has: those of
// CloudFormation, and of aws-native.
func foreign(token string) bool {
	return strings.HasPrefix(token, "AWS::") || strings.HasPrefix(token, "aws-native:")
}

// places returns what a resource has, or lacks, of the given shapes. Of a type
// that the schema doesn't know only what is there can be told, by its name.
func places(res resource, shapes ...schema.Shape) []place {
	properties, known := schema.Of(res.Type)
	var found []place
	if known {
		for _, p := range properties {
			if slices.Contains(shapes, p.Shape) {
				found = follow(res.properties(), p.Path, place{path: p.Path, shape: p.Shape, top: !strings.Contains(p.Path, ".")}, found)
			}
		}
		if !strings.Contains(res.URN, inside) {
			return found
		}
		// What a template says may stand elsewhere than the provider has it.
	}
	walk(res.properties(), "", func(at place) {
		if slices.ContainsFunc(properties, func(p schema.Property) bool { return p.Path == at.path }) {
			return
		}
		if at.shape = schema.Named(at.path, kindOf(at.value)); slices.Contains(shapes, at.shape) {
			found = append(found, at)
		}
	})
	return found
}

// follow goes down a path through every element of the lists on it. It finds a
// null where the last map lacks the property, and nothing where that map isn't
// there itself.
func follow(m property.Map, path string, as place, found []place) []place {
	first, rest, more := strings.Cut(path, ".")
	value := m.Get(first)
	if !more || value.IsComputed() {
		as.value, as.in = value, m
		return append(found, as)
	}
	for _, item := range elements(value) {
		switch {
		case item.IsComputed():
			as.value, as.in = item, m
			found = append(found, as)
		case item.IsMap():
			found = follow(item.AsMap(), rest, as, found)
		}
	}
	return found
}

func elements(v property.Value) []property.Value {
	if v.IsArray() {
		return v.AsArray().AsSlice()
	}
	return []property.Value{v}
}

// walk visits every property, at whatever depth.
func walk(m property.Map, prefix string, visit func(at place)) {
	for name, value := range m.AllStable {
		path := prefix + name
		visit(place{path: path, value: value, in: m, top: prefix == ""})
		for _, item := range elements(value) {
			if item.IsMap() {
				walk(item.AsMap(), path+".", visit)
			}
		}
	}
}

func kindOf(v property.Value) string {
	if v.IsArray() && v.AsArray().Len() > 0 {
		v = v.AsArray().Get(0)
	}
	switch {
	case v.IsBool():
		return "bool"
	case v.IsNumber():
		return "number"
	case v.IsMap():
		return "object"
	}
	return "string"
}

// embedded visits what stands in JSON or YAML texts of a resource: definitions of jobs,
// state machines and others in the form of the API, whose names begin with
// capital letters.
func embedded(res resource, visit func(at place)) {
	texts := places(res, schema.Definition, schema.Document)
	if path := textual[res.Type]; path != "" {
		texts = append(texts, place{path: path, value: res.get(path)})
	}
	for _, at := range texts {
		for _, item := range elements(at.value) {
			raw := strings.TrimSpace(knownText(item))
			if yaml := at.path == textual[res.Type] && strings.Contains(raw, ":"); !yaml && !strings.HasPrefix(raw, "{") && !strings.HasPrefix(raw, "[") ||
				at.shape == schema.Document && strings.Contains(raw, `"Statement"`) {
				continue // a policy of IAM's holds no such properties
			}
			decoded, err := readText(raw)
			if err != nil {
				continue
			}
			for _, element := range elements(fromPlain(decoded)) {
				if element.IsMap() {
					walk(element.AsMap(), at.path+".", visit)
				}
			}
		}
	}
}

// fromPlain turns decoded JSON into a property value, with the names of
// properties as Pulumi writes them.
func fromPlain(v any) property.Value { return toProperty(v, schema.Camel) }
