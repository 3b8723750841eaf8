package aws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Kinds of policy documents by what their statements must name.
type policyKind struct {
	principal bool // resource and trust policies name who may
	resource  bool // identity policies name what with
	limit     int  // characters without white space
}

// identityPolicy is a policy of a role or user: no principal, but resources.
// The limits on its size are IAM's quotas.
func identityPolicy(limit int) Rule { return policyKind{resource: true, limit: limit}.rule }

// resourcePolicy is a policy of a thing: it names principals and resources.
func resourcePolicy(limit int) Rule {
	return policyKind{principal: true, resource: true, limit: limit}.rule
}

// statementPolicy is a policy of a thing that is its own resource, as in ECR.
func statementPolicy(limit int) Rule { return policyKind{principal: true, limit: limit}.rule }

// trustPolicy is a role's: it names who may take the role on.
var trustPolicy = statementPolicy(2048)

type statement struct {
	Sid                                      string
	Effect                                   string
	Principal, NotPrincipal                  any
	Action, NotAction, Resource, NotResource any
	Condition                                map[string]map[string]any
}

// statements parses a policy document.
func statements(v resource.PropertyValue) (list []statement, version string, err error) {
	doc, ok := document(v)
	if !ok {
		return nil, "", fmt.Errorf("is no valid JSON")
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, "", fmt.Errorf("is no valid JSON: %w", err)
	}
	var policy struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal(text, &policy); err != nil {
		return nil, "", fmt.Errorf("is no policy document: %w", err)
	}
	if len(policy.Statement) > 0 && policy.Statement[0] == '{' {
		policy.Statement = json.RawMessage("[" + string(policy.Statement) + "]")
	}
	if len(policy.Statement) == 0 {
		return nil, "", fmt.Errorf("has no Statement")
	}
	if err := json.Unmarshal(policy.Statement, &list); err != nil {
		return nil, "", fmt.Errorf("has statements of a wrong form: %w", err)
	}
	return list, policy.Version, nil
}

var (
	sidForm    = regexp.MustCompile(`^[A-Za-z0-9]*$`)
	actionForm = regexp.MustCompile(`^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$`)
	space      = regexp.MustCompile(`\s`)
)

// rule applies IAM's grammar of policies, as far as a slip is likely.
func (k policyKind) rule(v resource.PropertyValue) string {
	list, version, err := statements(v)
	switch {
	case err != nil:
		return "MalformedPolicyDocument: " + err.Error()
	case version != "" && version != "2012-10-17" && version != "2008-10-17":
		return fmt.Sprintf("MalformedPolicyDocument: Version %q is none of 2012-10-17, 2008-10-17", version)
	case len(list) == 0:
		return "MalformedPolicyDocument: has no statements"
	}
	if text, ok := simcloud.Text(v); ok {
		if n := len(space.ReplaceAllString(text, "")); n > k.limit {
			return fmt.Sprintf("LimitExceeded: the policy has %d characters without white space; AWS takes %d", n, k.limit)
		}
	}
	sids := map[string]bool{}
	for i, s := range list {
		name := fmt.Sprintf("statement %d", i+1)
		if s.Sid != "" {
			name = fmt.Sprintf("statement %q", s.Sid)
			if sids[s.Sid] {
				return fmt.Sprintf("MalformedPolicyDocument: %s is there twice", name)
			}
			sids[s.Sid] = true
		}
		if reason := k.fault(s); reason != "" {
			return fmt.Sprintf("MalformedPolicyDocument: %s %s", name, reason)
		}
	}
	return ""
}

func (k policyKind) fault(s statement) string {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Sprintf("has the Effect %q; it is Allow or Deny", s.Effect)
	case !k.principal && !sidForm.MatchString(s.Sid):
		return "has a Sid with other characters than letters and digits"
	case (s.Action == nil) == (s.NotAction == nil):
		return "needs one of Action, NotAction"
	case k.resource && (s.Resource == nil) == (s.NotResource == nil):
		return "needs one of Resource, NotResource"
	case k.principal && (s.Principal == nil) == (s.NotPrincipal == nil):
		return "needs one of Principal, NotPrincipal"
	case !k.principal && (s.Principal != nil || s.NotPrincipal != nil):
		return "names a Principal, which a policy of a role or user may not"
	}
	for _, a := range append(texts(s.Action), texts(s.NotAction)...) {
		if !actionForm.MatchString(a) {
			return fmt.Sprintf("has the action %q; actions look like s3:GetObject", a)
		}
	}
	for _, r := range append(texts(s.Resource), texts(s.NotResource)...) {
		if r != "*" && !strings.HasPrefix(r, "arn:") {
			return fmt.Sprintf("has the resource %q; resources are ARNs or *", r)
		}
	}
	for operator, keys := range s.Condition {
		if len(keys) == 0 {
			return fmt.Sprintf("has a condition %s without keys", operator)
		}
	}
	return ""
}

// texts lists one string, or several.
func texts(v any) (list []string) {
	switch t := v.(type) {
	case string:
		return []string{t}
	case []any:
		for _, e := range t {
			if s, ok := e.(string); ok {
				list = append(list, s)
			}
		}
	}
	return list
}

// principals lists a statement's AWS principals.
func principals(s statement) []string {
	if m, ok := s.Principal.(map[string]any); ok {
		return texts(m["AWS"])
	}
	return texts(s.Principal)
}
