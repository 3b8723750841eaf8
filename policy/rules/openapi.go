package rules

import (
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

const (
	restAPIType = "aws:apigateway/restApi:RestApi"
	// policyInBody is where OpenAPI has an API's policy.
	policyInBody = "x-amazon-apigateway-policy"
)

// readText decodes JSON and YAML alike.
func readText(raw string) (any, error) {
	var read any
	if json.Unmarshal([]byte(raw), &read) == nil {
		return read, nil
	}
	if err := yaml.Unmarshal([]byte(raw), &read); err != nil {
		return nil, fmt.Errorf("neither JSON nor YAML: %w", err)
	}
	return read, nil
}

// bodyPrincipals reads the policy that an API has in its definition.
func bodyPrincipals(res resource, r report) {
	raw, state := text(res.get("body"))
	switch {
	case state == unknown:
		r.later("body")
		return
	case raw == "":
		return
	}
	read, err := readText(raw)
	body, ok := read.(map[string]any)
	if err != nil || !ok {
		r.fault("body cannot be read: it is no definition of an API.")
		return
	}
	policy, err := json.Marshal(body[policyInBody])
	if err != nil || body[policyInBody] == nil {
		return
	}
	d := &document{}
	if err := json.Unmarshal(policy, d); err != nil {
		r.fault("body, %s is not a policy document: %v.", policyInBody, err)
		return
	}
	for i, s := range d.Statement {
		namedPrincipal(s, "body, "+s.name(i), r)
	}
}
