package cli

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// upgrading is dev on moto, which runs Airflow 3.1, and whose file says 3.3 and
// the digests b. make up deploys them.
type upgrading struct {
	*home
	aws   *awstest.AWS
	fleet *awstest.Fleet
}

func newUpgrading(t *testing.T) *upgrading {
	t.Helper()
	h := newHome(t, map[string]string{"pulumi": fakePulumi, "make": inWorktree + `; if [ -n "${MAKES:-}" ]; then cp "$MAKES" "$STATE"; fi; exit "${MAKE_ENDS:-0}"`})
	u := &upgrading{home: h}
	u.aws, u.fleet = cluster(t)
	u.aws.Answer("ServiceQuota", func(string) string { return `{"Quota": {"Value": 1000}}` })
	dev, err := os.ReadFile(filepath.Join(h.folder, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	var digests []string
	for _, image := range config.ImageNames {
		digests = append(digests, image+": "+digestOf("b"))
	}
	head, tail, _ := strings.Cut(string(dev), "  airflow:images:\n")
	_, tail, _ = strings.Cut(tail, "\n  airflow:")
	h.write("Pulumi.dev.yaml", head+"  airflow:images: {digests: {"+strings.Join(digests, ", ")+"}}\n  airflow:airflow: {version: \"3.3\"}\n  airflow:"+tail, 0o600)
	h.commit("3.3")
	h.setHistory(historyEntry("succeeded", strings.Repeat("5", 40), "a"))
	u.state("3.1")
	r := newRepositories(t, "dev")
	for _, image := range config.ImageNames {
		r.put("dev/"+image, digestOf("b"), "", nil)
	}
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	_, err = rds.NewFromConfig(cfg).CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("pathwai-airflow-dev-db"), DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("postgres"),
		AllocatedStorage: aws.Int32(20), BackupRetentionPeriod: aws.Int32(7), MasterUsername: aws.String("airflow"), MasterUserPassword: aws.String("of a test"),
	})
	require.NoError(t, err)
	t.Setenv("SMOKE_USER", "ann")
	t.Setenv("SMOKE_PASSWORD", "right")
	return u
}

// state says which line Pulumi's state was made with.
func (u *upgrading) state(line string) []byte {
	u.t.Helper()
	var export map[string]any
	require.NoError(u.t, json.Unmarshal(u.fleet.State(), &export))
	deployment := export["deployment"].(map[string]any)
	deployment["resources"] = append(deployment["resources"].([]any), map[string]any{"type": "pulumi:pulumi:Stack", "outputs": map[string]any{"airflowVersion": line}})
	state, err := json.Marshal(export)
	require.NoError(u.t, err)
	u.setState(state)
	return state
}

// airflow answers the smoke test, on the stack's hostname.
func (u *upgrading) airflow(version string) []string {
	u.t.Helper()
	server := httptest.NewTLSServer((&fake{healthy: true, version: version, state: "success", log: said}).handler())
	u.t.Cleanup(server.Close)
	return []string{"--url", server.URL, "--ca", authority(u.t, server)}
}

func TestUpgrade(t *testing.T) {
	u := newUpgrading(t)
	// What make up does: the services get the new images, and the state tells so.
	for _, image := range []string{"scheduler", "triggerer", "worker"} {
		u.fleet.Asked("pathwai-airflow-dev-"+image, register(u.fleet, image, "b"))
	}
	after := u.calls + ".after"
	require.NoError(t, os.WriteFile(after, u.state("3.3"), 0o600))
	for _, image := range []string{"scheduler", "triggerer", "worker"} {
		u.fleet.Asked("pathwai-airflow-dev-"+image, awstest.Revision("pathwai-airflow-dev-"+image, 1))
	}
	u.state("3.1")
	t.Setenv("MAKES", after)
	u.aws.On("Action=DescribeDBSnapshots", 1, func() {
		for _, image := range []string{"scheduler", "triggerer", "worker"} {
			u.fleet.Deploy("pathwai-airflow-dev-"+image, awstest.Revision("pathwai-airflow-dev-"+image, 2))
		}
	})
	got := u.ops(append([]string{"upgrade", "dev", "--to", "3.3", "--output", "json"}, u.airflow("3.3.2")...)...)
	require.Equal(t, 0, got.code, got.said)
	assert.Contains(t, got.called, "make up STACK=dev CLOUD=aws ARGS=--yes --non-interactive at ")
	assert.Contains(t, got.out, `"from": "3.1"`)
	assert.Contains(t, got.out, `"snapshot": "pathwai-airflow-dev-db-before-3-3-`)
}

