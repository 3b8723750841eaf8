package aws

// resolver holds Route 53 Resolver: its endpoints, its firewall and its log.
var resolver = map[string]*Type{
	"aws:route53/resolverEndpoint:ResolverEndpoint": {
		ID:       "rslvr-in-{hex17}",
		ARN:      "route53resolver:{region}:{account}:resolver-endpoint/{id}",
		Required: "direction ipAddresses securityGroupIds",
		ForceNew: "direction securityGroupIds",
		Outputs:  Props{"hostVpcId": "vpc-{hex17}"},
		Later:    "protocols resolverEndpointType",
		Rules:    Rules{"direction": oneOf("INBOUND", "OUTBOUND"), "resolverEndpointType": oneOf("IPV4", "IPV6", "DUALSTACK")},
		Check: func(s *subject) {
			if addresses := s.get("ipAddresses"); addresses.IsArray() && len(addresses.ArrayValue()) < 2 {
				s.fail("ipAddresses", "InvalidRequestException: a resolver endpoint needs at least two IP addresses")
			}
		},
	},
	"aws:route53/resolverFirewallConfig:ResolverFirewallConfig": {
		ID:       "rslvr-fc-{hex17}",
		Unique:   "{resourceId}",
		Required: "resourceId",
		ForceNew: "resourceId",
		Outputs:  Props{"ownerId": "{account}"},
		Later:    "firewallFailOpen",
		Rules:    Rules{"firewallFailOpen": oneOf("ENABLED", "DISABLED")},
		Untagged: true,
	},
	"aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": {
		ID:   "rslvr-fdl-{hex17}",
		ARN:  "route53resolver:{region}:{account}:firewall-domain-list/{id}",
		Name: "name", NameMax: 64,
		ForceNew: "name",
	},
	"aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": {
		ID:   "rslvr-frg-{hex17}",
		ARN:  "route53resolver:{region}:{account}:firewall-rule-group/{id}",
		Name: "name", NameMax: 64,
		ForceNew: "name",
		Outputs:  Props{"ownerId": "{account}", "shareStatus": "NOT_SHARED"},
	},
	"aws:route53/resolverFirewallRule:ResolverFirewallRule": {
		ID:   "{firewallRuleGroupId}:{firewallDomainListId}",
		Name: "name", NameMax: 64,
		Unique:   "{firewallRuleGroupId}/{firewallDomainListId} {firewallRuleGroupId}#{priority}",
		Required: "action firewallDomainListId firewallRuleGroupId priority",
		ForceNew: "firewallDomainListId firewallRuleGroupId name",
		Defaults: Props{"firewallDomainRedirectionAction": "INSPECT_REDIRECTION_DOMAIN"},
		Rules: Rules{
			"action": oneOf("ALLOW", "BLOCK", "ALERT"), "blockResponse": oneOf("NODATA", "NXDOMAIN", "OVERRIDE"),
			"firewallDomainRedirectionAction": oneOf("INSPECT_REDIRECTION_DOMAIN", "TRUST_REDIRECTION_DOMAIN"),
		},
		Check: func(s *subject) {
			if s.text("action") == "BLOCK" && !s.given("blockResponse") {
				s.fail("blockResponse", "ValidationException: a rule that blocks says what it answers")
			}
		},
		Untagged: true,
	},
	"aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": {
		ID:   "rslvr-frgassoc-{hex17}",
		ARN:  "route53resolver:{region}:{account}:firewall-rule-group-association/{id}",
		Name: "name", NameMax: 64,
		Unique:   "{firewallRuleGroupId}/{vpcId} {vpcId}#{priority}",
		Required: "firewallRuleGroupId priority vpcId",
		ForceNew: "firewallRuleGroupId vpcId",
		Later:    "mutationProtection",
		Rules:    Rules{"mutationProtection": oneOf("ENABLED", "DISABLED")},
		Check: func(s *subject) {
			if n, ok := s.number("priority"); ok && (n <= 100 || n >= 9000) {
				s.fail("priority", "ValidationException: %v: it is above 100 and below 9000", n)
			}
		},
	},
	"aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig": {
		ID:   "rqlc-{hex17}",
		ARN:  "route53resolver:{region}:{account}:resolver-query-log-config/{id}",
		Name: "name", NameMax: 64,
		Required: "destinationArn",
		ForceNew: "destinationArn name",
		Outputs:  Props{"ownerId": "{account}", "shareStatus": "NOT_SHARED"},
	},
	"aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation": {
		ID:       "rqlca-{hex17}",
		Unique:   "{resolverQueryLogConfigId}/{resourceId}",
		Required: "resolverQueryLogConfigId resourceId",
		ForceNew: "resolverQueryLogConfigId resourceId",
		Untagged: true,
	},
}
