package upgrade

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func TestRunning(t *testing.T) {
	state := func(outputs string) []byte {
		return []byte(`{"deployment": {"resources": [{"type": "other", "outputs": {"airflowVersion": 3}}, {"type": "pulumi:pulumi:Stack", "outputs": ` + outputs + `}]}}`)
	}
	line, err := Running(state(`{"airflowVersion": "3.1"}`))
	require.NoError(t, err)
	assert.Equal(t, "3.1", line)
	_, err = Running(state(`{"url": "x"}`))
	require.ErrorIs(t, err, ErrNone)
	_, err = Running([]byte(`{"deployment": {}}`))
	require.ErrorIs(t, err, ErrNone)
	_, err = Running([]byte("oops"))
	require.EqualError(t, err, "the stack's state: invalid character 'o' looking for beginning of value")
}

func TestOlder(t *testing.T) {
	for pair, want := range map[[2]string]bool{{"3.1", "3.3"}: true, {"3.3", "3.1"}: false, {"3.3", "3.3"}: false, {"3.9", "3.10"}: true, {"2.11", "3.1"}: true} {
		assert.Equal(t, want, Older(pair[0], pair[1]), pair)
	}
}

func TestSameImages(t *testing.T) {
	before := map[string]string{"web": "a", "scheduler": "a", "agent": "a"}
	assert.Empty(t, SameImages(before, map[string]string{"web": "b", "scheduler": "b", "agent": "a"}), "the agent isn't Airflow's")
	assert.Equal(t, []string{"images.digests.scheduler is what runs now, of the line before: build and push the images, and put their digests into the file (make images-push digests)"},
		SameImages(before, map[string]string{"web": "b", "scheduler": "a", "agent": "a"}))
	assert.Empty(t, SameImages(nil, nil), "Pulumi builds them")
}

// database is dev's, in moto.
func database(t *testing.T, backups int32) (*Database, *awstest.AWS, *strings.Builder) {
	t.Helper()
	moto, said := awstest.Start(t), &strings.Builder{}
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	d := &Database{
		Stack: &stack.Stack{Config: &config.Config{Org: "acme", Environment: "dev"}}, RDS: rds.NewFromConfig(cfg),
		Now:  func() time.Time { return time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) },
		Pace: time.Millisecond, Limit: time.Minute, Say: func(format string, args ...any) { fmt.Fprintf(said, format+"\n", args...) },
	}
	_, err = d.RDS.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(d.Identifier()), DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("postgres"),
		AllocatedStorage: aws.Int32(20), BackupRetentionPeriod: &backups, MasterUsername: aws.String("airflow"), MasterUserPassword: aws.String("of a test"),
	})
	require.NoError(t, err)
	return d, moto, said
}

const (
	snapshot   = "acme-airflow-dev-db-before-3-3-20261128-120000"
	snapshotOf = `<DescribeDBSnapshotsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBSnapshotsResult><DBSnapshots><DBSnapshot><Status>%s</Status><PercentProgress>%d</PercentProgress></DBSnapshot></DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>`
)

func TestFaults(t *testing.T) {
	d, moto, _ := database(t, 7)
	faults, err := d.Faults(t.Context())
	require.NoError(t, err)
	assert.Empty(t, faults)

	moto.Answer("Action=DescribeDBInstances", func(string) string {
		return `<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceStatus>storage-full</DBInstanceStatus><BackupRetentionPeriod>0</BackupRetentionPeriod></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`
	})
	faults, err = d.Faults(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{
		"the database acme-airflow-dev-db is storage-full: it must be available",
		"the database acme-airflow-dev-db has no backups (database.backupRetentionDays), and so no way back to a moment during the upgrade",
	}, faults)
	moto.Answer("Action=DescribeDBInstances", nil)

	d.Environment = "prod"
	faults, err = d.Faults(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"there is no database acme-airflow-prod-db"}, faults)

	moto.Fail("Action=DescribeDBInstances", 1, 403, "AccessDenied")
	_, err = d.Faults(t.Context())
	require.ErrorContains(t, err, "how is the database? operation error RDS: DescribeDBInstances")
}

