package engine

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

var everySetting = flag.Bool("settings.all", false, "turn every setting of test/provider/settings.yaml, some seconds each")

// telling are rows that a simulation gets wrong first: what AWS replaces, what it
// changes in place though it once replaced it, and what goes from row to row.
var telling = []string{
	"network.zones", "broker.engineVersion", "files.oneZone", "secrets.jwtSecret", "loadBalancer.hostname", "services.scheduler.spotPercent", "workerPools[].max",
}

type settingsTable struct {
	Base map[string]any `yaml:"base"`
	Rows []settingsRow  `yaml:"rows"`
}

type settingsRow struct {
	Set     string         `yaml:"set"`
	To      any            `yaml:"to"`
	With    map[string]any `yaml:"with"`
	Only    string         `yaml:"only"`
	Untried string         `yaml:"untried"`
}

// forth are the steps that a row took on the real provider. Where it goes one
// way only, the results name it with its value: there may be several of one setting.
func (r settingsRow) forth(t *testing.T, happened map[string]map[string][]string) []string {
	if r.Only == "" {
		return happened[r.Set]["forth"]
	}
	to, err := json.Marshal(r.To)
	require.NoError(t, err)
	for key, ways := range happened {
		if value, found := strings.CutPrefix(key, r.Set+" = "); found && assert.ObjectsAreEqual(anyOf(t, string(to)), anyOf(t, value)) {
			return ways["forth"]
		}
	}
	return nil
}

func anyOf(t *testing.T, text string) (value any) {
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

// TestTheSimulationTurnsSettingsAlike: what the real provider did with a setting
// on a living stack (test/provider/settings.json), the simulated one does.
func TestTheSimulationTurnsSettingsAlike(t *testing.T) {
	var table settingsTable
	readInto(t, "../provider/settings.yaml", yaml.Unmarshal, &table)
	var happened map[string]map[string][]string
	readInto(t, "../provider/settings.json", json.Unmarshal, &happened)
	var file map[string]any
	readInto(t, root+"/Pulumi.dev.yaml", yaml.Unmarshal, &file)
	// A stack's file holds no secret in clear; no row here turns a login.
	delete(table.Base, "login")
	delete(table.Base, "oidcClientSecret")
	settings := laid(file["config"].(map[string]any), full(table.Base))
	environment := []string{"SIM_HOME=" + t.TempDir()}
	preview := func(command string, settings map[string]any, args ...string) string {
		text, err := yaml.Marshal(map[string]any{"config": settings})
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "stack.yaml")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		printed, err := engine(t, append(environment, "STACK_FILE="+path), "scripts/pulumi", append([]string{"dev", command, "--non-interactive"}, args...)...)
		require.NoError(t, err, printed)
		return printed
	}
	preview("up", settings, "--yes", "--skip-preview")
	tried := 0
	for _, row := range table.Rows {
		if row.Untried != "" || strings.HasPrefix(row.Set, "login.") || row.Set == "oidcClientSecret" || !*everySetting && !slices.Contains(telling, row.Set) {
			continue
		}
		tried++
		t.Run(row.Set, func(t *testing.T) {
			happened := row.forth(t, happened)
			if happened == nil {
				t.Skipf("not tried on the real provider yet: test/provider/run.py settings --only '%s*'", row.Set)
			}
			changed := laid(settings, laid(full(placed(settings, row.Set, row.To)), full(row.With)))
			assert.Equal(t, decided(happened), steps(readPlan(t, preview("preview", changed, "--json"))))
		})
	}
	assert.GreaterOrEqual(t, tried, len(telling), "a telling row isn't in the table any more")
}

func readInto(t *testing.T, path string, parse func([]byte, any) error, value any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, parse(text, value))
}

// ofALogin is of the identity provider, which the simulated stack hasn't.
var ofALogin = regexp.MustCompile(`oidc-client-secret|-to-idp-`)

// decided takes what the real provider decides only while it updates, since a
// value isn't known before, for the update that it is.
func decided(happened []string) []string {
	all := []string{}
	for _, step := range happened {
		if words := strings.Fields(step); words[0] == "later" {
			step = strings.Join([]string{"update", words[1], words[2]}, " ")
		}
		if !ofALogin.MatchString(step) {
			all = append(all, step)
		}
	}
	slices.Sort(all)
	return all
}

// steps are a preview's, as the table's results have them.
func steps(p plan) []string {
	all := []string{}
	for _, step := range p.Steps {
		parts := strings.Split(step.URN, "::")
		kind := parts[2][strings.LastIndex(parts[2], "$")+1:]
		op := map[string]string{"create-replacement": "replace"}[step.Op]
		if op == "" {
			op = step.Op
		}
		if slices.Contains([]string{"create", "update", "replace", "delete"}, op) && !strings.HasPrefix(kind, "airflow:") && !strings.HasPrefix(kind, "pulumi:") {
			all = append(all, op+" "+kind+" "+parts[3])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// laid lays over upon a copy of base; maps are merged.
func laid(base, over map[string]any) map[string]any {
	result := map[string]any{}
	for key, value := range base {
		result[key] = value
	}
	for key, value := range over {
		below, isMap := result[key].(map[string]any)
		if upper, both := value.(map[string]any); both && isMap {
			value = laid(below, upper)
		}
		result[key] = value
	}
	return result
}

func full(settings map[string]any) map[string]any {
	result := map[string]any{}
	for key, value := range settings {
		result["airflow:"+key] = value
	}
	return result
}

// placed is the top-level setting that a path is in, with the value at its place.
func placed(settings map[string]any, path string, value any) map[string]any {
	name, rest, _ := strings.Cut(path, ".")
	if name, listed := strings.CutSuffix(name, "[]"); listed {
		list := slices.Clone(settings["airflow:"+name].([]any))
		list[0] = laid(list[0].(map[string]any), map[string]any{rest: value})
		return map[string]any{name: list}
	}
	if rest == "" {
		return map[string]any{name: value}
	}
	keys := strings.Split(rest, ".")
	for _, key := range slices.Backward(keys) {
		value = map[string]any{key: value}
	}
	return map[string]any{name: value}
}
