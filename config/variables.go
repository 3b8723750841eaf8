package config

import (
	"regexp"
	"slices"
	"strings"
)

// reservedVariables are those that the platform, its images or ECS set, besides
// Airflow's options; with _ at the end, all that begin so.
var reservedVariables = []string{
	"AGENT_", "ECS_", "TINI_", "AWS_CONTAINER_", "AIRFLOW_OIDC_", "AIRFLOW_LOGIN_", "AIRFLOW_JWT_", "AIRFLOW_DB_", "AIRFLOW_METRICS_", "AIRFLOW_DAG_PROCESSOR_", "AIRFLOW_TRIGGERER_",
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
	"AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"PATH", "HOME", "PYTHONHOME", "PYTHONPATH", "LD_",
	"AIRFLOW_HOME", "AIRFLOW_CONFIG", "AIRFLOW_CONN_AWS_DEFAULT", "PGSSLROOTCERT", "FORWARDED_ALLOW_IPS", "REMAP_SIGTERM", "OTEL_EXPORTER_OTLP_ENDPOINT",
}

// ReservedVariable tells whether a stack can't set an environment variable, and why.
func ReservedVariable(name string) (string, bool) {
	if option, ok := strings.CutPrefix(name, "AIRFLOW__"); ok {
		section, option, _ := strings.Cut(strings.ToLower(option), "__")
		return ReservedOption(section, option)
	}
	for _, reserved := range reservedVariables {
		if name == reserved || strings.HasSuffix(reserved, "_") && strings.HasPrefix(name, reserved) {
			return "it is the platform's own", true
		}
	}
	return "", false
}

var (
	variableForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,127}$`)
	// secretForm is a whole ARN, with the six characters that Secrets Manager
	// puts behind a name: ECS takes no other, and a role for one secret needs it.
	secretForm = regexp.MustCompile(`^arn:aws:secretsmanager:([a-z0-9-]+):([0-9]{12}):secret:[A-Za-z0-9/_+=.@-]{1,256}-[A-Za-z0-9]{6}(:[A-Za-z0-9_.-]*:[A-Za-z0-9_.-]*:[A-Za-z0-9-]*)?$`)
	// withPassword is a connection in Airflow's JSON form that holds one.
	withPassword = regexp.MustCompile(`"password"\s*:`)
)

// mostVariables bounds a service's further variables: a task definition has at
// most 64 KiB.
const mostVariables = 50

// variables checks both kinds. A value is never shown: it may be a secret in
// the wrong place.
func (f *faults) variables(c *Config, at string, a Access) {
	if n := len(a.Secrets) + len(a.Environment); n > mostVariables {
		f.addf(at, nil, "at most %d variables in secrets and environment, not %d", mostVariables, n)
	}
	for _, name := range sortedKeys(a.Secrets) {
		here := at + ".secrets." + name
		f.variable(c, here, name)
		arn := secretForm.FindStringSubmatch(a.Secrets[name])
		if arn == nil || arn[1] != c.Region && !f.wrong(regionKey) || arn[2] != c.AccountID && !f.wrong(key("accountId")) {
			f.addf(here, nil, "arn:aws:secretsmanager:%s:%s:secret:<name>-<six characters>, the whole ARN of a secret of the account and region, with :<key>:: behind it for one key of its JSON", c.Region, c.AccountID)
		} else if _, name, _ := strings.Cut(arn[0], ":secret:"); strings.HasPrefix(name, c.Org+"-airflow-") {
			f.addf(here, nil, "another secret: %s-airflow-… are the platform's own, which no code of DAGs may read", c.Org)
		}
		if _, both := a.Environment[name]; both {
			f.add(here, nil, "in secrets or in environment, not in both")
		}
	}
	size := 0
	for _, name := range sortedKeys(a.Environment) {
		value, here := a.Environment[name], at+".environment."+name
		f.variable(c, here, name)
		lower := strings.ToLower(name)
		reference := strings.HasSuffix(lower, "_cmd") || strings.HasSuffix(lower, "_secret") && strings.HasPrefix(lower, "airflow__")
		switch {
		case !reference && sensitiveForm.MatchString(lower), withLogin.MatchString(value), withPassword.MatchString(value):
			f.add(here, nil, "a secret: it would stand in clear in the task definition; name its ARN in secrets")
		case len(value) > longestOption || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			f.addf(here, nil, "at most %d characters on one line, none of them a control character", longestOption)
		}
		size += len(name) + len(value)
	}
	if size > longestOptions {
		f.addf(at+".environment", nil, "at most %d characters in all, not %d: a task definition has at most 64 KiB", longestOptions, size)
	}
}

func (f *faults) variable(c *Config, at, name string) {
	f.matches(at, name, variableForm, "a variable: capital letters, digits and _, a letter first")
	if reason, reserved := ReservedVariable(name); reserved {
		f.addf(at, nil, "the platform decides it: %s", reason)
		return
	}
	if option, ok := strings.CutPrefix(name, "AIRFLOW__"); ok {
		list, _ := optionsOf(c.Airflow.Version)
		if fault := list.fault(list.split(strings.Replace(strings.ToLower(option), "__", ".", 1))); fault != "" {
			f.add(at, nil, fault)
		}
	}
}

// SecretsBackend says where in Secrets Manager Airflow looks for connections
// and variables before it asks its database; empty prefixes for nowhere.
type SecretsBackend struct {
	ConnectionsPrefix string `config:"connectionsPrefix"`
	VariablesPrefix   string `config:"variablesPrefix"`
}

// On says whether Airflow looks there at all.
func (b SecretsBackend) On() bool { return b.ConnectionsPrefix != "" || b.VariablesPrefix != "" }

// Prefixes are those that are set.
func (b SecretsBackend) Prefixes() []string {
	return slices.DeleteFunc([]string{b.ConnectionsPrefix, b.VariablesPrefix}, func(prefix string) bool { return prefix == "" })
}

var secretPrefixForm = regexp.MustCompile(`^[A-Za-z0-9_+=.@-]+(/[A-Za-z0-9_+=.@-]+)*$`)

func (f *faults) validateSecretsBackend(c *Config) {
	b := c.SecretsBackend
	for _, setting := range []struct{ name, prefix string }{
		{"connectionsPrefix", b.ConnectionsPrefix}, {"variablesPrefix", b.VariablesPrefix},
	} {
		at := key("secretsBackend." + setting.name)
		if setting.prefix == "" {
			continue
		}
		if len(setting.prefix) > 128 || !secretPrefixForm.MatchString(setting.prefix) {
			f.add(at, setting.prefix, "empty, or the beginning of secrets' names without a slash at its end, such as airflow/connections")
		} else if own, _, _ := strings.Cut(setting.prefix, "/"); strings.HasPrefix(own, c.Org+"-airflow-") {
			f.addf(at, setting.prefix, "another prefix: below %s-airflow-… lie the platform's own secrets, and every service that looks there could read them", c.Org)
		}
	}
	inside := func(one, other string) bool { return one != "" && strings.HasPrefix(other+"/", one+"/") }
	if inside(b.ConnectionsPrefix, b.VariablesPrefix) || inside(b.VariablesPrefix, b.ConnectionsPrefix) {
		f.add(key("secretsBackend"), b.ConnectionsPrefix+" and "+b.VariablesPrefix, "two prefixes, none within the other: a connection and a variable would be the same secret")
	}
}
