package aws

// caches holds elastiCache.
var caches = map[string]*Type{
	"aws:elasticache/subnetGroup:SubnetGroup": {
		ID:   "{name}",
		ARN:  "elasticache:{region}:{account}:subnetgroup:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "subnetIds",
		ForceNew: "name",
		Defaults: Props{"description": "Managed by Terraform"},
		Outputs:  Props{"vpcId": vpcOf("subnetIds")},
		Rules: Rules{
			"subnetIds": each(1, 20, anything),
		},
	},
	"aws:elasticache/parameterGroup:ParameterGroup": {
		ID:   "{name}",
		ARN:  "elasticache:{region}:{account}:parametergroup:{name}",
		Name: "name", NameMax: 255,
		Unique:   "{name}",
		Required: "family",
		ForceNew: "description family name",
		Defaults: Props{"description": "Managed by Terraform"},
		Rules: Rules{
			"name":   parameterGroupName,
			"family": oneOf("memcached1.4", "memcached1.5", "memcached1.6", "redis2.6", "redis2.8", "redis3.2", "redis4.0", "redis5.0", "redis6.x", "redis7", "valkey7", "valkey8"),
		},
		Check: checkParameters,
	},
	"aws:elasticache/replicationGroup:ReplicationGroup": {
		ID:   "{replicationGroupId}",
		ARN:  "elasticache:{region}:{account}:replicationgroup:{replicationGroupId}",
		Name: "replicationGroupId", NameMax: 40,
		Unique:   "{replicationGroupId}",
		Required: "description",
		ForceNew: `atRestEncryptionEnabled dataTieringEnabled engine globalReplicationGroupId kmsKeyId networkType port
			replicationGroupId securityGroupNames snapshotArns snapshotName subnetGroupName`,
		Secret: "authToken",
		Defaults: Props{
			"authTokenUpdateStrategy": "ROTATE", "automaticFailoverEnabled": false, "engine": "redis",
			"multiAzEnabled": false,
		},
		Outputs: Props{
			"atRestEncryptionEnabled": false, "autoMinorVersionUpgrade": true, "clusterEnabled": false,
			"clusterMode": "disabled", "configurationEndpointAddress": "", "dataTieringEnabled": false, "engineVersion": "",
			"engineVersionActual": "{engineVersion}", "ipDiscovery": "ipv4", "maintenanceWindow": "sun:05:00-sun:06:00",
			"memberClusters": memberClusters, "networkType": "ipv4", "nodeType": "", "numCacheClusters": 1,
			"numNodeGroups": 1, "parameterGroupName": "", "port": 6379,
			"primaryEndpointAddress": "master.{replicationGroupId}.{site6}.{regionShort}.cache.{dns}",
			"readerEndpointAddress":  "replica.{replicationGroupId}.{site6}.{regionShort}.cache.{dns}",
			"replicasPerNodeGroup":   replicas, "securityGroupIds": []any{}, "snapshotWindow": "03:00-04:00",
			"subnetGroupName": "default", "transitEncryptionEnabled": false, "transitEncryptionMode": "",
		},
		Later: "applyImmediately globalReplicationGroupId securityGroupNames",
		Rules: Rules{
			"replicationGroupId":     text(1, 40, `^[a-z]([a-z0-9]|-[a-z0-9])*$`, "lower-case letters, digits and single hyphens, beginning with a letter"),
			"engine":                 oneOf("redis", "valkey"),
			"engineVersion":          text(1, 16, `^([1-5]\.\d+\.\d+|[6-9]\.(\d+|x))$`, "versions look like 7.1, below 6 like 5.0.6"),
			"nodeType":               text(8, 40, `^cache\.[a-z0-9]+\.[a-z0-9]+$`, "types look like cache.t4g.micro"),
			"snapshotRetentionLimit": between(0, 35),
			"port":                   port,
			"authToken":              authToken,
		},
		Check:    checkReplicationGroup,
		Replaces: replacesReplicationGroup,
	},
	"aws:elasticache/cluster:Cluster": {
		ID:   "{clusterId}",
		ARN:  "elasticache:{region}:{account}:cluster:{clusterId}",
		Name: "clusterId", NameMax: 50,
		Unique: "{clusterId}",
		ForceNew: `availabilityZone clusterId engine networkType outpostMode port preferredOutpostArn replicationGroupId snapshotArns
			snapshotName subnetGroupName transitEncryptionEnabled`,
		Defaults: Props{"autoMinorVersionUpgrade": "true"},
		Outputs: Props{
			"clusterAddress":        "{clusterId}.{site6}.cfg.{regionShort}.cache.{dns}",
			"configurationEndpoint": "{clusterAddress}:11211", "engine": "", "engineVersion": "",
			"engineVersionActual": "{engineVersion}", "nodeType": "", "numCacheNodes": 1, "port": 6379,
			"securityGroupIds": []any{}, "subnetGroupName": "default", "transitEncryptionEnabled": false,
		},
		Later: `applyImmediately availabilityZone azMode cacheNodes ipDiscovery maintenanceWindow networkType parameterGroupName
			preferredOutpostArn replicationGroupId snapshotWindow`,
	},
	"aws:elasticache/userGroup:UserGroup": {
		ID:       "{userGroupId}",
		ARN:      "elasticache:{region}:{account}:usergroup:{userGroupId}",
		Unique:   "{userGroupId}",
		Required: "engine userGroupId",
		ForceNew: "userGroupId",
		Rules: Rules{
			"engine": oneOf("redis", "valkey"),
		},
	},
	"aws:elasticache/user:User": {
		ID:       "{userId}",
		ARN:      "elasticache:{region}:{account}:user:{userId}",
		Unique:   "{userId}",
		Required: "accessString engine userId userName",
		ForceNew: "userId userName",
		Secret:   "passwords",
		Defaults: Props{"noPasswordRequired": false},
		Later:    "authenticationMode",
		Rules: Rules{
			"engine": oneOf("redis", "valkey"),
		},
	},
}
