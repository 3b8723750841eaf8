package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// settings are the pack's own, from the file given with --policy-pack-config,
// under the name [SettingsName].
type settings struct {
	Profile              string       `json:"profile"`
	Exceptions           []*exception `json:"exceptions"`
	Endpoints            []string     `json:"endpoints"`
	ProtectedStacks      []string     `json:"protectedStacks"`
	UnscopableActions    []string     `json:"unscopableActions"`
	TrustedAccounts      []string     `json:"trustedAccounts"`
	TrustedOrganizations []string     `json:"trustedOrganizations"`
	TrustedDomains       []string     `json:"trustedDomains"`
	JoinedNetworks       []string     `json:"joinedNetworks"`
	SecretWords          []string     `json:"secretWords"`
}

// The profiles: what every stack must keep to, and that with all the rest.
const (
	Baseline = "baseline"
	Strict   = "strict"
)

// requiredEndpoints are the AWS services that tasks without a way out talk to.
var requiredEndpoints = []string{
	"s3", "ecr.api", "ecr.dkr", "logs", "sts", "secretsmanager", "kms",
}

// protectedStacks are the stacks whose data must not go with one command.
var protectedStacks = []string{"prod", "production", "*-prod"}

func defaultSettings() *settings {
	// Clones, since JSON is decoded into the slices that are there.
	return &settings{Profile: Strict, Endpoints: slices.Clone(requiredEndpoints), ProtectedStacks: slices.Clone(protectedStacks)}
}

// SettingsName is the policy that the pack's configuration is given under.
const SettingsName = "pack-settings"

func settingsRule() Rule {
	return Rule{
		Name:        SettingsName,
		Family:      PackItself,
		Description: "The pack's settings are well formed, and no exception has expired.",
		Why:         "an exception that nobody owns, or that never ends, is a rule that is switched off.",
		Fix:         "correct the file given with --policy-pack-config; an exception that is still needed gets a new date from its owner.",
		Stack: func(s *stack, r report) {
			for _, fault := range s.settingsFaults {
				r.at(s.root()).fault("%s", fault)
			}
		},
	}
}

// SettingsSchema describes the configuration under [SettingsName], as JSON
// schemas by property: the engine refuses a misspelt setting before it starts.
// Its literals are of the kinds that a protobuf struct can hold.
func SettingsSchema() map[string]any {
	str := func(description string) map[string]any {
		return map[string]any{"type": "string", "minLength": 1, "description": description}
	}
	strs := func(description string, defaults []string) map[string]any {
		values := make([]any, 0, len(defaults))
		for _, value := range defaults {
			values = append(values, value)
		}
		return map[string]any{"type": "array", "items": map[string]any{"type": "string", "minLength": 1}, "description": description, "default": values}
	}
	return map[string]any{
		"profile": map[string]any{
			"type": "string", "enum": []any{Baseline, Strict}, "default": Strict,
			"description": "Which rules hold: baseline (no way out, nothing public, nothing plain, no wildcard), or strict (all).",
		},
		"exceptions": map[string]any{
			"type":        "array",
			"description": "What the rules let through, by whom, why and until when.",
			"items": map[string]any{
				"type":                 "object",
				"additionalProperties": false,
				"required":             []any{"policy", "resource", "owner", "reason", "expires"},
				"properties": map[string]any{
					"policy":   str("Name of the rule, such as no-nat-gateway."),
					"resource": str("URN of the resource, with its stack and type; in project, parents and name * stands for any characters."),
					"owner":    str("The person or team who answers for it."),
					"reason":   str("Why it is right, in some words."),
					"expires":  str("Last day on which it holds, YYYY-MM-DD (UTC), at most 366 days ahead."),
				},
			},
		},
		"endpoints":            strs("Services that a stack with ECS services needs an endpoint for.", requiredEndpoints),
		"protectedStacks":      strs("Names of the stacks (* stands for any characters) whose databases and load balancers need deletion protection.", protectedStacks),
		"unscopableActions":    strs("Further actions, such as service:Action, that may have * as their resource since AWS can't scope them.", nil),
		"trustedAccounts":      strs("Account ids that policies may admit; without any, whichever is named.", nil),
		"trustedOrganizations": strs("Organization ids that policies may admit; without any, whichever is named.", nil),
		"trustedDomains":       strs("Domains, such as pagerduty.com, that services of AWS may call and deliver to, with all names under them.", nil),
		"joinedNetworks":       strs("Private CIDR blocks beyond a transit gateway or peering that the VPC may be joined to, and those of an identity provider; without any, routes may lead to every private block, and attachments need an exception.", nil),
		"secretWords":          strs("Further words that end the names of what is secret.", nil),
	}
}

