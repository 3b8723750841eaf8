package config

import "strings"

const (
	networksRule = "IPv4 networks from /8 to /32 without host bits, each once"
	httpsRule    = "an https URL, such as https://idp.example.com/oauth2/token"
	cronRule     = "cron(minutes hours day-of-month month day-of-week year) with a question mark for one of the days, such as cron(0 20 ? * MON-FRI *)"
	secretRule   = "a secret: it would stand in clear in the task definition; use an Airflow connection, or the option with _secret or _cmd at its end"
	hostname     = "airflow.dev.pathwai.com"
)

// withIdP is a valid login over an IdP, before further changes.
func withIdP(mode string, more change) change {
	changes := change{
		"login.mode": mode, "login.privatePath": "vpn", "login.idpCidrs": []any{"10.9.0.0/24"}, "login.clientId": "airflow",
		"login.issuer":                "https://idp.pathwai.com",
		"login.authorizationEndpoint": "https://idp.pathwai.com/authorize",
		"login.tokenEndpoint":         "https://idp.pathwai.com/token",
		"login.userInfoEndpoint":      "https://idp.pathwai.com/userinfo",
		"login.roles":                 change{"airflow-ops": "Op"},
	}
	for path, value := range more {
		changes[path] = value
	}
	return changes
}

const secretNeeded = `airflow:oidcClientSecret: needed by login mode alb: pulumi config set --secret oidcClientSecret`

