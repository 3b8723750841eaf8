package enginetest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// flip is one property of a declared resource, made worse.
type flip struct {
	of declared
	// property is its path without indices, change what was done to it.
	property, change string
	inputs           map[string]any
}

func (f flip) String() string { return f.of.Type + " " + f.property + " " + f.change }

// foreignQueue takes what the stacks' services deliver, in another account.
const foreignQueue = "arn:aws:sqs:us-east-1:999999999999:theirs"

// gone leaves a property out.
type gone struct{}

// worse says, by the names of properties, what is worse than what the stacks
// have. The pattern is matched against "type path". Flags need no entry: each
// is flipped, and left out where it is on.
var worse = []struct {
	name *regexp.Regexp
	to   []any
}{
	{regexp.MustCompile(`(?i)[ .][^ .]*kms[^ .]*$`), []any{gone{}, "alias/aws/other"}},
	{regexp.MustCompile(`[ .](transitEncryption|iam)$`), []any{gone{}, "DISABLED"}},
	{regexp.MustCompile(`[ .]transitEncryptionMode$`), []any{"preferred"}},
	{regexp.MustCompile(`[ .]protocol$`), []any{"HTTP"}},
	{regexp.MustCompile(`[ .]sslPolicy$`), []any{gone{}, "ELBSecurityPolicy-2016-08"}},
	{regexp.MustCompile(`[ .](certificateArn|authToken)$`), []any{gone{}}},
	{regexp.MustCompile(`[ .]caCertIdentifier$`), []any{"rds-ca-2019"}},
	{regexp.MustCompile(`[ .](sseAlgorithm|encryptionType)$`), []any{"AES256"}},
	{regexp.MustCompile(`[ .]status$`), []any{"Disabled"}},
	{regexp.MustCompile(`[ .]objectOwnership$`), []any{"ObjectWriter"}},
	{regexp.MustCompile(`[ .]logging$`), []any{"NONE", "DEFAULT"}},
	{regexp.MustCompile(`[ .]imageTagMutability$`), []any{gone{}, "MUTABLE"}},
	{regexp.MustCompile(`[ .]desyncMitigationMode$`), []any{"monitor"}},
	{regexp.MustCompile(`[ .](pidMode|ipcMode|networkMode)$`), []any{"host"}},
	{regexp.MustCompile(`(?i)[ .][^ .]*cidr[^ .]*$`), []any{"0.0.0.0/0", "128.0.0.0/1"}},
	{regexp.MustCompile(`[ .]ipProtocol$`), []any{"-1"}},
	{regexp.MustCompile(`[ .]trafficType$`), []any{"REJECT"}},
	{regexp.MustCompile(`[ .]serviceName$`), []any{"com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"}},
	{regexp.MustCompile(`(?i)[ .][^ .]*(retention|recoveryWindow|deletionWindow|noncurrentDays)[^ .]*$|expiration\.days$`), []any{gone{}, 0}},
	{regexp.MustCompile(`[ .]maxSessionDuration$`), []any{43200}},
	{regexp.MustCompile(`[ .](uid|ownerUid)$`), []any{0}},
	{regexp.MustCompile(`creationInfo\.permissions$`), []any{"0777"}},
	{regexp.MustCompile(`rootDirectory\.path$`), []any{"/"}},
	{regexp.MustCompile(`[ .](posixUser|rootDirectory|authorizationConfig|encryptionConfigurations|imageScanningConfiguration|deploymentCircuitBreaker|accessLogs|configuration)$`), []any{gone{}}},
	{regexp.MustCompile(`[ .](vpcs|subnets|subnetIds|dbSubnetGroupName|subnetGroupName|securityGroups|securityGroupIds|vpcSecurityGroupIds|enabledCloudwatchLogsExports)$`), []any{gone{}}},
	{regexp.MustCompile(`[ .]parameterGroupName$`), []any{gone{}, "default.postgres16"}},
	{regexp.MustCompile(`[ .](destinationArn|logDestination)$|(eventTarget:EventTarget|schedule:Schedule target\.|schedule:Schedule target\.deadLetterConfig\.) ?arn$`), []any{foreignQueue}},
	{regexp.MustCompile(`[ .](alarmActions|okActions)$`), []any{[]any{foreignQueue}}},
	{regexp.MustCompile(`(vpcEndpoint:VpcEndpoint|kms/key:Key) policy$`), []any{gone{}}},
}

