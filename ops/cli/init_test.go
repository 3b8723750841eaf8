package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// project is a folder with the project's own settings.
func project(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"} {
		text, err := os.ReadFile(filepath.Join("../..", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(root, name), text, 0o644))
	}
	return root
}

// initialize runs ops init in root.
func initialize(t *testing.T, root string, in io.Reader, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), append([]string{"init"}, args...), Streams{In: in, Out: &stdout, Err: &stderr, Root: root, Getenv: os.Getenv})
	return code, stdout.String(), stderr.String()
}

func noFile(t *testing.T, root string) {
	t.Helper()
	require.Equal(t, []string{"dev", "prod"}, stack.Names(root))
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	require.Len(t, entries, 3, "nothing half-done is left")
}

const certificate = "arn:aws:acm:eu-west-1:210987654321:certificate/11111111-2222-4333-8444-555555555555"

// typed are the lines of a person who takes the suggestions where there are some.
var typed = []string{
	"prod", "acme", "210987654321", "eu-west-1", "", "", "", "airflow.acme.com", certificate, "", "", "", "a@acme.com, b@acme.com", "", "",
}

func TestInitAsksAndWritesAValidStack(t *testing.T) {
	root := project(t)
	code, out, said := initialize(t, root, strings.NewReader(strings.Join(typed, "\n")+"\n"), "staging")
	require.Zero(t, code, said)
	require.Equal(t, filepath.Join(root, "Pulumi.staging.yaml")+"\n", out)
	require.Contains(t, said, "network.zones [eu-west-1a, eu-west-1b, eu-west-1c]: ")
	require.Contains(t, said, "make preview STACK=staging")

	made, err := stack.Load(root, "staging")
	require.NoError(t, err)
	like, err := stack.Load(root, "prod")
	require.NoError(t, err)
	want := *like.Config
	want.Airflow.Version = "3.3"
	want.Environment, want.Org, want.AccountID, want.Region = "staging", "acme", "210987654321", "eu-west-1"
	want.Network.CIDR, want.Network.Zones = "10.80.0.0/16", []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}
	want.Endpoints.Zones = []string{"eu-west-1a", "eu-west-1b"}
	want.LoadBalancer.Hostname, want.LoadBalancer.CertificateARN = "airflow.acme.com", certificate
	want.Buckets.DAGs, want.Buckets.Logs = "acme-airflow-staging-dags", "acme-airflow-staging-logs"
	want.Buckets.AccessLogs = "acme-airflow-staging-access-logs"
	want.Buckets.DAGsPrefix, want.Buckets.PluginsPrefix, want.Buckets.LogsPrefix = "staging/", "staging-plugins/", "staging/"
	want.PermissionsBoundaryARN = "arn:aws:iam::210987654321:policy/acme-airflow-github-staging-boundary"
	want.Alarms.Emails = []string{"a@acme.com", "b@acme.com"}
	want.Images.Digests = map[string]string{}
	for i, name := range config.ImageNames {
		want.Images.Digests[name] = "sha256:" + strings.Repeat(string(rune('1'+i)), 64)
	}
	require.Equal(t, want, *made.Config)

	text, err := os.ReadFile(stack.File(root, "staging"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=config/settings.schema.json\n"), "editors find the schema")
	require.NotContains(t, string(text), "pathwai")
	require.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=config/settings.schema.json\n# Stack staging,"), "editors check it")
	require.Contains(t, string(text), "    # ARN of the hostname's ACM certificate, of this account and region.\n    certificateArn: "+certificate+"\n")
	require.Contains(t, string(text), "      web: sha256:1111", "as scripts look for it")
}

func TestInitAsksAgainUntilAnAnswerIsValid(t *testing.T) {
	for _, wrong := range []struct {
		at                  int // the line that is wrong at first
		answer, fault, also string
	}{
		{at: 1, answer: "Ac me", fault: `  airflow:org is "Ac me": 1 to 16 lower-case letters and digits, a letter first`},
		{at: 1, answer: "acmeacmeacmeacme", fault: `  the prefix of all names is "acmeacmeacmeacme-airflow-staging": at most 28 characters, since a load balancer's name has at most 32: shorten airflow:org or the stack's name`},
		{at: 2, answer: "", fault: "  airflow:accountId: required, but missing: an AWS account id: 12 digits, in quotes"},
		{at: 3, answer: "europe", fault: `  aws:region is "europe": an AWS region such as us-east-1 (not of GovCloud or China, whose ARNs differ)`},
		{at: 5, answer: "us-east-1a,eu-west-1b", fault: `  airflow:network.zones is "us-east-1a": zones of aws:region eu-west-1, such as eu-west-1a`},
		{
			at: 6, answer: "11.0.0.0/24", fault: `  airflow:network.cidr is "11.0.0.0/24": a private network (RFC 1918)`,
			also: "  airflow:network.subnetPrefix is 20: 3 subnets of /20 don't fit into 11.0.0.0/24: choose a larger prefix length or a larger network.cidr",
		},
		{at: 8, answer: "arn:aws:acm:eu-west-1:1:certificate/x", fault: `  airflow:loadBalancer.certificateArn is "arn:aws:acm:eu-west-1:1:certificate/x": arn:aws:acm:eu-west-1:210987654321:certificate/<id>, a certificate for airflow.acme.com`},
		{at: 10, answer: "acme-airflow-staging-dags", fault: `  airflow:buckets.logs is "acme-airflow-staging-dags": another bucket than buckets.dags: their rights and lifetimes differ`},
		{at: 12, answer: "nobody", fault: `  airflow:alarms.emails is "nobody": e-mail addresses, each once`},
		{at: 13, answer: "boundary", fault: `  airflow:permissionsBoundaryArn is "boundary": the ARN of a managed policy of account 210987654321, or empty for none`},
		{at: 14, answer: "a lot", fault: `  airflow:budget.monthlyUsd is "a lot": a whole number`},
	} {
		t.Run(wrong.answer, func(t *testing.T) {
			root := project(t)
			lines := append(append(append([]string(nil), typed[:wrong.at]...), wrong.answer), typed[wrong.at:]...)
			code, _, said := initialize(t, root, strings.NewReader(strings.Join(lines, "\n")+"\n"), "staging")
			require.Zero(t, code, said)
			require.Contains(t, said, wrong.fault+"\n")
			require.Contains(t, said, wrong.also)
			_, err := stack.Load(root, "staging")
			require.NoError(t, err)
		})
	}
}

func TestInitTakesNoneForAnAnswer(t *testing.T) {
	root := project(t)
	lines := append([]string(nil), typed...)
	lines[12], lines[13] = "none", "none"
	code, _, said := initialize(t, root, strings.NewReader(strings.Join(lines, "\n")+"\n"), "staging")
	require.Zero(t, code, said)
	made, err := stack.Load(root, "staging")
	require.NoError(t, err)
	require.Empty(t, made.Alarms.Emails)
	require.Empty(t, made.PermissionsBoundaryARN)
}

func TestInitRefusesANameBeforeItAsks(t *testing.T) {
	for name, says := range map[string]string{
		"dev":    "ops: there is a stack \"dev\" already: Pulumi.dev.yaml is left as it is\n",
		"team_1": "ops: the configuration has 1 fault; nothing was planned:\n  the stack's name is \"team_1\": 1 to 16 lower-case letters and digits, a letter first\n",
	} {
		root := project(t)
		code, out, said := initialize(t, root, strings.NewReader(strings.Join(typed, "\n")+"\n"), name)
		require.Equal(t, ExitUsage, code)
		require.Equal(t, says, said)
		require.Empty(t, out)
		noFile(t, root)
	}
}

func TestInitLeavesNothingWhenTheInputEnds(t *testing.T) {
	for n := range typed {
		root := project(t)
		in := strings.Join(typed[:n], "\n") + "\n"
		if n == 0 {
			in = ""
		}
		code, out, said := initialize(t, root, strings.NewReader(in), "staging")
		require.Equal(t, ExitUsage, code, said)
		require.Empty(t, out)
		require.Contains(t, said, "ops: the input ended before the last answer; nothing was written\n")
		noFile(t, root)
	}
}

func TestInitLeavesNothingWhenItIsInterrupted(t *testing.T) {
	root := project(t)
	in, person := io.Pipe()
	t.Cleanup(func() { _ = person.Close() })
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		for _, line := range typed[:5] {
			_, _ = io.WriteString(person, line+"\n")
		}
		interrupt()
	}()
	var stdout, stderr bytes.Buffer
	code := Run(ctx, []string{"init", "staging"}, Streams{In: in, Out: &stdout, Err: &stderr, Root: root, Getenv: os.Getenv})
	require.Equal(t, ExitInterrupted, code)
	require.Contains(t, stderr.String(), "ops: interrupted: nothing was written: context canceled\n")
	noFile(t, root)
}

