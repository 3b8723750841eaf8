package enginetest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// declared is a resource as a stack of this repository declares it, with all
// values known.
type declared struct {
	URN, Type            string
	Custom               bool
	Inputs               map[string]any
	PropertyDependencies map[string][]string
}

// secretText stands for a value that the state holds encrypted.
type secretText struct{}

// secretSignature is how a state marks a secret.
const secretSignature = "4dabf18193072939515e22adb298388d"

// realStacks makes the repository's stacks on the simulated cloud, and returns
// what they declare of AWS, in the order in which it was made.
func realStacks(t *testing.T) map[string][]declared {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	for _, needed := range []string{"scripts/pulumi", "bin/sim/pulumi-resource-aws", "bin/pulumi", "bin/pulumi-language-go"} {
		if _, err := os.Stat(filepath.Join(root, needed)); err != nil {
			t.Skipf("SKIPPED: no %s at the root of the repository: run `make tools sim` there", needed)
		}
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	stacks, faults := map[string][]declared{}, []string{}
	for _, name := range []string{"dev", "prod"} {
		home := t.TempDir()
		wait.Add(1)
		go func() {
			defer wait.Done()
			resources, err := makeStack(root, home, name)
			mu.Lock()
			defer mu.Unlock()
			stacks[name] = resources
			if err != nil {
				faults = append(faults, err.Error())
			}
		}()
	}
	wait.Wait()
	require.Empty(t, faults)
	return stacks
}

func makeStack(root, home, name string) ([]declared, error) {
	run := func(args ...string) ([]byte, error) {
		command := exec.Command("scripts/pulumi", append([]string{name}, args...)...)
		command.Dir = root
		command.Env = append(os.Environ(), "CLOUD=sim", "SIM_HOME="+home)
		out, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("pulumi %s %s: %w\n%s", name, args[0], err, out)
		}
		return out, nil
	}
	if _, err := run("up", "--yes", "--skip-preview", "--non-interactive"); err != nil {
		return nil, err
	}
	out, err := run("stack", "export")
	if err != nil {
		return nil, err
	}
	var state struct {
		Deployment struct{ Resources []declared }
	}
	if err := json.Unmarshal(out, &state); err != nil {
		return nil, fmt.Errorf("state of %s: %w", name, err)
	}
	var resources []declared
	for _, res := range state.Deployment.Resources {
		if !res.Custom || !strings.HasPrefix(res.Type, "aws:") {
			continue
		}
		for _, key := range []string{"__defaults", "tags", "tagsAll"} {
			delete(res.Inputs, key)
		}
		if res.Inputs == nil {
			res.Inputs = map[string]any{}
		}
		for key, value := range res.Inputs {
			res.Inputs[key] = readable(value)
		}
		resources = append(resources, res)
	}
	return resources, nil
}

// readable puts stand-ins where the state holds secrets.
func readable(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v[secretSignature] != nil {
			return secretText{}
		}
		for key, value := range v {
			v[key] = readable(value)
		}
	case []any:
		for i, value := range v {
			v[i] = readable(value)
		}
	}
	return v
}

// clone copies a value, so that a mutant doesn't change the original.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, value := range v {
			all[key] = clone(value)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i, value := range v {
			all[i] = clone(value)
		}
		return all
	}
	return v
}

// program declares resources one after another, and remembers them by URN.
type program struct {
	ctx  *pulumi.Context
	made map[string]*anything
}

// declare keeps the dependencies of each property, so that the engine tells
// the pack what refers to what.
func (p *program) declare(name string, res declared) error {
	props := pulumi.Map{}
	for key, value := range res.Inputs {
		var sources []any
		for _, urn := range res.PropertyDependencies[key] {
			if source := p.made[urn]; source != nil {
				sources = append(sources, source.URN())
			}
		}
		props[key] = plainInput(value)
		if len(sources) > 0 {
			props[key] = pulumi.All(append([]any{props[key]}, sources...)...).ApplyT(func(all []any) any { return all[0] })
		}
	}
	made := &anything{}
	if p.made[res.URN] == nil {
		p.made[res.URN] = made
	}
	return p.ctx.RegisterResource(res.Type, name, props, made)
}

func plainInput(v any) pulumi.Input {
	switch v := v.(type) {
	case secretText:
		return pulumi.ToSecret(pulumi.String("secret"))
	case string:
		return pulumi.String(v)
	case bool:
		return pulumi.Bool(v)
	case int:
		return pulumi.Int(v)
	case float64:
		return pulumi.Float64(v)
	case []any:
		all := pulumi.Array{}
		for _, item := range v {
			all = append(all, plainInput(item))
		}
		return all
	case map[string]any:
		all := pulumi.Map{}
		for key, value := range v {
			all[key] = plainInput(value)
		}
		return all
	}
	panic(fmt.Sprintf("%T", v))
}
