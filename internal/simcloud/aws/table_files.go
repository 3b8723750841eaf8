package aws

// files holds EFS and AWS Backup.
var files = map[string]*Type{
	"aws:efs/fileSystem:FileSystem": {
		ID:       "fs-{hex17}",
		ARN:      "elasticfilesystem:{region}:{account}:file-system/{id}",
		Unique:   "{creationToken}",
		ForceNew: "availabilityZoneName creationToken encrypted kmsKeyId performanceMode",
		Defaults: Props{"throughputMode": "bursting"},
		Outputs: Props{
			"availabilityZoneId": "", "availabilityZoneName": "", "creationToken": "pulumi-{num26}",
			"dnsName": "{id}.efs.{region}.{dns}", "encrypted": false, "kmsKeyId": "", "name": "", "numberOfMountTargets": 0,
			"ownerId": "{account}", "performanceMode": "generalPurpose",
		},
		Later: "protection sizeInBytes",
		Rules: Rules{
			"performanceMode": oneOf("generalPurpose", "maxIO"),
			"throughputMode":  oneOf("bursting", "provisioned", "elastic"),
		},
		Check: checkFileSystem,
	},
	"aws:efs/mountTarget:MountTarget": {
		ID:       "fsmt-{hex17}",
		Unique:   "{fileSystemId}/{subnetId}",
		Required: "fileSystemId subnetId",
		ForceNew: "fileSystemId ipAddress subnetId",
		Outputs: Props{
			"availabilityZoneId": "", "availabilityZoneName": zoneOf("subnetId"),
			"dnsName":       "{fileSystemId}.efs.{region}.{dns}",
			"fileSystemArn": "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{fileSystemId}",
			"ipAddress":     "10.0.0.{octet}", "mountTargetDnsName": "{availabilityZoneName}.{fileSystemId}.efs.{region}.{dns}",
			"networkInterfaceId": "eni-{hex17}", "ownerId": "{account}", "securityGroups": []any{},
		},
		Rules: Rules{
			"securityGroups": each(1, 5, anything),
		},
		Check:    checkMountTarget,
		Untagged: true,
	},
	"aws:efs/accessPoint:AccessPoint": {
		ID:       "fsap-{hex17}",
		ARN:      "elasticfilesystem:{region}:{account}:access-point/{id}",
		Required: "fileSystemId",
		ForceNew: `fileSystemId posixUser.gid posixUser.secondaryGids posixUser.uid rootDirectory.creationInfo.ownerGid
			rootDirectory.creationInfo.ownerUid rootDirectory.creationInfo.permissions rootDirectory.path`,
		Outputs: Props{
			"fileSystemArn": "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{fileSystemId}",
			"ownerId":       "{account}",
		},
		Later: "rootDirectory",
		Check: checkAccessPoint,
	},
	"aws:efs/fileSystemPolicy:FileSystemPolicy": {
		ID:       "{fileSystemId}",
		Unique:   "{fileSystemId}",
		Required: "fileSystemId policy",
		ForceNew: "fileSystemId",
		JSON:     "policy",
		Defaults: Props{"bypassPolicyLockoutSafetyCheck": false},
		Rules: Rules{
			"policy": resourcePolicy(20000),
		},
		Untagged: true,
	},
	"aws:efs/backupPolicy:BackupPolicy": {
		ID:       "{fileSystemId}",
		Unique:   "{fileSystemId}",
		Required: "backupPolicy fileSystemId",
		ForceNew: "fileSystemId",
		Untagged: true,
	},
	"aws:efs/replicationConfiguration:ReplicationConfiguration": {
		ID:       "{sourceFileSystemId}",
		Unique:   "{sourceFileSystemId}",
		Required: "destination sourceFileSystemId",
		ForceNew: "destination.availabilityZoneName destination.fileSystemId destination.kmsKeyId destination.region sourceFileSystemId",
		Outputs: Props{
			"creationTime":                "2025-01-01T00:00:00Z",
			"originalSourceFileSystemArn": "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/{sourceFileSystemId}",
			"sourceFileSystemArn":         "{originalSourceFileSystemArn}", "sourceFileSystemRegion": "{region}",
		},
		Untagged: true,
	},
	"aws:backup/vault:Vault": {
		ID:   "{name}",
		ARN:  "backup:{region}:{account}:backup-vault:{name}",
		Name: "name", NameMax: 50,
		Unique:   "{name}",
		ForceNew: "kmsKeyArn name",
		Defaults: Props{"forceDestroy": false},
		Outputs:  Props{"kmsKeyArn": "arn:{partition}:kms:{region}:{account}:key/{uuid}", "recoveryPoints": 0},
		Rules: Rules{
			"name": word(50, "_"),
		},
	},
	"aws:backup/vaultPolicy:VaultPolicy": {
		ID:       "{backupVaultName}",
		Unique:   "{backupVaultName}",
		Required: "backupVaultName policy",
		ForceNew: "backupVaultName",
		JSON:     "policy",
		Outputs:  Props{"backupVaultArn": "arn:{partition}:backup:{region}:{account}:backup-vault:{backupVaultName}"},
		Rules: Rules{
			"policy": resourcePolicy(20480),
		},
		Untagged: true,
	},
	"aws:backup/vaultLockConfiguration:VaultLockConfiguration": {
		ID:       "{backupVaultName}",
		Unique:   "{backupVaultName}",
		Required: "backupVaultName",
		ForceNew: "backupVaultName changeableForDays maxRetentionDays minRetentionDays",
		Outputs:  Props{"backupVaultArn": "arn:{partition}:backup:{region}:{account}:backup-vault:{backupVaultName}"},
		Untagged: true,
	},
	"aws:backup/plan:Plan": {
		ID:   "{uuid}",
		ARN:  "backup:{region}:{account}:backup-plan:{id}",
		Name: "name", NameMax: 50,
		Required: "rules",
		ForceNew: "name",
		Outputs:  Props{"version": "{alnum48}"},
		Rules: Rules{
			"name":  word(50, "_"),
			"rules": each(1, 10, anything),
		},
	},
	"aws:backup/selection:Selection": {
		ID:   "{uuid}",
		Name: "name", NameMax: 50,
		Required: "iamRoleArn planId",
		ForceNew: "conditions iamRoleArn name notResources planId resources selectionTags",
		Later:    "conditions notResources",
		Rules: Rules{
			"name": word(50, "_"),
		},
		Untagged: true,
	},
}