// loadSettings reads what the engine passed on. What is wrong with it comes
// back as sentences; the exceptions that are wrong don't count. Configuration
// for a policy that isn't there would be lost without a word, so it is a fault.
func loadSettings(configs map[string]map[string]any, now time.Time) (*settings, []string) {
	loaded := defaultSettings()
	var faults []string
	known := append(ruleNames(), SettingsName, staleExceptions().Name)
	for _, notice := range Notices() {
		known = append(known, notice.Name)
	}
	for _, policy := range slices.Sorted(maps.Keys(configs)) {
		if !slices.Contains(known, policy) {
			faults = append(faults, fmt.Sprintf("there is no rule %q to configure.", policy))
		}
	}
	config := configs[SettingsName]
	if len(config) == 0 {
		return loaded, faults
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return loaded, append(faults, fmt.Sprintf("the settings cannot be read: %v.", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(loaded); err != nil {
		return defaultSettings(), append(faults, fmt.Sprintf("the settings cannot be read: %v.", err))
	}
	faults = append(faults, loaded.faults()...)
	var good []*exception
	for i, e := range loaded.Exceptions {
		if fault := e.check(now); fault != "" {
			faults = append(faults, fmt.Sprintf("exception %d (%s): %s", i+1, e.Policy, fault))
			continue
		}
		good = append(good, e)
	}
	loaded.Exceptions = good
	return loaded, faults
}

// faults says what is wrong with settings that are well formed otherwise.
func (s *settings) faults() []string {
	var faults []string
	if s.Profile != Baseline && s.Profile != Strict {
		faults = append(faults, fmt.Sprintf("profile is %q, neither %s nor %s: %s holds.", s.Profile, Baseline, Strict, Strict))
		s.Profile = Strict
	}
	each := func(name string, values *[]string, allowed string, test func(string) bool) {
		*values = slices.DeleteFunc(*values, func(value string) bool {
			if !test(value) {
				faults = append(faults, fmt.Sprintf("%s: %q is not %s, and doesn't count.", name, value, allowed))
				return true
			}
			return false
		})
	}
	each("unscopableActions", &s.UnscopableActions, "an action such as ec2:DescribeVpcs, without wildcards", func(value string) bool {
		service, action, found := strings.Cut(value, ":")
		return found && service != "" && action != "" && !strings.ContainsAny(value, "*?")
	})
	each("trustedAccounts", &s.TrustedAccounts, "an account id of twelve digits", isAccount)
	each("trustedOrganizations", &s.TrustedOrganizations, "an organization id such as o-a1b2c3d4e5", isOrganization)
	each("trustedDomains", &s.TrustedDomains, "a domain in lower case such as pagerduty.com, narrower than a registry's", func(value string) bool {
		return strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" && !strings.HasPrefix(value, ".") && !suffix(value)
	})
	each("joinedNetworks", &s.JoinedNetworks, "a CIDR block of a private network, or of an identity provider", func(value string) bool {
		private, err := inPrivateRange(value)
		return err == nil && private || providerNetwork(value)
	})
	each("secretWords", &s.SecretWords, "a word in lower case", func(value string) bool {
		return len(value) > 2 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz") == ""
	})
	return faults
}

// excuse returns the exception that covers a finding, or nil.
func (s *settings) excuse(rule, urn string) *exception {
	for _, e := range s.Exceptions {
		if e.Policy == rule && e.covers(urn) {
			return e
		}
	}
	return nil
}

// ruleNames returns the names that an exception may give, sorted. The rules
// about the pack itself know no exceptions.
func ruleNames() []string {
	names := map[string]bool{}
	for _, rule := range All() {
		if rule.Family != PackItself {
			names[rule.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// matches compares a text with a pattern in which * stands for any characters.
func matches(pattern, value string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == value
	}
	if !strings.HasPrefix(value, parts[0]) {
		return false
	}
	value = value[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(value, part)
		if !found {
			return false
		}
		value = after
	}
	return strings.HasSuffix(value, last)
}
