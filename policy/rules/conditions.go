package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What a condition key's values must be, so that they say who or what is meant.
// The part that identifies must be literal: a wildcard there is everybody's.
type identifies func(value string) bool

var (
	accountID      = regexp.MustCompile(`^\d{12}$`)
	organizationID = regexp.MustCompile(`^o-[a-z0-9]+$`)
	networkID      = regexp.MustCompile(`^vpce?-[0-9a-zA-Z]+$`)
	uniqueID       = regexp.MustCompile(`^(A[A-Z0-9]{8,}(:.*)?|\d{12})$`)
)

func isAccount(value string) bool      { return accountID.MatchString(value) }
func isOrganization(value string) bool { return organizationID.MatchString(value) }
func isNetwork(value string) bool      { return networkID.MatchString(value) }
func isUniqueID(value string) bool     { return uniqueID.MatchString(value) }

func isOrganizationPath(value string) bool {
	organization, _, found := strings.Cut(value, "/")
	return found && isOrganization(organization)
}

// isOwnedARN wants a literal account; where ARNs have none, as those of
// buckets, the name must be literal.
func isOwnedARN(value string) bool {
	parts := strings.SplitN(value, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || strings.ContainsAny(parts[2], "*?") {
		return false
	}
	if parts[4] != "" {
		return isAccount(parts[4]) || parts[4] == "aws"
	}
	name, _, _ := strings.Cut(strings.TrimLeft(parts[5], "/"), "/")
	return name != "" && !strings.ContainsAny(parts[5], "*?") || name != "" && parts[2] == "s3" && !strings.ContainsAny(name, "*?")
}

// isNamed wants a value that begins with something.
func isNamed(value string) bool {
	return value != "" && !strings.ContainsAny(value[:1], "*?:/") && (!strings.HasPrefix(value, "${") || ofCaller.MatchString(value))
}

// ofCaller are the policy variables that callers don't choose: what they are
// called, and what their own tags say.
var ofCaller = regexp.MustCompile(`^\$\{aws:(?:username|userid|PrincipalTag/[^}*?]+|PrincipalAccount|PrincipalOrgID)\}`)

func isNamedAlias(value string) bool {
	name, found := strings.CutPrefix(value, "alias/")
	return found && isNamed(name)
}

func isNamedARN(value string) bool { return isOwnedARN(value) && breadth(value) == named }

func isService(value string) bool {
	first, _, found := strings.Cut(value, ".")
	return found && !strings.ContainsAny(first, "*?")
}

// keys maps condition keys, in lower case, to what their values must be. A key
// that ends in / stands for all that begin with it.
type keys map[string]identifies

func (k keys) with(more keys) keys {
	all := maps.Clone(k)
	maps.Copy(all, more)
	return all
}

func (k keys) find(key string) (identifies, bool) {
	key = strings.ToLower(key)
	if test, found := k[key]; found {
		return test, true
	}
	prefix, _, tagged := strings.Cut(key, "/")
	test, found := k[prefix+"/"]
	return test, tagged && found
}

// narrowingKeys tie a statement to callers, or to the resources that callers
// act for, whom the customer knows.
var narrowingKeys = keys{
	"aws:principalaccount": isAccount, "aws:principalarn": isOwnedARN, "aws:principalorgid": isOrganization, "aws:principalorgpaths": isOrganizationPath,
	"aws:sourceaccount": isAccount, "aws:sourceowner": isAccount, "aws:sourcearn": isOwnedARN, "aws:sourceorgid": isOrganization, "aws:sourceorgpaths": isOrganizationPath,
	"aws:sourcevpc": isNetwork, "aws:sourcevpce": isNetwork, "aws:sourcevpcarn": isOwnedARN,
	"aws:vpceaccount": isAccount, "aws:vpceorgid": isOrganization, "aws:vpceorgpaths": isOrganizationPath,
	"vpc-lattice-svcs:sourcevpc": isNetwork, "vpc-lattice-svcs:sourcevpcowneraccount": isAccount,
	"aws:userid": isUniqueID, "kms:calleraccount": isAccount, "s3:dataaccesspointaccount": isAccount, "s3:dataaccesspointarn": isOwnedARN,
}

// callerKeys tie an endpoint's statement to the customer's principals.
var callerKeys = keys{
	"aws:principalaccount": isAccount, "aws:principalarn": isOwnedARN, "aws:principalorgid": isOrganization, "aws:principalorgpaths": isOrganizationPath,
}

// sourceKeys say for whom a service of AWS acts.
var sourceKeys = narrowingKeys.with(keys{"kms:encryptioncontext:aws:logs:arn": isOwnedARN, "kms:viaservice": isService})

// resourceKeys tie a statement to the customer's own resources where an ARN
// can't be known beforehand.
var resourceKeys = keys{
	"aws:resourcetag/": isNamed, "ec2:resourcetag/": isNamed, "secretsmanager:resourcetag/": isNamed, "ecs:resourcetag/": isNamed, "ssm:resourcetag/": isNamed,
	"autoscaling:resourcetag/": isNamed, "rds:db-tag/": isNamed, "iam:resourcetag/": isNamed,
	"kms:resourcealiases": isNamedAlias, "kms:requestalias": isNamedAlias, "kms:viaservice": isService,
	"elasticfilesystem:accesspointarn": isNamedARN, "ecs:cluster": isNamedARN, "ecs:service": isNamedARN, "cloudwatch:namespace": isNamed,
}

// ownerKeys say whose a resource is where its ARN names no account.
var ownerKeys = keys{"aws:resourceaccount": isAccount, "aws:resourceorgid": isOrganization, "aws:resourceorgpaths": isOrganizationPath, "s3:resourceaccount": isAccount}

// admitting are the operators that name who passes.
var admitting = []string{"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}

// narrowed reports whether a condition restricts one of the given keys to
// values that identify. Operators that let a missing key pass (IfExists,
// ForAllValues) don't count unless a Null test asks for the key, nor do those
// that exclude instead of admitting.
func (s statement) narrowed(by keys) bool {
	narrow, _ := s.narrowing(by)
	return narrow
}

// whenThere is the statement for requests that have all keys that conditions name.
func (s statement) whenThere() statement {
	strict := map[string]map[string]listOf[any]{}
	for operator, tests := range s.Condition {
		if i := len(operator) - len("IfExists"); i > 0 && strings.EqualFold(operator[i:], "IfExists") {
			operator = operator[:i]
		}
		if strict[operator] == nil {
			strict[operator] = map[string]listOf[any]{}
		}
		maps.Copy(strict[operator], tests)
	}
	s.Condition = strict
	return s
}

// narrowing also says, of every condition that is there, why it doesn't count.
func (s statement) narrowing(by keys) (bool, string) {
	var doubts []string
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		tests := s.Condition[operator]
		for _, key := range slices.Sorted(maps.Keys(tests)) {
			doubt := s.doubt(operator, key, tests[key], by)
			if doubt == "" {
				return true, ""
			}
			doubts = append(doubts, doubt)
		}
	}
	if len(doubts) == 0 {
		return false, ""
	}
	return false, "; " + strings.Join(doubts, "; ")
}

// doubt says why a condition narrows nothing, or "" if it does.
func (s statement) doubt(operator, key string, values []any, by keys) string {
	identifies, known := by.find(key)
	if !known {
		return key + " doesn't say who that is"
	}
	name, optional := strings.ToLower(operator), false
	if set, rest, found := strings.Cut(name, ":"); found {
		name, optional = rest, set == "forallvalues"
	}
	if base, found := strings.CutSuffix(name, "ifexists"); found {
		name, optional = base, true
	}
	switch {
	case !slices.Contains(admitting, name):
		return fmt.Sprintf("%s with %s names nobody who passes", key, operator)
	case optional && !s.demands(key):
		return fmt.Sprintf("%s with %s lets a request without that key pass", key, operator)
	case len(values) == 0:
		return key + " has no value"
	}
	for _, value := range values {
		if said := sayable(value); !identifies(said) {
			return fmt.Sprintf("%s %s isn't literal where it identifies", key, said)
		}
	}
	return ""
}

// sayable writes a condition's value as IAM compares it: numbers as their digits.
func sayable(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// demands reports whether a Null test refuses requests that lack a key.
func (s statement) demands(key string) bool {
	for operator, tests := range s.Condition {
		for tested, values := range tests {
			if strings.EqualFold(operator, "Null") && strings.EqualFold(tested, key) && len(values) == 1 && (values[0] == "false" || values[0] == false) {
				return true
			}
		}
	}
	return false
}

// values returns what a condition names under a key with operators that admit.
func (s statement) values(key string) []string {
	var all []string
	for operator, tests := range s.Condition {
		name := strings.ToLower(operator)
		if set, rest, found := strings.Cut(name, ":"); found && set == "foranyvalue" {
			name = rest
		}
		if !slices.Contains(admitting, name) {
			continue
		}
		for tested, values := range tests {
			if strings.EqualFold(tested, key) {
				for _, value := range values {
					all = append(all, sayable(value))
				}
			}
		}
	}
	return all
}
