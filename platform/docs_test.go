package platform

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/componentdoc"
	"github.com/pathwai/airflow-on-fargate/internal/configdoc"
)

// Every setting is described in Pulumi.yaml, and docs/configuration.md says the same.
func TestDocsOfTheConfiguration(t *testing.T) {
	groups, err := configdoc.Read(projectFile)
	require.NoError(t, err)
	checkGenerated(t, "../docs/configuration.md", configdoc.Markdown(groups, config.ReservedOptions()))
}

// Every argument and output is described in components, docs/components says
// the same, and holds no page of a component that is gone.
func TestDocsOfTheComponents(t *testing.T) {
	pkg, err := componentdoc.Read("../components")
	require.NoError(t, err)
	decisions, err := componentdoc.Decisions("../docs/adr")
	require.NoError(t, err)
	pages, err := componentdoc.Pages(pkg, decisions)
	require.NoError(t, err)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		checkGenerated(t, filepath.Join("../docs/components", name), pages[name])
	}
	there, err := filepath.Glob("../docs/components/*")
	require.NoError(t, err)
	for _, file := range there {
		if _, wanted := pages[filepath.Base(file)]; wanted {
			continue
		}
		if *update {
			require.NoError(t, os.Remove(file))
			continue
		}
		t.Errorf("%s is of no component: run make golden", file)
	}
}

// What a page says its component can create is read from the code without
// running it. Whatever the stacks do create in a component must be among it.
func TestDocsOfTheComponentsNameAllResources(t *testing.T) {
	pkg, err := componentdoc.Read("../components")
	require.NoError(t, err)
	listed := map[string][]string{}
	for _, component := range pkg.Components {
		listed["airflow:index:"+component.Name] = component.Resources
	}
	seen := map[string]bool{}
	for _, stack := range bothStacks {
		for _, resource := range record(t, loadStack(t, stack)).All() {
			for _, kind := range resource.Within {
				if _, own := listed[kind]; own {
					seen[kind] = true
					assert.Contains(t, listed[kind], resource.Type, "%s %s of %s", kind, resource.Name, stack)
				}
			}
			if strings.HasPrefix(resource.Type, "airflow:") {
				assert.Contains(t, listed, resource.Type)
			}
		}
	}
	require.Greater(t, len(seen), 15)
}
