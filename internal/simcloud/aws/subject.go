package aws

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// subject is a resource whose inputs are looked at.
type subject struct {
	target
	inputs resource.PropertyMap
	cloud  cloud
	seen   *registry

	faults []simcloud.Fault
}

// fail notes a fault of an input; property may be empty.
func (s *subject) fail(property, format string, args ...any) {
	s.faults = append(s.faults, simcloud.Fault{
		Property: property, Reason: fmt.Sprintf(format, args...), Secret: property != "" && has(s.kind.Secret, property),
	})
}

// given tells whether the program set an input, known or not.
func (s *subject) given(name string) bool {
	return simcloud.Given(s.inputs[resource.PropertyKey(name)])
}

// get gives an input without its wrappers.
func (s *subject) get(name string) resource.PropertyValue {
	return simcloud.Bare(s.inputs[resource.PropertyKey(name)])
}

// text gives a known string input, or "".
func (s *subject) text(name string) string {
	t, _ := simcloud.Text(s.inputs[resource.PropertyKey(name)])
	return t
}

// number gives a known number input.
func (s *subject) number(name string) (float64, bool) {
	return simcloud.Number(s.inputs[resource.PropertyKey(name)])
}

// flag gives a known boolean input, or false.
func (s *subject) flag(name string) bool {
	f, _ := simcloud.Flag(s.inputs[resource.PropertyKey(name)])
	return f
}

// known tells whether an input is set and known.
func (s *subject) known(name string) bool {
	v := s.inputs[resource.PropertyKey(name)]
	return simcloud.Given(v) && !simcloud.Unknown(v)
}

// list gives the elements of a list input; a single object is a list of one.
func (s *subject) list(name string) []resource.PropertyMap { return objects(s.get(name)) }

// objects gives the objects in a list, or the one object.
func objects(v resource.PropertyValue) (list []resource.PropertyMap) {
	v = simcloud.Bare(v)
	switch {
	case v.IsObject():
		return []resource.PropertyMap{v.ObjectValue()}
	case v.IsArray():
		for _, e := range v.ArrayValue() {
			if e = simcloud.Bare(e); e.IsObject() {
				list = append(list, e.ObjectValue())
			}
		}
	}
	return list
}

// exactly demands one of several inputs, and no more.
func (s *subject) exactly(names ...string) { s.count(1, 1, names) }

// atMost forbids to give more than one of several inputs.
func (s *subject) atMost(names ...string) { s.count(0, 1, names) }

func (s *subject) count(low, high int, names []string) {
	var found []string
	for _, n := range names {
		if s.given(n) && !empty(s.get(n)) {
			found = append(found, n)
		}
	}
	switch all := strings.Join(names, ", "); {
	case len(found) < low:
		s.fail("", "one of %s is required", all)
	case len(found) > high:
		s.fail(found[1], "conflicts with %s: only one of %s can be given", found[0], all)
	}
}

// fillIn sets the name, the defaults and the tags that the program left out,
// and marks them as the official provider does.
func (s *subject) fillIn(req *pulumirpc.CheckRequest, olds resource.PropertyMap) {
	chosen := map[string]bool{}
	for k, v := range s.kind.Defaults {
		key := resource.PropertyKey(k)
		if !simcloud.Given(s.inputs[key]) {
			s.inputs[key] = resource.NewPropertyValue(v)
			chosen[k] = true
		}
	}
	if s.name(req, olds) {
		chosen[s.kind.Name] = true
	}
	if !s.kind.Untagged {
		if all := s.cloud.tagsAll(s.inputs["tags"]); !empty(all) {
			s.inputs["tagsAll"] = all
		}
	}
	if len(chosen) > 0 {
		names := make([]string, 0, len(chosen))
		for k := range chosen {
			names = append(names, k)
		}
		sort.Strings(names)
		s.inputs[simcloud.DefaultsKey] = resource.NewPropertyValue(names)
	}
}

// name makes a physical name if there is none: that of before, the one which
// the engine proposes, or the resource's name with seven digits that are the
// same in every run. It tells whether it did.
func (s *subject) name(req *pulumirpc.CheckRequest, olds resource.PropertyMap) bool {
	key := resource.PropertyKey(s.kind.Name)
	if s.kind.NameMax == 0 || s.given(s.kind.Name) || s.given(s.kind.Name+"Prefix") {
		return false
	}
	if defaults, _ := simcloud.Strings(olds[simcloud.DefaultsKey]); has(strings.Join(defaults, " "), s.kind.Name) && simcloud.Given(olds[key]) {
		s.inputs[key] = olds[key]
		return true
	}
	mode, proposed := pulumirpc.CheckRequest_AutonamingOptions_PROPOSE, ""
	if a := req.Autonaming; a != nil {
		mode, proposed = a.Mode, a.ProposedName
	}
	if mode == pulumirpc.CheckRequest_AutonamingOptions_DISABLE {
		s.fail(s.kind.Name, "missing: automatic names are switched off")
		return false
	}
	name := proposed
	if name == "" {
		sum := sha256.Sum256([]byte(fmt.Sprintf("%s|%s|%s|%d", s.cloud.account, s.cloud.region, s.urn, s.seen.generation(s.urn))))
		name = fmt.Sprintf("%s-%x", s.urn.Name(), sum[:4])[:len(s.urn.Name())+8]
	}
	if has(lowerNames, s.token) {
		name = strings.ToLower(name)
	}
	if s.token == aliasToken {
		name = "alias/" + name
	}
	if s.flag("fifoQueue") || s.flag("fifoTopic") {
		name += ".fifo"
	}
	if len(name) > s.kind.NameMax {
		s.fail(s.kind.Name, "the automatic name %q has %d characters; AWS takes %d. Give a shorter name", name, len(name), s.kind.NameMax)
	}
	s.inputs[key] = resource.NewStringProperty(name)
	return true
}

