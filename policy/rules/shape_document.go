package rules

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// otherDocuments are types whose policies aren't about who may use the
// resource: permissions (which identity rules read), endpoints, rules of
// lifecycles and routing, and languages other than IAM's.
var otherDocuments = []string{
	"aws:iam/", "aws:ec2/vpcEndpoint", "aws:organizations/", "aws:iot/", "aws:ssoadmin/", "aws:transfer/", "aws:cfg/", "aws:cloudformation/",
	"aws:cloudwatch/logAccountPolicy:", "aws:cloudwatch/logDataProtectionPolicy:", "aws:cloudwatch/logIndexPolicy:", "aws:ecr/lifecyclePolicy:",
	"aws:networkmanager/", "aws:opensearch/serverless", "aws:quicksight/", "aws:resiliencehub/", "aws:ses/receiptFilter:", "aws:sns/dataProtectionPolicy:",
	"aws:verifiedaccess/", "aws:verifiedpermissions/", "aws:dlm/",
}

// withShapes adds to the types that rules know those that the provider's schema
// has a policy for.
func withShapes(knownTypes map[string]string) map[string]string {
	all := maps.Clone(knownTypes)
	for token, properties := range schema.Types() {
		if all[token] != "" || slices.ContainsFunc(otherDocuments, func(prefix string) bool { return strings.HasPrefix(token, prefix) }) {
			continue
		}
		for _, p := range properties {
			if p.Shape == schema.Document {
				all[token] = p.Path
			}
		}
	}
	return all
}

// collectionAccess reads OpenSearch Serverless' own kind of policy: a list of
// rules with principals.
func collectionAccess(res resource, r report) {
	raw, state := text(res.get("policy"))
	if state == unknown {
		r.unseen("policy")
		return
	}
	var rules []struct{ Principal listOf[string] }
	if err := json.Unmarshal([]byte(raw), &rules); err != nil {
		r.fault("policy is not a list of rules: %v.", err)
		return
	}
	for _, rule := range rules {
		if slices.Contains(rule.Principal, "*") {
			r.fault("policy admits Principal *.")
		}
	}
}

// collectionKey refuses OpenSearch Serverless' own key, which its own kind of
// policy gives to collections.
func collectionKey(res resource, r report) {
	if strings.Contains(strings.Join(strings.Fields(knownText(res.get("policy"))), ""), `"AWSOwnedKey":true`) {
		r.fault("policy gives collections a key that AWS owns.")
	}
}

// unknownDocuments reads policies of types that the schema doesn't know, and
// those that a template has elsewhere than the provider.
func unknownDocuments(res resource, r report) {
	properties, known := schema.Of(res.Type)
	if known && !strings.Contains(res.URN, inside) {
		return
	}
	walk(res.properties(), "", func(at place) {
		if path := resourcePolicies[res.Type]; path != "" && path == at.path || slices.ContainsFunc(properties, func(p schema.Property) bool { return p.Path == at.path }) {
			return
		}
		written := at.value.IsMap() && isSet(at.value.AsMap().Get("statement"))
		if !written && !strings.Contains(knownText(at.value), `"Statement"`) {
			return
		}
		d, state, err := parseDocument(at.value)
		if state != unknown && err == nil && d != nil {
			for i, s := range d.Statement {
				namedPrincipal(s, s.name(i), r)
			}
		}
	})
}
