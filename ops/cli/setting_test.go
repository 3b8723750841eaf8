package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// run executes ops on the project's own stack files.
func run(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), args, Streams{In: bytes.NewReader(nil), Out: &stdout, Err: &stderr, Root: "../..", Getenv: os.Getenv})
	return code, stdout.String(), stderr.String()
}

func TestSetting(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		out  string
		says string
	}{
		"from the stack's file": {[]string{"setting", "prod", "database.multiAz"}, 0, "true\n", ""},
		"a default":             {[]string{"setting", "dev", "database.multiAz"}, 0, "false\n", ""},
		"a text as JSON":        {[]string{"setting", "dev", "accountId", "--output", "json"}, 0, "\"381492153064\"\n", ""},
		"a list":                {[]string{"setting", "dev", "network.zones"}, 0, "[\"us-east-1a\",\"us-east-1b\"]\n", ""},
		"the region":            {[]string{"setting", "dev", "region"}, 0, "us-east-1\n", ""},
		"no such setting":       {[]string{"setting", "dev", "network.cdir"}, ExitUsage, "", `no setting "network.cdir"`},
		"no such stack":         {[]string{"setting", "nope", "region"}, ExitUsage, "", "exists for dev prod"},
		"too few":               {[]string{"setting", "dev"}, ExitUsage, "", "ops setting dev network.cidr"},
		"unknown output":        {[]string{"setting", "dev", "region", "--output", "xml"}, ExitUsage, "", "text or json"},
		"unknown command":       {[]string{"stting"}, ExitUsage, "", `ops: there is no command "stting"; did you mean setting?`},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, said := run(t, test.args...)
			assert.Equal(t, test.code, code, said)
			assert.Equal(t, test.out, out)
			assert.Contains(t, said, test.says)
		})
	}
}

func TestDigestsThatNobodyTypes(t *testing.T) {
	in, never := io.Pipe()
	t.Cleanup(func() { _ = never.Close() })
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var said bytes.Buffer
	code := Run(ctx, []string{"digests", "dev"}, Streams{In: in, Out: io.Discard, Err: &said, Root: "../..", Getenv: os.Getenv})
	assert.Equal(t, ExitInterrupted, code)
	assert.Equal(t, "ops: interrupted: nothing was written: context canceled\n", said.String())
}
