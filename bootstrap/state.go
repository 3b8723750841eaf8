package main

import "fmt"

// alias of the key that the state bucket is under.
func alias(s settings) string { return "alias/" + s.org + "-airflow-state" }

// secretsAlias is of the key that seals the secrets in the environment's state
// and in its stack's file. Each has its own: a stack's file, with what it seals,
// is in everybody's clone.
func (e environment) secretsAlias() string {
	return fmt.Sprintf("alias/%s-airflow-state-%s", e.org, e.name)
}

// objects are the environment's in the state bucket, as Pulumi's backend names them.
func (e environment) objects(folders ...string) []string {
	var arns []string
	for _, folder := range folders {
		arns = append(arns, fmt.Sprintf("arn:aws:s3:::%s/.pulumi/%s", e.bucket, folder))
	}
	return arns
}

func (e environment) readObjects() []string {
	return e.objects("meta.yaml", "stacks/airflow/"+e.name+".json*", "history/airflow/"+e.name+"/*", "locks/organization/airflow/"+e.name+"/*")
}

// stateRead is what a preview takes of the state. It takes no lock: Pulumi's own
// backend locks updates, refreshes, imports and destroys only.
func (e environment) stateRead() []statement {
	return []statement{
		allow("ListState", []string{"s3:GetBucketLocation", "s3:ListBucket"}, []string{"arn:aws:s3:::" + e.bucket}),
		allow("ReadState", []string{"s3:GetObject"}, e.readObjects()),
		e.stateKey("OpenState", []string{"kms:Decrypt"}, e.org+"-airflow-state").
			when("StringEquals", "kms:ViaService", "s3."+e.region+".amazonaws.com"),
		e.stateKey("OpenSecretsInState", []string{"kms:Decrypt", "kms:DescribeKey"}, e.org+"-airflow-state-"+e.name),
	}
}

// stateWrite is what an update adds.
func (e environment) stateWrite() []statement {
	return []statement{
		allow("WriteState", []string{"s3:DeleteObject", "s3:PutObject"}, e.objects(
			"stacks/airflow/"+e.name+".json*", "history/airflow/"+e.name+"/*", "backups/airflow/"+e.name+"/*", "locks/organization/airflow/"+e.name+"/*")),
		e.stateKey("SealState", []string{"kms:GenerateDataKey"}, e.org+"-airflow-state").
			when("StringEquals", "kms:ViaService", "s3."+e.region+".amazonaws.com"),
		e.stateKey("SealSecretsInState", []string{"kms:Encrypt", "kms:GenerateDataKey"}, e.org+"-airflow-state-"+e.name),
	}
}

// stateKey names a key by its alias, which isn't random as its id is.
func (e environment) stateKey(sid string, actions []string, alias string) statement {
	return allow(sid, actions, e.each("kms", "key/*")).when("ForAnyValue:StringEquals", "kms:ResourceAliases", "alias/"+alias)
}
