package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newRoles creates the execution role, which ECS uses to start the containers
// (pull, log, fetch secrets), and the task role, which the code in them has.
func (s *Service) newRoles(ctx *pulumi.Context, name string, args *ServiceArgs) (execution, task *role, err error) {
	trust := args.Scope.trustTasks()
	execution, err = newRole(ctx, s.owner, name+"-execution", s.Name+"-execution",
		"Starts the containers of "+s.Name, trust, s.startPermissions(args))
	if err != nil {
		return nil, nil, err
	}
	permissions := slices.Clone(args.Permissions)
	if args.Exec {
		permissions = append(permissions, execPermissions(args)...)
	}
	task, err = newRole(ctx, s.owner, name+"-task", s.Name+"-task", "What the code of "+s.Name+" may do", trust, permissions)
	if err != nil {
		return nil, nil, err
	}
	s.TaskRoleARN = args.Scope.GlobalARN("iam", "role/"+s.Name+"-task")
	s.roles = append(slices.Clone(execution.ready), task.ready...)
	for i, arn := range args.PolicyARNs {
		attached, err := iam.NewRolePolicyAttachment(ctx, fmt.Sprintf("%s-task-%d", name, i), &iam.RolePolicyAttachmentArgs{
			Role: task.Name, PolicyArn: pulumi.String(arn),
		}, pulumi.Parent(task))
		if err != nil {
			return nil, nil, fmt.Errorf("service %s: policy %s: %w", name, arn, err)
		}
		s.roles = append(s.roles, attached)
	}
	return execution, task, nil
}

// trustTasks lets ECS tasks of this account and region assume a role.
func (s Scope) trustTasks() Document {
	return Document{{
		Sid: "Assume", Effect: allow, Principal: Principal{Services: []string{AWSService("ecs-tasks")}},
		Actions: []string{"sts:AssumeRole"},
		Conditions: Conditions{
			"StringEquals": {"aws:SourceAccount": {s.AccountID}},
			"ArnLike":      {"aws:SourceArn": {s.ARN("ecs", "*")}},
		},
	}}
}