var webFaults = []faultCase{
	{"login of no known mode", change{"login": change{
		"mode": "ALB", "privatePath": "car", "idpCidrs": []any{"8.8.8.8/32"}, "issuer": "http://idp.example.com", "tokenEndpoint": "token", "clientId": "a b", "sessionSeconds": 1, "roles": change{"data": "Root"},
	}}, []string{
		`airflow:login.mode is "ALB": one of none, alb, fab`,
		`airflow:login.privatePath is "car": one of vpc, peering, transitGateway, vpn, directConnect: without a private path to the IdP every login ends in HTTP 500, since nothing leads out of this VPC; for an IdP on the internet set login.publicIdp`,
		`airflow:login.idpCidrs is "8.8.8.8/32": private networks (RFC 1918 or 6598)`,
		`airflow:login.clientId is "a b": the client id at the IdP`,
		`airflow:login.issuer is "http://idp.example.com": an https URL, such as https://idp.example.com/oauth2/token`,
		`airflow:login.tokenEndpoint is "token": an https URL, such as https://idp.example.com/oauth2/token`,
		`airflow:login.sessionSeconds is 1: 60 to 604800`,
		`airflow:login.roles.data is "Root": one of Admin, Op, User, Viewer, Public`,
	}},
	{"login of no known mode, on the internet", change{"login": change{"mode": "oidc", "publicIdp": change{"cidrs": []any{"0.0.0.0/0"}, "through": "tgw-1", "why": "the IdP"}}}, []string{
		`airflow:login.mode is "oidc": one of none, alb, fab`,
		`airflow:login.publicIdp.cidrs is "0.0.0.0/0": public IPv4 networks of the IdP from /18 to /32 without host bits, each once; one on a private path is login.idpCidrs`,
		`airflow:login.publicIdp.through is "tgw-1": the id of one of network.joins, a transit gateway, VPN gateway or core network behind which a way out is; a peering carries nothing beyond the other VPC`,
	}},
	{"no host name", change{"loadBalancer.hostname": "airflow"}, []string{`airflow:loadBalancer.hostname is "airflow": a DNS name in lower case with at least one dot`}},
	{"host name that only reads like one", change{"loadBalancer.hostname": "airflow.internal.com"}, nil},
	{"host name without a public CA", change{"loadBalancer.hostname": "airflow.dev.pathwai.internal"},
		[]string{`airflow:loadBalancer.hostname is "airflow.dev.pathwai.internal": a name below a public domain of yours, which may resolve only privately, such as airflow.dev.example.com: the tasks verify its certificate with public CAs, and none issues one below .internal`}},
	{"certificate of another account", change{"loadBalancer.certificateArn": "arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-4000-8000-000000000001"},
		[]string{`airflow:loadBalancer.certificateArn is "arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-4000-8000-00000000…: arn:aws:acm:us-east-1:381492153064:certificate/<id>, a certificate for ` + hostname}},
	{"no certificate", change{"loadBalancer.certificateArn": removed{}},
		[]string{`airflow:loadBalancer.certificateArn: required, but missing: arn:aws:acm:us-east-1:381492153064:certificate/<id>, a certificate for ` + hostname}},
	{"zone's name for its id", change{"loadBalancer.zoneId": "pathwai.com"}, []string{`airflow:loadBalancer.zoneId is "pathwai.com": empty, or the id of a private hosted zone`}},
	{"everybody a client", change{"loadBalancer.clientCidrs": []any{"0.0.0.0/0"}}, []string{`airflow:loadBalancer.clientCidrs is "0.0.0.0/0": ` + networksRule}},
	{"half of everybody a client", change{"loadBalancer.clientCidrs": []any{"128.0.0.0/1"}}, []string{`airflow:loadBalancer.clientCidrs is "128.0.0.0/1": ` + networksRule}},
	{"clients over IPv6", change{"loadBalancer.clientCidrs": []any{"fd00::/64"}}, []string{`airflow:loadBalancer.clientCidrs is "fd00::/64": ` + networksRule}},
	{"clients twice", change{"loadBalancer.clientCidrs": []any{"10.0.0.0/8", "10.0.0.0/8"}}, []string{`airflow:loadBalancer.clientCidrs is "10.0.0.0/8": ` + networksRule}},
	{"no clients", change{"loadBalancer.clientCidrs": []any{}}, []string{`airflow:loadBalancer.clientCidrs: 1 to 20 networks, not 0`}},
	{"too many clients", change{"loadBalancer.clientCidrs": many(21, "10.%d.0.0/16")}, []string{`airflow:loadBalancer.clientCidrs: 1 to 20 networks, not 21`}},
	{"login mode", change{"login.mode": "oidc"}, []string{`airflow:login.mode is "oidc": one of none, alb, fab`}},
	{"OIDC without a private path", withIdP("alb", change{"login.privatePath": ""}),
		[]string{`airflow:login.privatePath is "": one of vpc, peering, transitGateway, vpn, directConnect: without a private path to the IdP every login ends in HTTP 500, since nothing leads out of this VPC; for an IdP on the internet set login.publicIdp`, secretNeeded}},
	{"OIDC over the internet", withIdP("fab", change{"login.privatePath": "internet"}),
		[]string{
			`airflow:login.privatePath is "internet": one of vpc, peering, transitGateway, vpn, directConnect: without a private path to the IdP every login ends in HTTP 500, since nothing leads out of this VPC; for an IdP on the internet set login.publicIdp`,
			`airflow:oidcClientSecret: needed by login mode fab: pulumi config set --secret oidcClientSecret`,
		}},
	{"OIDC without the IdP's networks", withIdP("alb", change{"login.idpCidrs": []any{}}), []string{`airflow:login.idpCidrs: 1 to 20 networks, not 0`, secretNeeded}},
	{"OIDC to anywhere", withIdP("alb", change{"login.idpCidrs": []any{"0.0.0.0/0"}}), []string{`airflow:login.idpCidrs is "0.0.0.0/0": ` + networksRule, secretNeeded}},
	{"OIDC without URLs", withIdP("alb", change{
		"login.issuer": "", "login.authorizationEndpoint": "http://idp.pathwai.com/a", "login.tokenEndpoint": "https://idp/t", "login.userInfoEndpoint": "https://idp.pathwai.com/u#me",
	}), []string{
		`airflow:login.issuer is "": ` + httpsRule,
		`airflow:login.authorizationEndpoint is "http://idp.pathwai.com/a": ` + httpsRule,
		`airflow:login.tokenEndpoint is "https://idp/t": ` + httpsRule,
		`airflow:login.userInfoEndpoint is "https://idp.pathwai.com/u#me": ` + httpsRule,
		secretNeeded,
	}},
	{"password in a URL isn't repeated", withIdP("alb", change{"login.issuer": "https://me:hunter2@idp.pathwai.com"}),
		[]string{`airflow:login.issuer is "https://\u2026@idp.pathwai.com": ` + httpsRule, secretNeeded}},
	{"IdP on a port that is shut", withIdP("alb", change{"login.tokenEndpoint": "https://idp.pathwai.com:8443/t"}),
		[]string{`airflow:login.tokenEndpoint is "https://idp.pathwai.com:8443/t": an address on port 443: the security groups open no other to the IdP`, secretNeeded}},
	{"IdP that the public DNS doesn't know", withIdP("alb", change{
		"login.issuer": "https://idp.corp", "login.tokenEndpoint": "https://idp.pathwai.internal/t", "login.userInfoEndpoint": "https://idp.corp.example/u",
	}), []string{
		`airflow:login.tokenEndpoint is "https://idp.pathwai.internal/t": a host below a public domain, which may resolve to a private address: the load balancer looks it up in the public DNS, which knows nothing below .internal, and every login would end in HTTP 500`,
		`airflow:login.userInfoEndpoint is "https://idp.corp.example/u": a host below a public domain, which may resolve to a private address: the load balancer looks it up in the public DNS, which knows nothing below .example, and every login would end in HTTP 500`,
		secretNeeded,
	}},
	{"IdP that the VPC's resolver knows, asked by Airflow", withIdP("fab", change{"login.issuer": "https://idp.corp.internal"}),
		[]string{`airflow:oidcClientSecret: needed by login mode fab: pulumi config set --secret oidcClientSecret`}},
	{"client id", withIdP("alb", change{"login.clientId": ""}), []string{`airflow:login.clientId is "": the client id at the IdP`, secretNeeded}},
	{"session", withIdP("alb", change{"login.sessionSeconds": 59}), []string{`airflow:login.sessionSeconds is 59: 60 to 604800`, secretNeeded}},
	{"groups", withIdP("fab", change{"login.groupsClaim": "a b", "login.roles": change{"ops": "Root", "a\"b": "Op"}}),
		[]string{
			`airflow:login.groupsClaim is "a b": the name of a claim`,
			`airflow:login.roles (a group) is "a\"b": letters, digits, spaces and _.:/@+-, at most 128`,
			`airflow:login.roles.ops is "Root": one of Admin, Op, User, Viewer, Public`,
			`airflow:oidcClientSecret: needed by login mode fab: pulumi config set --secret oidcClientSecret`,
		}},
	{"nobody with a role", withIdP("fab", change{"login.roles": change{}}),
		[]string{
			`airflow:login.roles: at least one group of the IdP with its Airflow role, or nobody could do anything`,
			`airflow:oidcClientSecret: needed by login mode fab: pulumi config set --secret oidcClientSecret`,
		}},
	{"client secret in clear, though not needed", change{"oidcClientSecret": "hunter2"},
		[]string{`airflow:oidcClientSecret: in clear: take it out of the stack file, then pulumi config set --secret oidcClientSecret`}},
}

