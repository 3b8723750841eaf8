package config

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// hostile values try to get out of where they are put: JSON, ARNs, shell
// commands of runbooks, lines of a terminal, paths.
var hostile = map[string]string{
	"JSON quote":         `x","Effect":"Allow","Action":"*`,
	"JSON escape":        `x\u0022,`,
	"ARN separator":      `x:*:role/admin`,
	"ARN wildcard":       `*`,
	"ARN single letter":  `x?`,
	"ARN path":           `x/../*`,
	"policy variable":    `${aws:username}`,
	"shell command":      `x; rm -rf /`,
	"shell substitution": `$(id)`,
	"shell backquote":    "`id`",
	"shell quote":        `x' || true #`,
	"option":             `--no-sign-request`,
	"template":           `{{ ti.xcom_pull() }}`,
	"line break":         "x\n  airflow:org: fine",
	"carriage return":    "x\rairflow: fine",
	"NUL":                "x\x00y",
	"terminal sequence":  "x\x1b[2J\x1b]0;title\x07",
	"C1 control":         "x\u009b31m",
	"right to left":      "x\u202egnol",
	"isolate":            "x\u2066y\u2069",
	"zero width":         "x\u200by",
	"byte order mark":    "\ufeffx",
	"lookalike":          "us-e\u0430st-1a",
	"emoji":              "x🚀",
	"wide":               "ｐａｔｈｗａｉ",
	"Turkish":            "İstanbul",
	"no UTF-8":           "x\xff\xfe",
	"space":              " ",
	"space around":       " pathwai ",
	"very long":          strings.Repeat("a", 100000),
	"very long, unicode": strings.Repeat("ä", 100000),
}

// places are settings that become part of a name, an ARN, a document, a
// command, or an argument; each with a list or map around the value if need be.
var places = map[string]func(value string) change{
	"org":                              oneText("org"),
	"accountId":                        oneText("accountId"),
	"aws:region":                       oneText("aws:region"),
	"permissionsBoundaryArn":           oneText("permissionsBoundaryArn"),
	"tags (a key)":                     func(v string) change { return change{"tags": change{v: "x"}} },
	"network.cidr":                     oneText("network.cidr"),
	"network.zones":                    oneList("network.zones"),
	"endpoints.zones":                  oneList("endpoints.zones"),
	"endpoints.extra":                  oneList("endpoints.extra"),
	"database.engineVersion":           oneText("database.engineVersion"),
	"database.instanceClass":           oneText("database.instanceClass"),
	"broker.engine":                    oneText("broker.engine"),
	"broker.engineVersion":             oneText("broker.engineVersion"),
	"broker.nodeType":                  oneText("broker.nodeType"),
	"files.oneZone":                    oneText("files.oneZone"),
	"buckets.dags":                     oneText("buckets.dags"),
	"buckets.logs":                     oneText("buckets.logs"),
	"buckets.accessLogs":               oneText("buckets.accessLogs"),
	"buckets.dagsPrefix":               oneText("buckets.dagsPrefix"),
	"buckets.pluginsPrefix":            oneText("buckets.pluginsPrefix"),
	"buckets.logsPrefix":               oneText("buckets.logsPrefix"),
	"images.digests (a name)":          func(v string) change { return change{"images.digests": change{v: "sha256:00"}} },
	"images.digests.web":               oneText("images.digests.web"),
	"loadBalancer.hostname":            oneText("loadBalancer.hostname"),
	"loadBalancer.certificateArn":      oneText("loadBalancer.certificateArn"),
	"loadBalancer.zoneId":              oneText("loadBalancer.zoneId"),
	"loadBalancer.clientCidrs":         oneList("loadBalancer.clientCidrs"),
	"login.mode":                       oneText("login.mode"),
	"services.architecture":            oneText("services.architecture"),
	"services.containerInsights":       oneText("services.containerInsights"),
	"workerPools.name":                 oneText("workerPools[0].name"),
	"workerPools.queues":               oneList("workerPools[0].queues"),
	"workerPools.policyArns":           oneList("workerPools[0].policyArns"),
	"schedule.stop":                    func(v string) change { return change{"schedule.stop": v, "schedule.start": "cron(0 6 ? * * *)"} },
	"schedule.timezone":                oneText("schedule.timezone"),
	"airflow.options (a section)":      func(v string) change { return change{"airflow.options": change{v: change{"a": "b"}}} },
	"airflow.options.core (an option)": func(v string) change { return change{"airflow.options.core": change{v: "b"}} },
	"alarms.emails":                    oneList("alarms.emails"),
	"an unknown key":                   func(v string) change { return change{"network": change{v: "x"}} },
}

