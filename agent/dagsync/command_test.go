package dagsync

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
	"github.com/stretchr/testify/require"
)

func parseArgs(environment map[string]string, args ...string) (config, int, bool, string) {
	var out, err bytes.Buffer
	c, code, done := parse(cli.Invocation{Args: args, Stdout: &out, Stderr: &err, LookupEnv: func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}})
	return c, code, done, out.String() + err.String()
}

func TestCommandLine(t *testing.T) {
	c, _, done, text := parseArgs(nil, "--source", "s3://my-bucket/dev/", "--target", "/sync/dags", "--source", "s3://my-bucket/dev-plugins", "--target", "/sync/plugins/")
	require.False(t, done, text)
	require.Equal(t, []Pair{{"my-bucket", "dev/", "/sync/dags", "dags"}, {"my-bucket", "dev-plugins/", "/sync/plugins", "plugins"}}, c.pairs)
	require.Equal(t, "s3://my-bucket/dev-plugins/", c.pairs[1].Source())
	require.Equal(t, 5*time.Second, c.interval)
	require.Equal(t, time.Second, c.settle)
	require.Equal(t, 24*time.Hour, c.keep)
	require.Equal(t, "127.0.0.1:9100", c.listen)
	require.Equal(t, "Airflow", c.namespace)
	require.False(t, c.once)
	require.False(t, c.allowEmpty)

	c, _, done, text = parseArgs(map[string]string{
		"AGENT_SOURCE": "s3://my-bucket/dev/,s3://my-bucket/plugins/", "AGENT_TARGET": "/sync/dags,/sync/plugins",
		"AGENT_INTERVAL": "10s", "AGENT_STACK": "pathwai-airflow-dev", "AGENT_ONCE": "true", "AGENT_KEEP": "1h",
	})
	require.False(t, done, text)
	require.Len(t, c.pairs, 2)
	require.Equal(t, "pathwai-airflow-dev", c.stack)
	require.True(t, c.once)

	c, _, done, text = parseArgs(nil, "--source", "s3://my-bucket/a/", "--target", "/one/dags", "--source", "s3://my-bucket/b/", "--target", "/two/dags")
	require.False(t, done, text)
	require.Equal(t, []string{"/one/dags", "/two/dags"}, []string{c.pairs[0].Name, c.pairs[1].Name}, "metrics must be told apart")

	c, _, done, text = parseArgs(nil, "--source", "s3://my-bucket", "--target", "relative")
	require.False(t, done, text)
	require.Equal(t, "s3://my-bucket/", c.pairs[0].Source())
	require.True(t, filepath.IsAbs(c.pairs[0].Target))
}

func TestCommandLineFaults(t *testing.T) {
	good := []string{"--source", "s3://my-bucket/dev/", "--target", "/sync/dags"}
	for name, row := range map[string]struct {
		args []string
		want []string
	}{
		"nothing":         {nil, []string{"--source and --target are needed"}},
		"one half":        {[]string{"--source", "s3://my-bucket/"}, []string{"needed in pairs"}},
		"several":         {[]string{"--source", "http://x", "--target", "", "--source", "s3://B/", "--target", "/"}, []string{"must begin with s3://", "--target: it is empty", `"B" is no bucket name`, "below the root"}},
		"twice":           {append(good, good...), []string{"given twice"}},
		"nested":          {append(good, "--source", "s3://my-bucket/x/", "--target", "/sync/dags/plugins"), []string{"one lies in the other"}},
		"in a store":      {append(good, "--source", "s3://my-bucket/x/", "--target", "/sync/.dags.sync", "--source", "s3://my-bucket/y/", "--target", "/sync/.dags.sync/tree-000001"), []string{"/sync/dags and /sync/.dags.sync: one lies among the trees of the other", "/sync/dags and /sync/.dags.sync/tree-000001: one lies among"}},
		"too seldom":      {append(good, "--interval", "5m"), []string{"promised within 60s"}},
		"too often":       {append(good, "--interval", "1ms"), []string{"not between"}},
		"keep":            {append(good, "--keep", "-1h"), []string{"below zero"}},
		"empty namespace": {append(good, "--namespace", ""), []string{`namespace: "" is none of CloudWatch's`}},
		"no stack": {append(good, "--stack", "two words", "--listen", "127.0.0.1"), []string{
			`--stack (AGENT_STACK): "two words" is no value of a CloudWatch dimension`, `--listen: "127.0.0.1" is no address; write it like 127.0.0.1:9100`,
		}},
		"a directory bucket": {[]string{"--source", "s3://x--use1-az4--x-s3/", "--target", "/sync/dags"},
			[]string{"lists its keys in no order"}},
	} {
		_, code, done, text := parseArgs(nil, row.args...)
		require.True(t, done, name)
		require.Equal(t, cli.ExitUsage, code, name)
		for _, want := range row.want {
			require.Contains(t, text, want, name)
		}
	}
}

// All of the environment is wrong: all of it is told at once.
func TestAllSettingsAreWrong(t *testing.T) {
	_, code, _, text := parseArgs(map[string]string{
		"AGENT_SOURCE": "s3://B,https://b/", "AGENT_TARGET": "/,", "AGENT_ONCE": "maybe", "AGENT_INTERVAL": "5", "AGENT_KEEP": "-1s", "AGENT_ALLOW_EMPTY": "2",
		"AGENT_LISTEN": "localhost:http", "AGENT_METRICS_NAMESPACE": "two words", "AGENT_STACK": "größe",
	})
	require.Equal(t, cli.ExitUsage, code)
	for _, want := range []string{
		`"B" is no bucket name`, "must begin with s3://", "below the root", "--target: it is empty", `AGENT_ONCE: "maybe" is neither`, `AGENT_INTERVAL: "5" is no duration`,
		"--keep: -1s is below zero", `AGENT_ALLOW_EMPTY: "2" is neither`, `AGENT_LISTEN: "localhost:http" is no address`, `namespace: "two words" is none`, `"größe" is no value`,
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 12, strings.Count(text, "\n"), text)
}

func TestHelp(t *testing.T) {
	_, code, done, text := parseArgs(nil, "--help")
	require.True(t, done)
	require.Equal(t, cli.ExitOK, code)
	for _, want := range []string{"Exit codes: 0 in step", "--source", "[AGENT_SOURCE]", "--allow-empty", "(default 5s)"} {
		require.Contains(t, text, want)
	}
}

// The whole command, as main calls it, with nothing but its environment.
func TestCommandReadsTheEnvironment(t *testing.T) {
	s3, err := fakes3.Start()
	require.NoError(t, err)
	defer func() { require.NoError(t, s3.Close()) }()
	s3.Put(prefix+"a.py", "1")
	t.Setenv("AWS_ENDPOINT_URL", s3.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_CA_BUNDLE", "")
	target := filepath.Join(t.TempDir(), "dags")
	var out, logs bytes.Buffer
	invocation := cli.Invocation{
		Args: []string{"--source", "s3://" + fakes3.Bucket + "/" + prefix, "--target", target, "--once"}, Stdout: &out, Stderr: &logs,
		LookupEnv: func(string) (string, bool) { return "", false },
	}
	require.Equal(t, cli.ExitOK, Command().Run(context.Background(), invocation), logs.String())
	require.Equal(t, files{"a.py": "1"}, readersSee(target))
	t.Setenv("AWS_ENDPOINT_URL", "nonsense")
	require.Equal(t, cli.ExitFailure, Command().Run(context.Background(), invocation))
	require.Contains(t, logs.String(), "AWS_ENDPOINT_URL")
}