var serviceFaults = []faultCase{
	{"architecture", change{"services.architecture": "arm64"}, []string{`airflow:services.architecture is "arm64": one of ARM64, X86_64`}},
	{"log retention", change{"services.logRetentionDays": 0}, []string{`airflow:services.logRetentionDays is 0: ` + logsRule}},
	{"insights", change{"services.containerInsights": "on"}, []string{`airflow:services.containerInsights is "on": one of disabled, enabled, enhanced`}},
	{"cpu that Fargate hasn't", change{"services.scheduler.cpu": 768}, []string{`airflow:services.scheduler.cpu is 768: one of 256, 512, 1024, 2048, 4096, 8192, 16384`}},
	{"memory too small for the cpu", change{"services.dagProcessor.memory": 512}, []string{`airflow:services.dagProcessor.memory is 512: with cpu 512 Fargate takes 1024 to 4096 in steps of 1024`}},
	{"memory between the steps", change{"services.triggerer.memory": 1536}, []string{`airflow:services.triggerer.memory is 1536: with cpu 512 Fargate takes 1024 to 4096 in steps of 1024`}},
	{"memory too large for the cpu", change{"services.apiServer.memory": 9216}, []string{`airflow:services.apiServer.memory is 9216: with cpu 1024 Fargate takes 2048 to 8192 in steps of 1024`}},
	{"steps of large tasks", change{"services.scheduler.cpu": 8192, "services.scheduler.memory": 17408},
		[]string{`airflow:services.scheduler.memory is 17408: with cpu 8192 Fargate takes 16384 to 61440 in steps of 4096`}},
	{"smallest task", change{"services.dagsync": change{"cpu": 256, "memory": 512}}, nil},
	{"memory in GB", change{"services.dagsync.memory": 1}, []string{`airflow:services.dagsync.memory is 1: with cpu 256 Fargate takes 1024 to 2048 in steps of 1024`}},
	{"dagsync on Spot beyond all", change{"services.dagsync.spotPercent": 101, "services.dagsync.onDemandBase": 2},
		[]string{`airflow:services.dagsync.onDemandBase is 2: 0 to 1`, `airflow:services.dagsync.spotPercent is 101: 0 to 100`}},
	{"no scheduler", change{"services.scheduler.count": 0}, []string{`airflow:services.scheduler.count is 0: 1 to 5`}},
	{"too many schedulers", change{"services.scheduler.count": 6}, []string{`airflow:services.scheduler.count is 6: 1 to 5`}},
	{"no api-server", change{"services.apiServer.count": 0}, []string{`airflow:services.apiServer.count is 0: 1 to 10`}},
	{"many api-servers", change{"services.apiServer": change{"count": 10, "maxCount": 10, "onDemandBase": 10}, "database.instanceClass": "db.t4g.large"}, nil},
	{"largest below smallest", change{"services.apiServer.count": 4}, []string{`airflow:services.apiServer.maxCount is 3: from count (4) to 10`}},
	{"too many api-servers", change{"services.apiServer.maxCount": 11}, []string{`airflow:services.apiServer.maxCount is 11: from count (1) to 10`}},
	{"negative Spot", change{"services.triggerer.spotPercent": -1}, []string{`airflow:services.triggerer.spotPercent is -1: 0 to 100`}},
}

