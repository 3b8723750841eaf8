package config

const (
	nameserver  = "another port: names are looked up in the VPC alone, and another resolver's questions may carry data out (network.dnsAllow)"
	wholeRule   = "a short name for a service of the region, and a whole one only where there is no region in it, such as com.amazonaws.route53"
	ownSecret   = "another secret: pathwai-airflow-… are the platform's own, which no code of DAGs may read"
	ourOwn      = ": the platform decides it: it is the platform's own"
	trustedRule = "names of S3 buckets of others, whole ones, each once"
	privately   = "private networks (RFC 1918 or 6598)"
)

func dns(name string) change { return change{"network.dnsAllow": []any{name}} }

// wide are settings by which data could leave, or code of DAGs become something
// else, and mistakes that come to the same.
var wideFaults = []faultCase{
	{"names of anybody's below a registry", dns("*.co.uk"), []string{`airflow:network.dnsAllow is "*.co.uk": names below a domain of one owner: below co.uk anybody may have one, and read what is asked there`}},
	{"names of anybody's below a host of pages", dns("*.github.io"), []string{`airflow:network.dnsAllow is "*.github.io": names below a domain of one owner: below github.io anybody may have one, and read what is asked there`}},
	{"names of anybody's below a dynamic DNS", dns("*.duckdns.org"), []string{`airflow:network.dnsAllow is "*.duckdns.org": names below a domain of one owner: below duckdns.org anybody may have one, and read what is asked there`}},
	{"names of anybody's addresses", dns("*.in-addr.arpa"), []string{`airflow:network.dnsAllow is "*.in-addr.arpa": names below a domain of one owner: below in-addr.arpa anybody may have one, and read what is asked there`}},
	{"one name there", dns("team.github.io"), nil},
	{"a star within", dns("a.*.example.com"), []string{`airflow:network.dnsAllow is "a.*.example.com": ` + nameRule}},
	{"two stars", dns("*.*.example.com"), []string{`airflow:network.dnsAllow is "*.*.example.com": ` + nameRule}},
	{"a name with its root", dns("example.com."), []string{`airflow:network.dnsAllow is "example.com.": ` + nameRule}},

	{"another resolver", poolEgress(egress("172.20.0.53/32", 53)), []string{`airflow:workerPools[0].egress[0].ports is 53: ` + nameserver}},
	{"another resolver over TLS", poolEgress(egress("172.20.0.53/32", 853)), []string{`airflow:workerPools[0].egress[0].ports is 853: ` + nameserver}},
	{"another resolver over PrivateLink", change{"endpoints.services": []any{change{"name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", "ports": []any{53}, "why": "a partner"}}},
		[]string{`airflow:endpoints.services[0].ports is 53: ` + nameserver}},
	{"the metadata service", poolEgress(egress("169.254.169.254/32", 80)), []string{`airflow:workerPools[0].egress[0].to is "169.254.169.254/32": ` + placeRule}},
	{"loopback", poolEgress(egress("127.0.0.1/32", 80)), []string{`airflow:workerPools[0].egress[0].to is "127.0.0.1/32": ` + placeRule}},
	{"IPv6", poolEgress(egress("fd00::/16", 80)), []string{`airflow:workerPools[0].egress[0].to is "fd00::/16": ` + placeRule}},
	{"IPv4 in IPv6", poolEgress(egress("::ffff:10.0.0.0/112", 80)), []string{`airflow:workerPools[0].egress[0].to is "::ffff:10.0.0.0/112": ` + placeRule}},
	{"half of the internet", poolEgress(egress("128.0.0.0/1", 443)), []string{`airflow:workerPools[0].egress[0].to is "128.0.0.0/1": ` + placeRule}},

	{"the platform's own secret", change{"workerPools[0].secrets": change{"X": secretOf + "pathwai-airflow-dev-fernet-key-AbCdEf"}}, []string{`airflow:workerPools[0].secrets.X: ` + ownSecret}},
	{"another stack's secret", change{"services.triggerer.secrets": change{"X": secretOf + "pathwai-airflow-prod/jwt-AbCdEf:key::"}}, []string{`airflow:services.triggerer.secrets.X: ` + ownSecret}},
	{"code before the image's", change{"workerPools[0].environment": change{"LD_PRELOAD": "/tmp/x.so", "PATH": "/tmp", "PYTHONPATH": "/tmp"}}, []string{
		`airflow:workerPools[0].environment.LD_PRELOAD` + ourOwn, `airflow:workerPools[0].environment.PATH` + ourOwn, `airflow:workerPools[0].environment.PYTHONPATH` + ourOwn,
	}},
	{"AWS elsewhere", change{"services.dagsync.environment": change{"AWS_ENDPOINT_URL": "https://s3.example.com", "AWS_ENDPOINT_URL_S3": "https://s3.example.com", "AWS_ROLE_ARN": "x"}}, []string{
		`airflow:services.dagsync.environment.AWS_ENDPOINT_URL` + ourOwn, `airflow:services.dagsync.environment.AWS_ENDPOINT_URL_S3` + ourOwn, `airflow:services.dagsync.environment.AWS_ROLE_ARN` + ourOwn,
	}},
	{"other authorities", change{"services.scheduler.environment": change{"AWS_CA_BUNDLE": "/tmp/x", "SSL_CERT_FILE": "/tmp/x"}}, []string{
		`airflow:services.scheduler.environment.AWS_CA_BUNDLE` + ourOwn, `airflow:services.scheduler.environment.SSL_CERT_FILE` + ourOwn,
	}},
	{"another secrets backend", change{"services.triggerer.secrets": change{"AIRFLOW__WORKERS__SECRETS_BACKEND": secretOf + "x-AbCdEf"}},
		[]string{`airflow:services.triggerer.secrets.AIRFLOW__WORKERS__SECRETS_BACKEND: the platform decides it: set secretsBackend, which also permits what is looked for`}},

	{"an endpoint of another region", change{"endpoints.extra": []any{"com.amazonaws.eu-west-1.sqs"}}, []string{`airflow:endpoints.extra is "com.amazonaws.eu-west-1.sqs": ` + wholeRule}},
	{"a standard endpoint by its whole name", change{"endpoints.extra": []any{"com.amazonaws.us-east-1.kms"}}, []string{`airflow:endpoints.extra is "com.amazonaws.us-east-1.kms": ` + wholeRule}},
	{"all buckets of a name", change{"endpoints.trustedBuckets": []any{"partne?"}}, []string{`airflow:endpoints.trustedBuckets is "partne?": ` + trustedRule}},
	{"a part of a bucket", change{"endpoints.trustedBuckets": []any{"partner/*"}}, []string{`airflow:endpoints.trustedBuckets is "partner/*": ` + trustedRule}},
	{"a bucket's ARN", change{"endpoints.trustedBuckets": []any{"arn:aws:s3:::partner"}}, []string{`airflow:endpoints.trustedBuckets is "arn:aws:s3:::partner": ` + trustedRule}},
	{"an organization", change{"endpoints.trustedAccounts": []any{"o-a1b2c3d4e5"}}, []string{`airflow:endpoints.trustedAccounts is "o-a1b2c3d4e5": ` + trustRule}},
	{"AWS's own policies", change{"workerPools[0].policyArns": []any{"arn:aws:iam::aws:policy/AdministratorAccess"}},
		[]string{`airflow:workerPools[0].policyArns is "arn:aws:iam::aws:policy/AdministratorAccess": ARNs of managed policies of account 381492153064, each once`}},

	{"people from the internet", change{"loadBalancer.clientCidrs": []any{"8.0.0.0/8"}}, []string{`airflow:loadBalancer.clientCidrs is "8.0.0.0/8": ` + privately}},
	{"an IdP that is a whole range", withIdP("alb", change{"login.idpCidrs": []any{"10.0.0.0/8"}}), []string{`airflow:login.idpCidrs is "10.0.0.0/8": networks of the IdP from /16 to /32: what asks it reaches no other`, secretNeeded}},
	{"an IdP at the metadata service", withIdP("alb", change{"login.tokenEndpoint": "https://169.254.169.254/"}), []string{`airflow:login.tokenEndpoint is "https://169.254.169.254/": ` + httpsRule, secretNeeded}},
	{"an IdP of any name", withIdP("alb", change{"login.issuer": "https://*.example.com/"}), []string{`airflow:login.issuer is "https://*.example.com/": ` + httpsRule, secretNeeded}},
	{"questions from the internet", change{"network.resolver": change{"inbound": true, "clientCidrs": []any{"0.0.0.0/0"}}},
		[]string{`airflow:network.resolver.clientCidrs is "0.0.0.0/0": IPv4 networks from /8 to /32 without host bits, each once`}},
	{"a way to the metadata service", joins(join(JoinPeering, "pcx-0123456789abcdef0", "169.254.0.0/16")), []string{`airflow:network.joins[0].routes is "169.254.0.0/16": ` + routeRule}},
	{"a way within the VPC", joins(join(JoinPeering, "pcx-0123456789abcdef0", "10.40.1.0/24")), []string{`airflow:network.joins[0].routes is "10.40.1.0/24": networks that don't overlap the VPC's (10.40.0.0/16)`}},

	{"all secrets", change{"secretsBackend.connectionsPrefix": "*"}, []string{`airflow:secretsBackend.connectionsPrefix is "*": empty, or the beginning of secrets' names without a slash at its end, such as airflow/connections`}},
	{"RDS's own secrets", change{"secretsBackend.connectionsPrefix": "rds!db"}, []string{`airflow:secretsBackend.connectionsPrefix is "rds!db": empty, or the beginning of secrets' names without a slash at its end, such as airflow/connections`}},
	{"variables among connections", change{"secretsBackend": change{"connectionsPrefix": "airflow", "variablesPrefix": "airflow/variables"}},
		[]string{`airflow:secretsBackend is "airflow and airflow/variables": two prefixes, none within the other: a connection and a variable would be the same secret`}},
}
