package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
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
	if fault := e.vague(); fault != "" {
		return fault
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

// vague says why nobody could tell what an exception excuses, who answers for
// it, or why.
func (e *exception) vague() string {
	const example = "such as urn:pulumi:dev::airflow::*aws:ec2/natGateway:NatGateway::egress"
	stack, project, chain, name, found := partsOf(e.Resource)
	kind := chain[strings.LastIndexAny(chain, "$*")+1:]
	switch {
	case !found:
		return fmt.Sprintf("%q is not the URN of a resource, %s.", e.Resource, example)
	case stack == "" || strings.Contains(stack, "*"):
		return fmt.Sprintf("%q names no stack, %s.", e.Resource, example)
	case project == "" || strings.Count(kind, ":") < 2 || strings.HasPrefix(kind, ":"):
		return fmt.Sprintf("%q names no type, %s.", e.Resource, example)
	case len(strings.ReplaceAll(name, "*", "")) < 3 && strings.Contains(name, "*") || name == "":
		return fmt.Sprintf("%q names no resource: beside * its name has fewer than three characters, %s.", e.Resource, example)
	case !person(e.Owner):
		return fmt.Sprintf("owner is %q, neither a person nor a team.", e.Owner)
	case len(strings.FieldsFunc(e.Reason, func(r rune) bool { return !unicode.IsLetter(r) })) < 3:
		return fmt.Sprintf("reason is %q, which tells nobody why: write a sentence.", e.Reason)
	}
	return ""
}

// partsOf splits a URN, or a pattern of one.
func partsOf(urn string) (stack, project, chain, name string, found bool) {
	rest, found := strings.CutPrefix(urn, urnPrefix)
	parts := strings.SplitN(rest, "::", 4)
	if !found || len(parts) < 4 {
		return "", "", "", "", false
	}
	return parts[0], parts[1], parts[2], parts[3], true
}

// nobody are words by which owners say that there is none.
var nobody = []string{
	"nobody", "noone", "none", "anyone", "anybody", "everyone", "everybody", "someone", "somebody", "whoever", "who", "tbd", "todo", "unknown", "na", "me", "us", "we", "test", "temp", "xxx", "owner",
}

func person(owner string) bool {
	letters := 0
	for _, r := range owner {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	words := strings.FieldsFunc(strings.ToLower(owner), func(r rune) bool { return !unicode.IsLetter(r) })
	if strings.EqualFold(strings.TrimSpace(owner), "n/a") || letters < 3 {
		return false
	}
	return !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(nobody, word) })
}

// covers compares part by part, so that * stays within its part.
func (e *exception) covers(urn string) bool {
	stack, project, chain, name, _ := partsOf(e.Resource)
	ofStack, ofProject, ofChain, ofName, found := partsOf(urn)
	return found && stack == ofStack && matches(project, ofProject) && (matches(chain, ofChain) || chain == ofChain[strings.LastIndex(ofChain, "$")+1:]) && matches(name, ofName)
}

// concerns tells whether an exception is about the given stack at all: one
// file may serve several.
func (e *exception) concerns(stackName string) bool {
	stack, _, _, _, _ := partsOf(e.Resource)
	return stackName == "" || stack == stackName
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
				if !used[e] && e.concerns(s.name) && !s.skipped(e) {
					r.at(s.root()).fault("the exception for %s on %s (owner: %s) excuses nothing.", e.Policy, e.Resource, e.Owner)
				}
			}
		},
	}
}

// skipped tells whether an exception names a resource that a targeted update left
// out, so that its rules weren't asked.
func (s *stack) skipped(e *exception) bool {
	return slices.ContainsFunc(s.resources, func(res *resource) bool { return !res.met && e.covers(res.URN) })
}