const poolPath = "workerPools[0]."

func pool(name string, queues ...any) change {
	if queues == nil {
		queues = []any{}
	}
	return change{"name": name, "queues": queues, "concurrency": 2, "cpu": 1024, "memory": 2048, "min": 0, "max": 1, "onDemandBase": 0, "spotPercent": 0}
}

func pools(n int) []any {
	list := []any{pool("default", "default")}
	for _, name := range many(n-1, "p%d") {
		list = append(list, pool(name.(string), name))
	}
	return list
}

var poolFaults = []faultCase{
	{"no pool", change{"workerPools": []any{}}, []string{`airflow:workerPools: 1 to 20 pools, not 0`}},
	{"too many pools", change{"workerPools": pools(21)}, []string{`airflow:workerPools: 1 to 20 pools, not 21`}},
	{"name", change{poolPath + "name": "Heavy_1"}, []string{`airflow:workerPools[0].name is "Heavy_1": 1 to 12 lower-case letters and digits, a letter first`}},
	{"two pools of one name", change{"workerPools": []any{pool("a", "default"), pool("a", "b")}},
		[]string{`airflow:workerPools[1].name is "a": a name that no other pool has`}},
	{"queue in two pools", change{"workerPools": []any{pool("a", "default", "b"), pool("c", "b")}},
		[]string{`airflow:workerPools[1].queues is "b": a queue that no other pool works off (a does): its backlog would be counted twice`}},
	{"no pool for the default queue", change{poolPath + "queues": []any{"etl"}},
		[]string{`airflow:workerPools is ["etl"]: one pool with the queue "default", where Airflow sends every task without one`}},
	{"queue's name", change{poolPath + "queues": []any{"default", "a,b"}},
		[]string{`airflow:workerPools[0].queues is "a,b": queue names of lower-case letters, digits, _ and -`}},
	{"no queue", change{"workerPools": []any{pool("a", "default"), pool("b")}}, []string{`airflow:workerPools[1].queues: 1 to 7 queues, not 0`}},
	{"more queues than an alarm reads", change{poolPath + "queues": append(many(7, "q%d"), "default")}, []string{`airflow:workerPools[0].queues: 1 to 7 queues, not 8`}},
	{"max below min", change{poolPath + "min": 5, poolPath + "max": 4}, []string{`airflow:workerPools[0].min is 5: 0 to max (4)`}},
	{"negative min", change{poolPath + "min": -1}, []string{`airflow:workerPools[0].min is -1: 0 to max (10)`}},
	{"max beyond the scaling steps", change{poolPath + "max": 21}, []string{`airflow:workerPools[0].max is 21: 1 to 20`}},
	{"no slot", change{poolPath + "concurrency": 0}, []string{`airflow:workerPools[0].concurrency is 0: 1 to 64`}},
	{"cpu", change{poolPath + "cpu": 1000}, []string{`airflow:workerPools[0].cpu is 1000: one of 256, 512, 1024, 2048, 4096, 8192, 16384`}},
	{"too little memory for the slots", change{poolPath + "concurrency": 11, poolPath + "memory": 2048, "database.instanceClass": "db.m7g.large"},
		[]string{`airflow:workerPools[0].memory is 2048: at least 2100 for concurrency 11: a worker needs 1000 MiB idle and 100 MiB per running task`}},
	{"on-demand base", change{poolPath + "onDemandBase": 21}, []string{`airflow:workerPools[0].onDemandBase is 21: 0 to 20`}},
	{"policy of AWS's", change{poolPath + "policyArns": []any{"arn:aws:iam::aws:policy/AdministratorAccess"}},
		[]string{`airflow:workerPools[0].policyArns is "arn:aws:iam::aws:policy/AdministratorAccess": ARNs of managed policies of account 381492153064, each once`}},
	{"policy twice", change{poolPath + "policyArns": []any{"arn:aws:iam::381492153064:policy/a", "arn:aws:iam::381492153064:policy/a"}},
		[]string{`airflow:workerPools[0].policyArns is "arn:aws:iam::381492153064:policy/a": ARNs of managed policies of account 381492153064, each once`}},
	{"more policies than IAM attaches", change{poolPath + "policyArns": many(11, "arn:aws:iam::381492153064:policy/a%d")},
		[]string{`airflow:workerPools[0].policyArns is 11: at most 10 policies (IAM's quota for a role)`}},
}

