package main

import "fmt"

// Deployments make, change and delete what a stack is made of. Each statement is
// for what is called like the environment, or carries its tags; what AWS ties to
// neither says so. Reading is ReadOnlyAccess's (see readers.go).

// networkChanges are EC2's, Route 53's and the load balancer's.
func networkChanges(e environment) []statement {
	ec2 := func(resources ...string) []string { return e.each("ec2", resources...) }
	made := []string{
		"network-interface/*", "route-table/*", "security-group/*", "security-group-rule/*", "subnet/*", "vpc/*", "vpc-endpoint/*", "vpc-flow-log/*",
	}
	creating := []string{
		"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs", "ec2:CreateRouteTable",
		"ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
	}
	return []statement{
		allow("MakeNetwork", creating, ec2(made...)).tagged(e, "aws:RequestTag"),
		allow("InNetwork", append([]string{"ec2:CreateNetworkInterface"}, creating...), ec2(made...)).tagged(e, "aws:ResourceTag"),
		// EFS makes and deletes the interfaces of mount targets with the caller's
		// rights, without tags (EFS user guide, "Creating mount targets").
		allow("MountTargets", []string{"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"}, ec2("network-interface/*")),
		allow("ChangeNetwork", []string{
			"ec2:AssociateRouteTable", "ec2:CreateRoute", "ec2:DeleteFlowLogs", "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup",
			"ec2:DeleteSubnet", "ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints", "ec2:DisassociateRouteTable",
			"ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint",
			"ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
			"ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress", "ec2:CreateTags",
		}, ec2(made...)).tagged(e, "aws:ResourceTag"),
		allow("TagWhatIsMade", []string{"ec2:CreateTags"}, ec2(made...)).when("StringEquals", "ec2:CreateAction", []string{
			"AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateFlowLogs", "CreateRouteTable", "CreateSecurityGroup",
			"CreateSubnet", "CreateVpc", "CreateVpcEndpoint",
		}),
		// Zones have neither a name in their ARN nor conditions on tags.
		allow("Zone", []string{
			"route53:AssociateVPCWithHostedZone", "route53:ChangeTagsForResource", "route53:DeleteHostedZone",
			"route53:DisassociateVPCFromHostedZone", "route53:UpdateHostedZoneComment",
		}, []string{"arn:aws:route53:::hostedzone/*"}),
		allow("MakeZone", []string{"route53:CreateHostedZone"}, []string{"*"}),
		allow("Records", []string{"route53:ChangeResourceRecordSets"}, []string{"arn:aws:route53:::hostedzone/*"}).
			when("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsNormalizedRecordNames", []string{e.stack.LoadBalancer.Hostname}),
		allow("LoadBalancer", []string{
			"elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer",
			"elasticloadbalancing:CreateRule", "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:DeleteListener",
			"elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteRule", "elasticloadbalancing:DeleteTargetGroup",
			"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes",
			"elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyRule", "elasticloadbalancing:ModifyTargetGroup",
			"elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetRulePriorities",
			"elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
		}, e.each("elasticloadbalancing", "listener-rule/app/"+e.prefix()+"-*", "listener/app/"+e.prefix()+"-*",
			"loadbalancer/app/"+e.prefix()+"-*", "targetgroup/"+e.prefix()+"-*")),
	}
}

