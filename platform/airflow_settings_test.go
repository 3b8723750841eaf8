package platform

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/configdoc"
)

// cleanup is a script of Airflow's image that needs no Airflow: "every"
// container of the page is another.
const cleanup = "cleanup"

// usedVariable is what the stacks' task definitions say of a variable.
type usedVariable struct {
	containers map[string]bool // names of those that have it
	places     int             // how many have it
	values     map[string]bool // of the environment, or references to secrets
	secret     bool
}

// usedVariables reads the containers of Airflow's images of both stacks, and
// of dev with a login in Airflow or with a secrets backend; places is how many there are.
func usedVariables(t *testing.T) (used map[string]*usedVariable, places int) {
	t.Helper()
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	used = map[string]*usedVariable{}
	note := func(container, name, value string, secret bool) {
		if used[name] == nil {
			used[name] = &usedVariable{containers: map[string]bool{}, values: map[string]bool{}, secret: secret}
		}
		used[name].containers[container], used[name].values[value] = true, true
		used[name].secret = used[name].secret || secret
		if container != cleanup {
			used[name].places++
		}
	}
	for _, cfg := range []*config.Config{
		loadStack(t, "dev"), loadStack(t, "prod"),
		loadStack(t, "dev", func(c *config.Config) {
			c.SecretsBackend = config.SecretsBackend{ConnectionsPrefix: "airflow/connections", VariablesPrefix: "airflow/variables"}
		}),
		loadStack(t, "dev", func(c *config.Config) { c.Login.Mode, c.Login.IdPCIDRs = config.LoginFAB, []string{"10.9.0.0/16"} }),
	} {
		cfg.Airflow.Options = nil // a stack's own
		for _, definition := range record(t, cfg).Of("aws:ecs/taskDefinition:TaskDefinition") {
			var list []goldenContainer
			require.NoError(t, json.Unmarshal([]byte(definition.Plain()["containerDefinitions"].(string)), &list))
			for _, c := range list {
				if strings.Contains(c.Image, "/agent@") {
					continue
				}
				if c.Name != cleanup {
					places++
				}
				for _, variable := range c.Environment {
					note(c.Name, variable.Name, variable.Value, false)
				}
				for _, variable := range c.Secrets {
					note(c.Name, variable.Name, compact(variable.ValueFrom), true)
				}
			}
		}
	}
	return used, places
}

// onlyCode is a cell that is nothing but one piece of code.
var onlyCode = regexp.MustCompile("^`([^`]+)`$")

// named are the values that a cell names: entries of the stack's
// secrets, with a key or not, and code.
func named(references string) []string {
	var values []string
	for _, reference := range strings.Split(references, ", ") {
		if code := onlyCode.FindStringSubmatch(reference); code != nil {
			values = append(values, code[1])
			continue
		}
		entry, key, _ := strings.Cut(reference, ".")
		values = append(values, "secrets-"+entry+":"+key+"::version-of-secrets-"+entry)
	}
	slices.Sort(values)
	return values
}

// TestAirflowSettingsAreExplained: docs/airflow-settings.md has each variable
// of Airflow's containers, and no other, with what the plan says of it.
func TestAirflowSettingsAreExplained(t *testing.T) {
	used, places := usedVariables(t)
	groups, err := configdoc.Read(projectFile)
	require.NoError(t, err)
	settings := map[string]bool{}
	for _, group := range groups {
		for _, setting := range group.Settings {
			settings[setting.Path] = true
		}
	}
	page, err := os.ReadFile("../docs/airflow-settings.md")
	require.NoError(t, err)
	var told []string
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| `") || len(cells) < 3 {
			continue
		}
		name, containers, value := strings.Trim(cells[0], "`"), cells[1], cells[2]
		told = append(told, name)
		variable := used[name]
		if !assert.NotNil(t, variable, "%s is on no container", name) {
			continue
		}
		has := slices.Sorted(maps.Keys(variable.containers))
		if variable.places == places {
			has = []string{"every"}
			if variable.containers[cleanup] {
				has = []string{cleanup, "every"}
			}
		}
		names := strings.Split(containers, ", ")
		slices.Sort(names)
		assert.Equal(t, has, names, "%s is on other containers", name)
		references, secret := strings.CutPrefix(value, "secret ")
		assert.Equal(t, variable.secret, secret, "%s: a secret or not", name)
		values := slices.Sorted(maps.Keys(variable.values))
		if secret {
			assert.Equal(t, named(references), values, name)
		} else if code := onlyCode.FindStringSubmatch(value); code != nil && !settings[code[1]] {
			assert.Equal(t, []string{code[1]}, values, name)
		}
	}
	for name := range used {
		assert.True(t, slices.Contains(told, name), "docs/airflow-settings.md does not explain %s", name)
	}
	assert.Greater(t, len(told), 40)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(told))), len(told), "one variable twice")
}
