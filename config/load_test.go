package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestRealStacksAreValid(t *testing.T) {
	files, err := filepath.Glob("../Pulumi.*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 2)
	for _, file := range files {
		stack := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
		t.Run(stack, func(t *testing.T) {
			values, err := FromFile(file, stack)
			require.NoError(t, err)
			cfg, err := Load(project(t), values)
			require.NoError(t, err)
			require.Equal(t, stack, cfg.Environment)
			checkInvariants(t, cfg)
		})
	}
}

// The defaults are complete: without a stack file only what no default can
// know is missing, and all of it is asked for at once.
func TestDefaults(t *testing.T) {
	const (
		name    = "1 to 16 lower-case letters and digits, a letter first"
		bucket  = "a bucket name: 3 to 63 lower-case letters, digits and hyphens (no dots: they break TLS names), with none of the beginnings and ends that S3 keeps for itself"
		missing = ": required, but missing: "
	)
	want := []string{
		"airflow:org" + missing + name,
		"airflow:accountId" + missing + "an AWS account id: 12 digits, in quotes",
		"aws:region" + missing + "an AWS region such as us-east-1 (not of GovCloud or China, whose ARNs differ)",
		"airflow:network.zones" + missing + "two or three zones (RDS and the load balancer need two)",
		"airflow:buckets.dags" + missing + bucket,
		"airflow:buckets.logs" + missing + bucket,
		"airflow:buckets.accessLogs" + missing + bucket,
	}
	for _, image := range ImageNames {
		want = append(want, "airflow:images.digests."+image+": missing: the digest of the image that was pushed to <org>-airflow-dev/"+image+
			"; or set images.build to true, where a Docker engine is at hand at preview and up")
	}
	require.Equal(t, append(want,
		"airflow:loadBalancer.hostname"+missing+"a DNS name in lower case with at least one dot",
		"airflow:loadBalancer.certificateArn"+missing+"arn:aws:acm:<region>:<account>:certificate/<id>, a certificate for the hostname",
	), faultsOf(t, Values{Stack: "dev", Project: "airflow"}))

	cfg := valid(t, nil)
	require.Equal(t, "pathwai", cfg.Org)
	require.Equal(t, "381492153064", cfg.AccountID)
	require.Equal(t, "us-east-1", cfg.Region)
	require.Equal(t, "pathwai-airflow-dev", cfg.Prefix())
	require.Equal(t, ARM64, cfg.Services.Architecture)
	require.Equal(t, LoginNone, cfg.Login.Mode)
	require.Equal(t, 0, cfg.WorkerPools[0].Min)
	require.Equal(t, 10, cfg.WorkerPools[0].Max)
}

// No default knows whose platform it is: a fork that forgets an answer is told,
// and doesn't plan into somebody else's account.
func TestTheProjectFileNamesNobody(t *testing.T) {
	for _, file := range []string{"../Pulumi.yaml", "../bootstrap/Pulumi.yaml"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotRegexp(t, `pathwai|[0-9]{12}|(?m)(default|value): [a-z]{2}-[a-z]+-[0-9]`, string(text), file)
	}
}

// What Pulumi.yaml declares and what the program reads are the same settings.
func TestProjectFileAndTypesNameTheSameSettings(t *testing.T) {
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(project(t), &file))
	var declared []string
	for name := range file.Config {
		if !strings.Contains(name, ":") {
			declared = append(declared, name)
		}
	}
	require.ElementsMatch(t, sortedKeys(settings(reflect.ValueOf(&Config{}).Elem())), declared)
}

func TestAMissingDefaultIsAFault(t *testing.T) {
	without := regexp.MustCompile(`(?m)^      subnetPrefix: .*\n`).ReplaceAll(project(t), nil)
	require.NotEqual(t, project(t), without)
	_, err := Load(without, changed(t, nil))
	require.EqualError(t, err, "the configuration has 1 fault; nothing was planned:\n  airflow:network.subnetPrefix: required, but missing")

	without = regexp.MustCompile(`(?m)^    description: Further tags.*\n    default: \{\}\n`).ReplaceAll(project(t), nil)
	require.NotEqual(t, project(t), without)
	_, err = Load(without, changed(t, nil))
	require.EqualError(t, err, "the configuration has 1 fault; nothing was planned:\n  airflow:tags: required, but missing")
}

func TestABrokenProjectFileIsNoFaultOfTheStack(t *testing.T) {
	_, err := Load([]byte("config: [1, 2"), changed(t, nil))
	require.ErrorContains(t, err, "config: Pulumi.yaml:")
	_, err = Load([]byte("config: {org: {default: {1: 2}}}"), changed(t, nil))
	require.ErrorContains(t, err, "config: Pulumi.yaml: default of org:")
}