// loginPlaces are read with an IdP only.
var loginPlaces = []string{
	"login.privatePath", "login.issuer", "login.authorizationEndpoint", "login.tokenEndpoint", "login.userInfoEndpoint", "login.clientId",
}

func oneText(path string) func(string) change {
	return func(value string) change { return change{path: value} }
}

func oneList(path string) func(string) change {
	return func(value string) change { return change{path: []any{value}} }
}

// tolerated are the values that mean no harm at a place.
var tolerated = map[string][]string{
	"tags (a key)":   {"space", "space around", "option"},
	"login.clientId": {"option"},
	"a group":        {"space", "space around", "option"},
}

func TestHostileValuesAreRefused(t *testing.T) {
	for place, put := range places {
		for kind, value := range hostile {
			if slices.Contains(tolerated[place], kind) {
				continue
			}
			t.Run(place+"/"+kind, func(t *testing.T) {
				checkRefused(t, changed(t, put(value)))
			})
		}
	}
	for _, place := range loginPlaces {
		for kind, value := range hostile {
			if slices.Contains(tolerated[place], kind) {
				continue
			}
			t.Run(place+"/"+kind, func(t *testing.T) {
				checkRefused(t, encrypted(changed(t, withIdP(LoginALB, change{place: value})), "airflow:oidcClientSecret", "x"))
			})
		}
	}
	for kind, value := range hostile {
		t.Run("the stack's name/"+kind, func(t *testing.T) {
			values := changed(t, nil)
			values.Stack = value
			checkRefused(t, values)
		})
		if slices.Contains(tolerated["a group"], kind) {
			continue
		}
		t.Run("a group/"+kind, func(t *testing.T) {
			checkRefused(t, encrypted(changed(t, withIdP(LoginFAB, change{"login.roles": change{value: "Op"}})), "airflow:oidcClientSecret", "x"))
		})
	}
}

func checkRefused(t *testing.T, values Values) {
	t.Helper()
	faults := faultsOf(t, values)
	require.NotEmpty(t, faults, "accepted")
	checkTame(t, faults)
}

// checkTame looks at what a terminal gets: each fault one line, of a bearable
// length, without anything that moves the cursor or turns text around.
func checkTame(t testing.TB, faults []string) {
	t.Helper()
	for _, fault := range faults {
		require.Less(t, len([]rune(fault)), 900)
		for _, r := range fault {
			require.True(t, unicode.IsPrint(r), "%q in %q", r, fault)
		}
	}
}

// Values of Airflow's options and of tags may hold anything that can't do harm
// where they end: in an environment variable, passed as JSON by a library.
func TestHostileOptionValuesAreRefusedOrHarmless(t *testing.T) {
	for kind, value := range hostile {
		t.Run(kind, func(t *testing.T) {
			values := changed(t, change{"airflow.options.core.note": value})
			cfg, err := load(defaults(t), values)
			if err != nil {
				checkTame(t, faultsOf(t, values))
				return
			}
			accepted := cfg.Airflow.Options["core"]["note"]
			require.LessOrEqual(t, len(accepted), 4096)
			require.False(t, strings.ContainsFunc(accepted, func(r rune) bool { return r < ' ' || r == 0x7f }))
		})
	}
}

