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

// unknownDocuments reads policies of types that the schema doesn't know, by the
// names of their properties.
func unknownDocuments(res resource, r report) {
	if _, known := schema.Of(res.Type); known {
		return
	}
	for _, at := range places(res, schema.Document) {
		d, state, err := parseDocument(at.value)
		if state != known || err != nil || d == nil {
			continue
		}
		for i, s := range d.Statement {
			namedPrincipal(s, s.name(i), r)
		}
	}
}