func TestStackValuesAreLaidOverDefaults(t *testing.T) {
	cfg := valid(t, change{
		"services.scheduler":             change{"count": 2},
		"network.zones":                  []any{"us-east-1b", "us-east-1a"},
		"airflow.options.core":           change{"max_active_runs_per_dag": "4"},
		"loadBalancer.zoneId":            "Z0123456789ABCDEFGHIJ",
		"workerPools[0].min":             2,
		"endpoints.extra":                []any{"monitoring", "sqs"},
		"schedule.timezone":              "Europe/Berlin",
		"tags":                           change{"CostCenter": "42"},
		"buckets.noncurrentDays":         1,
		"database.engineVersion":         "17.2",
		"broker.engine":                  "redis",
		"broker.engineVersion":           "7.1",
		"services.exec":                  false,
		"images.keep":                    5,
		"login.groupsClaim":              "roles",
		"secrets.fernetKey":              2,
		"files.oneZone":                  "",
		"workerPools[0].queues":          []any{"default", "small"},
		"database.insightsRetentionDays": 731,
	})
	require.Equal(t, 2, cfg.Services.Scheduler.Count, "the stack's")
	require.Equal(t, 1024, cfg.Services.Scheduler.CPU, "the default's, beside it")
	require.Equal(t, []string{"us-east-1b", "us-east-1a"}, cfg.Network.Zones, "lists are replaced")
	require.Equal(t, 20, cfg.Network.SubnetPrefix)
	require.Equal(t, map[string]map[string]string{"core": {"max_active_runs_per_dag": "4"}}, cfg.Airflow.Options)
	require.Equal(t, 2, cfg.WorkerPools[0].Min)
	require.Equal(t, []string{"default", "small"}, cfg.Queues())
	require.Equal(t, []string{"us-east-1b", "us-east-1a"}, cfg.TaskZones(), "without One Zone files all zones")
	require.Equal(t, []string{"us-east-1a"}, cfg.EndpointZones())
	checkInvariants(t, cfg)
}

func TestTheStacksNameIsPartOfAllNames(t *testing.T) {
	for stack, want := range map[string][]string{
		"dev":               nil,
		"staging2":          nil,
		"Dev":               {`the stack's name is "Dev": 1 to 16 lower-case letters and digits, a letter first`},
		"feature-x":         {`the stack's name is "feature-x": 1 to 16 lower-case letters and digits, a letter first`},
		"featurebranch":     {`the prefix of all names is "pathwai-airflow-featurebranch": at most 28 characters, since a load balancer's name has at most 32: shorten airflow:org or the stack's name`},
		"averyverylongname": {`the stack's name is "averyverylongname": 1 to 16 lower-case letters and digits, a letter first`},
	} {
		require.Equal(t, want, faultsOf(t, handOver(t, stack, stackFile(t, "dev"))), stack)
	}
}

func TestEndpointsAreInAllZonesUnlessSaidOtherwise(t *testing.T) {
	require.Equal(t, []string{"us-east-1a", "us-east-1b"}, valid(t, change{"endpoints.zones": []any{}}).EndpointZones())
}

// A policy document may be a map, or JSON.
func TestAnEndpointsPolicyIsATextOrAMap(t *testing.T) {
	const document = `{"Statement":[{"Effect":"Allow"}],"Version":"2012-10-17"}`
	for _, policy := range []any{document, change{"Version": "2012-10-17", "Statement": []any{change{"Effect": "Allow"}}}} {
		extra := valid(t, change{"endpoints.extra": []any{change{"service": "sqs", "policy": policy}}}).Endpoints.Extra
		require.Equal(t, []ExtraEndpoint{{Service: "sqs", Policy: document}}, extra)
	}
}

func TestKeysOfOthers(t *testing.T) {
	for key, want := range map[string][]string{
		"pulumi:disable-default-providers": nil,
		"awsx:anything":                    nil,
		"docker-build:host":                nil,
		"random:x":                         nil,
		"aws:profile":                      {"aws:profile: not read, aws:region is the only one: credentials and profiles come from the environment (AWS_PROFILE)"},
		"airlfow:org":                      {`airlfow:org: unknown key, did you mean "airflow:org"?`},
		"plumi:tags":                       {`plumi:tags: unknown key, did you mean "pulumi:tags"?`},
	} {
		values := changed(t, nil)
		values.Config[key] = "x"
		require.Equal(t, want, faultsOf(t, values), key)
	}
}

// --- secrets

const password = "hunter2-9f3a"

func encrypted(values Values, key, text string) Values {
	values.Config[key] = text
	values.SecretKeys = append(values.SecretKeys, key)
	return values
}

func TestTheClientSecretIsNotHeld(t *testing.T) {
	for _, mode := range []string{LoginALB, LoginFAB} {
		values := encrypted(changed(t, withIdP(mode, nil)), "airflow:oidcClientSecret", password)
		cfg, err := Load(project(t), values)
		require.NoError(t, err, mode)
		require.Equal(t, SecretPresence{Set: true, Encrypted: true}, cfg.OIDCClientSecret)
		held, err := json.Marshal(cfg)
		require.NoError(t, err)
		require.NotContains(t, string(held), password)
	}
}

