package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const guestsIssuer = "cognito-identity.amazonaws.com"

const githubIssuer = "token.actions.githubusercontent.com"

// A subject is what a token says of whom it was made for. These are the forms
// of the issuers that everybody can have tokens from, so that the audience,
// which the caller chooses, says nothing.
var subjects = []struct {
	issuer *regexp.Regexp
	// form has one group per part that must be literal where it begins.
	form *regexp.Regexp
	says string
}{
	{regexp.MustCompile(`^token\.actions\.githubusercontent\.com`), regexp.MustCompile(`^(?:repo:[^/:*?]+/[^/:*?]+:(?:ref:refs/(?:heads|tags|pull)/[^*?].*|environment:[^*?].*|pull_request|job_workflow_ref:[^*?]+.*)|repository_id:\d+:.+)$`),
		"repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH or :environment:NAME"},
	{regexp.MustCompile(`^gitlab\.com`), regexp.MustCompile(`^project_path:[^/:*?]+/[^:*?]+:ref_type:[a-z]+:ref:[^*?].*$`), "project_path:GROUP/PROJECT:ref_type:branch:ref:NAME"},
	{regexp.MustCompile(`^app\.terraform\.io`), regexp.MustCompile(`^organization:[^:*?]+:project:[^:]+:workspace:[^:*?]+.*$`), "organization:NAME:project:NAME:workspace:NAME:run_phase:*"},
	{regexp.MustCompile(`^agent\.buildkite\.com`), regexp.MustCompile(`^organization:[^:*?]+:pipeline:[^:*?]+:ref:refs/(?:heads|tags)/[^*?:].*$`), "organization:NAME:pipeline:NAME:ref:refs/heads/BRANCH:*"},
	{regexp.MustCompile(`^oidc\.eks\.`), regexp.MustCompile(`^system:serviceaccount:[^:*?]+:[^:*?]+.*$`), "system:serviceaccount:NAMESPACE:NAME"},
}

// federatedPrincipal wants a trust in an identity provider to say whom of all
// that the provider knows it means.
func federatedPrincipal(s statement, name string, r report) {
	for _, provider := range s.Principal["Federated"] {
		issuer := provider
		if _, path, found := strings.Cut(provider, ":oidc-provider/"); found {
			issuer = path
		} else if strings.Contains(provider, ":saml-provider/") && len(s.Condition) > 0 {
			continue
		}
		if len(s.Condition) == 0 {
			r.fault("%s admits everybody whom the identity provider knows: it has no condition.", name)
			continue
		}
		if says := s.subjectDoubt(issuer); says != "" {
			r.faultFix(fmt.Sprintf("%s admits more than one may know of those whom the identity provider %s knows: %s.", name, issuer, says),
				"say whose tokens are meant, in a condition StringEquals or StringLike on "+issuer+":sub.")
		}
	}
}

// subjectDoubt says why conditions don't tell whom of an issuer's they mean.
func (s statement) subjectDoubt(issuer string) string {
	given, audience := s.values(issuer+":sub"), append(s.values(issuer+":aud"), s.values(issuer+":app_id")...)
	if issuer == guestsIssuer && literal(audience) && !literal(given) {
		// A pool gives tokens to guests too.
		if is := s.values(issuer + ":amr"); len(is) == 0 || slices.Contains(is, "unauthenticated") || !literal(is) {
			return "no condition on " + issuer + ":amr that asks for authenticated"
		}
	}
	for _, known := range subjects {
		if !known.issuer.MatchString(issuer) {
			continue
		}
		if known.issuer.MatchString(githubIssuer) && s.narrowWorkflow(issuer) {
			return ""
		}
		if len(given) == 0 {
			return "no condition on " + issuer + ":sub" + s.others(issuer)
		}
		for _, subject := range given {
			if !known.form.MatchString(subject) {
				return fmt.Sprintf("%s:sub %s isn't %s", issuer, subject, known.says)
			}
		}
		return ""
	}
	if len(given)+len(audience) == 0 {
		return "no condition on " + issuer + ":sub or :aud" + s.others(issuer)
	}
	if literal(given) || literal(audience) && !slices.Contains(audience, "sts.amazonaws.com") {
		return ""
	}
	return fmt.Sprintf("%s isn't literal where it identifies", strings.Join(append(given, audience...), ", "))
}

// narrowWorkflow knows GitHub's other claims: a workflow at a ref, or a
// repository with a ref or an environment.
func (s statement) narrowWorkflow(issuer string) bool {
	workflow := s.values(issuer + ":job_workflow_ref")
	if len(workflow) > 0 {
		form := regexp.MustCompile(`^[^/*?]+/[^/*?]+/\.github/workflows/[^@*?]+@[^*?].*$`)
		return !slices.ContainsFunc(workflow, func(value string) bool { return !form.MatchString(value) })
	}
	repository := append(s.values(issuer+":repository"), s.values(issuer+":repository_id")...)
	place := append(s.values(issuer+":ref"), s.values(issuer+":environment")...)
	return literal(repository) && literal(place)
}

// others names the conditions that are there.
func (s statement) others(issuer string) string {
	if audience := s.values(issuer + ":aud"); len(audience) > 0 {
		return ", and :aud " + strings.Join(audience, ", ") + " is what the caller chooses"
	}
	return ""
}

func literal(values []string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(value string) bool { return value == "" || strings.ContainsAny(value, "*?") })
}
