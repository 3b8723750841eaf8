package main

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// statement is one of a policy document.
type statement struct {
	Sid         string
	Effect      string
	Principal   any            `json:",omitempty"`
	Action      []string       `json:",omitempty"`
	NotAction   []string       `json:",omitempty"`
	Resource    []string       `json:",omitempty"`
	NotResource []string       `json:",omitempty"`
	Condition   map[string]any `json:",omitempty"`
}

// allow and deny are most statements of identities.
func allow(sid string, actions, resources []string) statement {
	return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

func deny(sid string, actions, resources []string) statement {
	return statement{Sid: sid, Effect: "Deny", Action: actions, Resource: resources}
}

// when narrows a statement by an operator on a condition key.
func (s statement) when(operator, key string, value any) statement {
	conditions := map[string]any{}
	for name, keys := range s.Condition {
		conditions[name] = keys
	}
	keys := map[string]any{}
	if given, ok := conditions[operator].(map[string]any); ok {
		for name, v := range given {
			keys[name] = v
		}
	}
	keys[key] = value
	conditions[operator] = keys
	s.Condition = conditions
	return s
}

// tagged narrows a statement to what carries the environment's tags: key is
// aws:ResourceTag for what is there, aws:RequestTag for what is made.
func (s statement) tagged(e environment, key string) statement {
	return s.when("StringEquals", key+"/Project", e.org+"-airflow").when("StringEquals", key+"/Environment", e.name)
}

// document renders a policy; plain values can always be rendered.
func document(statements ...statement) pulumi.String {
	encoded, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return pulumi.String(encoded)
}

// each applies a statement's words to resources of one service.
func (e environment) each(service string, resources ...string) []string {
	arns := make([]string, 0, len(resources))
	for _, resource := range resources {
		arns = append(arns, e.arn(service, resource))
	}
	return arns
}