// dataChanges are of what holds state.
func dataChanges(e environment) []statement {
	named := e.prefix() + "-*"
	return []statement{
		allow("Database", []string{
			"rds:AddTagsToResource", "rds:CreateDBInstance", "rds:CreateDBParameterGroup", "rds:CreateDBSnapshot", "rds:CreateDBSubnetGroup",
			"rds:DeleteDBInstance", "rds:DeleteDBParameterGroup", "rds:DeleteDBSubnetGroup", "rds:ModifyDBInstance", "rds:ModifyDBParameterGroup",
			"rds:ModifyDBSubnetGroup", "rds:RebootDBInstance", "rds:RemoveTagsFromResource", "rds:ResetDBParameterGroup", "rds:StartDBInstance",
			"rds:StopDBInstance",
		}, append(e.each("rds", "db:"+named, "pg:"+named, "snapshot:"+named, "subgrp:"+named), e.arn("rds", "og:default:*"))),
		allow("Broker", []string{
			"elasticache:AddTagsToResource", "elasticache:CreateCacheParameterGroup", "elasticache:CreateCacheSubnetGroup",
			"elasticache:CreateReplicationGroup", "elasticache:DecreaseReplicaCount", "elasticache:DeleteCacheParameterGroup",
			"elasticache:DeleteCacheSubnetGroup", "elasticache:DeleteReplicationGroup", "elasticache:IncreaseReplicaCount",
			"elasticache:ModifyCacheCluster", "elasticache:ModifyCacheParameterGroup", "elasticache:ModifyCacheSubnetGroup",
			"elasticache:ModifyReplicationGroup", "elasticache:RemoveTagsFromResource", "elasticache:ResetCacheParameterGroup",
		}, e.each("elasticache", "cluster:"+named, "parametergroup:"+named, "replicationgroup:"+named, "snapshot:"+named, "subnetgroup:"+named)),
		allow("MakeFiles", []string{"elasticfilesystem:CreateFileSystem"}, []string{"*"}).tagged(e, "aws:RequestTag"),
		allow("Files", []string{
			"elasticfilesystem:CreateAccessPoint", "elasticfilesystem:CreateMountTarget", "elasticfilesystem:DeleteAccessPoint",
			"elasticfilesystem:DeleteFileSystem", "elasticfilesystem:DeleteFileSystemPolicy", "elasticfilesystem:DeleteMountTarget",
			"elasticfilesystem:ModifyMountTargetSecurityGroups", "elasticfilesystem:PutBackupPolicy", "elasticfilesystem:PutFileSystemPolicy",
			"elasticfilesystem:PutLifecycleConfiguration", "elasticfilesystem:TagResource", "elasticfilesystem:UntagResource",
			"elasticfilesystem:UpdateFileSystem",
		}, e.each("elasticfilesystem", "access-point/*", "file-system/*")).tagged(e, "aws:ResourceTag"),
		allow("TagFilesThatAreMade", []string{"elasticfilesystem:TagResource"}, e.each("elasticfilesystem", "access-point/*", "file-system/*")).
			when("StringEquals", "elasticfilesystem:CreateAction", []string{"CreateAccessPoint", "CreateFileSystem"}),
		allow("Secrets", []string{
			"secretsmanager:CreateSecret", "secretsmanager:DeleteResourcePolicy", "secretsmanager:DeleteSecret", "secretsmanager:GetSecretValue",
			"secretsmanager:PutResourcePolicy", "secretsmanager:PutSecretValue", "secretsmanager:RestoreSecret", "secretsmanager:TagResource",
			"secretsmanager:UntagResource", "secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage",
		}, e.each("secretsmanager", "secret:"+e.prefix()+"/*", "secret:"+named)),
		allow("Buckets", []string{
			"s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:ListBucketVersions", "s3:PutBucketOwnershipControls",
			"s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration",
			"s3:PutLifecycleConfiguration",
		}, e.bucketARNs("")),
		allow("EmptyBuckets", []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}, e.bucketARNs("/*")),
		allow("MakeKeys", []string{"kms:CreateKey", "kms:TagResource"}, []string{"*"}).tagged(e, "aws:RequestTag"),
		allow("Keys", []string{
			"kms:CreateAlias", "kms:DeleteAlias", "kms:DisableKeyRotation", "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion",
			"kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
		}, e.each("kms", "key/*")).tagged(e, "aws:ResourceTag"),
		allow("Aliases", []string{"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"}, e.each("kms", "alias/"+named)),
		// Databases, files, logs and secrets under a key are made with the caller's right to it.
		allow("UseKeys", []string{"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:RetireGrant"}, e.each("kms", "key/*")).
			tagged(e, "aws:ResourceTag").when("StringLike", "kms:ViaService", "*."+e.region+".amazonaws.com"),
	}
}

// bucketARNs are of the stack's buckets, each with end behind it.
func (e environment) bucketARNs(end string) []string {
	var arns []string
	for _, bucket := range e.buckets() {
		arns = append(arns, "arn:aws:s3:::"+bucket+end)
	}
	return arns
}

