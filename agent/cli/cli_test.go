package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/stretchr/testify/require"
)

type settings struct {
	name   string
	wait   time.Duration
	count  time.Duration
	loud   bool
	list   []string
	checks int
}

func parse(environment map[string]string, args ...string) (s settings, code int, done bool, stdout, stderr string) {
	var out, err bytes.Buffer
	flags := cli.NewFlags("test", "What it does.")
	name := flags.String("name", "T_NAME", "nobody", "whose it is")
	wait := flags.Duration("wait", "T_WAIT", time.Second, "how long")
	count := flags.Duration("count", "T_COUNT", 3*time.Second, "how many")
	loud := flags.Bool("loud", "T_LOUD", "say more")
	list := flags.List("item", "T_ITEM", "each")
	checks := 0
	flags.Check(func() error {
		checks++
		if *count > 100*time.Second {
			return errors.New("--count: too many")
		}
		return nil
	})
	flags.Check(func() error {
		if *name == "" {
			return errors.New("--name: empty")
		}
		return nil
	})
	code, done = flags.Parse(cli.Invocation{Args: args, Stdout: &out, Stderr: &err, LookupEnv: func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}})
	return settings{*name, *wait, *count, *loud, *list, checks}, code, done, out.String(), err.String()
}

func TestFlagWinsThenEnvironmentThenDefault(t *testing.T) {
	s, _, done, _, _ := parse(nil)
	require.False(t, done)
	require.Equal(t, settings{"nobody", time.Second, 3 * time.Second, false, nil, 1}, s)
	environment := map[string]string{"T_NAME": "env", "T_WAIT": "5m", "T_COUNT": "7s", "T_LOUD": "true", "T_ITEM": "a, b"}
	s, _, done, _, _ = parse(environment)
	require.False(t, done)
	require.Equal(t, settings{"env", 5 * time.Minute, 7 * time.Second, true, []string{"a", "b"}, 1}, s)
	s, _, done, _, _ = parse(environment, "--name", "flag", "-count=9s", "--loud=false", "--item", "x,y", "--item", "z")
	require.False(t, done)
	require.Equal(t, settings{"flag", 5 * time.Minute, 9 * time.Second, false, []string{"x,y", "z"}, 1}, s)
	s, _, _, _, _ = parse(map[string]string{"T_COUNT": ""}, "--loud")
	require.Equal(t, 3*time.Second, s.count, "an empty variable counts as unset")
	require.True(t, s.loud)
}

func TestAllFaultsAtOnce(t *testing.T) {
	s, code, done, stdout, stderr := parse(map[string]string{"T_WAIT": "soon", "T_LOUD": "maybe"}, "--count", "many", "--name", "a", "--name", "b")
	require.True(t, done)
	require.Equal(t, cli.ExitUsage, code)
	require.Empty(t, stdout)
	require.Equal(t, 1, s.checks)
	for _, text := range []string{`T_WAIT: "soon"`, `T_LOUD: "maybe"`, `--count: "many"`, "--name: given 2 times", "test --help"} {
		require.Contains(t, stderr, text)
	}
	_, code, _, _, stderr = parse(nil, "--count", "101s", "--name", "")
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, stderr, "too many")
	require.Contains(t, stderr, "--name: empty")
	_, _, _, _, stderr = parse(map[string]string{"T_WAIT": "soon"}, "--count", "101s")
	require.Contains(t, stderr, `T_WAIT: "soon" is no duration; write it like 5s, 10m or 24h`)
	require.Contains(t, stderr, "--count: too many", "rules are asked all the same")
	_, _, _, _, stderr = parse(nil, "--unknown", "--count", "101s")
	require.NotContains(t, stderr, "too many", "behind an unknown flag nothing was read")
	for _, args := range [][]string{{"--unknown"}, {"stray"}, {"--wait"}} {
		_, code, done, _, stderr := parse(nil, args...)
		require.True(t, done)
		require.Equal(t, cli.ExitUsage, code, args)
		require.NotEmpty(t, stderr)
	}
}

func TestAddresses(t *testing.T) {
	for text, good := range map[string]bool{
		"127.0.0.1:9100": true, ":0": true, "localhost:65535": true, "[::1]:1": true, "here": false, "::1:1": false, "h:65536": false, "h:-1": false, "h:": false, "h:http": false, ":": false,
	} {
		flags := cli.NewFlags("test", "")
		address := flags.Address("listen", "T_LISTEN", "x:1", "")
		_, done := flags.Parse(cli.Invocation{Args: []string{"--listen", text}, Stdout: io.Discard, Stderr: io.Discard, LookupEnv: func(string) (string, bool) { return "", false }})
		require.Equal(t, good, !done, text)
		if good {
			require.Equal(t, text, *address)
		}
	}
}

func TestHelp(t *testing.T) {
	_, code, done, stdout, stderr := parse(nil, "--help")
	require.True(t, done)
	require.Equal(t, cli.ExitOK, code)
	require.Empty(t, stderr)
	for _, text := range []string{"What it does.", "--wait\n", "how long (default 1s) [T_WAIT]", `(default "nobody")`, "[T_ITEM]"} {
		require.Contains(t, stdout, text)
	}
}

func TestDispatch(t *testing.T) {
	var got []string
	commands := []cli.Command{
		{Name: "one", Summary: "the first", Run: func(_ context.Context, inv cli.Invocation) int {
			got = inv.Args
			inv.Logger().Info("hello", "key", "a<b")
			return 7
		}},
		{Name: "two", Summary: "the second", Run: func(context.Context, cli.Invocation) int { return 8 }},
	}
	run := func(args ...string) (int, string, string) {
		var out, err bytes.Buffer
		code := cli.Dispatch(t.Context(), commands, cli.Invocation{Args: args, Stdout: &out, Stderr: &err})
		return code, out.String(), err.String()
	}
	code, stdout, stderr := run("one", "--x", "y")
	require.Equal(t, 7, code)
	require.Equal(t, []string{"--x", "y"}, got)
	require.Empty(t, stdout)
	require.Contains(t, stderr, `"msg":"hello","key":"a<b"`)
	for _, help := range []string{"help", "-h", "--help"} {
		code, stdout, _ = run(help)
		require.Equal(t, cli.ExitOK, code)
		require.Contains(t, stdout, "one        the first")
	}
	code, stdout, stderr = run()
	require.Equal(t, cli.ExitUsage, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "two        the second")
	code, _, stderr = run("three")
	require.Equal(t, cli.ExitUsage, code)
	require.Contains(t, stderr, `there is no command "three"`)
}
