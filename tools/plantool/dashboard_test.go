package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stacksRaised are shared by the tests, since an `up` takes long: what `stack
// export` says of each stack. They live below home.
var stacksRaised = struct {
	sync.Mutex
	home string
	of   map[string][]byte
}{of: map[string][]byte{}}

func TestMain(m *testing.M) {
	home, err := os.MkdirTemp("", "plantool-")
	if err != nil {
		panic(err)
	}
	stacksRaised.home = home
	code := m.Run()
	if err := os.RemoveAll(home); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// raise brings a stack up on the simulated cloud, once, and returns its home and
// its state. Tests may look at it, but not change it.
func raise(t *testing.T, stack string) (home string, exported []byte) {
	t.Helper()
	stacksRaised.Lock()
	defer stacksRaised.Unlock()
	home = filepath.Join(stacksRaised.home, stack)
	if stacksRaised.of[stack] == nil {
		printed, err := pulumi(t, home, stack, "up", "--yes", "--skip-preview", "--non-interactive")
		require.NoError(t, err, "%s", printed)
		exported, err := pulumi(t, home, stack, "stack", "export")
		require.NoError(t, err)
		stacksRaised.of[stack] = exported
	}
	return home, stacksRaised.of[stack]
}

// The dashboards' pictures in docs are those of the stacks; -update writes them.
// They are drawn from stacks that are up: before, the engine doesn't know their
// JSON, which names what AWS makes.
func TestDocsDashboards(t *testing.T) {
	for _, stack := range stacks {
		t.Run(stack, func(t *testing.T) {
			_, exported := raise(t, stack)
			svg := filepath.Join(root, "docs/img/dashboard-"+stack+".svg")
			args := []string{"dashboard", "--svg", svg, "--plan", save(t, exported)}
			if !*update {
				args = append(args, "--check")
			}
			tool(t, args...)
			picture, err := os.ReadFile(svg)
			require.NoError(t, err)
			assertReadable(t, picture)
			assert.Contains(t, string(picture), "No data: drawn from its definition.")
		})
	}
}