// A mode asks for what it uses and for nothing else.
func TestEachLoginModeAsksForItsOwn(t *testing.T) {
	for mode, foreign := range map[string]change{
		LoginALB: {"login.roles": change{}, "login.groupsClaim": ""},
		LoginFAB: {"login.authorizationEndpoint": "", "login.tokenEndpoint": "", "login.userInfoEndpoint": "", "login.sessionSeconds": 0},
	} {
		require.Empty(t, faultsOf(t, encrypted(changed(t, withIdP(mode, foreign)), "airflow:oidcClientSecret", password)), mode)
	}
	require.Empty(t, faultsOf(t, changed(t, change{"login.issuer": "unused"})))
}

func TestTheErrorCountsItsFaults(t *testing.T) {
	_, err := Load(project(t), changed(t, change{"org": "x y"}))
	require.EqualError(t, err, "the configuration has 1 fault; nothing was planned:\n"+
		`  airflow:org is "x y": 1 to 16 lower-case letters and digits, a letter first`)
	_, err = Load(project(t), changed(t, change{"org": "x y", "accountId": "1"}))
	require.EqualError(t, err, "the configuration has 2 faults; nothing was planned:\n"+
		`  airflow:org is "x y": 1 to 16 lower-case letters and digits, a letter first`+"\n"+
		`  airflow:accountId is "1": an AWS account id: 12 digits, in quotes`)
}

// Wherever a secret was put, right or wrong, no fault repeats it.
func TestFaultsNeverShowSecrets(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, values := range map[string]Values{
		"encrypted where nothing is":   encrypted(changed(t, nil), "airflow:network", `{"cidr":"`+password+`"}`),
		"encrypted text":               encrypted(changed(t, nil), "airflow:org", password),
		"encrypted, and misspelled":    encrypted(changed(t, nil), "airflow:oidcClientSecrt", password),
		"encrypted region":             encrypted(changed(t, nil), "aws:region", password),
		"in clear":                     changed(t, change{"oidcClientSecret": password}),
		"in clear, nested":             changed(t, change{"login.clientSecret": password}),
		"in clear, in a list":          changed(t, change{"workerPools[0].password": password}),
		"in clear, deeper":             changed(t, change{"login.oidc": change{"clientSecret": password}}),
		"in clear, other namespace":    encrypted(changed(t, nil), "airlow:oidcClientSecret", password),
		"in an URL":                    changed(t, withIdP("alb", change{"login.tokenEndpoint": "https://a:" + password + "@idp.pathwai.com/t"})),
		"as a digest's name":           changed(t, change{"images.digests.secret": password}),
		"as an Airflow option":         changed(t, change{"airflow.options.smtp.smtp_password": password}),
		"as a long Airflow option":     changed(t, change{"airflow.options.core.note": password + long}),
		"as a reserved Airflow option": changed(t, change{"airflow.options.core.fernet_key": password}),
		"as an Airflow option's URL":   changed(t, change{"airflow.options.sentry.sentry_url": "https://a:" + password + "@sentry.io"}),
	} {
		t.Run(name, func(t *testing.T) {
			faults := faultsOf(t, values)
			require.NotEmpty(t, faults)
			require.NotContains(t, strings.Join(faults, "\n"), password)
		})
	}
	require.Equal(t, []string{"airflow:network: encrypted, but no secret: plans and outputs would show it; set it without --secret"},
		faultsOf(t, encrypted(changed(t, nil), "airflow:network", `{"cidr":"`+password+`"}`)))
}

// --- what the engine hands over

func TestFromEnvironment(t *testing.T) {
	t.Setenv("PULUMI_STACK", "dev")
	t.Setenv("PULUMI_PROJECT", "airflow")
	t.Setenv("PULUMI_CONFIG", `{"airflow:org":"pathwai"}`)
	t.Setenv("PULUMI_CONFIG_SECRET_KEYS", `["airflow:oidcClientSecret"]`)
	values, err := FromEnvironment()
	require.NoError(t, err)
	require.Equal(t, Values{
		Stack: "dev", Project: "airflow",
		Config:     map[string]string{"airflow:org": "pathwai"},
		SecretKeys: []string{"airflow:oidcClientSecret"},
	}, values)

	t.Setenv("PULUMI_CONFIG_SECRET_KEYS", password)
	_, err = FromEnvironment()
	require.EqualError(t, err, "config: PULUMI_CONFIG_SECRET_KEYS is not a JSON list of texts")
	t.Setenv("PULUMI_CONFIG", `{"a":`+password)
	_, err = FromEnvironment()
	require.EqualError(t, err, "config: PULUMI_CONFIG is not a JSON map of texts")

	require.NoError(t, os.Unsetenv("PULUMI_CONFIG"))
	require.NoError(t, os.Unsetenv("PULUMI_CONFIG_SECRET_KEYS"))
	values, err = FromEnvironment()
	require.NoError(t, err)
	require.Empty(t, values.Config)
}