var airflowFaults = []faultCase{
	{"stop without start", change{"schedule.stop": "cron(0 20 ? * MON-FRI *)"},
		[]string{`airflow:schedule is {"start":"","stop":"cron(0 20 ? * MON-FRI *)"}: both stop and start, or neither`}},
	{"five fields", change{"schedule.stop": "cron(0 20 * * MON-FRI)", "schedule.start": "cron(0 6 ? * MON-FRI *)"},
		[]string{`airflow:schedule.stop is "cron(0 20 * * MON-FRI)": ` + cronRule}},
	{"both days", change{"schedule.stop": "cron(0 20 * * MON-FRI *)", "schedule.start": "cron(0 6 ? * MON-FRI *)"},
		[]string{`airflow:schedule.stop is "cron(0 20 * * MON-FRI *)": ` + cronRule}},
	{"hour 24", change{"schedule.stop": "cron(0 20 ? * MON-FRI *)", "schedule.start": "cron(0 24 ? * MON-FRI *)"},
		[]string{`airflow:schedule.start is "cron(0 24 ? * MON-FRI *)": ` + cronRule}},
	{"odd but right", change{"schedule.stop": "cron(0/15 1,3-5 L JAN-MAR,12 ? 2026-2030)", "schedule.start": "cron(37 23 ? * 2#1,FRIL *)"}, nil},
	{"start twice an hour", change{"schedule.stop": "cron(0 20 ? * MON-FRI *)", "schedule.start": "cron(0,30 6 ? * MON-FRI *)"}, nil},
	{"workers that never end", change{"schedule.drainMinutes": 721}, []string{`airflow:schedule.drainMinutes is 721: 0 to 720`}},
	{"time zone", change{"schedule.timezone": "Berlin"}, []string{`airflow:schedule.timezone is "Berlin": an IANA time zone such as Europe/Berlin or UTC`}},
	{"time zone of this machine", change{"schedule.timezone": "Local"}, []string{`airflow:schedule.timezone is "Local": an IANA time zone such as Europe/Berlin or UTC`}},
	{"no time zone", change{"schedule.timezone": ""}, []string{`airflow:schedule.timezone is "": an IANA time zone such as Europe/Berlin or UTC`}},
	{"line of Airflow", change{"airflow.version": "3.2"}, []string{`airflow:airflow.version is "3.2": one of 3.1, 3.3`}},
	{"refresh", change{"airflow.dagRefreshSeconds": 4}, []string{`airflow:airflow.dagRefreshSeconds is 4: 5 to 300`}},
	{"queue timeout", change{"airflow.queuedTimeoutSeconds": 600}, []string{`airflow:airflow.queuedTimeoutSeconds is 600: 1800 to 604800`}},
	{"retention", change{"airflow.retentionDays": 0}, []string{`airflow:airflow.retentionDays is 0: 1 to 3650`}},
	{"option that the platform sets", change{"airflow.options.core.executor": "LocalExecutor"},
		[]string{`airflow:airflow.options.core.executor: the platform decides it: the platform is built for the CeleryExecutor`}},
	{"option that the platform sets, by command", change{"airflow.options.core.fernet_key_cmd": "cat key"},
		[]string{`airflow:airflow.options.core.fernet_key_cmd: the platform decides it: it is a secret of the stack; raise secrets.fernetKey to rotate it`}},
	{"option in upper case", change{"airflow.options.Core.Max": "1"},
		[]string{
			`airflow:airflow.options.Core is "Core": a section of airflow.cfg: lower-case letters, digits and _`,
			`airflow:airflow.options.Core.Max is "Max": an option of airflow.cfg: lower-case letters, digits and _`,
		}},
	{"secret option", change{"airflow.options.celery.flower_basic_auth": "hunter2"}, []string{`airflow:airflow.options.celery.flower_basic_auth: ` + secretRule}},
	{"secret option by reference", change{"airflow.options.celery.flower_basic_auth_secret": "flower"}, nil},
	{"password in an option's URL", change{"airflow.options.traces.otel_host": "http://me:hunter2@proxy"}, []string{`airflow:airflow.options.traces.otel_host: ` + secretRule}},
	{"option that Airflow doesn't have", change{"airflow.options.core.paralelism": "4"},
		[]string{`airflow:airflow.options.core.paralelism: Airflow 3.1 and the image's providers have no such option; did you mean core.parallelism?`}},
	{"option in another section", change{"airflow.options.scheduler.max_active_runs_per_dag": "4"},
		[]string{`airflow:airflow.options.scheduler.max_active_runs_per_dag: Airflow 3.1 and the image's providers have no such option; did you mean core.max_active_runs_per_dag?`}},
	{"section that Airflow doesn't have", change{"airflow.options.dag_procesor.parsing_processes": "4"},
		[]string{`airflow:airflow.options.dag_procesor.parsing_processes: Airflow 3.1 and the image's providers have no such option; did you mean dag_processor.parsing_processes?`}},
	{"option that moved", change{"airflow.options.webserver.page_size": "50"},
		[]string{`airflow:airflow.options.webserver.page_size: Airflow 3.1 calls it api.page_size`}},
	{"option that moved to one that is decided", change{"airflow.options.scheduler.dag_dir_list_interval": "50"},
		[]string{`airflow:airflow.options.scheduler.dag_dir_list_interval: Airflow 3.1 calls it dag_processor.refresh_interval, and the platform decides that: set airflow.dagRefreshSeconds`}},
	{"option of the other line", change{"airflow.options.scheduler.ti_metrics_interval": "50"},
		[]string{`airflow:airflow.options.scheduler.ti_metrics_interval: Airflow 3.1 calls it scheduler.running_metrics_interval, Airflow 3.3 as here`}},
	{"option that the other line alone has", change{"airflow.options.api.theme": "x"},
		[]string{`airflow:airflow.options.api.theme: Airflow 3.1 and the image's providers have no such option, Airflow 3.3 has`}},
	{"option of its line", change{"airflow.version": "3.3", "airflow.options.scheduler.ti_metrics_interval": "50"}, nil},
	{"option that its line calls otherwise", change{"airflow.version": "3.3", "airflow.options.scheduler.running_metrics_interval": "50"},
		[]string{`airflow:airflow.options.scheduler.running_metrics_interval: Airflow 3.3 calls it scheduler.ti_metrics_interval`}},
	{"option by command that isn't secret", change{"airflow.options.core.default_timezone_cmd": "date"},
		[]string{`airflow:airflow.options.core.default_timezone_cmd: Airflow 3.1 takes core.default_timezone as it is alone: a value from a command or a secrets backend is for its secret options`}},
	{"option that kombu gets", change{"airflow.options.celery_broker_transport_options.socket_timeout": "5"}, nil},
	{"option at whose default a part works", change{"airflow.options.celery.worker_enable_remote_control": "False"},
		[]string{`airflow:airflow.options.celery.worker_enable_remote_control: the platform decides it: the guard asks a worker over it whether it is busy: without an answer every worker is replaced, for ever`}},
	{"variable for an option that Airflow doesn't have", change{"services.scheduler.environment.AIRFLOW__SCHEDULER__PARSING_PROCESSES": "4"},
		[]string{`airflow:services.scheduler.environment.AIRFLOW__SCHEDULER__PARSING_PROCESSES: Airflow 3.1 calls it dag_processor.parsing_processes`}},
	{"option of two lines", change{"airflow.options.core.dag_ignore_file_syntax": "a\nb"},
		[]string{`airflow:airflow.options.core.dag_ignore_file_syntax: at most 4096 characters on one line, none of them a control character`}},
	{"option too long", change{"airflow.options.core.dag_ignore_file_syntax": strings.Repeat("x", 4097)},
		[]string{`airflow:airflow.options.core.dag_ignore_file_syntax: at most 4096 characters on one line, none of them a control character`}},
	{"options too long together", change{"airflow.options.celery_broker_transport_options": longOptions(5)},
		[]string{`airflow:airflow.options: at most 16384 characters in all, not 20645: a task definition has at most 64 KiB`}},
	{"number for an option", change{"airflow.options.core.max_active_tasks_per_dag": 32},
		[]string{`airflow:airflow.options.core.max_active_tasks_per_dag is 32: text (in quotes)`}},
}

