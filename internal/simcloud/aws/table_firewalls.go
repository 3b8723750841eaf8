package aws

// securityGroups holds security groups and their rules.
var securityGroups = map[string]*Type{
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
		ARN:      "ec2:{region}:{account}:security-group/{id}",
		Unique:   "{vpcId}",
		ForceNew: "vpcId",
		Defaults: Props{"revokeRulesOnDelete": false},
		Outputs: Props{
			"description": "default VPC security group", "egress": []any{}, "id": defaultGroup, "ingress": []any{},
			"name": "default", "ownerId": "{account}",
		},
		Later: "name namePrefix ownerId vpcId",
	},
	"aws:ec2/securityGroup:SecurityGroup": {
		ID:   "sg-{hex17}",
		ARN:  "ec2:{region}:{account}:security-group/{id}",
		Name: "name", NameMax: 255,
		Unique:   "{vpcId}/{name}",
		ForceNew: "description name namePrefix vpcId",
		Defaults: Props{"description": "Managed by Terraform", "revokeRulesOnDelete": false},
		Outputs:  Props{"egress": []any{}, "ingress": []any{}, "ownerId": "{account}"},
		Later:    "name namePrefix vpcId",
		Rules: Rules{
			"name":        groupName,
			"description": groupText,
		},
	},
	"aws:ec2/securityGroupRule:SecurityGroupRule": {
		ID:       "sgrule-{num10}",
		Required: "fromPort protocol securityGroupId toPort type",
		ForceNew: "cidrBlocks fromPort ipv6CidrBlocks prefixListIds protocol securityGroupId self sourceSecurityGroupId toPort type",
		Defaults: Props{"self": false},
		Outputs:  Props{"securityGroupRuleId": "sgr-{hex17}"},
		Later:    "sourceSecurityGroupId",
		Rules: Rules{
			"type":        oneOf("ingress", "egress"),
			"description": ruleText,
			"fromPort":    rulePort,
			"toPort":      rulePort,
		},
		Check:    checkOldRule,
		Untagged: true,
	},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
		ID:       "sgr-{hex17}",
		ARN:      "ec2:{region}:{account}:security-group-rule/{id}",
		Unique:   "{securityGroupId}/{ipProtocol}/{fromPort?}-{toPort?}/{cidrIpv4?}{cidrIpv6?}{prefixListId?}{referencedSecurityGroupId?}",
		Required: "ipProtocol securityGroupId",
		ForceNew: "securityGroupId",
		Outputs:  Props{"securityGroupRuleId": "{id}"},
		Rules: Rules{
			"description": ruleText,
			"fromPort":    rulePort,
			"toPort":      rulePort,
			"cidrIpv4":    cidr4(0, 32),
		},
		Check: checkRule,
	},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
		ID:       "sgr-{hex17}",
		ARN:      "ec2:{region}:{account}:security-group-rule/{id}",
		Unique:   "{securityGroupId}/{ipProtocol}/{fromPort?}-{toPort?}/{cidrIpv4?}{cidrIpv6?}{prefixListId?}{referencedSecurityGroupId?}",
		Required: "ipProtocol securityGroupId",
		ForceNew: "securityGroupId",
		Outputs:  Props{"securityGroupRuleId": "{id}"},
		Rules: Rules{
			"description": ruleText,
			"fromPort":    rulePort,
			"toPort":      rulePort,
			"cidrIpv4":    cidr4(0, 32),
		},
		Check: checkRule,
	},
}
