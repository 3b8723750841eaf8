package cases

// secretMutants hold secrets in plain text by value, by shape, and elsewhere
// than in a container's environment.
func secretMutants() []Mutant {
	const rule = "no-plaintext-secret"
	worker := func(title, says string, more object) Mutant {
		return mutant(rule, title, service(), "worker", says, set("worker", "containerDefinitions", text(list{merge(containerDefinition(), more)})))
	}
	env := func(title, name, value, says string) Mutant {
		m := worker(title, says, object{"environment": list{object{"name": name, "value": value}}})
		m.Quick = true
		return m
	}
	command := func(title, says string, arguments ...any) Mutant {
		return worker("command: "+title, says, object{"command": arguments})
	}
	const aJWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhaXJmbG93In0.c2lnbmF0dXJl"
	var mutants []Mutant
	for title, value := range map[string]string{
		"GitHub": "ghp_0123456789abcdefghijklmnopqrstuvwxyz", "GitHub, fine-grained": "github_pat_0123456789abcdefghijkl", "GitLab": "glpat-0123456789abcdefghij", "Slack": "xoxb-0123456789-abcdefghij",
		"Slack's hook": "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnop", "AWS": "ASIAABCDEFGHIJKLMNOP", "JWT": aJWT, "Stripe": "sk_live_0123456789abcdef",
		"private key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", "npm": "npm_0123456789abcdefghijklmnopqrstuvwxyz", "Google": "AIza0123456789abcdefghijklmnopqrstuvwxy",
		"URL with a password": "amqp://guest:guest@mq:5672/",
	} {
		mutants = append(mutants, env("token by its shape: "+title, "SETTING", value, "the value of SETTING holds a credential"))
	}
	for _, name := range []string{"DB_PASSWORD_1", "PASSWORD2", "API_TOKEN_OLD", "secretKey2", "REDIS_PASSWORD_V2", "db.password"} {
		mutants = append(mutants, env("name with something behind it: "+name, name, "hunter2", name+" is set in plain text"))
	}
	override := text(object{"containerOverrides": list{object{"name": "main", "environment": list{object{"name": "DB_PASSWORD", "value": "hunter2"}}}}})
	definition := text(object{"StartAt": "Run", "States": object{"Run": object{"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true, "Parameters": object{
		"Overrides": object{"ContainerOverrides": list{object{"Name": "main", "Environment": list{object{"Name": "API_TOKEN", "Value": "hunter2"}}}}}}}}})
	job := func(more object) object {
		return object{"name": "j", "type": "container", "containerProperties": text(merge(object{"image": "i", "command": list{"run"}}, more))}
	}
	const batch = "aws:batch/jobDefinition:JobDefinition"
	return append(mutants,
		env("connection as JSON", "AIRFLOW_CONN_DB", `{"conn_type": "postgres", "host": "db", "login": "airflow", "password": "hunter2"}`, "gives password in plain text"),
		env("connection as words", "DSN", "host=db user=airflow password=hunter2 sslmode=require", "gives password in plain text"),
		env("connection as a list", "ADO", "Server=db;User Id=sa;Password=hunter2;", "gives Password in plain text"),
		env("connection as a query", "JDBC", "jdbc:postgresql://db/airflow?user=a&password=hunter2", "gives password in plain text"),
		env("password of digits", "DB_PASSWORD", "12345678", "DB_PASSWORD is set in plain text"),
		worker("GitHub's token", "holds a credential", object{"environment": list{object{"name": "SETTING", "value": "ghp_0123456789abcdefghijklmnopqrstuvwxyz"}}}),
		worker("connection as JSON, in the engine", "gives password in plain text", object{"environment": list{object{"name": "AIRFLOW_CONN_DB", "value": `{"conn_type": "postgres", "password": "hunter2"}`}}}),
		worker("name with a digit behind it", "DB_PASSWORD_1 is set in plain text", object{"environment": list{object{"name": "DB_PASSWORD_1", "value": "hunter2"}}}),
		command("flag", "its command gives password in plain text", "users", "create", "--password", "hunter2"),
		command("flag with =", "its command gives admin-password in plain text", "start", "--admin-password=hunter2"),
		command("variable in a shell", "its command gives PGPASSWORD in plain text", "sh", "-c", "PGPASSWORD=hunter2 psql -h db"),
		command("export in a shell", "its command gives DB_PASSWORD in plain text", "sh", "-c", "export DB_PASSWORD='hunter2' && run"),
		command("mysql", "a program's argument", "sh", "-c", "mysql -h db -u root -phunter2 airflow"),
		command("curl", "a program's argument", "curl", "-u", "admin:hunter2", "https://api.internal/"),
		command("header", "a program's argument", "sh", "-c", "wget --header='Authorization: Bearer abcdef123456' https://api.internal"),
		command("token", "an argument of its command holds a credential", "git", "clone", "https://ghp_0123456789abcdefghijklmnopqrstuvwxyz@github.com/x/y"),
		worker("health check", "healthCheck: its command gives password in plain text", object{"healthCheck": object{"command": list{"CMD-SHELL", "check --password=hunter2"}}}),
		worker("label", "dockerLabels: api.token is set in plain text", object{"dockerLabels": object{"api.token": "hunter2"}}),
		mutant("no-privileged-container", "path of the host", service(), "worker", `volume "socket" is /var/run/docker.sock of its host`, set("worker", "volumes.0", object{"name": "socket", "hostPath": "/var/run/docker.sock"})),
		mutant("no-privileged-container", "job: privileged", onlyOne(batch, job(object{"privileged": true})), "it", "is privileged"),
		mutant("no-privileged-container", "job: path of the host", onlyOne(batch, job(object{"volumes": list{object{"name": "root", "host": object{"sourcePath": "/"}}}})), "it", `volume "root" is / of its host`),
		mutant(rule, "job: environment", onlyOne(batch, job(object{"environment": list{object{"name": "DB_PASSWORD", "value": "hunter2"}}})), "it", "DB_PASSWORD is set in plain text"),
		mutant(rule, "job: command", onlyOne(batch, job(object{"command": list{"--token", "hunter2"}})), "it", "gives token in plain text"),
		mutant(rule, "override in an event's target", elsewhere(), "event", "DB_PASSWORD is set in plain text", set("event", "input", override)),
		mutant(rule, "override in a schedule's target", elsewhere(), "schedule", "DB_PASSWORD is set in plain text", set("schedule", "target.input", override)),
		mutant(rule, "override in a pipe's target", elsewhere(), "pipe", "DB_PASSWORD is set in plain text", set("pipe", "targetParameters.ecsTaskParameters.overrides", object{"containerOverrides": list{object{"name": "main", "environments": list{object{"name": "DB_PASSWORD", "value": "hunter2"}}}}})),
		mutant(rule, "state machine", onlyOne("aws:sfn/stateMachine:StateMachine", object{"roleArn": "r", "definition": definition}), "it", "API_TOKEN is set in plain text"),
		mutant(rule, "user data", elsewhere(), "instance", "userData gives DB_PASSWORD in plain text", set("instance", "userData", "#!/bin/sh\nexport DB_PASSWORD=hunter2\n")),
		mutant(rule, "user data of a template", elsewhere(), "template", "userData gives DB_PASSWORD in plain text", set("template", "userData", "IyEvYmluL3NoCmV4cG9ydCBEQl9QQVNTV09SRD1odW50ZXIyCg==")),
		mutant(rule, "build", onlyOne("aws:codebuild/project:Project", object{"vpcConfig": inVPC, "serviceRole": "r", "environment": object{"environmentVariables": list{object{"name": "NPM_TOKEN", "value": "hunter2"}}}}), "it", "NPM_TOKEN is set in plain text"),
		wordOfOnesOwn(),
	)
}

// wordOfOnesOwn is a secret by a word that the settings add.
func wordOfOnesOwn() Mutant {
	m := alone(mutant("no-plaintext-secret", "a word of the settings", onlyOne("aws:glue/job:Job", object{"roleArn": "r", "securityConfiguration": "s", "connections": list{"c"}, "command": object{"scriptLocation": "s3://b/x.py"}, "defaultArguments": object{"--db-losung": "hunter2"}}), "it", "db-losung is set in plain text"))
	m.Config = object{"pack-settings": object{"secretWords": list{"losung"}}}
	return m
}

func onlyOne(t string, props object) Group { return one(t, "it", props) }
