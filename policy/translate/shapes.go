package translate

import (
	"fmt"
	"strings"
)

func gatewayAttachment(own *Resource, _ string) []Resource {
	if own.Props["vpnGatewayId"] != nil {
		own.Type = "aws:ec2/vpnGatewayAttachment:VpnGatewayAttachment"
	}
	return nil
}

// vpc comes with its default security group locked: CloudFormation has no type
// for that group, so that nobody could declare it there.
func vpc(_ *Resource, called string) []Resource {
	return []Resource{{Type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", Name: "#default", Props: map[string]any{"vpcId": called}}}
}

// securityGroup without egress has AWS's own, which leads everywhere.
func securityGroup(own *Resource, _ string) []Resource {
	for from, to := range map[string]string{"securityGroupIngress": "ingress", "securityGroupEgress": "egress"} {
		rules := list(own.Props[from])
		delete(own.Props, from)
		for _, rule := range rules {
			r, ok := rule.(map[string]any)
			if !ok {
				continue
			}
			rename(r, "ipProtocol", "protocol")
			for name, many := range map[string]string{"cidrIp": "cidrBlocks", "cidrIpv6": "ipv6CidrBlocks", "sourcePrefixListId": "prefixListIds", "destinationPrefixListId": "prefixListIds"} {
				if value, there := r[name]; there {
					delete(r, name)
					r[many] = []any{value}
				}
			}
		}
		own.Props[to] = rules
		if to == "egress" && rules == nil {
			own.Props[to] = []any{map[string]any{"protocol": "-1", "fromPort": 0.0, "toPort": 0.0, "cidrBlocks": []any{"0.0.0.0/0"}}}
		}
	}
	return nil
}

func launchTemplate(own *Resource, _ string) []Resource {
	own.Props = in(own.Props, "launchTemplateData")
	return nil
}

func spotFleet(own *Resource, _ string) []Resource {
	own.Props = in(own.Props, "spotFleetRequestConfigData")
	for _, specification := range list(own.Props["launchSpecifications"]) {
		s, ok := specification.(map[string]any)
		if !ok {
			continue
		}
		for _, one := range list(s["networkInterfaces"]) {
			if card, ok := one.(map[string]any); ok && card["associatePublicIpAddress"] != nil {
				s["associatePublicIpAddress"] = card["associatePublicIpAddress"]
			}
		}
	}
	return nil
}

// loadBalancer has its switches in a list of keys and values.
func loadBalancer(own *Resource, _ string) []Resource {
	switch scheme := own.Props["scheme"].(type) {
	case Unknown:
		own.Props["internal"] = scheme
	default:
		own.Props["internal"] = scheme == "internal"
	}
	logs := map[string]any{}
	for _, item := range list(own.Props["loadBalancerAttributes"]) {
		attribute, _ := item.(map[string]any)
		value := attribute["value"]
		switch attribute["key"] {
		case "access_logs.s3.enabled":
			logs["enabled"] = value
		case "access_logs.s3.bucket":
			logs["bucket"] = value
		case "deletion_protection.enabled":
			own.Props["enableDeletionProtection"] = value
		case "routing.http.drop_invalid_header_fields.enabled":
			own.Props["dropInvalidHeaderFields"] = value
		case "routing.http.desync_mitigation_mode":
			own.Props["desyncMitigationMode"] = value
		}
	}
	if len(logs) > 0 {
		own.Props["accessLogs"] = logs
	}
	return nil
}

func listenerActions(own *Resource, _ string) []Resource {
	for _, name := range []string{"defaultActions", "actions"} {
		for _, item := range list(own.Props[name]) {
			if action, ok := item.(map[string]any); ok {
				rename(action, "redirectConfig", "redirect")
				rename(action, "authenticateOidcConfig", "authenticateOidc")
			}
		}
	}
	return nil
}

// ecsService is given public addresses by a word.
func ecsService(own *Resource, _ string) []Resource {
	network := in(in(own.Props, "networkConfiguration"), "awsvpcConfiguration")
	if word, ok := network["assignPublicIp"].(string); ok {
		network["assignPublicIp"] = word == "ENABLED"
	}
	own.Props["networkConfiguration"] = network
	configuration := in(own.Props, "deploymentConfiguration")
	if breaker := configuration["deploymentCircuitBreaker"]; breaker != nil {
		own.Props["deploymentCircuitBreaker"] = breaker
	}
	return nil
}

// taskDefinition has containers as JSON text with the provider.
func taskDefinition(own *Resource, _ string) []Resource {
	own.Props["containerDefinitions"] = jsonText(own.Props["containerDefinitions"])
	return nil
}

// known leaves the unknown parts out, so that the rest can be read.
func known(v any) any {
	switch v := v.(type) {
	case Unknown:
		return "unknown"
	case []any:
		all := []any{}
		for _, item := range v {
			all = append(all, known(item))
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for key, value := range v {
			all[key] = known(value)
		}
		return all
	}
	return v
}

// parameterGroup has parameters in a map, the provider in a list.
func parameterGroup(own *Resource, _ string) []Resource {
	parameters, ok := own.Props["parameters"].(map[string]any)
	if !ok {
		return nil
	}
	all := []any{}
	for name, value := range parameters {
		if value != (Unknown{}) {
			value = fmt.Sprint(value)
		}
		all = append(all, map[string]any{"name": name, "value": value})
	}
	own.Props["parameters"] = all
	return nil
}

func warehouse(own *Resource, called string) []Resource {
	if logging := in(own.Props, "loggingProperties"); len(logging) > 0 {
		return []Resource{{Type: "aws:redshift/logging:Logging", Name: "#logging", Props: map[string]any{"clusterIdentifier": called}}}
	}
	return nil
}

func dynamo(own *Resource, _ string) []Resource {
	if sse := in(own.Props, "sseSpecification"); len(sse) > 0 {
		rename(sse, "sseEnabled", "enabled")
		rename(sse, "kmsMasterKeyId", "kmsKeyArn")
		delete(own.Props, "sseSpecification")
		own.Props["serverSideEncryption"] = sse
	}
	return nil
}

func fileSystem(own *Resource, called string) []Resource {
	policy := own.Props["fileSystemPolicy"]
	if policy == nil {
		return nil
	}
	delete(own.Props, "fileSystemPolicy")
	return []Resource{{Type: "aws:efs/fileSystemPolicy:FileSystemPolicy", Name: "#policy", Props: map[string]any{"fileSystemId": called, "policy": policy}}}
}

// bucket has its guards within it, the provider beside it.
func bucket(own *Resource, called string) []Resource {
	name := called
	if text, ok := own.Props["bucketName"].(string); ok {
		own.Props["bucket"] = text
		if name == "" {
			name = text
		}
	}
	var beside []Resource
	add := func(token, suffix string, props map[string]any) {
		props["bucket"] = name
		beside = append(beside, Resource{Type: token, Name: "#" + suffix, Props: props})
	}
	if encryption := in(own.Props, "bucketEncryption"); len(encryption) > 0 {
		rules := list(encryption["serverSideEncryptionConfiguration"])
		for _, item := range rules {
			if rule, ok := item.(map[string]any); ok {
				rename(rule, "serverSideEncryptionByDefault", "applyServerSideEncryptionByDefault")
			}
		}
		add("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "encryption", map[string]any{"rules": rules})
	}
	if block := in(own.Props, "publicAccessBlockConfiguration"); len(block) > 0 {
		add("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", block)
	}
	if versioning := in(own.Props, "versioningConfiguration"); len(versioning) > 0 {
		add("aws:s3/bucketVersioningV2:BucketVersioningV2", "versioning", map[string]any{"versioningConfiguration": versioning})
	}
	if rules := list(in(own.Props, "ownershipControls")["rules"]); len(rules) > 0 {
		add("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "ownership", map[string]any{"rule": rules[0]})
	}
	if website := in(own.Props, "websiteConfiguration"); len(website) > 0 {
		own.Props["website"] = website
	}
	if acl, ok := own.Props["accessControl"].(string); ok {
		own.Props["acl"] = dashed(acl)
	}
	for _, gone := range []string{"bucketEncryption", "publicAccessBlockConfiguration", "versioningConfiguration", "ownershipControls", "websiteConfiguration"} {
		delete(own.Props, gone)
	}
	return beside
}

// dashed writes PublicReadWrite as public-read-write.
func dashed(name string) string {
	var text strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			text.WriteByte('-')
		}
		text.WriteRune(r)
	}
	return strings.ToLower(text.String())
}

func stream(own *Resource, _ string) []Resource {
	encryption := in(own.Props, "streamEncryption")
	own.Props["encryptionType"], own.Props["kmsKeyId"] = encryption["encryptionType"], encryption["keyId"]
	return nil
}

func repository(own *Resource, called string) []Resource {
	policy := own.Props["repositoryPolicyText"]
	if policy == nil {
		return nil
	}
	delete(own.Props, "repositoryPolicyText")
	return []Resource{{Type: "aws:ecr/repositoryPolicy:RepositoryPolicy", Name: "#policy", Props: map[string]any{"repository": called, "policy": policy}}}
}

// inlinePolicies are a list of names and documents.
func inlinePolicies(own *Resource, _ string) []Resource {
	var beside []Resource
	inline := []any{}
	for i, item := range list(own.Props["policies"]) {
		policy, ok := item.(map[string]any)
		if !ok {
			continue
		}
		inline = append(inline, map[string]any{"name": policy["policyName"], "policy": policy["policyDocument"]})
		if own.Type != "aws:iam/role:Role" {
			beside = append(beside, Resource{Type: "aws:iam/userPolicy:UserPolicy", Name: fmt.Sprintf("#policy%d", i), Props: map[string]any{"policy": policy["policyDocument"]}})
		}
	}
	delete(own.Props, "policies")
	if own.Type == "aws:iam/role:Role" {
		if len(inline) > 0 {
			own.Props["inlinePolicies"] = inline
		}
		return nil
	}
	for i, arn := range list(own.Props["managedPolicyArns"]) {
		beside = append(beside, Resource{Type: "aws:iam/userPolicyAttachment:UserPolicyAttachment", Name: fmt.Sprintf("#attachment%d", i), Props: map[string]any{"policyArn": arn}})
	}
	if in(own.Props, "loginProfile")["password"] != nil {
		beside = append(beside, Resource{Type: "aws:iam/userLoginProfile:UserLoginProfile", Name: "#login", Props: map[string]any{}})
	}
	return beside
}

func kubernetes(own *Resource, _ string) []Resource {
	types := []any{}
	for _, item := range list(in(in(own.Props, "logging"), "clusterLogging")["enabledTypes"]) {
		if one, ok := item.(map[string]any); ok {
			types = append(types, one["type"])
		}
	}
	own.Props["enabledClusterLogTypes"] = types
	return nil
}
