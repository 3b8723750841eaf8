package simcloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// built is the folder with the three providers, once a test needed them.
var built string

// providers builds the three providers once.
var providers = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "simcloud-")
	if err != nil {
		return "", err
	}
	built = dir
	build := exec.Command("go", "build", "-o", dir, "./cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the providers: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		if err := os.RemoveAll(built); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// command finds the Pulumi CLI: the one of this repository, or that on PATH.
func command(t *testing.T) auto.PulumiCommand {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	opts := &auto.PulumiCommandOptions{Root: root, SkipVersionCheck: true}
	if _, err := os.Stat(filepath.Join(root, "bin", "pulumi")); err != nil {
		if _, err := exec.LookPath("pulumi"); err != nil {
			t.Skip("SKIPPED: neither bin/pulumi nor pulumi on PATH; run make tools")
		}
		opts = &auto.PulumiCommandOptions{SkipVersionCheck: true}
	}
	cmd, err := auto.NewPulumiCommand(opts)
	require.NoError(t, err)
	return cmd
}

// project is a stack on the real engine with the simulated providers.
type project struct {
	t     *testing.T
	stack auto.Stack
	state string // the backend's folder
}

// newProject makes a stack of its own, with no program yet.
func newProject(t *testing.T) *project {
	t.Helper()
	cmd := command(t)
	bin, err := providers()
	require.NoError(t, err)
	ctx, dir := context.Background(), t.TempDir()
	p := &project{t: t, state: filepath.Join(dir, "state")}
	require.NoError(t, os.MkdirAll(p.state, 0o700))
	p.stack, err = auto.NewStackInlineSource(ctx, "dev", "sim", nil, auto.Pulumi(cmd),
		auto.WorkDir(t.TempDir()), auto.PulumiHome(filepath.Join(dir, "home")),
		auto.Project(workspace.Project{
			Name: tokens.PackageName("sim"), Runtime: workspace.NewProjectRuntimeInfo("go", nil),
			Backend: &workspace.ProjectBackend{URL: "file://" + p.state},
		}),
		auto.Stacks(map[string]workspace.ProjectStack{"dev": {Config: config.Map{
			config.MustMakeKey("aws", "region"): config.NewValue("us-east-1"),
		}}}),
		auto.EnvVars(map[string]string{
			"PATH":                     bin + string(os.PathListSeparator) + os.Getenv("PATH"),
			"PULUMI_CONFIG_PASSPHRASE": "test", "PULUMI_SKIP_UPDATE_CHECK": "1",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "DOCKER_HOST": "unix:///nowhere/docker.sock",
		}))
	require.NoError(t, err)
	return p
}

func (p *project) program(f pulumi.RunFunc) *project {
	p.stack.Workspace().SetProgram(f)
	return p
}

// up runs the program and gives what was printed.
func (p *project) up() (auto.UpResult, string) {
	p.t.Helper()
	var out bytes.Buffer
	res, err := p.stack.Up(context.Background(), optup.ProgressStreams(&out), optup.ErrorProgressStreams(&out))
	require.NoError(p.t, err, out.String())
	return res, out.String()
}

// refused runs a preview that must fail, and gives what was printed.
func (p *project) refused() string {
	p.t.Helper()
	var out bytes.Buffer
	_, err := p.stack.Preview(context.Background(), optpreview.ProgressStreams(&out), optpreview.ErrorProgressStreams(&out))
	require.Error(p.t, err, out.String())
	return out.String()
}

// plan is what a preview would do, by operation.
func (p *project) plan() map[apitype.OpType]int {
	p.t.Helper()
	res, err := p.stack.Preview(context.Background())
	require.NoError(p.t, err)
	return res.ChangeSummary
}

// destroy removes all, and looks that nothing is left.
func (p *project) destroy() {
	p.t.Helper()
	_, err := p.stack.Destroy(context.Background(), optdestroy.ShowSecrets(false))
	require.NoError(p.t, err)
	require.Empty(p.t, p.resources())
}

// resources is the state file's list, with secrets as they lie there.
func (p *project) resources() []apitype.ResourceV3 {
	p.t.Helper()
	var d struct {
		Checkpoint struct {
			Latest apitype.DeploymentV3 `json:"latest"`
		} `json:"checkpoint"`
	}
	require.NoError(p.t, json.Unmarshal([]byte(p.file()), &d))
	return d.Checkpoint.Latest.Resources
}

// file is the whole state as it lies on disk.
func (p *project) file() string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.state, ".pulumi", "stacks", "sim", "dev.json"))
	require.NoError(p.t, err)
	return string(text)
}

// resource declares a resource by type token.
func resource(ctx *pulumi.Context, token, name string, props pulumi.Map, opts ...pulumi.ResourceOption) (*pulumi.CustomResourceState, error) {
	r := &pulumi.CustomResourceState{}
	return r, ctx.RegisterResource(token, name, props, r, opts...)
}

