package aws

// databases holds RDS.
var databases = map[string]*Type{
	"aws:rds/subnetGroup:SubnetGroup": {
		ID:   "{name}",
		ARN:  "rds:{region}:{account}:subgrp:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "subnetIds",
		ForceNew: "name namePrefix",
		Defaults: Props{"description": "Managed by Terraform"},
		Outputs:  Props{"supportedNetworkTypes": []any{"IPV4"}, "vpcId": vpcOf("subnetIds")},
		Later:    "name namePrefix",
		Rules: Rules{
			"name":      text(1, 255, `^[a-z0-9._ -]+$`, "lower-case letters, digits, periods, underscores, hyphens"),
			"subnetIds": each(1, 20, anything),
		},
		Check: checkSubnetGroup,
	},
	"aws:rds/parameterGroup:ParameterGroup": {
		ID:   "{name}",
		ARN:  "rds:{region}:{account}:pg:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "family",
		ForceNew: "description family name namePrefix",
		Defaults: Props{"description": "Managed by Terraform", "skipDestroy": false},
		Later:    "name namePrefix",
		Rules: Rules{
			"name":   parameterGroupName,
			"family": text(3, 64, `^(aurora-)?(postgres|mysql|mariadb|oracle|sqlserver|db2)[a-z0-9.-]*$`, "families look like postgres16"),
		},
		Check: checkParameters,
	},
	"aws:rds/instance:Instance": {
		ID:   "{resourceId}",
		ARN:  "rds:{region}:{account}:db:{identifier}",
		Name: "identifier", NameMax: 63,
		Unique:   "{identifier}",
		Required: "instanceClass",
		ForceNew: `availabilityZone backupTarget characterSetName customIamInstanceProfile dbName engine kmsKeyId ncharCharacterSetName
			s3Import.bucketName s3Import.bucketPrefix s3Import.ingestionRole s3Import.sourceEngine s3Import.sourceEngineVersion
			snapshotIdentifier storageEncrypted timezone username`,
		Secret: "password",
		Defaults: Props{
			"applyImmediately": false, "autoMinorVersionUpgrade": true, "copyTagsToSnapshot": false,
			"dedicatedLogVolume": false, "deleteAutomatedBackups": true, "monitoringInterval": 0,
			"performanceInsightsEnabled": false, "publiclyAccessible": false, "skipFinalSnapshot": false,
		},
		Outputs: Props{
			"address": "{identifier}.{site12}.{region}.rds.{dns}", "allocatedStorage": 20, "availabilityZone": "{region}a",
			"backupRetentionPeriod": 0, "backupWindow": "03:00-03:30", "caCertIdentifier": "rds-ca-rsa2048-g1",
			"databaseInsightsMode": "standard", "dbName": "", "dbSubnetGroupName": "default",
			"endpoint": "{address}:{port}", "engine": "", "engineLifecycleSupport": "open-source-rds-extended-support",
			"engineVersion": "", "engineVersionActual": "{engineVersion}", "hostedZoneId": "Z2R2ITUGPM61AM", "iops": 0,
			"kmsKeyId": "", "licenseModel": databaseLicense, "maintenanceWindow": "sun:04:00-sun:04:30",
			"masterUserSecrets": []any{}, "multiAz": false, "networkType": "IPV4", "optionGroupName": "",
			"parameterGroupName": "", "performanceInsightsKmsKeyId": "", "performanceInsightsRetentionPeriod": 0,
			"port": databasePort, "replicas": []any{}, "resourceId": "db-{ALNUM26}", "status": "available",
			"storageThroughput": 0, "storageType": "gp2", "timezone": "", "username": "", "vpcSecurityGroupIds": []any{},
		},
		Later: `backupTarget characterSetName domainFqdn identifier identifierPrefix latestRestorableTime listenerEndpoints
			masterUserSecretKmsKeyId monitoringRoleArn ncharCharacterSetName replicaMode snapshotIdentifier`,
		Rules: Rules{
			"identifier":            databaseIdentifier,
			"instanceClass":         text(6, 40, `^db\.[a-z0-9]+\.[a-z0-9]+$`, "classes look like db.t4g.small"),
			"backupRetentionPeriod": between(0, 35),
			"monitoringInterval":    among(0, 1, 5, 10, 15, 30, 60),
			"storageType":           oneOf("standard", "gp2", "gp3", "io1", "io2"),
			"port":                  between(1150, 65535),
			"allocatedStorage":      between(5, 65536),
			"maxAllocatedStorage":   between(0, 65536),
			"password":              databasePassword,
		},
		Check: checkDatabase,
		Keep:  keepDatabase,
	},
	"aws:rds/optionGroup:OptionGroup": {
		ID:   "{name}",
		ARN:  "rds:{region}:{account}:og:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "engineName majorEngineVersion",
		ForceNew: "engineName majorEngineVersion name namePrefix optionGroupDescription",
		Defaults: Props{"optionGroupDescription": "Managed by Terraform", "skipDestroy": false},
		Later:    "name namePrefix",
	},
	"aws:rds/eventSubscription:EventSubscription": {
		ID:   "{name}",
		ARN:  "rds:{region}:{account}:es:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "snsTopic",
		ForceNew: "name namePrefix",
		Defaults: Props{"enabled": true},
		Outputs:  Props{"customerAwsId": "{account}"},
		Later:    "name namePrefix",
	},
	"aws:rds/cluster:Cluster": {
		ID:   "{clusterIdentifier}",
		ARN:  "rds:{region}:{account}:cluster:{clusterIdentifier}",
		Name: "clusterIdentifier", NameMax: 63,
		Unique:   "{clusterIdentifier}",
		Required: "engine",
		ForceNew: `availabilityZones clusterIdentifier clusterIdentifierPrefix clusterScalabilityType databaseName dbSubnetGroupName
			dbSystemId engine engineMode kmsKeyId masterUsername restoreToPointInTime.restoreToTime
			restoreToPointInTime.restoreType restoreToPointInTime.sourceClusterIdentifier
			restoreToPointInTime.sourceClusterResourceId restoreToPointInTime.useLatestRestorableTime s3Import.bucketName
			s3Import.bucketPrefix s3Import.ingestionRole s3Import.sourceEngine s3Import.sourceEngineVersion snapshotIdentifier
			sourceRegion storageEncrypted storageType`,
		Secret: "masterPassword",
		Defaults: Props{
			"copyTagsToSnapshot": false, "deleteAutomatedBackups": true, "enableGlobalWriteForwarding": false,
			"enableHttpEndpoint": false, "enableLocalWriteForwarding": false, "engineMode": "provisioned",
			"skipFinalSnapshot": false,
		},
		Outputs: Props{
			"availabilityZones": []any{}, "backupRetentionPeriod": 1, "clusterResourceId": "cluster-{ALNUM26}",
			"databaseName": "", "dbSubnetGroupName": "default",
			"endpoint": "{clusterIdentifier}.cluster-{site12}.{region}.rds.{dns}", "engineVersion": "",
			"engineVersionActual": "{engineVersion}", "hostedZoneId": "Z2R2ITUGPM61AM", "kmsKeyId": "",
			"masterUsername": "", "port": databasePort,
			"readerEndpoint": "{clusterIdentifier}.cluster-ro-{site12}.{region}.rds.{dns}", "storageEncrypted": false,
			"vpcSecurityGroupIds": []any{},
		},
		Later: `allocatedStorage applyImmediately caCertificateIdentifier caCertificateValidTill clusterIdentifier
			clusterIdentifierPrefix clusterMembers clusterScalabilityType databaseInsightsMode dbClusterParameterGroupName
			dbSystemId engineLifecycleSupport iamRoles masterUserSecrets masterUserSecretKmsKeyId monitoringInterval
			monitoringRoleArn networkType performanceInsightsKmsKeyId performanceInsightsRetentionPeriod preferredBackupWindow
			preferredMaintenanceWindow storageType`,
		Rules: Rules{
			"clusterIdentifier":     databaseIdentifier,
			"backupRetentionPeriod": between(1, 35),
		},
		Keep: keepCluster,
	},
	"aws:rds/clusterInstance:ClusterInstance": {
		ID:   "{identifier}",
		ARN:  "rds:{region}:{account}:db:{identifier}",
		Name: "identifier", NameMax: 63,
		Unique:   "{identifier}",
		Required: "clusterIdentifier engine instanceClass",
		ForceNew: "availabilityZone clusterIdentifier customIamInstanceProfile dbSubnetGroupName engine identifier identifierPrefix",
		Defaults: Props{
			"autoMinorVersionUpgrade": true, "copyTagsToSnapshot": false, "forceDestroy": false, "monitoringInterval": 0,
			"promotionTier": 0,
		},
		Outputs: Props{
			"availabilityZone": "{region}a", "dbiResourceId": "db-{ALNUM26}",
			"endpoint": "{identifier}.{site12}.{region}.rds.{dns}", "port": 5432, "publiclyAccessible": false,
			"storageEncrypted": false, "writer": true,
		},
		Later: `applyImmediately caCertIdentifier dbParameterGroupName dbSubnetGroupName engineVersion engineVersionActual identifier
			identifierPrefix kmsKeyId monitoringRoleArn networkType performanceInsightsEnabled performanceInsightsKmsKeyId
			performanceInsightsRetentionPeriod preferredBackupWindow preferredMaintenanceWindow`,
		Rules: Rules{
			"identifier": databaseIdentifier,
		},
	},
	"aws:rds/clusterParameterGroup:ClusterParameterGroup": {
		ID:   "{name}",
		ARN:  "rds:{region}:{account}:cluster-pg:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "family",
		ForceNew: "description family name namePrefix",
		Defaults: Props{"description": "Managed by Terraform"},
		Later:    "name namePrefix",
		Rules: Rules{
			"name": parameterGroupName,
		},
	},
}
