package simcloud_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

type password struct {
	pulumi.CustomResourceState

	Result pulumi.StringOutput `pulumi:"result"`
}

type randomBytes struct {
	pulumi.CustomResourceState

	Base64 pulumi.StringOutput `pulumi:"base64"`
	Hex    pulumi.StringOutput `pulumi:"hex"`
}

// credentials makes a password and a key of a generation, and puts the
// password in a secret.
func credentials(generation string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		keepers := pulumi.Map{"generation": pulumi.String(generation)}
		pw, key := &password{}, &randomBytes{}
		if err := ctx.RegisterResource("random:index/randomPassword:RandomPassword", "pw", pulumi.Map{
			"length": pulumi.Int(40), "minSpecial": pulumi.Int(3), "overrideSpecial": pulumi.String("-_"), "keepers": keepers,
		}, pw); err != nil {
			return err
		}
		if err := ctx.RegisterResource("random:index/randomBytes:RandomBytes", "key", pulumi.Map{"length": pulumi.Int(32), "keepers": keepers}, key); err != nil {
			return err
		}
		secret, err := resource(ctx, "aws:secretsmanager/secret:Secret", "db", pulumi.Map{"name": pulumi.String("x/db")})
		if err != nil {
			return err
		}
		_, err = resource(ctx, "aws:secretsmanager/secretVersion:SecretVersion", "db", pulumi.Map{"secretId": secret.ID(), "secretString": pw.Result})
		ctx.Export("password", pw.Result)
		ctx.Export("base64", key.Base64)
		ctx.Export("hex", key.Hex)
		return err
	}
}

// TestSecretsInTheState: encrypted on disk, the same until a keeper changes.
func TestSecretsInTheState(t *testing.T) {
	p := newProject(t).program(credentials("1"))
	res, out := p.up()
	for _, name := range []string{"password", "base64", "hex"} {
		require.True(t, res.Outputs[name].Secret, name)
		value, ok := res.Outputs[name].Value.(string)
		require.True(t, ok)
		require.NotContains(t, p.file(), value, name)
		require.NotContains(t, out, value, name)
	}
	pw := res.Outputs["password"].Value
	require.Regexp(t, `^[A-Za-z0-9_-]{40}$`, pw)
	require.Regexp(t, `[_-].*[_-].*[_-]`, pw)
	raw, err := base64.StdEncoding.DecodeString(res.Outputs["base64"].Value.(string))
	require.NoError(t, err)
	require.Len(t, raw, 32)
	require.Equal(t, hex.EncodeToString(raw), res.Outputs["hex"].Value)

	require.Equal(t, map[apitype.OpType]int{apitype.OpSame: 5}, p.plan())
	res, _ = p.up()
	require.Equal(t, pw, res.Outputs["password"].Value)

	p.program(credentials("2"))
	// The secret stays; its version, the password and the key are new.
	require.Equal(t, map[apitype.OpType]int{apitype.OpSame: 2, apitype.OpReplace: 3}, p.plan())
	res, _ = p.up()
	require.NotEqual(t, pw, res.Outputs["password"].Value)
	p.destroy()
}

// TestDeletionProtectionInTheEngine: destroy stops at what AWS would not delete,
// and goes through once the flag is off.
func TestDeletionProtectionInTheEngine(t *testing.T) {
	balancer := func(protected bool) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := resource(ctx, "aws:lb/loadBalancer:LoadBalancer", "lb", pulumi.Map{
				"name": pulumi.String("x"), "internal": pulumi.Bool(true), "enableDeletionProtection": pulumi.Bool(protected),
				"subnets": pulumi.ToStringArray([]string{"subnet-00000001", "subnet-00000002"}),
			})
			return err
		}
	}
	p := newProject(t).program(balancer(true))
	p.up()
	_, err := p.stack.Destroy(context.Background())
	require.ErrorContains(t, err, "deletion protection is enabled")
	p.program(balancer(false)).up()
	p.destroy()
}
