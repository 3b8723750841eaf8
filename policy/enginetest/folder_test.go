package enginetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPackAsFolder gives the CLI the pack's folder, which it compiles.
func TestPackAsFolder(t *testing.T) {
	bin, err := filepath.Abs("../../bin")
	require.NoError(t, err)
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	e := newEngine(t, "")
	e.pack, err = filepath.Abs("..")
	require.NoError(t, err)
	output, err := e.preview(t, "nat")
	require.Error(t, err, output)
	assert.Equal(t, map[string][]string{"no-nat-gateway": {"egress"}}, refusals(output), output)
}

// TestEverythingDisabled is told in the plan.
func TestEverythingDisabled(t *testing.T) {
	e := newEngine(t, "")
	found, output, err := e.do(t, run{stack: "dev", config: map[string]any{"all": "disabled"}}, gateway)
	require.NoError(t, err, output)
	require.Len(t, found, 1, output)
	assert.Equal(t, "rules-weakened", found[0].policy)
	assert.NotEqual(t, mandatory, found[0].level)
	assert.Contains(t, found[0].message, "no-nat-gateway")
}

func gateway(ctx *pulumi.Context) error {
	return ctx.RegisterResource("aws:ec2/natGateway:NatGateway", "nat", pulumi.Map{"subnetId": pulumi.String("s")}, &anything{})
}
