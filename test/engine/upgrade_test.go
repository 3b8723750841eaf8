package engine

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kept are the types whose resources an upgrade may neither delete nor replace,
// and what would go with one.
var kept = map[string]string{
	"aws:rds/instance:Instance":                         "Airflow's metadata",
	"aws:elasticache/replicationGroup:ReplicationGroup": "tasks that are queued",
	"aws:efs/fileSystem:FileSystem":                     "the published DAGs",
	"aws:s3/bucketV2:BucketV2":                          "DAGs, logs of tasks and accesses",
	"aws:kms/key:Key":                                   "all that was encrypted with it",
	"aws:secretsmanager/secret:Secret":                  "a secret and its earlier values",
	"random:index/randomPassword:RandomPassword":        "the value of a secret",
	"random:index/randomBytes:RandomBytes":              "the value of a secret; with the Fernet key all connections",
	"aws:cloudwatch/logGroup:LogGroup":                  "logs of containers, network and alarms",
	"aws:ecr/repository:Repository":                     "images, those to go back to among them",
	"aws:ecs/service:Service":                           "running tasks, and capacity while they are replaced",
	"aws:lb/loadBalancer:LoadBalancer":                  "the door, and its address",
}

// allowed are losses that an upgrade from the kept release makes on purpose, by
// stack and resource ("dev type name").
var allowed = map[string]loss{
	"dev aws:efs/fileSystem:FileSystem files": {
		reason: "its creation token names its zone, without which oneZone could not be taken back",
		lost:   "nothing: dagsync fills the new one from S3",
	},
	"dev aws:secretsmanager/secret:Secret secrets-db-password":  passwordAlone,
	"prod aws:secretsmanager/secret:Secret secrets-db-password": passwordAlone,
}

var passwordAlone = loss{reason: "the same password stands in database-url", lost: "nothing"}

type loss struct{ reason, lost string }

// TestUpgradeFromTheLastRelease: today's program, given the settings and the
// state of the last release, keeps all that holds state or serves.
func TestUpgradeFromTheLastRelease(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			state, resources := releaseState(t, stack)
			for kind := range kept {
				assert.Positive(t, resources[kind], "the kept state of %s has no %s: scripts/release-state", stack, kind)
			}
			settings, err := filepath.Abs("testdata/release/" + stack + ".yaml")
			require.NoError(t, err)
			environment := []string{"SIM_HOME=" + t.TempDir(), "STACK_FILE=" + settings}
			printed, err := engine(t, environment, "scripts/pulumi", stack, "stack", "import", "--file", state)
			require.NoError(t, err, printed)
			printed, err = engine(t, environment, "scripts/pulumi", stack, "preview", "--json", "--non-interactive")
			plan := readPlan(t, printed)
			require.NoError(t, err, plan.errors())
			assert.Empty(t, plan.losses(stack), "an upgrade from the release in testdata/release loses what must be kept: give the resource an alias, or list the loss in allowed")
			assert.Greater(t, plan.ChangeSummary.Same, len(kept), "the preview knows nothing of the release's resources")
		})
	}
	for resource, loss := range allowed {
		assert.NotEmpty(t, loss.reason, resource)
		assert.NotEmpty(t, loss.lost, resource)
	}
}

// releaseState unpacks a stack's kept state into a file, and counts its resources by type.
func releaseState(t *testing.T, stack string) (string, map[string]int) {
	t.Helper()
	packed, err := os.ReadFile("testdata/release/" + stack + ".json.gz")
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	data, err := io.ReadAll(reader)
	require.NoError(t, err)
	var state struct {
		Deployment struct {
			Resources []struct {
				Type string `json:"type"`
			} `json:"resources"`
		} `json:"deployment"`
	}
	require.NoError(t, json.Unmarshal(data, &state))
	resources := map[string]int{}
	for _, resource := range state.Deployment.Resources {
		resources[resource.Type]++
	}
	path := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path, resources
}

// plan is what `pulumi preview --json` prints.
type plan struct {
	Steps []struct {
		Op          string   `json:"op"`
		URN         string   `json:"urn"`
		DiffReasons []string `json:"diffReasons"`
	} `json:"steps"`
	ChangeSummary struct {
		Same int `json:"same"`
	} `json:"changeSummary"`
	Diagnostics []struct {
		Severity string `json:"severity"`
		Message  string `json:"message"`
	} `json:"diagnostics"`
}

func readPlan(t *testing.T, printed string) plan {
	t.Helper()
	_, body, found := strings.Cut(printed, "{")
	require.True(t, found, printed)
	var preview plan
	require.NoError(t, json.NewDecoder(strings.NewReader("{"+body)).Decode(&preview), printed)
	return preview
}

// errors is what the engine refused, such as the deletion of a protected resource.
func (p plan) errors() string {
	var said []string
	for _, diagnostic := range p.Diagnostics {
		if diagnostic.Severity == "error" {
			said = append(said, diagnostic.Message)
		}
	}
	return strings.Join(said, "\n")
}

// losses is what goes that must be kept, by resource.
func (p plan) losses(stack string) map[string]string {
	lost := map[string]string{}
	for _, step := range p.Steps {
		if step.Op != "delete" && step.Op != "replace" {
			continue
		}
		parts := strings.Split(step.URN, "::")
		kind := parts[2][strings.LastIndex(parts[2], "$")+1:]
		what, holds := kept[kind]
		resource := fmt.Sprintf("%s %s %s", stack, kind, parts[3])
		if _, agreed := allowed[resource]; holds && !agreed {
			lost[resource] = fmt.Sprintf("%s %v: lost are %s", step.Op, step.DiffReasons, what)
		}
	}
	return lost
}