// A fault can't be made to look like two, or like none.
func TestFaultsCannotBeForged(t *testing.T) {
	forged := "airflow.x\nall is well\n  airflow:org"
	for _, changes := range []change{
		{"loadBalancer.hostname": forged},
		{"network": change{forged: 1}},
		{"tags": change{forged: "x"}},
		{"airflow.options": change{forged: change{forged: forged}}},
		{"buckets.dagsPrefix": forged, "buckets.pluginsPrefix": forged},
		{"images.digests": change{forged: forged}},
	} {
		_, err := load(defaults(t), changed(t, changes))
		require.Error(t, err)
		for _, line := range strings.Split(err.Error(), "\n")[1:] {
			require.True(t, strings.HasPrefix(line, "  airflow:"), "a line of its own: %q", line)
		}
		require.NotContains(t, err.Error(), "\nall is well")
	}
}

// A letter that only looks right is shown as what it is.
func TestLookalikesAreShown(t *testing.T) {
	require.Equal(t, []string{`airflow:network.zones is "us-e\u0430st-1b": zones of aws:region us-east-1, such as us-east-1a`},
		faultsOf(t, changed(t, change{"network.zones": []any{"us-east-1a", "us-e\u0430st-1b"}})))
}

// What YAML makes of values without quotes, as a stack file would hold them.
func TestOdditiesOfYAML(t *testing.T) {
	for name, c := range map[string]struct {
		yaml string
		want []string
	}{
		"Norway problem":    {"airflow:network: {zones: [no, us-east-1b]}", []string{`airflow:network.zones is "no": zones of aws:region us-east-1, such as us-east-1a`}},
		"bare true":         {"airflow:broker: {engine: true}", []string{`airflow:broker.engine is true: text (in quotes)`}},
		"octal account":     {"airflow:accountId: 0381492153", []string{`airflow:accountId is "381492153": an AWS account id: 12 digits, in quotes`}},
		"octal number":      {"airflow:broker: {replicas: 010}", []string{`airflow:broker.replicas is 8: 0 to 5`}},
		"hexadecimal":       {"airflow:broker: {replicas: 0x10}", []string{`airflow:broker.replicas is 16: 0 to 5`}},
		"version as number": {"airflow:broker: {engineVersion: 8.0}", []string{`airflow:broker.engineVersion is 8: text (in quotes)`}},
		"exponent":          {"airflow:database: {allocatedStorageGiB: 5e1}", nil},
		"not a number":      {"airflow:broker: {replicas: .nan}", []string{`airflow:broker.replicas is ".nan": a whole number`}},
		"beyond 64 bits":    {"airflow:broker: {replicas: 99999999999999999999}", []string{`airflow:broker.replicas is 100000000000000000000: a whole number`}},
		"null":              {"airflow:database: ~", []string{`airflow:database: a map of settings`}},
		"null in a list":    {"airflow:network: {zones: [us-east-1a, ~]}", []string{`airflow:network.zones[1]: text (in quotes)`}},
		"list in a list":    {"airflow:endpoints: {zones: [[us-east-1a]]}", []string{`airflow:endpoints.zones[0] is ["us-east-1a"]: text (in quotes)`}},
		"date":              {"airflow:tags: {Since: 2026-01-01}", nil},
		"folded text":       {"airflow:org: >\n  pathwai\n", []string{`airflow:org is "pathwai\n": 1 to 16 lower-case letters and digits, a letter first`}},
		"anchor":            {"airflow:tags: &t {A: x}\n", nil},
		"merge key":         {"airflow:tags: {<<: {A: x}}", nil},
		"number as a key":   {"airflow:tags: {1: x}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			settings := stackFile(t, "dev")
			var more map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(c.yaml), &more))
			for key, value := range more {
				settings[key] = textKeys(value)
			}
			require.Equal(t, c.want, faultsOf(t, handOver(t, "dev", settings)))
		})
	}
}

// textKeys gives maps keys of text, and numbers that JSON doesn't know their
// YAML form, as the engine's own reading of stack files does.
func textKeys(value any) any {
	switch value := value.(type) {
	case map[any]any:
		named := map[string]any{}
		for key, element := range value {
			named[fmt.Sprint(key)] = textKeys(element)
		}
		return named
	case map[string]any:
		for key, element := range value {
			value[key] = textKeys(element)
		}
	case float64:
		if math.IsNaN(value) {
			return ".nan"
		}
	}
	return value
}
