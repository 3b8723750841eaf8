package enginetest

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// compliant declares every group that no rule refuses.
func compliant(ctx *pulumi.Context) error {
	for name, group := range cases.Compliant() {
		if err := declare(ctx, name, group); err != nil {
			return err
		}
	}
	return nil
}

// TestCompliantStackPasses shows that what is right passes a preview, an
// update, in which all values are known, and a preview without changes.
func TestCompliantStackPasses(t *testing.T) {
	e := newEngine(t, "")
	for _, r := range []run{{stack: "dev"}, {stack: "dev", update: true}, {stack: "dev"}} {
		found, output, err := e.do(t, r, compliant)
		require.NoError(t, err, output)
		assert.Empty(t, found)
		assert.Contains(t, output, rules.Name+"@v"+rules.Version)
	}
}

// TestUpdateChecksWhatThePreviewCouldNotSee has container definitions that pin
// the version of a new secret: a preview lets them through unseen, and the
// update refuses them before it creates the task definition.
func TestUpdateChecksWhatThePreviewCouldNotSee(t *testing.T) {
	e := newEngine(t, "")
	program := func(ctx *pulumi.Context) error {
		version := &anything{}
		if err := ctx.RegisterResource("aws:secretsmanager/secretVersion:SecretVersion", "version", pulumi.Map{
			"secretId": pulumi.String("s"), "secretString": pulumi.ToSecret(pulumi.String("hidden")),
		}, version); err != nil {
			return err
		}
		return ctx.RegisterResource("aws:ecs/taskDefinition:TaskDefinition", "task", pulumi.Map{
			"family": pulumi.String("task"), "networkMode": pulumi.String("awsvpc"),
			"containerDefinitions": pulumi.Sprintf(`[{"name": "main", "privileged": true, "environment": [{"name": "DB_PASSWORD", "value": "x"}],
				"secrets": [{"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:us-east-1:1:secret:s:::%s"}],
				"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}}}]`, version.VersionID),
		}, &anything{})
	}
	found, output, err := e.do(t, run{stack: "dev"}, program)
	require.NoError(t, err, output)
	assert.Empty(t, found)

	found, output, err = e.do(t, run{stack: "dev", update: true}, program)
	require.Error(t, err, output)
	refused := map[string]bool{}
	for _, v := range found {
		refused[v.policy+" "+nameIn(v.urn)] = true
	}
	assert.True(t, refused["no-privileged-container task"], "%v", found)
	assert.True(t, refused["no-plaintext-secret task"], "%v", found)
	assert.Contains(t, output, "aws:secretsmanager:SecretVersion version created")
	assert.NotContains(t, output, "aws:ecs:TaskDefinition task creat", "it was refused too late")
}

// TestException lets a NAT gateway through by name, says so in the plan, and
// lets nothing else through.
func TestException(t *testing.T) {
	e := newEngine(t, "")
	exception := map[string]any{
		"policy": "no-nat-gateway", "resource": "urn:pulumi:dev::" + project + "::aws:ec2/natGateway:NatGateway::excused",
		"owner": "network team", "reason": "until the endpoint for X exists", "expires": cases.InDays(1),
	}
	config := func(e map[string]any) map[string]any {
		return map[string]any{rules.SettingsName: map[string]any{"exceptions": []any{e}}}
	}
	gateways := func(names ...string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			for _, name := range names {
				if err := ctx.RegisterResource("aws:ec2/natGateway:NatGateway", name, pulumi.Map{"subnetId": pulumi.String("s")}, &anything{}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	found, output, err := e.do(t, run{stack: "dev", config: config(exception)}, gateways("excused"))
	require.NoError(t, err, output)
	require.Len(t, found, 1)
	assert.Equal(t, rules.NoticeName, found[0].policy)
	assert.NotEqual(t, mandatory, found[0].level)
	assert.Contains(t, found[0].message, "excused until "+cases.InDays(1)+" by network team: until the endpoint for X exists")

	found, _, err = e.do(t, run{stack: "dev", config: config(exception)}, gateways("excused", "another"))
	require.Error(t, err)
	require.Len(t, found, 2)
	assert.ElementsMatch(t, []string{"no-nat-gateway another", rules.NoticeName + " excused"},
		[]string{found[0].policy + " " + nameIn(found[0].urn), found[1].policy + " " + nameIn(found[1].urn)})

	delete(exception, "owner")
	_, output, err = e.do(t, run{stack: "dev", config: config(exception)}, gateways("excused"))
	require.Error(t, err)
	assert.Contains(t, output+err.Error(), "owner is required")
}