func TestUpgradeIsRefused(t *testing.T) {
	u := newUpgrading(t)
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"another line than the file's": {[]string{"--to", "3.1"}, ExitUsage, `ops: --to is "3.1", and airflow.version in the file of dev is "3.3": put the line into the file`},
		"no line":                      {nil, ExitUsage, `ops: --to is "", and airflow.version in the file of dev is "3.3"`},
	} {
		t.Run(name, func(t *testing.T) {
			u.t = t
			got := u.ops(append([]string{"upgrade", "dev"}, test.args...)...)
			assert.Equal(t, test.code, got.code)
			assert.Contains(t, got.said, test.says)
			assert.Empty(t, got.called)
		})
	}
	t.Run("it runs already", func(t *testing.T) {
		u.t = t
		u.state("3.3")
		got := u.ops("upgrade", "dev", "--to", "3.3")
		assert.Equal(t, 0, got.code, got.said)
		assert.Equal(t, "dev runs Airflow 3.3\n", got.out)
	})
	t.Run("back", func(t *testing.T) {
		u.t = t
		u.state("3.5")
		got := u.ops("upgrade", "dev", "--to", "3.3")
		assert.Equal(t, ExitUsage, got.code)
		assert.Contains(t, got.said, "ops: dev runs Airflow 3.5: no migration leads back to 3.3, a snapshot does")
	})
	t.Run("nothing runs", func(t *testing.T) {
		u.t = t
		u.setState(u.fleet.State())
		got := u.ops("upgrade", "dev", "--to", "3.3")
		assert.Equal(t, ExitNothing, got.code)
		assert.Contains(t, got.said, "ops: the stack's state names no airflowVersion: make up makes it\n")
	})
	t.Run("nobody for the smoke test", func(t *testing.T) {
		u.t = t
		t.Setenv("SMOKE_PASSWORD", "")
		got := u.ops("upgrade", "dev", "--to", "3.3")
		assert.Equal(t, ExitUsage, got.code)
		assert.Contains(t, got.said, "ops: the smoke test at the end: ")
	})
	t.Run("all that isn't ready, at once", func(t *testing.T) {
		u.t = t
		u.state("3.1")
		u.setHistory(historyEntry("succeeded", strings.Repeat("5", 40), "b"))
		u.aws.Answer("Action=DescribeDBInstances", func(string) string {
			return `<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceStatus>modifying</DBInstanceStatus><BackupRetentionPeriod>7</BackupRetentionPeriod></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`
		})
		got := u.ops("upgrade", "dev", "--to", "3.3", "--prepare")
		u.aws.Answer("Action=DescribeDBInstances", nil)
		u.setHistory(historyEntry("succeeded", strings.Repeat("5", 40), "a"))
		assert.Equal(t, ExitNotAsked, got.code)
		assert.Contains(t, got.said, "ops: dev isn't ready for Airflow 3.3; nothing was done:\nimages.digests.web is what runs now, of the line before")
		assert.Contains(t, got.said, "\nthe database pathwai-airflow-dev-db is modifying: it must be available\n")
		assert.Empty(t, got.called)
		assert.NotContains(t, strings.Join(u.aws.Calls(), " "), "CreateDBSnapshot")
	})
	t.Run("no snapshot", func(t *testing.T) {
		u.t = t
		u.aws.Fail("Action=CreateDBSnapshot", 1, 400, "SnapshotQuotaExceeded")
		got := u.ops("upgrade", "dev", "--to", "3.3")
		assert.Equal(t, ExitFailure, got.code)
		assert.Contains(t, got.said, "\nnothing else was done\n")
		assert.Empty(t, got.called)
	})
	t.Run("interrupted at the snapshot", func(t *testing.T) {
		u.t = t
		ctx, stop := context.WithCancel(t.Context())
		u.aws.On("Action=CreateDBSnapshot", 1, stop)
		got := u.opsUntil(ctx, "upgrade", "dev", "--to", "3.3")
		assert.Equal(t, ExitInterrupted, got.code)
		assert.Empty(t, got.called)
	})
	t.Run("prepared", func(t *testing.T) {
		u.t = t
		got := u.ops("upgrade", "dev", "--to", "3.3", "--prepare")
		require.Equal(t, 0, got.code, got.said)
		assert.Regexp(t, `^dev is ready for Airflow 3\.3, the snapshot of before is pathwai-airflow-dev-db-before-3-3-\d{8}-\d{6}\n$`, got.out)
		assert.Empty(t, got.called)
	})
	t.Run("make up fails", func(t *testing.T) {
		u.t = t
		t.Setenv("MAKE_ENDS", "2")
		got := u.ops("upgrade", "dev", "--to", "3.3")
		assert.Equal(t, ExitFailure, got.code)
		assert.Regexp(t, `ops: what was changed by then stays so: make up .*\nof before is the snapshot pathwai-airflow-dev-db-before-3-3-\S+: again, ops upgrade dev --to 3\.3; back, docs/runbooks/upgrade-airflow\.md\n$`, got.said)
	})
}

// The images of the line before can't use the database any more.
func TestRollBackStopsAtAMigration(t *testing.T) {
	u := newUpgrading(t)
	first := u.git("rev-list", "--max-parents=0", "HEAD")
	u.state("3.3")
	u.setHistory(historyEntry("failed", u.git("rev-parse", "HEAD"), "b"), historyEntry("succeeded", first, "a"))
	got := u.ops("roll-back", "dev")
	assert.Equal(t, ExitNothing, got.code)
	assert.Contains(t, got.said, "ops: dev runs Airflow 3.3, and its images can't go back to 3.1 over the migration: nothing was done")
	assert.Empty(t, got.called)
	u.untouched()
}
