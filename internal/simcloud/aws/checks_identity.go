package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// roleQuota is what all inline policies of a role may have together, in
// characters without white space (IAM quotas).
const roleQuota = 10240

// keyARN wants the ARN of a key, where an identifier or an alias won't do.
var keyARN = text(1, 2048, `^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`, "it takes a key's ARN")

func checkRole(s *subject) {
	s.atMost("name", "namePrefix")
	for _, p := range s.list("inlinePolicies") {
		if v := p["policy"]; simcloud.Given(v) && !simcloud.Unknown(v) {
			if reason := identityPolicy(roleQuota)(simcloud.Bare(v)); reason != "" {
				s.fail("inlinePolicies", "%s: %s", plain(p["name"]), reason)
			}
		}
	}
}

// checkRolePolicy keeps the sum of a role's inline policies below its quota.
func checkRolePolicy(s *subject) {
	role, mine := s.text("role"), s.size("policy")
	if role == "" || mine == 0 {
		return
	}
	sum := mine
	for _, t := range s.seen.all(rolePolicyToken) {
		if t.urn != s.urn && plain(t.inputs["role"]) == role {
			text, _ := simcloud.Text(t.inputs["policy"])
			sum += len(space.ReplaceAllString(text, ""))
		}
	}
	if sum > roleQuota {
		s.fail("policy", "LimitExceeded: the inline policies of the role %s have %d characters together; IAM takes %d", role, sum, roleQuota)
	}
}

func (s *subject) size(name string) int { return len(space.ReplaceAllString(s.text(name), "")) }

// checkKey refuses a key policy that locks its owner out.
func checkKey(s *subject) {
	if s.given("rotationPeriodInDays") && s.known("enableKeyRotation") && !s.flag("enableKeyRotation") {
		s.fail("rotationPeriodInDays", "needs enableKeyRotation")
	}
	checkKeyPolicy(s)
}

func checkKeyPolicy(s *subject) {
	if !s.known("policy") || s.flag("bypassPolicyLockoutSafetyCheck") {
		return
	}
	list, _, err := statements(s.get("policy"))
	if err != nil {
		return // the property's own rule says so
	}
	for _, st := range list {
		changes := slices.ContainsFunc(texts(st.Action), func(a string) bool { return a == "*" || a == "kms:*" || strings.HasPrefix(a, "kms:Put") })
		owner := slices.ContainsFunc(principals(st), func(p string) bool { return p == "*" || strings.Contains(p, s.cloud.account) })
		if st.Effect == "Allow" && changes && owner {
			return
		}
	}
	s.fail("policy", "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future: allow kms:PutKeyPolicy to arn:%s:iam::%s:root",
		s.cloud.partition(), s.cloud.account)
}

func checkAlias(s *subject) {
	if strings.HasPrefix(s.text("name"), "alias/aws/") {
		s.fail("name", "NotAuthorizedException: aliases that begin with alias/aws/ are AWS's own")
	}
}

// secretRef is what a container's valueFrom may be: a secret's ARN with a JSON
// key, a stage and a version behind it, or a parameter.
func secretRef(from string) string {
	parts := strings.Split(from, ":")
	switch {
	case !strings.HasPrefix(from, "arn:"):
		return "" // a parameter's name, of the same region
	case len(parts) < 6:
		return fmt.Sprintf("%q is no ARN", from)
	case parts[2] == "ssm":
		return ""
	case parts[2] != "secretsmanager" || len(parts) < 7 || parts[5] != "secret":
		return fmt.Sprintf("%q is neither a secret nor a parameter", from)
	case len(parts) != 7 && len(parts) != 10:
		return fmt.Sprintf("%q: behind a secret's ARN stand three parts, :json-key:version-stage:version-id, each of which may be empty", from)
	}
	if len(parts) == 10 && parts[8] != "" && parts[9] != "" {
		return fmt.Sprintf("%q: a version's stage and its id exclude each other", from)
	}
	return ""
}

// truthy reads a flag in a JSON document.
func truthy(v any, fallback bool) bool {
	if b, ok := v.(bool); ok {
		return b
	}
	return fallback
}