var given = []string{
	"staging", "--set", "org=acme", "--set", "accountId=210987654321", "--set", "aws:region=eu-west-1",
	"--set", "loadBalancer.hostname=airflow.acme.com", "--set", "loadBalancer.certificateArn=" + certificate,
}

func TestInitWithoutQuestions(t *testing.T) {
	root := project(t)
	code, out, said := initialize(t, root, strings.NewReader(""), append(given,
		"--set", "network.zones=eu-west-1b,eu-west-1c", "--set", "budget.monthlyUsd=90", "--set", "services.scheduler.count=2", "--set", "tags={Team: data}")...)
	require.Zero(t, code, said)
	require.Equal(t, filepath.Join(root, "Pulumi.staging.yaml")+"\n", out)
	require.NotContains(t, said, "Owner of the platform", "nothing is asked")
	made, err := stack.Load(root, "staging")
	require.NoError(t, err)
	assert.Equal(t, []string{"eu-west-1b", "eu-west-1c"}, made.Network.Zones)
	assert.Equal(t, []string{"eu-west-1b"}, made.Endpoints.Zones, "the first, as dev has it")
	assert.Equal(t, "eu-west-1b", made.Files.OneZone)
	assert.Equal(t, "10.80.0.0/16", made.Network.CIDR)
	assert.Equal(t, 90, made.Budget.MonthlyUSD)
	assert.Equal(t, 2, made.Services.Scheduler.Count)
	assert.Equal(t, map[string]string{"Team": "data"}, made.Tags)
	assert.Empty(t, made.Alarms.Emails)

	before, err := os.ReadFile(stack.File(root, "staging"))
	require.NoError(t, err)
	code, _, said = initialize(t, root, strings.NewReader(""), given...)
	require.Equal(t, ExitUsage, code)
	require.Equal(t, "ops: there is a stack \"staging\" already: Pulumi.staging.yaml is left as it is\n", said)
	after, err := os.ReadFile(stack.File(root, "staging"))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
}