// startPermissions are what ECS needs to start this service's containers: its
// images, its log group, its secrets, and nobody else's.
func (s *Service) startPermissions(args *ServiceArgs) Document {
	var repositories, secrets []string
	for _, container := range args.Containers {
		repositories = append(repositories, args.Scope.ARN("ecr", "repository/"+args.Scope.Prefix+"/"+container.Image))
		for _, ref := range container.Secrets {
			secrets = append(secrets, args.Scope.SecretARN(ref.Secret.Name))
		}
	}
	document := Document{
		// AWS doesn't scope GetAuthorizationToken to a repository.
		{Sid: "SignInToRegistry", Effect: allow, Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"}},
		{
			Sid: "PullImages", Effect: allow,
			Actions:   []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			Resources: sorted(repositories),
		},
		{
			Sid: "WriteLogs", Effect: allow, Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: []string{args.Scope.ARN("logs", "log-group:"+s.LogGroup+":*")},
		},
	}
	if len(secrets) > 0 {
		document = append(document,
			Statement{Sid: "FetchSecrets", Effect: allow, Actions: []string{"secretsmanager:GetSecretValue"}, Resources: sorted(secrets)},
			args.Scope.decryptUnder("DecryptSecrets", secretsKey, "secretsmanager", "kms:Decrypt"))
	}
	return append(document, args.fetchForeign()...)
}

// fetchForeign lets ECS fetch the secrets of others that a stack names, and
// decrypt them under whatever key they are, over Secrets Manager alone.
func (args *ServiceArgs) fetchForeign() Document {
	var arns []string
	for _, container := range args.Containers {
		for _, reference := range container.ForeignSecrets {
			// Behind the ARN's seven parts are key, stage and version.
			arns = append(arns, strings.Join(strings.Split(reference, ":")[:7], ":"))
		}
	}
	if len(arns) == 0 {
		return nil
	}
	arns = sorted(arns)
	return Document{
		{Sid: "FetchFurtherSecrets", Effect: allow, Actions: []string{"secretsmanager:GetSecretValue"}, Resources: arns},
		args.Scope.decryptSecrets("DecryptFurtherSecrets", "StringEquals", arns),
	}
}

// decryptSecrets lets a role decrypt certain secrets, whichever key of the
// account they are under, through Secrets Manager.
func (s Scope) decryptSecrets(sid, operator string, arns []string) Statement {
	conditions := Conditions{"StringEquals": {"kms:ViaService": {"secretsmanager." + s.Region + ".amazonaws.com"}}}
	if conditions[operator] == nil {
		conditions[operator] = map[string][]string{}
	}
	conditions[operator]["kms:EncryptionContext:SecretARN"] = arns
	return Statement{Sid: sid, Effect: allow, Actions: []string{"kms:Decrypt"}, Resources: []string{s.ARN("kms", "key/*")}, Conditions: conditions}
}

// LookUpSecrets lets a service read what lies below prefixes in Secrets
// Manager, and nothing else there; nothing without a prefix.
func (s Scope) LookUpSecrets(prefixes []string) Document {
	if len(prefixes) == 0 {
		return nil
	}
	var arns []string
	for _, prefix := range prefixes {
		arns = append(arns, s.ARN("secretsmanager", "secret:"+prefix+"/*"))
	}
	return Document{
		{Sid: "LookUpSecrets", Effect: allow, Actions: []string{"secretsmanager:GetSecretValue"}, Resources: arns},
		s.decryptSecrets("DecryptLookedUp", "StringLike", arns),
	}
}

// sorted returns the distinct values in order.
func sorted(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}

// execPermissions are what the agent of ECS Exec needs in a task (ECS
// developer guide, "ECS Exec": IAM permissions). AWS scopes neither the four
// channel actions nor DescribeLogGroups to a session or group of ours.
func execPermissions(args *ServiceArgs) Document {
	return Document{
		{
			Sid: "ExecChannels", Effect: allow, Resources: []string{"*"},
			Actions: []string{
				"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
				"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
			},
		},
		{
			Sid: "ExecRecordFind", Effect: allow, Actions: []string{"logs:DescribeLogGroups"},
			Resources: []string{args.Scope.ARN("logs", "log-group:*")},
		},
		{
			Sid: "ExecRecord", Effect: allow,
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: []string{args.Scope.ARN("logs", "log-group:"+args.Cluster.ExecLogGroup+":*")},
		},
		{
			Sid: "ExecEncryption", Effect: allow, Actions: []string{"kms:Decrypt"},
			Resources:  []string{args.Scope.ARN("kms", "key/*")},
			Conditions: Conditions{"ForAnyValue:StringEquals": {"kms:ResourceAliases": {"alias/" + args.Scope.Name(logsKey)}}},
		},
	}
}

// readObjects lets a role list a bucket of the stack and read what lies under
// prefixes of it. The list isn't narrowed to the prefixes: S3 would then answer
// a request for a missing key with 403, which Airflow's log handler and dagsync
// must be able to tell from "not there" (S3 API, HeadObject).
func (s Scope) readObjects(sid, bucket string, prefixes ...string) Document {
	var keys []string
	for _, prefix := range prefixes {
		keys = append(keys, BucketARN(bucket, prefix+"*"))
	}
	return Document{
		{Sid: sid + "List", Effect: allow, Actions: []string{"s3:ListBucket"}, Resources: []string{BucketARN(bucket, "")}},
		{Sid: sid + "Read", Effect: allow, Actions: []string{"s3:GetObject"}, Resources: keys},
		s.decryptUnder(sid+"Decrypt", dataKey, "s3", "kms:Decrypt"),
	}
}

// writeObjects lets a role write below a prefix of a bucket.
func (s Scope) writeObjects(sid, bucket, prefix string) Document {
	return Document{
		{Sid: sid + "Write", Effect: allow, Actions: []string{"s3:PutObject"}, Resources: []string{BucketARN(bucket, prefix+"*")}},
		s.decryptUnder(sid+"Encrypt", dataKey, "s3", "kms:GenerateDataKey"),
	}
}

// ReadTaskLogs lets the web interface show the logs of tasks that have ended.
func (s Scope) ReadTaskLogs(bucket, prefix string) Document {
	return s.readObjects("TaskLogs", bucket, prefix)
}

// WriteTaskLogs lets a component put logs of tasks, and read them: a task that
// goes on after a pause appends to its log.
func (s Scope) WriteTaskLogs(bucket, prefix string) Document {
	return append(s.readObjects("TaskLogs", bucket, prefix), s.writeObjects("TaskLogs", bucket, prefix)...)
}

// ReadDAGs lets dagsync read what it publishes.
func (s Scope) ReadDAGs(bucket string, prefixes ...string) Document {
	return s.readObjects("DAGs", bucket, prefixes...)
}

// ProtectTasks lets the guard of a busy worker keep ECS from stopping it (ECS
// developer guide, "Task scale-in protection endpoint"). The guard only sets
// the protection, and never asks for it.
func (s Scope) ProtectTasks(cluster *Cluster) Statement {
	return Statement{
		Sid: "ProtectFromScaleIn", Effect: allow,
		Actions:   []string{"ecs:UpdateTaskProtection"},
		Resources: []string{s.ARN("ecs", "task/"+cluster.Name+"/*")},
	}
}