// lowerNames are the types whose names may hold no capitals.
const lowerNames = `aws:s3/bucketV2:BucketV2 aws:s3/bucket:Bucket aws:rds/instance:Instance aws:rds/cluster:Cluster
	aws:rds/clusterInstance:ClusterInstance aws:rds/subnetGroup:SubnetGroup aws:rds/parameterGroup:ParameterGroup
	aws:rds/optionGroup:OptionGroup aws:rds/clusterParameterGroup:ClusterParameterGroup
	aws:elasticache/replicationGroup:ReplicationGroup aws:elasticache/cluster:Cluster
	aws:elasticache/subnetGroup:SubnetGroup aws:elasticache/parameterGroup:ParameterGroup aws:ecr/repository:Repository`

// identifiers are the forms of identifiers by the inputs that take them.
var identifiers = map[string]*regexp.Regexp{
	"vpcId": idForm("vpc"), "peerVpcId": idForm("vpc"),
	"subnetId": idForm("subnet"), "subnetIds": idForm("subnet"), "subnets": idForm("subnet"),
	"securityGroupId": idForm("sg"), "securityGroupIds": idForm("sg"), "vpcSecurityGroupIds": idForm("sg"),
	"referencedSecurityGroupId": idForm("sg"), "sourceSecurityGroupId": idForm("sg"),
	"routeTableId": idForm("rtb"), "routeTableIds": idForm("rtb"), "defaultRouteTableId": idForm("rtb"),
	"defaultNetworkAclId": idForm("acl"), "networkAclId": idForm("acl"),
	"natGatewayId": idForm("nat"), "vpcEndpointId": idForm("vpce"), "prefixListId": idForm("pl"),
	"fileSystemId": idForm("fs"), "sourceFileSystemId": idForm("fs"), "allocationId": idForm("eipalloc"),
	"egressOnlyGatewayId": idForm("eigw"), "transitGatewayId": idForm("tgw"), "zoneId": regexp.MustCompile(`^Z[A-Z0-9]+$`),
}

func idForm(prefix string) *regexp.Regexp {
	return regexp.MustCompile(`^` + prefix + `-[0-9a-f]{8,17}$`)
}

var arnForm = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws|)?:.+`)

// check finds all faults of the inputs.
func (s *subject) check() {
	for _, name := range strings.Fields(s.kind.Required) {
		if !s.given(name) {
			s.fail(name, "missing: %s needs it", s.urn.Type().Name())
		}
	}
	for _, k := range union(s.inputs, nil) {
		v := s.inputs[resource.PropertyKey(k)]
		s.form(k, v)
		if rule := s.kind.Rules[k]; rule != nil && !simcloud.Unknown(v) && simcloud.Given(v) {
			if reason := rule(simcloud.Bare(v)); reason != "" {
				s.fail(k, "%s", s.discreet(k, v, reason))
			}
		}
	}
	for _, k := range strings.Fields(s.kind.JSON) {
		if s.known(k) {
			if _, ok := document(s.get(k)); !ok {
				s.fail(k, "is no valid JSON")
			}
		}
	}
	if s.kind.Check != nil {
		s.kind.Check(s)
	}
	s.learn()
}

// discreet is a reason that doesn't repeat a secret.
func (s *subject) discreet(name string, v resource.PropertyValue, reason string) string {
	if v.ContainsSecrets() || has(s.kind.Secret, name) {
		if t, ok := simcloud.Text(v); !ok || strings.Contains(reason, t) || strings.Contains(reason, fmt.Sprintf("%q", t)) {
			return "is not what AWS takes; it is secret, so it is not shown"
		}
	}
	return reason
}

// form looks at identifiers and ARNs, by the names of the inputs that take them.
func (s *subject) form(name string, v resource.PropertyValue) {
	form := identifiers[name]
	what := "the identifier of such a resource"
	if form == nil && (strings.HasSuffix(name, "Arn") || strings.HasSuffix(name, "Arns")) {
		form, what = arnForm, "an ARN"
	}
	if form == nil {
		return
	}
	list, _ := simcloud.Strings(v)
	if t, ok := simcloud.Text(v); ok {
		list = []string{t}
	}
	for _, t := range list {
		if !form.MatchString(t) {
			s.fail(name, "%s", s.discreet(name, v, fmt.Sprintf("%q is not %s", t, what)))
		}
	}
}
