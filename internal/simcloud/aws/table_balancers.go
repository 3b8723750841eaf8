package aws

// loadBalancing holds load balancers and certificates.
var loadBalancing = map[string]*Type{
	"aws:lb/loadBalancer:LoadBalancer": {
		ID:   "{arn}",
		Name: "name", NameMax: 32,
		Unique:   "{name}",
		ForceNew: "customerOwnedIpv4Pool internal loadBalancerType name namePrefix",
		Defaults: Props{
			"clientKeepAlive": 3600, "desyncMitigationMode": "defensive", "dropInvalidHeaderFields": false,
			"enableDeletionProtection": false, "enableHttp2": true, "enableTlsVersionAndCipherSuiteHeaders": false,
			"enableWafFailOpen": false, "enableXffClientPort": false, "enableZonalShift": false, "idleTimeout": 60,
			"loadBalancerType": "application", "preserveHostHeader": false, "xffHeaderProcessingMode": "append",
		},
		Outputs: Props{
			"arn": balancerARN, "arnSuffix": suffixOf("arn", ":loadbalancer/"), "dnsName": balancerDNS, "internal": false,
			"ipAddressType": "ipv4", "securityGroups": []any{}, "subnets": []any{}, "vpcId": vpcOf("subnets"),
			"zoneId": balancerZone,
		},
		Later: "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic name namePrefix subnetMappings",
		Rules: Rules{
			"name":             balancerName,
			"loadBalancerType": oneOf("application", "network", "gateway"),
			"idleTimeout":      between(1, 4000),
		},
		Check: checkBalancer,
		Keep:  keepBalancer,
	},
	"aws:lb/targetGroup:TargetGroup": {
		ID:   "{arn}",
		ARN:  "elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex16}",
		Name: "name", NameMax: 32,
		Unique:   "{name}",
		ForceNew: "ipAddressType name namePrefix port protocol protocolVersion targetType vpcId",
		Defaults: Props{
			"deregistrationDelay": 300, "lambdaMultiValueHeadersEnabled": false, "proxyProtocolV2": false, "slowStart": 0,
			"targetType": "instance",
		},
		Outputs: Props{
			"arnSuffix": suffixOf("arn", ":targetgroup/", "targetgroup/"), "ipAddressType": "ipv4",
			"loadBalancerArns": []any{}, "loadBalancingAlgorithmType": "round_robin",
			"loadBalancingAnomalyMitigation": "off", "loadBalancingCrossZoneEnabled": "use_load_balancer_configuration",
			"protocolVersion": "HTTP1",
		},
		Later: `connectionTermination healthCheck name namePrefix preserveClientIp stickiness targetFailovers targetGroupHealth
			targetHealthStates`,
		Rules: Rules{
			"name":       balancerName,
			"port":       between(1, 65535),
			"targetType": oneOf("instance", "ip", "lambda", "alb"),
			"protocol":   oneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE"),
			"slowStart":  between(0, 900),
		},
		Check: checkTargetGroup,
	},
	"aws:lb/targetGroupAttachment:TargetGroupAttachment": {
		ID:       "{targetGroupArn}-{num26}",
		Required: "targetGroupArn targetId",
		ForceNew: "availabilityZone port targetGroupArn targetId",
		Untagged: true,
	},
	"aws:lb/listener:Listener": {
		ID:       "{arn}",
		Unique:   "{loadBalancerArn}/{port}",
		Required: "defaultActions loadBalancerArn",
		ForceNew: "loadBalancerArn",
		Outputs:  Props{"arn": below("loadBalancerArn", ":loadbalancer/", ":listener/"), "protocol": "HTTP", "sslPolicy": sslPolicy},
		Later: `mutualAuthentication routingHttpRequestXAmznMtlsClientcertHeaderName
			routingHttpRequestXAmznMtlsClientcertIssuerHeaderName routingHttpRequestXAmznMtlsClientcertLeafHeaderName
			routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName routingHttpRequestXAmznMtlsClientcertSubjectHeaderName
			routingHttpRequestXAmznMtlsClientcertValidityHeaderName routingHttpRequestXAmznTlsCipherSuiteHeaderName
			routingHttpRequestXAmznTlsVersionHeaderName routingHttpResponseAccessControlAllowCredentialsHeaderValue
			routingHttpResponseAccessControlAllowHeadersHeaderValue routingHttpResponseAccessControlAllowMethodsHeaderValue
			routingHttpResponseAccessControlAllowOriginHeaderValue routingHttpResponseAccessControlExposeHeadersHeaderValue
			routingHttpResponseAccessControlMaxAgeHeaderValue routingHttpResponseContentSecurityPolicyHeaderValue
			routingHttpResponseServerEnabled routingHttpResponseStrictTransportSecurityHeaderValue
			routingHttpResponseXContentTypeOptionsHeaderValue routingHttpResponseXFrameOptionsHeaderValue tcpIdleTimeoutSeconds`,
		Rules: Rules{
			"port":      between(1, 65535),
			"protocol":  oneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE"),
			"sslPolicy": text(1, 64, `^ELBSecurityPolicy-`, "policies begin with ELBSecurityPolicy-"),
		},
		Check: checkListener,
	},
	"aws:lb/listenerRule:ListenerRule": {
		ID:       "{arn}",
		Unique:   "{listenerArn}/{priority}",
		Required: "actions conditions listenerArn",
		ForceNew: "listenerArn",
		Outputs:  Props{"arn": below("listenerArn", ":listener/", ":listener-rule/"), "priority": rulePriority},
		Rules: Rules{
			"priority":   between(1, 50000),
			"conditions": each(1, 10, anything),
		},
		Check: checkListenerRule,
	},
	"aws:lb/listenerCertificate:ListenerCertificate": {
		ID:       "{listenerArn}_{certificateArn}",
		Unique:   "{listenerArn}/{certificateArn}",
		Required: "certificateArn listenerArn",
		ForceNew: "certificateArn listenerArn",
		Untagged: true,
	},
	"aws:lb/trustStore:TrustStore": {
		ID:   "{arn}",
		ARN:  "elasticloadbalancing:{region}:{account}:truststore/{name}/{hex16}",
		Name: "name", NameMax: 32,
		Unique:   "{name}",
		Required: "caCertificatesBundleS3Bucket caCertificatesBundleS3Key",
		ForceNew: "name namePrefix",
		Later:    "arnSuffix name namePrefix",
	},
	"aws:acm/certificate:Certificate": {
		ID:       "{arn}",
		ARN:      "acm:{region}:{account}:certificate/{uuid}",
		ForceNew: "certificateAuthorityArn domainName keyAlgorithm subjectAlternativeNames validationMethod validationOptions",
		Secret:   "privateKey",
		Outputs: Props{
			"domainName": "", "domainValidationOptions": validationOptions, "keyAlgorithm": "RSA_2048",
			"notAfter": "2026-01-01T00:00:00Z", "notBefore": "2025-01-01T00:00:00Z", "pendingRenewal": false,
			"renewalEligibility": "INELIGIBLE", "status": certificateStatus, "subjectAlternativeNames": alternativeNames,
			"type": certificateType, "validationMethod": "NONE",
		},
		Later: "options renewalSummaries validationEmails",
		Check: checkCertificate,
	},
	"aws:acm/certificateValidation:CertificateValidation": {
		ID:       "2025-01-01 00:00:00 +0000 UTC",
		Required: "certificateArn",
		ForceNew: "certificateArn validationRecordFqdns",
		Untagged: true,
	},
}
