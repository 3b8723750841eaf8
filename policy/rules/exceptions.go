package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// exception lets one rule pass on some resources, for a reason, until a day.
type exception struct {
	Policy   string `json:"policy"`
	Resource string `json:"resource"`
	Owner    string `json:"owner"`
	Reason   string `json:"reason"`
	Expires  string `json:"expires"`
}

// excuse is one finding that an exception covered.
type excuse struct {
	exception *exception
	urn       string
}

func (e excuse) String() string {
	return fmt.Sprintf("%s is excused until %s by %s: %s", e.exception.Policy, e.exception.Expires, e.exception.Owner, e.exception.Reason)
}

const (
	urnPrefix = "urn:pulumi:"
	// longestException keeps "until further notice" out.
	longestException = 366 * 24 * time.Hour
)

// check says what is wrong with an exception, or "".
func (e *exception) check(now time.Time) string {
	var missing []string
	for _, field := range []struct{ name, value string }{
		{"policy", e.Policy}, {"resource", e.Resource}, {"owner", e.Owner}, {"reason", e.Reason}, {"expires", e.Expires},
	} {
		if strings.TrimSpace(field.value) == "" {
			missing = append(missing, field.name)
		}
	}
	if len(missing) > 0 {
		return strings.Join(missing, ", ") + " missing."
	}
	if !slices.Contains(ruleNames(), e.Policy) {
		return fmt.Sprintf("there is no rule %q.", e.Policy)
	}
	_, name, found := strings.Cut(e.Resource, "::")
	if !strings.HasPrefix(e.Resource, urnPrefix) || !found || strings.Trim(name, "*:$") == "" {
		return fmt.Sprintf("%q is not the URN of a resource, such as urn:pulumi:dev::airflow::*::aws:ec2/natGateway:NatGateway::egress.", e.Resource)
	}
	end, err := time.Parse(time.DateOnly, e.Expires)
	if err != nil {
		return fmt.Sprintf("expires is %q, not a day such as 2026-12-31.", e.Expires)
	}
	if now.After(end.Add(24 * time.Hour)) {
		return fmt.Sprintf("it expired on %s (owner: %s, reason: %s).", e.Expires, e.Owner, e.Reason)
	}
	if end.Sub(now) > longestException {
		return fmt.Sprintf("it expires on %s, more than a year from now.", e.Expires)
	}
	return ""
}

// concerns tells whether an exception is about the given stack at all: one
// file may serve several.
func (e *exception) concerns(stackName string) bool {
	pattern, _, _ := strings.Cut(strings.TrimPrefix(e.Resource, urnPrefix), "::")
	return stackName == "" || matches(pattern, stackName)
}

func staleExceptions() Rule {
	return Rule{
		Name:        "stale-exceptions",
		Family:      PackItself,
		Description: "Every exception for this stack excuses something.",
		Why:         "an exception that nothing needs is a hole that waits for somebody to fall into.",
		Fix:         "delete it from the file given with --policy-pack-config, or correct its resource.",
		Stack: func(s *stack, r report) {
			used := map[*exception]bool{}
			for _, e := range s.excused {
				used[e.exception] = true
			}
			for _, e := range r.settings.Exceptions {
				if !used[e] && e.concerns(s.name) && !s.skipped(e.Resource) {
					r.at(s.root()).fault("the exception for %s on %s (owner: %s) excuses nothing.", e.Policy, e.Resource, e.Owner)
				}
			}
		},
	}
}

// skipped tells whether a pattern names a resource that a targeted update left
// out, so that its rules weren't asked.
func (s *stack) skipped(pattern string) bool {
	return slices.ContainsFunc(s.resources, func(res *resource) bool { return !res.met && matches(pattern, res.URN) })
}