func TestSnapshot(t *testing.T) {
	t.Run("complete", func(t *testing.T) {
		d, moto, said := database(t, 7)
		moto.Fail("Action=CreateDBSnapshot", 2, 400, "Throttling")
		steps := []string{fmt.Sprintf(snapshotOf, "creating", 0), fmt.Sprintf(snapshotOf, "creating", 40), fmt.Sprintf(snapshotOf, "creating", 40)}
		moto.Answer("Action=DescribeDBSnapshots", func(string) string {
			if len(steps) == 0 {
				return fmt.Sprintf(snapshotOf, "available", 100)
			}
			step := steps[0]
			steps = steps[1:]
			return step
		})
		name, err := d.Snapshot(t.Context(), "3.3")
		require.NoError(t, err)
		assert.Equal(t, snapshot, name)
		assert.Equal(t, "snapshot "+snapshot+" of acme-airflow-dev-db is being made\nsnapshot "+snapshot+": 0 %\nsnapshot "+snapshot+": 40 %\nsnapshot "+snapshot+" is complete\n", said.String())
		moto.Answer("Action=DescribeDBSnapshots", nil)
		out, err := d.RDS.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &name})
		require.NoError(t, err)
		assert.Equal(t, "acme-airflow-dev-db", aws.ToString(out.DBSnapshots[0].DBInstanceIdentifier))
	})
	t.Run("the answer is lost", func(t *testing.T) {
		d, moto, _ := database(t, 7)
		moto.Cut("Action=CreateDBSnapshot", 1, true)
		name, err := d.Snapshot(t.Context(), "3.3")
		require.NoError(t, err)
		out, err := d.RDS.DescribeDBSnapshots(t.Context(), &rds.DescribeDBSnapshotsInput{DBInstanceIdentifier: aws.String(d.Identifier()), SnapshotType: aws.String("manual")})
		require.NoError(t, err)
		made := slices.DeleteFunc(out.DBSnapshots, func(s types.DBSnapshot) bool { return len(s.TagList) == 0 }) // moto's own
		require.Len(t, made, 1)
		assert.Equal(t, name, aws.ToString(made[0].DBSnapshotIdentifier))
	})
	t.Run("refused", func(t *testing.T) {
		d, moto, said := database(t, 7)
		moto.Fail("Action=CreateDBSnapshot", 1, 400, "SnapshotQuotaExceeded")
		_, err := d.Snapshot(t.Context(), "3.3")
		require.ErrorContains(t, err, "the snapshot "+snapshot+": operation error RDS: CreateDBSnapshot")
		assert.Empty(t, said.String())
	})
	t.Run("it fails", func(t *testing.T) {
		d, moto, _ := database(t, 7)
		moto.Answer("Action=DescribeDBSnapshots", func(string) string { return fmt.Sprintf(snapshotOf, "failed", 0) })
		_, err := d.Snapshot(t.Context(), "3.3")
		require.EqualError(t, err, "the snapshot "+snapshot+" is failed")
	})
	t.Run("it takes too long", func(t *testing.T) {
		d, moto, _ := database(t, 7)
		d.Limit = 50 * time.Millisecond
		moto.Answer("Action=DescribeDBSnapshots", func(string) string { return fmt.Sprintf(snapshotOf, "creating", 1) })
		_, err := d.Snapshot(t.Context(), "3.3")
		require.EqualError(t, err, "the snapshot "+snapshot+" isn't complete after 50ms")
	})
	t.Run("interrupted", func(t *testing.T) {
		d, moto, _ := database(t, 7)
		ctx, stop := context.WithCancel(t.Context())
		moto.Answer("Action=DescribeDBSnapshots", func(string) string { stop(); return fmt.Sprintf(snapshotOf, "creating", 1) })
		name, err := d.Snapshot(ctx, "3.3")
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, snapshot, name)
	})
}
