package leastprivilege

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Reason says what a permission is needed for.
type Reason struct {
	// Roles are names without the stack's prefix, as patterns of path.Match.
	Roles   []string `yaml:"roles"`
	Actions []string `yaml:"actions"`
	// Resource is the ARN, with {prefix}, {account} and the like for what
	// differs from stack to stack, and {role} for the service of the role.
	Resource   string   `yaml:"resource"`
	Conditions []string `yaml:"conditions"`
	By         string   `yaml:"by"`
	// Why is the feature, and Code the place that uses it: a path of this
	// project, or the AWS document that asks for it.
	Why  string `yaml:"why"`
	Code string `yaml:"code"`
	// Calls are the requests by which the use shows in a record of calls, as
	// service and HTTP method; empty where AWS itself makes them.
	Calls []string `yaml:"calls"`
}

// Reasons reads the list, and refuses entries that explain nothing.
func Reasons(file string) ([]Reason, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	decoder.KnownFields(true)
	var reasons []Reason
	if err := decoder.Decode(&reasons); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i, r := range reasons {
		if len(r.Roles) == 0 || len(r.Actions) == 0 || r.Resource == "" || r.Why == "" || r.Code == "" {
			return nil, fmt.Errorf("%s: entry %d: roles, actions, resource, why and code are needed", file, i+1)
		}
		if r.By == "" {
			reasons[i].By = Inline
		}
	}
	return reasons, nil
}

// Stack is what the placeholders of a resource stand for.
type Stack struct {
	Prefix string
	// Values are the other placeholders, without braces.
	Values map[string]string
}

// plainName is a role's name without the stack's prefix.
func (s Stack) plainName(role string) string { return strings.TrimPrefix(role, s.Prefix+"-") }

// explains reports whether the reason is for exactly this grant.
func (r Reason) explains(s Stack, g Grant) bool {
	name := s.plainName(g.Role)
	if g.By != r.By || !slices.Contains(r.Actions, g.Action) || !slices.Equal(g.Conditions, r.Conditions) {
		return false
	}
	if !slices.ContainsFunc(r.Roles, func(pattern string) bool { ok, err := path.Match(pattern, name); return err == nil && ok }) {
		return false
	}
	resource := r.Resource
	for key, value := range s.Values {
		resource = strings.ReplaceAll(resource, "{"+key+"}", value)
	}
	resource = strings.ReplaceAll(resource, "{prefix}", s.Prefix)
	service := strings.TrimSuffix(strings.TrimSuffix(name, "-execution"), "-task")
	return strings.ReplaceAll(resource, "{role}", service) == g.Resource
}

// Explained is a grant with its one reason.
type Explained struct {
	Grant
	Reason *Reason
}

// Explain gives every grant its reason. What has none, or more than one, is a
// fault. used counts how often each reason served.
func Explain(s Stack, grants []Grant, reasons []Reason, used map[*Reason]int) ([]Explained, []string) {
	var explained []Explained
	var faults []string
	for _, grant := range grants {
		var found []*Reason
		for i := range reasons {
			if reasons[i].explains(s, grant) {
				found = append(found, &reasons[i])
			}
		}
		if len(found) != 1 {
			faults = append(faults, fmt.Sprintf("%s: %d reasons for it", grant, len(found)))
			continue
		}
		used[found[0]]++
		explained = append(explained, Explained{grant, found[0]})
	}
	return explained, faults
}
