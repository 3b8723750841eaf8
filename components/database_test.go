package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const (
	instanceToken  = "aws:rds/instance:Instance"
	parameterToken = "aws:rds/parameterGroup:ParameterGroup"
)

func runDatabase(t *testing.T, change func(*DatabaseArgs)) *recorder.Record {
	args := &DatabaseArgs{
		Scope: testScope, VPCID: pulumi.String("vpc"), SubnetIDs: subnetIDs(),
		EngineVersion: "16.10", InstanceClass: "db.t4g.small", AllocatedStorageGiB: 20, MaxAllocatedStorageGiB: 50,
		BackupRetentionDays: 5, InsightsRetentionDays: 31, LogRetentionDays: 14,
		Password: pulumi.ToSecret(pulumi.String("pw")).(pulumi.StringOutput), DataKeyARN: pulumi.String(dataKeyARN), LogsKeyARN: pulumi.String(logsKeyARN),
		Life: pulumi.String("a1b2c3"),
	}
	if change != nil {
		change(args)
	}
	return run(t, func(ctx *pulumi.Context) error {
		_, err := NewDatabase(ctx, "database", args)
		return err
	})
}

func TestDatabaseIsEncryptedAndPrivate(t *testing.T) {
	record := runDatabase(t, nil)
	instance := one(t, record, instanceToken, "database")
	for property, want := range map[string]any{
		"identifier": "acme-airflow-test-db", "engine": "postgres", "engineVersion": "16.10", "instanceClass": "db.t4g.small",
		"storageEncrypted": true, "kmsKeyId": dataKeyARN, "publiclyAccessible": false,
		"storageType": "gp3", "allocatedStorage": 20.0, "maxAllocatedStorage": 50.0,
		"backupRetentionPeriod": 5.0, "copyTagsToSnapshot": true,
		"performanceInsightsEnabled": true, "performanceInsightsKmsKeyId": dataKeyARN, "performanceInsightsRetentionPeriod": 31.0,
		"enabledCloudwatchLogsExports": []any{"postgresql", "upgrade"}, "vpcSecurityGroupIds": []any{"database-id"},
		"port": 5432.0, "dbName": "airflow", "username": "airflow", "multiAz": false,
		"parameterGroupName": "acme-airflow-test-db-postgres16", "dbSubnetGroupName": "acme-airflow-test-db",
	} {
		require.Equal(t, want, instance[property], property)
	}
	require.True(t, raw(t, record, instanceToken, "database").Inputs["password"].ContainsSecrets(), "the password is in clear in the state")
	subnets := one(t, record, "aws:rds/subnetGroup:SubnetGroup", "database")
	require.Equal(t, []any{"subnet-a", "subnet-c"}, subnets["subnetIds"])
}

func TestDatabaseRefusesPlainConnections(t *testing.T) {
	for version, family := range map[string]string{"16.10": "postgres16", "17": "postgres17"} {
		group := one(t, runDatabase(t, func(a *DatabaseArgs) { a.EngineVersion = version }), parameterToken, "database")
		require.Equal(t, family, group["family"])
		require.Equal(t, "acme-airflow-test-db-"+family, group["name"], "an upgrade needs the new group before the old one can go")
		instance := one(t, runDatabase(t, func(a *DatabaseArgs) { a.EngineVersion = version }), instanceToken, "database")
		require.Equal(t, group["name"], instance["parameterGroupName"], "RDS wants the new family in the same change")
		require.Equal(t, true, instance["allowMajorVersionUpgrade"], "RDS refuses a new major version otherwise")
		require.Contains(t, group["parameters"], map[string]any{"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"})
	}
}

// RDS would create the groups of its exports without retention and key.
func TestDatabaseLogGroupsComeFirst(t *testing.T) {
	record := runDatabase(t, nil)
	instance := raw(t, record, instanceToken, "database")
	for _, export := range []string{"postgresql", "upgrade"} {
		require.Equal(t, map[string]any{
			"name": "/aws/rds/instance/acme-airflow-test-db/" + export, "retentionInDays": 14.0, "kmsKeyId": logsKeyARN,
		}, without(one(t, record, "aws:cloudwatch/logGroup:LogGroup", "database-"+export), "tags"))
		require.Contains(t, instance.DependsOn, "aws:cloudwatch/logGroup:LogGroup database-"+export)
	}
}

func TestDatabaseProtection(t *testing.T) {
	open := runDatabase(t, nil)
	instance := one(t, open, instanceToken, "database")
	require.Equal(t, false, instance["deletionProtection"])
	require.Equal(t, true, instance["skipFinalSnapshot"])
	require.Equal(t, true, instance["deleteAutomatedBackups"])
	require.NotContains(t, instance, "finalSnapshotIdentifier")
	require.False(t, raw(t, open, instanceToken, "database").Protect)

	guarded := runDatabase(t, func(a *DatabaseArgs) { a.Protect, a.FinalSnapshot, a.MultiAZ = true, true, true })
	instance = one(t, guarded, instanceToken, "database")
	require.Equal(t, true, instance["deletionProtection"])
	require.Equal(t, false, instance["skipFinalSnapshot"])
	require.Equal(t, false, instance["deleteAutomatedBackups"])
	require.Equal(t, "acme-airflow-test-db-final-a1b2c3", instance["finalSnapshotIdentifier"])
	require.Equal(t, true, instance["multiAz"])
	require.True(t, raw(t, guarded, instanceToken, "database").Protect, "AWS protects it, and Pulumi doesn't")
}

// RDS raises minors by itself where the version leaves them open, and nowhere
// else: `up` can't go back from 16.11 to the 16.10 of the stack's file.
func TestDatabaseMinorVersions(t *testing.T) {
	for version, raised := range map[string]bool{"16": true, "16.10": false, "17": true} {
		instance := one(t, runDatabase(t, func(a *DatabaseArgs) { a.EngineVersion = version }), instanceToken, "database")
		require.Equal(t, raised, instance["autoMinorVersionUpgrade"], version)
	}
}