// absent holds, by type, what the stacks don't have, and what would be a fault
// if they had.
var absent = map[string]map[string]any{
	"aws:ec2/securityGroup:SecurityGroup": {
		"ingress": []any{map[string]any{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": []any{"0.0.0.0/0"}}},
		"egress":  []any{map[string]any{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": []any{"0.0.0.0/0"}}},
	},
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
		"ingress": []any{map[string]any{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": true}},
		"egress":  []any{map[string]any{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": []any{"10.0.0.0/8"}}},
	},
	"aws:ec2/routeTable:RouteTable": {"routes": []any{map[string]any{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}}},
	"aws:iam/role:Role": {
		"managedPolicyArns": []any{"arn:aws:iam::aws:policy/AdministratorAccess"},
		"inlinePolicies":    []any{map[string]any{"name": "all", "policy": `{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`}},
	},
	"aws:s3/bucketV2:BucketV2":                                  {"acl": "public-read"},
	"aws:secretsmanager/secret:Secret":                          {"policy": `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}`},
	"aws:sns/topic:Topic":                                       {"policy": `{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sns:Publish", "Resource": "*"}]}`},
	"aws:ecs/taskDefinition:TaskDefinition":                     {"ipcMode": "host", "pidMode": "host"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"cidrIpv4": "0.0.0.0/0", "cidrIpv6": "::/0", "prefixListId": "pl-1"},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {"cidrIpv4": "0.0.0.0/0", "cidrIpv6": "::/0"},
}

// flips returns every mutant of a resource.
func flips(res declared) []flip {
	f := flipper{res: res}
	f.walk(res.Inputs, nil)
	for _, name := range slices.Sorted(maps.Keys(absent[res.Type])) {
		if res.Inputs[name] == nil {
			f.set([]any{name}, absent[res.Type][name], "added")
		}
	}
	if _, port := res.Inputs["toPort"].(float64); port && res.Inputs["ipProtocol"] != nil {
		f.edit([]any{"toPort"}, "all ports", func(inputs map[string]any) { inputs["fromPort"], inputs["toPort"] = 0, 65535 })
	}
	return f.found
}

type flipper struct {
	res   declared
	found []flip
}

// walk visits every property below v.
func (f *flipper) walk(v any, path []any) {
	if len(path) > 0 {
		f.value(v, path)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			f.walk(v[key], append(slices.Clone(path), key))
		}
	case []any:
		for i, item := range v {
			f.walk(item, append(slices.Clone(path), i))
		}
	}
}

func (f *flipper) value(v any, path []any) {
	if _, element := path[len(path)-1].(int); element {
		return
	}
	switch v := v.(type) {
	case bool:
		f.set(path, !v, fmt.Sprintf("%v instead of %v", !v, v))
		if v {
			f.set(path, gone{}, "left out")
		}
		return
	case secretText:
		f.set(path, "in plain text", "in plain text")
	case string:
		switch name := path[len(path)-1]; {
		case name == "containerDefinitions":
			f.containers(v)
			return
		case (name == "policy" || name == "assumeRolePolicy") && strings.HasPrefix(v, "{"):
			f.document(path, v)
		case name == "value" && enforces(f.res.Inputs, path):
			f.set(path, "0", "0")
			return
		}
	}
	for _, pattern := range worse {
		if !pattern.name.MatchString(f.res.Type + " " + dotted(path)) {
			continue
		}
		for _, to := range pattern.to {
			if _, leave := to.(gone); leave {
				f.set(path, to, "left out")
			} else if fmt.Sprint(to) != fmt.Sprint(v) {
				f.set(path, to, fmt.Sprintf("%v", to))
			}
		}
	}
}

// enforces reports whether a value belongs to a parameter that demands or records something.
func enforces(inputs map[string]any, path []any) bool {
	holder, _ := at(inputs, path[:len(path)-1]).(map[string]any)
	name, _ := holder["name"].(string)
	return regexp.MustCompile(`(?i)ssl|tls|secure|log_`).MatchString(name)
}

func (f *flipper) set(path []any, to any, change string) {
	f.edit(path, change, func(inputs map[string]any) {
		holder := at(inputs, path[:len(path)-1])
		switch last := path[len(path)-1].(type) {
		case string:
			if _, leave := to.(gone); leave {
				delete(holder.(map[string]any), last)
			} else {
				holder.(map[string]any)[last] = to
			}
		case int:
			holder.([]any)[last] = to
		}
	})
}

// edit adds a mutant. What takes the place of a whole property refers to
// nothing any more.
func (f *flipper) edit(path []any, change string, do func(inputs map[string]any)) {
	inputs := clone(f.res.Inputs).(map[string]any)
	do(inputs)
	of := f.res
	if len(path) == 1 {
		of.PropertyDependencies = maps.Clone(of.PropertyDependencies)
		delete(of.PropertyDependencies, path[0].(string))
	}
	f.found = append(f.found, flip{of: of, property: dotted(path), change: change, inputs: inputs})
}

func at(v any, path []any) any {
	for _, part := range path {
		switch part := part.(type) {
		case string:
			v = v.(map[string]any)[part]
		case int:
			v = v.([]any)[part]
		}
	}
	return v
}

// dotted writes a path without its indices.
func dotted(path []any) string {
	var names []string
	for _, part := range path {
		if name, ok := part.(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}
