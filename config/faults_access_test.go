package config

import (
	"fmt"
	"strings"
)

const (
	placeRule   = "a private network (RFC 1918 or 6598) from /16 to /32 without host bits, or the id of a security group (sg-…) or prefix list (pl-…)"
	secretOf    = "arn:aws:secretsmanager:us-east-1:381492153064:secret:"
	arnRule     = secretOf + "<name>-<six characters>, the whole ARN of a secret of the account and region, with :<key>:: behind it for one key of its JSON"
	inClear     = "a secret: it would stand in clear in the task definition; name its ARN in secrets"
	serviceRule = "com.amazonaws.vpce.us-east-1.vpce-svc-<id>, the name that the service's owner tells, each once; AWS's own are endpoints.extra"
	trustRule   = "other AWS accounts' ids: 12 digits, in quotes, each once"
)

func egress(to string, ports ...any) change {
	if ports == nil {
		ports = []any{}
	}
	return change{"to": to, "ports": ports, "why": "the warehouse"}
}

func poolEgress(list ...any) change { return change{"workerPools[0].egress": list} }

var accessFaults = []faultCase{
	{"places beyond the platform", poolEgress(egress("172.20.1.0/24", 5432, 5439), egress("sg-0123456789abcdef0", 9092), egress("pl-0123456789abcdef0", 443)), nil},
	{"a service's places", change{"services.triggerer.egress": []any{egress("192.168.4.7/32", 22)}}, nil},
	{"everywhere", poolEgress(egress("0.0.0.0/0", 443)), []string{`airflow:workerPools[0].egress[0].to is "0.0.0.0/0": ` + placeRule}},
	{"a public range", poolEgress(egress("203.0.113.0/24", 443)), []string{`airflow:workerPools[0].egress[0].to is "203.0.113.0/24": ` + placeRule}},
	{"all of a private range", poolEgress(egress("10.0.0.0/8", 443)), []string{`airflow:workerPools[0].egress[0].to is "10.0.0.0/8": ` + placeRule}},
	{"the VPC itself", poolEgress(egress("10.40.3.0/24", 5432)),
		[]string{`airflow:workerPools[0].egress[0].to is "10.40.3.0/24": a network outside the VPC (10.40.0.0/16), in which there is nothing but the platform: edges between its parts are its own`}},
	{"all faults of a place", change{"services.dagsync.egress": []any{change{"to": "db.pathwai.com", "ports": []any{0, 70000}, "why": "x"}}}, []string{
		`airflow:services.dagsync.egress[0].to is "db.pathwai.com": ` + placeRule,
		`airflow:services.dagsync.egress[0].ports is 0: TCP ports, 1 to 65535, each once`,
		`airflow:services.dagsync.egress[0].ports is 70000: TCP ports, 1 to 65535, each once`,
		`airflow:services.dagsync.egress[0].why is "x": 3 to 200 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, since it becomes the description of the rule`,
	}},
	{"a place without ports", poolEgress(egress("172.20.1.0/24")), []string{`airflow:workerPools[0].egress[0].ports: 1 to 20 ports, not 0`}},
	{"a place twice", poolEgress(egress("172.20.1.0/24", 5432), egress("172.20.1.0/24", 5432)),
		[]string{`airflow:workerPools[0].egress[1] is "172.20.1.0/24:5432": each port of a place once`}},
	{"more rules than a group takes", poolEgress(manyPlaces(41)...),
		[]string{`airflow:workerPools[0].egress: at most 40 ports of places in all, not 41: a security group has 60 outbound rules, the platform's among them`}},

	{"policy of another account, for a service", change{"services.apiServer.policyArns": []any{"arn:aws:iam::111111111111:policy/x"}},
		[]string{`airflow:services.apiServer.policyArns is "arn:aws:iam::111111111111:policy/x": ARNs of managed policies of account 381492153064, each once`}},
	{"variables of a service", change{"services.scheduler.secrets": change{"SLACK_TOKEN": secretOf + "slack-AbCdEf", "AIRFLOW_CONN_DWH": secretOf + "dwh/conn-AbCdEf:uri::"},
		"services.scheduler.environment": change{"TEAM": "data", "AIRFLOW__SMTP__SMTP_HOST": "email-smtp.us-east-1.amazonaws.com"}}, nil},
	{"secret of another account", change{"workerPools[0].secrets": change{"X": "arn:aws:secretsmanager:us-east-1:111111111111:secret:x-AbCdEf"}}, []string{`airflow:workerPools[0].secrets.X: ` + arnRule}},
	{"secret by its name", change{"workerPools[0].secrets": change{"X": "x"}}, []string{`airflow:workerPools[0].secrets.X: ` + arnRule}},
	{"secret without its six characters", change{"workerPools[0].secrets": change{"X": secretOf + "x"}}, []string{`airflow:workerPools[0].secrets.X: ` + arnRule}},
	{"secrets in clear", change{"workerPools[0].environment": change{"DB_PASSWORD": "x", "AIRFLOW_CONN_A": "postgres://me:hunter2@db", "AIRFLOW_CONN_B": `{"password": "x"}`}}, []string{
		`airflow:workerPools[0].environment.AIRFLOW_CONN_A: ` + inClear, `airflow:workerPools[0].environment.AIRFLOW_CONN_B: ` + inClear, `airflow:workerPools[0].environment.DB_PASSWORD: ` + inClear,
	}},
	{"the platform's variables", change{"services.triggerer.environment": change{"AIRFLOW__CORE__EXECUTOR": "x", "AWS_REGION": "x", "AGENT_STACK": "x"}, "services.triggerer.secrets": change{"AIRFLOW__CORE__FERNET_KEY_CMD": secretOf + "x-AbCdEf"}}, []string{
		`airflow:services.triggerer.secrets.AIRFLOW__CORE__FERNET_KEY_CMD: the platform decides it: it is a secret of the stack; raise secrets.fernetKey to rotate it`,
		`airflow:services.triggerer.environment.AGENT_STACK: the platform decides it: it is the platform's own`,
		`airflow:services.triggerer.environment.AIRFLOW__CORE__EXECUTOR: the platform decides it: the platform is built for the CeleryExecutor`,
		`airflow:services.triggerer.environment.AWS_REGION: the platform decides it: it is the platform's own`,
	}},
	{"variables' names and values", change{"workerPools[0].environment": change{"lower": "x", "LINES": "a\nb"}}, []string{
		`airflow:workerPools[0].environment.LINES: at most 4096 characters on one line, none of them a control character`,
		`airflow:workerPools[0].environment.lower is "lower": a variable: capital letters, digits and _, a letter first`,
	}},
	{"a variable of both kinds", change{"workerPools[0].secrets": change{"X": secretOf + "x-AbCdEf"}, "workerPools[0].environment": change{"X": "x"}},
		[]string{`airflow:workerPools[0].secrets.X: in secrets or in environment, not in both`}},
	{"more than a task definition takes", change{"workerPools[0].environment": manyVariables(51, "x")}, []string{`airflow:workerPools[0]: at most 50 variables in secrets and environment, not 51`}},
	{"larger than a task definition takes", change{"workerPools[0].environment": manyVariables(5, strings.Repeat("x", 4000))},
		[]string{`airflow:workerPools[0].environment: at most 16384 characters in all, not 20010: a task definition has at most 64 KiB`}},

	{"a collector", change{"airflow.openTelemetry": change{"endpoint": "http://otel.example.com:4318", "to": "172.20.2.0/24"}}, nil},
	{"a collector by its address", change{"airflow.openTelemetry": change{"endpoint": "https://172.20.2.7:443", "to": "sg-0123456789abcdef0"}}, nil},
	{"half a collector", change{"airflow.openTelemetry.to": "172.20.2.0/24"}, []string{collectorEndpoint}},
	{"a collector anywhere", change{"airflow.openTelemetry": change{"endpoint": "http://otel.example.com:4318", "to": "0.0.0.0/0"}},
		[]string{`airflow:airflow.openTelemetry.to is "0.0.0.0/0": a private network (RFC 1918 or 6598) from /16 to /32 without host bits, or the id of a security group (sg-…) or prefix list (pl-…)`}},
	{"a collector without a port", collectorAt("http://otel.example.com"), []string{collectorEndpoint}},
	{"a collector's path", collectorAt("http://otel.example.com:4318/v1/metrics"), []string{collectorEndpoint}},
	{"a collector's login", collectorAt("https://u:hush@otel.example.com:4318"), []string{collectorEndpoint}},
	{"a collector's query", collectorAt("https://otel.example.com:4318?key=hush"), []string{collectorEndpoint}},
	{"a collector's bare question mark", collectorAt("https://otel.example.com:4318?"), []string{collectorEndpoint}},
	{"a collector's scheme", collectorAt("grpc://otel.example.com:4317"), []string{collectorEndpoint}},
	{"a collector's port", collectorAt("http://otel.example.com:70000"), []string{collectorEndpoint}},
	{"all names of a domain", collectorAt("http://*.example.com:4318"), []string{collectorEndpoint}},
	{"a collector in IPv6", collectorAt("http://[fd00::1]:4318"), []string{collectorEndpoint}},
	{"a collector in the environment", change{"services.scheduler.environment": change{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:1"}},
		[]string{`airflow:services.scheduler.environment.OTEL_EXPORTER_OTLP_ENDPOINT: the platform decides it: it is the platform's own`}},
	{"a collector in the options", change{"airflow.options": change{"metrics": change{"otel_on": "True"}}},
		[]string{`airflow:airflow.options.metrics.otel_on: the platform decides it: set airflow.openTelemetry`}},

	{"secrets backend", change{"secretsBackend": change{"connectionsPrefix": "airflow/connections", "variablesPrefix": "airflow/variables"}}, nil},
	{"secrets backend's slashes", change{"secretsBackend.connectionsPrefix": "airflow/connections/"},
		[]string{`airflow:secretsBackend.connectionsPrefix is "airflow/connections/": empty, or the beginning of secrets' names without a slash at its end, such as airflow/connections`}},
	{"secrets backend over the platform's own", change{"secretsBackend.variablesPrefix": "pathwai-airflow-prod"},
		[]string{`airflow:secretsBackend.variablesPrefix is "pathwai-airflow-prod": another prefix: below pathwai-airflow-… lie the platform's own secrets, and every service that looks there could read them`}},
	{"secrets backend's prefixes alike", change{"secretsBackend": change{"connectionsPrefix": "a", "variablesPrefix": "a"}},
		[]string{`airflow:secretsBackend is "a and a": two prefixes, none within the other: a connection and a variable would be the same secret`}},
}

func manyPlaces(n int) []any {
	list := make([]any, 0, n)
	for _, cidr := range many(n, "172.20.%d.0/24") {
		list = append(list, egress(cidr.(string), 5432))
	}
	return list
}

func manyVariables(n int, value string) change {
	variables := change{}
	for _, name := range many(n, "V%d") {
		variables[name.(string)] = value
	}
	return variables
}

var endpointFaults = []faultCase{
	{"further endpoints", change{"endpoints.extra": []any{"monitoring", "email-smtp", "dynamodb", "com.amazonaws.route53",
		change{"service": "sqs", "zones": []any{"us-east-1b"}}, change{"service": "transfer", "policy": "none", "privateDns": false, "ports": []any{443}},
		change{"service": "athena", "policy": `{"Version":"2012-10-17","Statement":[]}`}, change{"service": "glue", "policy": change{"Version": "2012-10-17", "Statement": []any{}}}}}, nil},
	{"DynamoDB by an interface", change{"endpoints.extra": []any{change{"service": "dynamodb", "type": "Interface"}}}, nil},
	{"all faults of an endpoint", change{"endpoints.extra": []any{change{"service": "sqs", "type": "Door", "ports": []any{0}, "zones": []any{"us-east-1f"}, "policy": "mine"}}}, []string{
		`airflow:endpoints.extra[0].type is "Door": one of Interface, Gateway`,
		`airflow:endpoints.extra[0].ports is 0: TCP ports, 1 to 65535, each once`,
		`airflow:endpoints.extra[0].zones is "us-east-1f": zones of network.zones (us-east-1a, us-east-1b), each once`,
		`airflow:endpoints.extra[0].policy is "mine": ownAccount, none (for a service that takes none), or a policy document`,
	}},
	{"a policy that is no document", change{"endpoints.extra": []any{change{"service": "sqs", "policy": []any{}}}}, []string{`airflow:endpoints.extra[0].policy is []: text (in quotes)`}},
	{"a gateway that AWS doesn't have", change{"endpoints.extra": []any{change{"service": "sqs", "type": "Gateway"}}},
		[]string{`airflow:endpoints.extra[0].type is "Gateway": Interface: of AWS's services only s3, which is always there, and dynamodb have a gateway`}},
	{"a gateway with an interface's settings", change{"endpoints.extra": []any{change{"service": "dynamodb", "zones": []any{"us-east-1a"}}}},
		[]string{`airflow:endpoints.extra[0] is "dynamodb": neither zones, ports nor privateDns: a gateway endpoint is a route, for HTTPS`}},
	{"DynamoDB's name for an interface", change{"endpoints.extra": []any{change{"service": "dynamodb", "type": "Interface", "privateDns": true}}},
		[]string{`airflow:endpoints.extra[0].privateDns is true: false: DynamoDB's name stays that of its gateway, and interfaces have names of their own`}},
	{"somebody else's service among AWS's", change{"endpoints.extra": []any{"com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"}},
		[]string{`airflow:endpoints.extra is "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0": short service names such as monitoring or sqs`}},
	{"PrivateLink", change{"endpoints.services": []any{change{"name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", "ports": []any{443}, "privateDns": true, "why": "Snowflake"}}}, nil},
	{"all faults of PrivateLink", change{"endpoints.services": []any{change{"name": "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0", "ports": []any{}, "zones": []any{"x"}, "why": ""}}}, []string{
		`airflow:endpoints.services[0].name is "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0": ` + serviceRule,
		`airflow:endpoints.services[0].ports: 1 to 20 ports, not 0`,
		`airflow:endpoints.services[0].zones is "x": zones of network.zones (us-east-1a, us-east-1b), each once`,
		`airflow:endpoints.services[0].why is "": 3 to 200 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, since it becomes the description of the rule`,
	}},
	{"too much PrivateLink", change{"endpoints.services": []any{service(0), service(1), service(2), service(3), service(4), service(5)}}, []string{`airflow:endpoints.services: at most 5 services, not 6`}},
	{"more rules than the workers' groups take", change{"endpoints.services": []any{manyPorts(0), manyPorts(1), manyPorts(2)}}, []string{
		tooManyRules("services.dagProcessor", "dag-processor", 64, "outbound"), tooManyRules("services.triggerer", "triggerer", 64, "outbound"),
		tooManyRules("workerPools[0]", "worker", 65, "outbound"),
	}},
	{"trust by name", change{"endpoints.trustedAccounts": []any{"111111111111"}, "endpoints.trustedBuckets": []any{"partner.exports"}}, nil},
	{"trust in anybody", change{"endpoints.trustedAccounts": []any{"*", "381492153064"}, "endpoints.trustedBuckets": []any{"partner-*"}}, []string{
		`airflow:endpoints.trustedAccounts is "*": ` + trustRule, `airflow:endpoints.trustedAccounts is "381492153064": ` + trustRule,
		`airflow:endpoints.trustedBuckets is "partner-*": names of S3 buckets of others, whole ones, each once`,
	}},
	{"trust in too many", change{"endpoints.trustedBuckets": many(21, "partner-%d")}, []string{`airflow:endpoints: at most 20 trustedAccounts and as many trustedBuckets, not 0 and 21`}},
}

// manyPorts is a partner's service on as many ports as one may have.
func manyPorts(n int) change {
	partner, ports := service(n), []any{}
	for i := range 20 {
		ports = append(ports, 8000+i)
	}
	partner["ports"] = ports
	return partner
}

func tooManyRules(setting, group string, rules int, direction string) string {
	return fmt.Sprintf("airflow:%s: fewer ports, networks or pools: the security group %s would have %d %s rules, one for each network and port, and EC2 allows 60", setting, group, rules, direction)
}

func service(n int) change {
	return change{"name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef" + string(rune('0'+n)), "ports": []any{443}, "why": "a partner"}
}

const collectorEndpoint = `airflow:airflow.openTelemetry.endpoint: http:// or https:// with a name in lower case or an IPv4 address and a port, and nothing behind it, such as http://otel.example.com:4318 (OTLP over HTTP)`

func collectorAt(endpoint string) change {
	return change{"airflow.openTelemetry": change{"endpoint": endpoint, "to": "172.20.2.0/24"}}
}
