// Package enginetest proves the policy pack with the real Pulumi CLI: every
// rule refuses its mutants in a preview, and compliant resources pass.
package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// engine is a Pulumi CLI with a policy pack and a provider that takes everything.
type engine struct {
	cli  auto.PulumiCommand
	pack string
	env  map[string]string
}

const project = "mutants"

// built is a folder with the pack and, in plugins/, the provider.
var built string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "enginetest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for target, source := range map[string]string{"policy-pack": "..", "plugins/pulumi-resource-aws": "./echo", "plugins/pulumi-resource-aws-native": "./echo"} {
		command := exec.Command("go", "build", "-o", filepath.Join(dir, target), ".")
		command.Dir = source
		if out, err := command.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build %s: %v\n%s", source, err, out)
			return 1
		}
	}
	built = dir
	return m.Run()
}

// newEngine finds the CLI (the environment's PULUMI, the one that `make tools`
// built, or the one on PATH) and gives it a backend of its own. Its provider for
// AWS is the one in plugins, a folder; empty means the one that takes everything.
func newEngine(t *testing.T, plugins string) *engine {
	t.Helper()
	dir := t.TempDir()
	cli := findCLI(t)
	if plugins == "" {
		plugins = filepath.Join(built, "plugins")
	}
	state := filepath.Join(dir, "state")
	require.NoError(t, os.MkdirAll(state, 0o700))
	// The automation API starts whichever pulumi comes first on PATH.
	t.Setenv("PATH", strings.Join([]string{filepath.Dir(cli), plugins, os.Getenv("PATH")}, string(os.PathListSeparator)))
	command, err := auto.NewPulumiCommand(nil)
	require.NoError(t, err)
	return &engine{cli: command, pack: filepath.Join(built, "policy-pack"), env: map[string]string{
		"PULUMI_HOME":                                 filepath.Join(dir, "home"),
		"PULUMI_BACKEND_URL":                          "file://" + state,
		"PULUMI_CONFIG_PASSPHRASE":                    "test",
		"PULUMI_SKIP_UPDATE_CHECK":                    "1",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}}
}

func findCLI(t *testing.T) string {
	t.Helper()
	if cli := os.Getenv("PULUMI"); cli != "" {
		return cli
	}
	if cli, err := filepath.Abs("../../bin/pulumi"); err == nil {
		if _, err := os.Stat(cli); err == nil {
			return cli
		}
	}
	cli, err := exec.LookPath("pulumi")
	if err != nil {
		t.Skip("SKIPPED: no Pulumi CLI: run `make tools`, or put one on PATH")
	}
	return cli
}

// violation is a finding of a mandatory policy, or a notice, in the engine's event stream.
type violation struct {
	policy, urn, message, level string
}

// run is a preview, or an update, of a stack.
type run struct {
	stack  string
	config map[string]any
	update bool
}

// do runs a program and returns what the pack reported, and the CLI's verdict.
func (e *engine) do(t *testing.T, r run, program pulumi.RunFunc) ([]violation, string, error) {
	t.Helper()
	ctx := context.Background()
	stack, err := auto.UpsertStackInlineSource(ctx, auto.FullyQualifiedStackName("organization", project, r.stack), project, program,
		auto.Pulumi(e.cli), auto.EnvVars(e.env), auto.WorkDir(t.TempDir()),
		auto.Project(workspace.Project{Name: tokens.PackageName(project), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}))
	require.NoError(t, err)
	var configs []string
	if r.config != nil {
		raw, err := json.Marshal(r.config)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "config.json")
		require.NoError(t, os.WriteFile(file, raw, 0o600))
		configs = []string{file}
	}
	stream := make(chan events.EngineEvent)
	done := make(chan []violation)
	go func() { done <- collect(stream) }()
	var text strings.Builder
	if r.update {
		_, err = stack.Up(ctx, optup.PolicyPacks(e.pack), optup.PolicyPackConfigs(configs...), optup.EventStreams(stream), optup.ProgressStreams(&text))
	} else {
		_, err = stack.Preview(ctx, optpreview.PolicyPacks(e.pack), optpreview.PolicyPackConfigs(configs...), optpreview.EventStreams(stream), optpreview.ProgressStreams(&text))
	}
	found := <-done
	return found, text.String(), err
}

func collect(stream <-chan events.EngineEvent) []violation {
	var found []violation
	for event := range stream {
		// What the update will judge is no finding.
		if p := event.PolicyEvent; p != nil && p.PolicyName != rules.PostponedName {
			// Types that nothing reads are among the fixtures, the seed for one, and
			// ways to others.
			if p.PolicyName == rules.UnreadName || p.PolicyName == rules.JoinsName {
				continue
			}
			found = append(found, violation{p.PolicyName, p.ResourceURN, p.Message, p.EnforcementLevel})
		}
	}
	return found
}

// anything is a resource of any type.
type anything struct {
	pulumi.CustomResourceState
	Arn       pulumi.StringOutput `pulumi:"arn"`
	Name      pulumi.StringOutput `pulumi:"name"`
	VersionID pulumi.StringOutput `pulumi:"versionId"`
}

func (a *anything) output(name string) pulumi.Input {
	switch name {
	case "id":
		return a.ID()
	case "arn":
		return a.Arn
	case "name":
		return a.Name
	case "versionId":
		return a.VersionID
	}
	panic("no output " + name)
}

// seed's outputs are unknown at preview.
const seedType = "aws:ssm/document:Document"

// declare makes a program's part that declares a group; id keeps the names of
// several groups in one stack apart.
func declare(ctx *pulumi.Context, id string, group cases.Group) error {
	seed := &anything{}
	if err := ctx.RegisterResource(seedType, id+"-seed", pulumi.Map{}, seed); err != nil {
		return err
	}
	made := map[string]*anything{}
	for _, res := range group {
		props := pulumi.Map{}
		for key, value := range res.Props {
			props[key] = input(value, id, seed, made)
		}
		made[res.Name] = &anything{}
		if err := ctx.RegisterResource(res.Type, id+"-"+res.Name, props, made[res.Name]); err != nil {
			return err
		}
	}
	return nil
}

func input(v any, id string, seed *anything, made map[string]*anything) pulumi.Input {
	switch v := v.(type) {
	case cases.Unknown:
		return seed.Arn
	case cases.Secret:
		return pulumi.ToSecret(input(v.Value, id, seed, made))
	case cases.Ref:
		return made[v.Name].output(v.Output)
	case cases.Format:
		return pulumi.Sprintf(v.Text, made[v.Ref.Name].output(v.Ref.Output))
	case string:
		// Physical names are of one stack; here each group plays one.
		return pulumi.String(strings.ReplaceAll(v, "pathwai-", id+"-pathwai-"))
	case bool:
		return pulumi.Bool(v)
	case int:
		return pulumi.Int(v)
	case []any:
		all := pulumi.Array{}
		for _, item := range v {
			all = append(all, input(item, id, seed, made))
		}
		return all
	case map[string]any:
		all := pulumi.Map{}
		for key, value := range v {
			all[key] = input(value, id, seed, made)
		}
		return all
	}
	panic(fmt.Sprintf("%T", v))
}

// nameIn returns the last part of a URN.
func nameIn(urn string) string { return urn[strings.LastIndex(urn, "::")+2:] }

// mandatory is how events name the level that stops a deployment.
const mandatory = string(apitype.Mandatory)
