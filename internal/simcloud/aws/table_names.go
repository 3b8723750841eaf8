package aws

// names holds DNS and service discovery.
var names = map[string]*Type{
	"aws:route53/zone:Zone": {
		ID:   "{zoneId}",
		ARN:  "route53:::hostedzone/{zoneId}",
		Name: "name", NameMax: 255,
		ForceNew: "delegationSetId name",
		Defaults: Props{"comment": "Managed by Terraform", "forceDestroy": false},
		Outputs: Props{
			"nameServers":       []any{"ns-1.awsdns-01.org", "ns-2.awsdns-02.co.uk", "ns-3.awsdns-03.com", "ns-4.awsdns-04.net"},
			"primaryNameServer": "ns-1.awsdns-01.org", "zoneId": "Z{ALNUM20}",
		},
		Later: "primaryNameServer zoneId",
		Rules: Rules{
			"name": domainName,
		},
		Check: checkZone,
	},
	"aws:route53/record:Record": {
		ID:       "{zoneId}_{name}_{type}",
		Unique:   "{zoneId}/{name}/{type}/{setIdentifier?}",
		Required: "name type zoneId",
		ForceNew: "name zoneId",
		Outputs:  Props{"fqdn": "{name}"},
		Later:    "allowOverwrite",
		Rules: Rules{
			"type": oneOf("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"),
			"ttl":  between(0, 2147483647),
		},
		Check:    checkRecord,
		Untagged: true,
	},
	"aws:route53/zoneAssociation:ZoneAssociation": {
		ID:       "{zoneId}:{vpcId}",
		Unique:   "{zoneId}/{vpcId}",
		Required: "vpcId zoneId",
		ForceNew: "vpcId vpcRegion zoneId",
		Outputs:  Props{"owningAccount": "{account}", "vpcRegion": "{region}"},
		Untagged: true,
	},
	"aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": {
		ID:   "ns-{alnum16}",
		ARN:  "servicediscovery:{region}:{account}:namespace/{id}",
		Name: "name", NameMax: 253,
		Unique:   "{name}",
		Required: "vpc",
		ForceNew: "name vpc",
		Outputs:  Props{"hostedZone": "Z{ALNUM20}"},
		Rules: Rules{
			"name": domainName,
		},
	},
	"aws:servicediscovery/httpNamespace:HttpNamespace": {
		ID:   "ns-{alnum16}",
		ARN:  "servicediscovery:{region}:{account}:namespace/{id}",
		Name: "name", NameMax: 1024,
		Unique:   "{name}",
		ForceNew: "description name",
		Outputs:  Props{"httpName": "{name}"},
	},
	"aws:servicediscovery/service:Service": {
		ID:   "srv-{alnum16}",
		ARN:  "servicediscovery:{region}:{account}:service/{id}",
		Name: "name", NameMax: 127,
		Unique: "{namespaceId}/{name}",
		ForceNew: `dnsConfig.dnsRecords.type dnsConfig.namespaceId dnsConfig.routingPolicy healthCheckConfig.type
			healthCheckCustomConfig.failureThreshold name namespaceId type`,
		Defaults: Props{"forceDestroy": false},
		Outputs:  Props{"namespaceId": discoveryNamespace, "type": "DNS_HTTP"},
	},
}