func TestInitWithoutQuestionsTellsAllFaults(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"wrong, missing and unknown": {
			[]string{"staging", "--set", "accountId=12", "--set", "network.zone=a", "--set", "aws:region=eu-west-1", "--set", "network.cidr=10.0.0.1/16", "--set", "tags="},
			`ops: the configuration has 7 faults; nothing was planned:
  airflow:org: required, but missing: 1 to 16 lower-case letters and digits, a letter first
  airflow:accountId is "12": an AWS account id: 12 digits, in quotes
  airflow:network.cidr is "10.0.0.1/16": an IPv4 network from /16 to /24 with no host bits set, such as 10.40.0.0/16
  airflow:loadBalancer.hostname: required, but missing: a DNS name in lower case with at least one dot
  airflow:loadBalancer.certificateArn: required, but missing: arn:aws:acm:eu-west-1:<account>:certificate/<id>, a certificate for the hostname
  airflow:network.zone: unknown key, did you mean "zones"?
  airflow:tags is "": a value in YAML
`,
		},
		"no such example": {
			append([]string{"--like", "nope"}, given...),
			"ops: there is no stack \"nope\": Pulumi.<stack>.yaml exists for dev prod (make init STACK=nope makes one)\n",
		},
		"a name that no stack may have": {
			append([]string{"My-Stack"}, given[1:]...),
			"ops: the configuration has 1 fault; nothing was planned:\n  the stack's name is \"My-Stack\": 1 to 16 lower-case letters and digits, a letter first\n",
		},
		"no value":    {append([]string{"--set", "org"}, given...), "ops: --set is \"org\": KEY=VALUE, each key once, such as --set org=acme\n"},
		"a key twice": {append([]string{"--set", "org=b"}, given...), "ops: --set is \"org=acme\": KEY=VALUE, each key once, such as --set org=acme\n"},
		"no stack":    {nil, "ops: which stack? one name is needed, such as dev, and 0 were given\n"},
	} {
		t.Run(name, func(t *testing.T) {
			root := project(t)
			code, out, said := initialize(t, root, strings.NewReader(""), test.args...)
			require.Equal(t, ExitUsage, code)
			require.Equal(t, test.says, said)
			require.Empty(t, out)
			noFile(t, root)
		})
	}
}

// What only the example may have stays with it: keys of secrets, its identity
// provider, its zone, its account's policies.
func TestInitLeavesTheExamplesOwnBehind(t *testing.T) {
	root := project(t)
	text, err := os.ReadFile(stack.File(root, "dev"))
	require.NoError(t, err)
	own := strings.NewReplacer(
		"    certificateArn:", "    zoneId: Z0123456789ABCDEFGHIJ\n    certificateArn:",
		"min: 0,", "policyArns: [\"arn:aws:iam::381492153064:policy/dags\"], min: 0,",
	).Replace(string(text)) + `  airflow:oidcClientSecret:
    secure: v1:c2VjcmV0
  airflow:login:
    mode: fab
    privatePath: transitGateway
    idpCidrs: [10.9.0.0/24]
    issuer: https://login.pathwai.com
    clientId: airflow
    roles: {data: User}
secretsprovider: awskms:///alias/pathwai-airflow-state
encryptedkey: AQIDBA==
`
	require.NoError(t, os.WriteFile(stack.File(root, "dev"), []byte(own), 0o644))
	_, err = stack.Load(root, "dev")
	require.NoError(t, err)
	code, _, said := initialize(t, root, strings.NewReader(""), given...)
	require.Zero(t, code, said)
	made, err := os.ReadFile(stack.File(root, "staging"))
	require.NoError(t, err)
	require.NotRegexp(t, "pathwai|381492153064|secure|secretsprovider|encryptedkey|zoneId|login:", string(made))
}
