// Package leastprivilege reads what every IAM role of a declared stack may do,
// and holds it against a list of what each permission is needed for.
package leastprivilege

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// Grant is one thing that one role may do.
type Grant struct {
	// Role is the IAM role's name.
	Role     string
	Action   string
	Resource string
	// Conditions are the keys that the grant depends on, sorted.
	Conditions []string
	// By is the kind of policy that grants it.
	By string
}

func (g Grant) String() string {
	return fmt.Sprintf("%s may %s on %s (%s)", g.Role, g.Action, g.Resource, g.By)
}

// Kinds of policies that grant.
const (
	Inline   = "role policy"
	Managed  = "managed policy"
	FileRule = "file-system policy"
)

// Role is an IAM role with the service that assumes it.
type Role struct {
	Name    string
	Trusted []string
}

// words is a string or a list of strings, as IAM writes both.
type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

type statement struct {
	Effect       string
	Action       words
	NotAction    words
	Resource     words
	NotResource  words
	NotPrincipal json.RawMessage
	Principal    json.RawMessage
	Condition    map[string]map[string]json.RawMessage
}

func (s statement) conditions() []string {
	var keys []string
	for _, operator := range s.Condition {
		for key := range operator {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// principals returns those of one kind, such as AWS or Service.
func (s statement) principals(kind string) ([]string, error) {
	var kinds map[string]words
	if len(s.Principal) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(s.Principal, &kinds); err != nil {
		return nil, fmt.Errorf("principal %s is not a map of kinds", s.Principal)
	}
	return kinds[kind], nil
}

func parse(document any) ([]statement, error) {
	text, ok := document.(string)
	if !ok {
		return nil, fmt.Errorf("policy document is no text: %v", document)
	}
	var parsed struct{ Statement []statement }
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return nil, fmt.Errorf("policy document: %w", err)
	}
	for _, s := range parsed.Statement {
		if len(s.NotAction) > 0 || len(s.NotResource) > 0 || len(s.NotPrincipal) > 0 {
			return nil, fmt.Errorf("policy document with NotAction, NotResource or NotPrincipal: what it allows can't be listed")
		}
	}
	return parsed.Statement, nil
}

// Read returns the roles of a record and all that is granted to them: by their
// own policies, by managed policies, and by the file system's policy. Denials
// only take away and are left out. KMS keys, queues and topics grant roles
// nothing by name.
func Read(declared *recorder.Record) ([]Role, []Grant, error) {
	var roles []Role
	var grants []Grant
	for _, resource := range declared.Of("aws:iam/role:Role") {
		inputs := resource.Plain()
		role := Role{Name: fmt.Sprint(inputs["name"])}
		trust, err := parse(inputs["assumeRolePolicy"])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: trust: %w", role.Name, err)
		}
		for _, s := range trust {
			services, err := s.principals("Service")
			if err != nil {
				return nil, nil, fmt.Errorf("%s: trust: %w", role.Name, err)
			}
			role.Trusted = append(role.Trusted, services...)
		}
		roles = append(roles, role)
		if inputs["inlinePolicies"] != nil || inputs["managedPolicyArns"] != nil {
			return nil, nil, fmt.Errorf("%s: policies inside the role are not read: attach them", role.Name)
		}
	}
	for _, resource := range declared.Of("aws:iam/rolePolicy:RolePolicy") {
		inputs := resource.Plain()
		statements, err := parse(inputs["policy"])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", resource.Name, err)
		}
		for _, s := range statements {
			grants = append(grants, s.grantsTo(fmt.Sprint(inputs["role"]), Inline)...)
		}
	}
	for _, resource := range declared.Of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
		inputs := resource.Plain()
		grants = append(grants, Grant{Role: fmt.Sprint(inputs["role"]), Action: "(policy)", Resource: fmt.Sprint(inputs["policyArn"]), By: Managed})
	}
	for _, resource := range declared.Of("aws:efs/fileSystemPolicy:FileSystemPolicy") {
		statements, err := parse(resource.Plain()["policy"])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", resource.Name, err)
		}
		for _, s := range statements {
			if s.Effect != "Allow" {
				continue
			}
			arns, err := s.principals("AWS")
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", resource.Name, err)
			}
			for _, arn := range arns {
				grants = append(grants, s.grantsTo(arn[strings.LastIndex(arn, "/")+1:], FileRule)...)
			}
		}
	}
	return roles, grants, nil
}

func (s statement) grantsTo(role, by string) []Grant {
	var grants []Grant
	if s.Effect != "Allow" {
		return nil
	}
	for _, action := range s.Action {
		for _, resource := range s.Resource {
			grants = append(grants, Grant{Role: role, Action: action, Resource: resource, Conditions: s.conditions(), By: by})
		}
	}
	return grants
}