// network is a VPC with a subnet, tagged.
func network(block, subnet, tag string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		vpc, err := resource(ctx, "aws:ec2/vpc:Vpc", "main", pulumi.Map{
			"cidrBlock": pulumi.String(block), "tags": pulumi.Map{"Name": pulumi.String(tag)},
		})
		if err != nil {
			return err
		}
		_, err = resource(ctx, "aws:ec2/subnet:Subnet", "a", pulumi.Map{"vpcId": vpc.ID(), "cidrBlock": pulumi.String(subnet)})
		ctx.Export("vpc", vpc.ID())
		return err
	}
}

// TestLifeOfAStack: up, nothing to do, refresh, update, replacement, destroy.
func TestLifeOfAStack(t *testing.T) {
	p := newProject(t).program(network("10.40.0.0/16", "10.40.0.0/20", "one"))
	res, out := p.up()
	require.Contains(t, out, "SIMULATED AWS: account 123456789012, region us-east-1")
	first := res.Outputs["vpc"].Value
	require.Regexp(t, `^vpc-[0-9a-f]{17}$`, first)

	require.Equal(t, map[apitype.OpType]int{apitype.OpSame: 3}, p.plan())
	refreshed, err := p.stack.Refresh(context.Background(), optrefresh.ExpectNoChanges())
	require.NoError(t, err)
	require.Equal(t, "succeeded", refreshed.Summary.Result)

	p.program(network("10.40.0.0/16", "10.40.0.0/20", "two"))
	require.Equal(t, map[apitype.OpType]int{apitype.OpSame: 2, apitype.OpUpdate: 1}, p.plan())
	res, _ = p.up()
	require.Equal(t, first, res.Outputs["vpc"].Value)

	p.program(network("10.41.0.0/16", "10.41.0.0/20", "two"))
	require.Equal(t, map[apitype.OpType]int{apitype.OpSame: 1, apitype.OpReplace: 2}, p.plan())
	res, _ = p.up()
	require.NotEqual(t, first, res.Outputs["vpc"].Value)

	p.destroy()
}

// TestRefusedAtPreview: nothing of a faulty program is made.
func TestRefusedAtPreview(t *testing.T) {
	p := newProject(t)
	for name, c := range map[string]struct {
		program pulumi.RunFunc
		want    string
	}{
		"unknown type": {func(ctx *pulumi.Context) error {
			_, err := resource(ctx, "aws:ec2/vpd:Vpd", "a", nil)
			return err
		}, "no such type as aws:ec2/vpd:Vpd"},
		"missing input": {func(ctx *pulumi.Context) error {
			_, err := resource(ctx, "aws:ec2/subnet:Subnet", "a", nil)
			return err
		}, "property vpcId value {<nil>} has a problem: missing: Subnet needs it"},
		"duplicate name": {func(ctx *pulumi.Context) error {
			for _, name := range []string{"a", "b"} {
				if _, err := resource(ctx, "aws:s3/bucketV2:BucketV2", name, pulumi.Map{"bucket": pulumi.String("pathwai-x")}); err != nil {
					return err
				}
			}
			return nil
		}, `BucketV2 "pathwai-x" exists already`},
		"outside the VPC": {network("10.40.0.0/16", "10.50.0.0/20", "x"), "InvalidSubnet.Range"},
		"function": {func(ctx *pulumi.Context) error {
			var out map[string]any
			return ctx.Invoke("aws:index/getCallerIdentity:getCallerIdentity", nil, &out)
		}, "getCallerIdentity:getCallerIdentity is not simulated"},
		"component": {func(ctx *pulumi.Context) error {
			return ctx.RegisterRemoteComponentResource("awsx:ecs:FargateService", "a", nil, &remote{})
		}, "no such component as awsx:ecs:FargateService"},
		"image": {func(ctx *pulumi.Context) error {
			return ctx.RegisterRemoteComponentResource("awsx:ecr:Image", "web", pulumi.Map{"repositoryUrl": pulumi.String("x")}, &remote{})
		}, "no Docker engine answers at unix:///nowhere/docker.sock"},
		"password": {func(ctx *pulumi.Context) error {
			_, err := resource(ctx, "aws:rds/instance:Instance", "db", pulumi.Map{
				"engine": pulumi.String("postgres"), "instanceClass": pulumi.String("db.t4g.small"), "allocatedStorage": pulumi.Int(20),
				"username": pulumi.String("airflow"), "password": pulumi.ToSecret(pulumi.String("hunter/2hunter")),
			})
			return err
		}, "a password has 8 to 128 printable characters"},
		"random": {func(ctx *pulumi.Context) error {
			_, err := resource(ctx, "random:index/randomPassword:RandomPassword", "a", pulumi.Map{"length": pulumi.Int(4), "minLower": pulumi.Int(5)})
			return err
		}, "below the sum of the least numbers"},
	} {
		t.Run(name, func(t *testing.T) {
			out := p.program(c.program).refused()
			require.Contains(t, out, c.want)
			require.NotContains(t, out, "hunter", "a secret is shown")
		})
	}
	require.Empty(t, p.resources())
}

// remote is a component of another provider, without its outputs.
type remote struct{ pulumi.ResourceState }