var alarmFaults = []faultCase{
	{"addresses", change{"alarms.emails": []any{"ops@pathwai.example", "ops@pathwai.example", "Ops <ops@pathwai.example>"}},
		[]string{
			`airflow:alarms.emails is "ops@pathwai.example": e-mail addresses, each once`,
			`airflow:alarms.emails is "Ops <ops@pathwai.example>": e-mail addresses, each once`,
		}},
	{"alarm beyond the longest task", change{"alarms.taskDurationSeconds": 90000},
		[]string{`airflow:alarms.taskDurationSeconds is 90000: at most airflow.longestTaskSeconds, 86400: a longer task may lose its code, and its message comes a second time`}},
	{"alarm within it", change{"alarms.taskDurationSeconds": 90000, "airflow.longestTaskSeconds": 90000}, nil},
	{"longest task", change{"airflow.longestTaskSeconds": 3599}, []string{`airflow:airflow.longestTaskSeconds is 3599: 3600 to 604800`}},
	{"thresholds", change{"alarms.queueWaitSeconds": 59, "alarms.taskDurationSeconds": 604801, "alarms.taskFailures": 0, "alarms.syncLagSeconds": 29},
		[]string{
			`airflow:alarms.queueWaitSeconds is 59: 60 to 86400`,
			`airflow:alarms.taskDurationSeconds is 604801: 60 to 604800`,
			`airflow:alarms.taskFailures is 0: 1 to 100000`,
			`airflow:alarms.syncLagSeconds is 29: 30 to 3600`,
		}},
	{"a budget below nothing", change{"budget.monthlyUsd": -1}, []string{`airflow:budget.monthlyUsd is -1: 0 to 1000000`}},
}

func longOptions(n int) change {
	options := change{}
	for _, name := range many(n, "o%d") {
		options[name.(string)] = strings.Repeat("x", 4096)
	}
	return options
}
