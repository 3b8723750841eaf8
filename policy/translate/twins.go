package translate

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// pair is a type of the AWS provider, and what its properties are called there
// where CloudFormation calls them otherwise.
type pair struct {
	token string
	names map[string]string
	// more makes further resources of it, or changes its properties.
	more func(own *Resource, called string) []Resource
}

// twin translates a resource. called is what others of its template call it by.
func twin(kind, name, called string, props map[string]any) []Resource {
	found, known := twins[strings.ToLower(kind)]
	translated := camelMap(props)
	if !known {
		return []Resource{{Type: kind, Name: name, Props: translated}}
	}
	own := Resource{Type: found.token, Name: name, Props: translated}
	for from, to := range found.names {
		if value, there := translated[from]; there {
			delete(translated, from)
			translated[to] = value
		}
	}
	if called != "" {
		translated["id"] = called
	}
	if found.more == nil {
		return []Resource{own}
	}
	more := found.more(&own, called)
	return append([]Resource{own}, more...)
}

// verbatim are properties whose keys are the user's.
var verbatim = []string{"variables", "tags", "parameters", "labels", "stageVariables", "dockerLabels", "options"}

// camel writes properties as Pulumi does, and policies as JSON text.
func camel(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, camel(item))
		}
		return list
	case map[string]any:
		if v["Statement"] != nil || v["statement"] != nil {
			return policyText(v)
		}
		return camelMap(v)
	}
	return v
}

func camelMap(v map[string]any) map[string]any {
	m := make(map[string]any, len(v))
	for key, value := range v {
		name := schema.Camel(key)
		if slices.Contains(verbatim, name) {
			m[name] = value
			continue
		}
		m[name] = camel(value)
	}
	return m
}

// policyText is unknown if a part of the policy is.
func policyText(v any) any {
	if hasUnknown(v) {
		return Unknown{}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return Unknown{}
	}
	return string(raw)
}

func hasUnknown(v any) bool {
	switch v := v.(type) {
	case Unknown:
		return true
	case []any:
		return slices.ContainsFunc(v, hasUnknown)
	case map[string]any:
		for _, value := range v {
			if hasUnknown(value) {
				return true
			}
		}
	}
	return false
}

// in returns the map at a key, or an empty one.
func in(props map[string]any, key string) map[string]any {
	inner, _ := props[key].(map[string]any)
	if inner == nil {
		return map[string]any{}
	}
	return inner
}

// rename moves a nested property.
func rename(props map[string]any, from, to string) {
	if value, there := props[from]; there {
		delete(props, from)
		props[to] = value
	}
}

func list(v any) []any {
	if one, ok := v.(map[string]any); ok {
		return []any{one}
	}
	found, _ := v.([]any)
	return found
}