// serviceChanges are of what runs, watches and tells.
func serviceChanges(e environment) []statement {
	named := e.prefix() + "-*"
	global := func(service, resource string) string {
		return fmt.Sprintf("arn:aws:%s::%s:%s", service, e.account, resource)
	}
	return []statement{
		allow("Containers", []string{
			"ecs:CreateCluster", "ecs:CreateService", "ecs:DeleteCluster", "ecs:DeleteService", "ecs:PutClusterCapacityProviders",
			"ecs:RegisterTaskDefinition", "ecs:StopTask", "ecs:TagResource", "ecs:UntagResource", "ecs:UpdateCluster", "ecs:UpdateClusterSettings",
			"ecs:UpdateService",
		}, e.each("ecs", "cluster/"+named, "service/"+e.prefix()+"-cluster/*", "task-definition/"+named, "task/"+e.prefix()+"-cluster/*")),
		allow("Images", []string{
			"ecr:BatchDeleteImage", "ecr:CompleteLayerUpload", "ecr:CreateRepository", "ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository",
			"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy",
			"ecr:TagResource", "ecr:UntagResource", "ecr:UploadLayerPart",
		}, []string{e.arn("ecr", "repository/"+e.prefix()+"/*")}),
		allow("Scaling", []string{
			"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget",
			"application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
			"application-autoscaling:TagResource", "application-autoscaling:UntagResource",
		}, []string{e.arn("application-autoscaling", "scalable-target/*")}).tagged(e, "aws:ResourceTag"),
		allow("MakeScaling", []string{"application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource"},
			[]string{e.arn("application-autoscaling", "scalable-target/*")}).tagged(e, "aws:RequestTag"),
		allow("Logs", []string{
			"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter", "logs:DeleteRetentionPolicy",
			"logs:DisassociateKmsKey", "logs:PutMetricFilter", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
		}, e.each("logs", "log-group:/"+e.prefix()+"/*", "log-group:/aws/rds/instance/"+named+"/*")),
		allow("Watching", []string{
			"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions",
			"cloudwatch:PutCompositeAlarm", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
		}, []string{e.arn("cloudwatch", "alarm:"+named), global("cloudwatch", "dashboard/"+e.prefix()), global("cloudwatch", "dashboard/"+named)}),
		allow("Telling", []string{
			"sns:CreateTopic", "sns:DeleteTopic", "sns:SetSubscriptionAttributes", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource",
			"sns:Unsubscribe", "sns:UntagResource",
		}, []string{e.arn("sns", named)}),
		allow("Events", []string{
			"events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource",
		}, []string{e.arn("events", "rule/"+named)}),
		allow("Hours", []string{
			"scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:UpdateSchedule", "states:CreateStateMachine",
			"states:DeleteStateMachine", "states:StartExecution", "states:StopExecution", "states:TagResource", "states:UntagResource",
			"states:UpdateStateMachine",
		}, append(e.each("states", "execution:"+named, "stateMachine:"+named), e.arn("scheduler", "schedule/default/"+named))),
		allow("Budget", []string{"budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"}, []string{global("budgets", "budget/"+e.prefix())}),
	}
}

// roleChanges are of the stack's roles: each is made with the environment's
// boundary, keeps it, and is handed to the services that use it.
func roleChanges(e environment) []statement {
	roles := []string{fmt.Sprintf("arn:aws:iam::%s:role/%s-*", e.account, e.prefix())}
	bounded := func(sid string, actions ...string) statement {
		return allow(sid, actions, roles).when("StringEquals", "iam:PermissionsBoundary", e.boundary())
	}
	return []statement{
		bounded("MakeRoles", "iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"),
		// A role without it may be called like the stack's: whom that trusts, and what it may not, is none of the pipeline's.
		bounded("ChangeRoles", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"),
		// Nothing of AWS's own is attached, such as an administrator's.
		deny("NoPoliciesOfAWS", []string{"iam:AttachRolePolicy"}, roles).
			when("ArnNotLike", "iam:PolicyARN", fmt.Sprintf("arn:aws:iam::%s:policy/*", e.account)),
		allow("Roles", []string{
			"iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription",
		}, roles),
		allow("HandRoles", []string{"iam:PassRole"}, roles).when("StringEquals", "iam:PassedToService", []string{
			"ecs-tasks.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com", "vpc-flow-logs.amazonaws.com",
		}),
		// They are called like the platform's, and none may change itself or another.
		deny("NotThePipelines", []string{"iam:*"}, []string{
			fmt.Sprintf("arn:aws:iam::%s:policy/%s-airflow-github-*", e.account, e.org), fmt.Sprintf("arn:aws:iam::%s:role/%s-airflow-github-*", e.account, e.org),
		}),
	}
}
