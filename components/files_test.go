package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const fileSystemToken = "aws:efs/fileSystem:FileSystem"

func runFiles(t *testing.T, oneZone string, backup bool, infrequentDays int) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		network, err := newTestNetwork(ctx)
		if err != nil {
			return err
		}
		zones := []string{"eu-west-1a", "eu-west-1c"}
		if oneZone != "" {
			zones = []string{oneZone}
		}
		_, err = NewFiles(ctx, "files", &FilesArgs{
			Scope: testScope, Network: network, Zones: zones, OneZone: oneZone,
			Backup: backup, InfrequentAccessDays: infrequentDays, DataKeyARN: pulumi.String(dataKeyARN),
		})
		return err
	})
}

func TestFilesRegional(t *testing.T) {
	record := runFiles(t, "", true, 14)
	system := one(t, record, fileSystemToken, "files")
	require.Equal(t, true, system["encrypted"])
	require.Equal(t, dataKeyARN, system["kmsKeyId"])
	require.NotContains(t, system, "availabilityZoneName")
	require.Equal(t, []any{
		map[string]any{"transitionToIa": "AFTER_14_DAYS"}, map[string]any{"transitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
	}, system["lifecyclePolicies"])
	for _, zone := range []string{"a", "c"} {
		mount := one(t, record, "aws:efs/mountTarget:MountTarget", "files-"+zone)
		require.Equal(t, "network-private-"+zone+"-id", mount["subnetId"])
		require.Equal(t, []any{"files-id"}, mount["securityGroups"])
	}
	require.Equal(t, map[string]any{"status": "ENABLED"}, one(t, record, "aws:efs/backupPolicy:BackupPolicy", "files")["backupPolicy"])
}

// A One Zone file system has a mount target in its own zone and nowhere else.
func TestFilesOneZone(t *testing.T) {
	record := runFiles(t, "eu-west-1c", false, 0)
	system := one(t, record, fileSystemToken, "files")
	require.Equal(t, "eu-west-1c", system["availabilityZoneName"])
	require.NotContains(t, system, "lifecyclePolicies")
	require.Equal(t, []string{"files-c"}, names(record, "aws:efs/mountTarget:MountTarget"))
	require.Equal(t, "network-private-c-id", one(t, record, "aws:efs/mountTarget:MountTarget", "files-c")["subnetId"])
	require.Equal(t, map[string]any{"status": "DISABLED"}, one(t, record, "aws:efs/backupPolicy:BackupPolicy", "files")["backupPolicy"])
}

// Whoever a client says it is, files are written and read as Airflow's user.
func TestFilesAccessPoints(t *testing.T) {
	record := runFiles(t, "", true, 0)
	require.Equal(t, []string{"files-reader", "files-writer"}, names(record, "aws:efs/accessPoint:AccessPoint"))
	for _, name := range []string{"files-reader", "files-writer"} {
		point := one(t, record, "aws:efs/accessPoint:AccessPoint", name)
		require.Equal(t, "files-id", point["fileSystemId"])
		require.Equal(t, map[string]any{"uid": 50000.0, "gid": 0.0}, point["posixUser"])
		require.Equal(t, map[string]any{
			"path":         "/sync",
			"creationInfo": map[string]any{"ownerUid": 50000.0, "ownerGid": 0.0, "permissions": "0755"},
		}, point["rootDirectory"])
	}
}

func TestFilesAdmit(t *testing.T) {
	record := run(t, func(ctx *pulumi.Context) error {
		w, err := newWorld(ctx, "", nil)
		if err != nil {
			return err
		}
		var made []*Service
		for _, name := range []string{"dagsync", "worker", "scheduler"} {
			service, err := NewService(ctx, name, serviceArgs(w, Container{Name: name, Image: "agent"}))
			if err != nil {
				return err
			}
			made = append(made, service)
		}
		return w.files.Admit(ctx, made[0], made[1:])
	})
	res := raw(t, record, "aws:efs/fileSystemPolicy:FileSystemPolicy", "files")
	policy := parsePolicy(t, res.Plain()["policy"])
	viaMount := map[string]map[string]any{"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
	role := func(name string) string { return "arn:aws:iam::123456789012:role/acme-airflow-test-" + name + "-task" }
	require.Equal(t, map[string]statement{
		"Writer": {
			Sid: "Writer", Effect: "Allow", Principal: map[string]any{"AWS": role("dagsync")},
			Action: []any{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}, Resource: "*", Condition: viaMount,
		},
		"Readers": {
			Sid: "Readers", Effect: "Allow", Principal: map[string]any{"AWS": []any{role("worker"), role("scheduler")}},
			Action: "elasticfilesystem:ClientMount", Resource: "*", Condition: viaMount,
		},
		"OnlyTLS": {
			Sid: "OnlyTLS", Effect: "Deny", Principal: "*", Action: "*", Resource: "*",
			Condition: map[string]map[string]any{"Bool": {"aws:SecureTransport": "false"}},
		},
	}, policy)
	for _, name := range []string{"dagsync-task", "worker-task", "scheduler-task"} {
		require.Contains(t, res.DependsOn, "aws:iam/role:Role "+name, "EFS checks that principals exist")
	}
}

// EFS tells the zone of a file system whose zone was left out: only the token
// shows the provider that oneZone was taken back.
func TestFilesAreReplacedWithTheirZone(t *testing.T) {
	for zone, token := range map[string]string{
		"": "acme-airflow-test-files", "eu-west-1a": "acme-airflow-test-files-eu-west-1a", "eu-west-1c": "acme-airflow-test-files-eu-west-1c",
	} {
		require.Equal(t, token, one(t, runFiles(t, zone, true, 0), fileSystemToken, "files")["creationToken"])
	}
}
