package aws

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

const (
	group  = "aws:cloudwatch/logGroup:LogGroup"
	bucket = "aws:s3/bucketV2:BucketV2"
)

// TestSameAnswersInEveryRun: identifiers depend on account, region and URN alone.
func TestSameAnswersInEveryRun(t *testing.T) {
	vpc := bag{"cidrBlock": "10.40.0.0/16"}
	a := newWorld(t, nil, nil).must(vpcToken, "main", vpc)
	b := newWorld(t, nil, nil).must(vpcToken, "main", vpc)
	require.Equal(t, a.id, b.id)
	require.Equal(t, a.outputs, b.outputs)
	require.Regexp(t, `^vpc-[0-9a-f]{17}$`, a.id)
	require.Equal(t, "arn:aws:ec2:us-east-1:381492153064:vpc/"+a.id, a.text(t, "arn"))

	other := newWorld(t, nil, nil).must(vpcToken, "other", vpc)
	require.NotEqual(t, a.id, other.id)
	abroad := newWorld(t, nil, bag{"region": "eu-west-1"}).must(vpcToken, "main", vpc)
	require.NotEqual(t, a.id, abroad.id)
	stranger := newWorld(t, nil, bag{"allowedAccountIds": `["123456789012"]`}).must(vpcToken, "main", vpc)
	require.NotEqual(t, a.id, stranger.id)
}

// TestPreviewKnowsInputsOnly: what AWS adds is unknown until it is made.
func TestPreviewKnowsInputsOnly(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.preview = true
	s := w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"})
	require.Empty(t, s.id)
	for _, name := range []resource.PropertyKey{"arn", "defaultSecurityGroupId", "ownerId"} {
		require.True(t, s.outputs[name].IsComputed(), name)
	}
	require.Equal(t, "10.40.0.0/16", s.text(t, "cidrBlock"))
	require.Equal(t, "default", s.text(t, "instanceTenancy"), "a default is known")
	require.True(t, s.outputs["ipv6CidrBlock"].IsComputed(), "AWS might give it one")
	w.preview = false
	require.NotContains(t, w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"}).outputs, resource.PropertyKey("ipv6CidrBlock"))
}

// TestUpdatePreviewKeepsWhatItKnows: of an existing resource only that is
// unknown which depends on unknown inputs.
func TestUpdatePreviewKeepsWhatItKnows(t *testing.T) {
	w := newWorld(t, nil, nil)
	made := w.must(group, "web", bag{"name": "/x/web", "retentionInDays": 7})
	next := newWorld(t, w.states, nil)
	next.preview = true
	s := next.must(group, "web", bag{"name": "/x/web", "retentionInDays": 30, "kmsKeyId": later})
	require.Equal(t, "update", s.op)
	require.Equal(t, made.text(t, "arn"), s.text(t, "arn"))
	require.True(t, s.outputs["kmsKeyId"].IsComputed())
}

// TestReplacement: a property that forces it gives a resource with another
// identifier, again and again.
func TestReplacement(t *testing.T) {
	w := newWorld(t, nil, nil)
	first := w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"})
	require.Equal(t, "same", newWorld(t, w.states, nil).must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"}).op)

	tagged := newWorld(t, w.states, nil).must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "tags": bag{"a": "b"}})
	require.Equal(t, "update", tagged.op)
	require.Equal(t, []string{"tags", "tagsAll"}, tagged.diffs)
	require.Equal(t, first.id, tagged.id)
	require.Equal(t, first.text(t, "defaultSecurityGroupId"), tagged.text(t, "defaultSecurityGroupId"))

	ids := map[string]bool{first.id: true}
	for _, block := range []string{"10.41.0.0/16", "10.42.0.0/16", "10.43.0.0/16"} {
		next := newWorld(t, w.states, nil).must(vpcToken, "main", bag{"cidrBlock": block})
		require.Equal(t, "replace", next.op)
		require.Equal(t, []string{"cidrBlock"}, next.replaces)
		require.False(t, next.deleted)
		require.False(t, ids[next.id], "the identifier %s came back", next.id)
		ids[next.id] = true
	}
}

// TestForcedReplacement: the engine replaces without a Diff when it is told to
// (--replace); even then nothing keeps its identifier.
func TestForcedReplacement(t *testing.T) {
	w := newWorld(t, nil, nil)
	old := w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"})
	next, urn := newWorld(t, nil, nil), urnOf(vpcToken, "main")
	_, faults := next.check(urn, w.states[urn].inputs, properties(bag{"cidrBlock": "10.40.0.0/16"}))
	require.Empty(t, faults)
	news, faults := next.check(urn, nil, properties(bag{"cidrBlock": "10.40.0.0/16"}))
	require.Empty(t, faults)
	s, err := next.create(urn, "replace", news)
	require.NoError(t, err)
	require.NotEqual(t, old.id, s.id)
}

// TestNamedReplacement: what has a fixed name goes before its successor comes.
func TestNamedReplacement(t *testing.T) {
	target := bag{"name": "web", "port": 8080, "protocol": "HTTP", "targetType": "ip", "vpcId": "vpc-00000000000000001"}
	w := newWorld(t, nil, nil)
	old := w.must(targetToken, "web", target)
	target["port"] = 9090
	s := newWorld(t, w.states, nil).must(targetToken, "web", target)
	require.Equal(t, "replace", s.op)
	require.True(t, s.deleted)
	require.NotEqual(t, old.id, s.id)

	delete(target, "name")
	w = newWorld(t, nil, nil)
	old = w.must(targetToken, "web", target)
	require.Regexp(t, `^web-[0-9a-f]{7}$`, old.text(t, "name"))
	target["port"] = 8080
	s = newWorld(t, w.states, nil).must(targetToken, "web", target)
	require.Equal(t, "replace", s.op)
	require.False(t, s.deleted, "automatic names leave room for both")
	require.NotEqual(t, old.text(t, "name"), s.text(t, "name"))
}

// TestTaskDefinitionRevisions: each change is a new revision.
func TestTaskDefinitionRevisions(t *testing.T) {
	task := bag{"family": "web", "containerDefinitions": `[{"name":"a","image":"b","memory":128}]`}
	w := newWorld(t, nil, nil)
	require.Equal(t, "arn:aws:ecs:us-east-1:381492153064:task-definition/web:1", w.must(taskToken, "web", task).text(t, "arn"))
	task["containerDefinitions"] = `[ {"image":"b", "memory":128, "name":"a"} ]`
	require.Equal(t, "same", newWorld(t, w.states, nil).must(taskToken, "web", task).op, "the same document in other words")
	task["containerDefinitions"] = `[{"name":"a","image":"c","memory":128}]`
	s := newWorld(t, w.states, nil).must(taskToken, "web", task)
	require.Equal(t, []string{"containerDefinitions"}, s.replaces)
	require.Equal(t, "arn:aws:ecs:us-east-1:381492153064:task-definition/web:2", s.text(t, "arn"))
}

// TestNestedReplacement: a dotted path in ForceNew looks into lists.
func TestNestedReplacement(t *testing.T) {
	repo := func(key string, scan bool) bag {
		return bag{
			"name": "x/web", "imageScanningConfiguration": bag{"scanOnPush": scan},
			"encryptionConfigurations": []any{bag{"encryptionType": "KMS", "kmsKey": key}},
		}
	}
	w := newWorld(t, nil, nil)
	w.must("aws:ecr/repository:Repository", "web", repo("arn:aws:kms:us-east-1:381492153064:key/a", false))
	s := newWorld(t, w.states, nil).must("aws:ecr/repository:Repository", "web", repo("arn:aws:kms:us-east-1:381492153064:key/a", true))
	require.Equal(t, "update", s.op)
	s = newWorld(t, w.states, nil).must("aws:ecr/repository:Repository", "web", repo("arn:aws:kms:us-east-1:381492153064:key/b", true))
	require.Equal(t, []string{"encryptionConfigurations"}, s.replaces)
}

// TestChosenByAWS: leaving out what AWS then chooses, or saying what it chose,
// is no change.
func TestChosenByAWS(t *testing.T) {
	subnet := bag{"vpcId": "vpc-00000000000000001", "cidrBlock": "10.0.0.0/24"}
	w := newWorld(t, nil, nil)
	w.must(subnetToken, "a", subnet)
	subnet["availabilityZone"] = "us-east-1a"
	require.Equal(t, "same", newWorld(t, w.states, nil).must(subnetToken, "a", subnet).op)
	subnet["availabilityZone"] = "us-east-1b"
	require.Equal(t, "replace", newWorld(t, w.states, nil).must(subnetToken, "a", subnet).op)
	delete(subnet, "availabilityZone")
	s := newWorld(t, w.states, nil).must(subnetToken, "a", subnet)
	require.Equal(t, "same", s.op)
	require.Equal(t, "us-east-1b", s.text(t, "availabilityZone"))
}

// TestToldOnce: what a program said once stays, however often the rest changes,
// until it says otherwise; what follows from inputs follows them.
func TestToldOnce(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "enableDnsHostnames": true})
	for _, tag := range []string{"a", "b"} {
		s := newWorld(t, w.states, nil).must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "tags": bag{"Name": tag}})
		require.Equal(t, "update", s.op)
		require.Equal(t, resource.NewBoolProperty(true), s.outputs["enableDnsHostnames"], tag)
	}
	s := newWorld(t, w.states, nil).must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "enableDnsHostnames": false})
	require.Equal(t, []string{"enableDnsHostnames", "tags", "tagsAll"}, s.diffs)

	db := bag{"engine": "postgres", "identifier": "one", "instanceClass": "db.t4g.small", "allocatedStorage": 20, "username": "u", "password": hidden{"longenough"}}
	w.must("aws:rds/instance:Instance", "db", db)
	db["identifier"] = "two"
	renamed := newWorld(t, w.states, nil).must("aws:rds/instance:Instance", "db", db)
	require.Equal(t, "update", renamed.op)
	require.Regexp(t, `^two\.[a-z0-9]{12}\.us-east-1\.rds\.amazonaws\.com$`, renamed.text(t, "address"))
}

// TestDuplicateNames: two resources can't have one name, known at preview.
func TestDuplicateNames(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.preview = true
	w.must(bucket, "dags", bag{"bucket": "pathwai-x"})
	require.Contains(t, w.faults(bucket, "logs", bag{"bucket": "pathwai-x"}), `AlreadyExists: BucketV2 "pathwai-x" exists already: it is that of dags`)
	require.Empty(t, w.faults(bucket, "other", bag{"bucket": "pathwai-y"}))

	// The VPC's identifier is not known yet, but there is only one.
	w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"})
	w.must("aws:ec2/securityGroup:SecurityGroup", "web", bag{"name": "web", "vpcId": later})
	require.Contains(t, w.faults("aws:ec2/securityGroup:SecurityGroup", "api", bag{"name": "web", "vpcId": later}), `"main/web" exists already`)
}

// TestDuplicateInState: the state's names count, whichever comes first.
func TestDuplicateInState(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.must(bucket, "dags", bag{"bucket": "pathwai-x"})

	after := newWorld(t, w.states, nil)
	after.must(bucket, "dags", bag{"bucket": "pathwai-x"})
	require.Contains(t, after.faults(bucket, "logs", bag{"bucket": "pathwai-x"}), "AlreadyExists")

	before := newWorld(t, w.states, nil)
	require.Empty(t, before.faults(bucket, "logs", bag{"bucket": "pathwai-x"}))
	_, faults := before.check(urnOf(bucket, "dags"), w.states[urnOf(bucket, "dags")].inputs, properties(bag{"bucket": "pathwai-x"}))
	require.Contains(t, faults, "AlreadyExists")
}

// TestNameTakenOver: a new resource can't take the name of one that this run
// deletes: the engine deletes last, so AWS would have refused.
func TestNameTakenOver(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.must(bucket, "old", bag{"bucket": "pathwai-x"})
	next := newWorld(t, w.states, nil)
	next.must(bucket, "new", bag{"bucket": "pathwai-x"})
	err := next.remove(urnOf(bucket, "old"), w.states[urnOf(bucket, "old")])
	require.ErrorContains(t, err, "alias")

	// Renamed in place, a name is free at once.
	w = newWorld(t, nil, nil)
	w.must("aws:iam/user:User", "a", bag{"name": "x"})
	next = newWorld(t, w.states, nil)
	require.Equal(t, "update", next.must("aws:iam/user:User", "a", bag{"name": "y"}).op)
	next.must("aws:iam/user:User", "b", bag{"name": "x"})
}

// TestUnknownTypeAndMissingInputs are refused with what to do.
func TestUnknownTypeAndMissingInputs(t *testing.T) {
	w := newWorld(t, nil, nil)
	require.Contains(t, w.faults("aws:ec2/vpd:Vpd", "a", nil), "no such type as aws:ec2/vpd:Vpd")
	require.Contains(t, w.faults(subnetToken, "a", nil), "vpcId: missing")
	require.Contains(t, w.faults("aws:iam/rolePolicy:RolePolicy", "a", bag{"role": "r"}), "policy: missing")
	require.NotContains(t, w.faults("aws:iam/rolePolicy:RolePolicy", "a", bag{"role": later, "policy": later}), "missing", "unknown is not missing")
}

// TestSecrets: what a program hides stays hidden, and so does what is made of it.
func TestSecrets(t *testing.T) {
	w := newWorld(t, nil, nil)
	version := w.must("aws:secretsmanager/secretVersion:SecretVersion", "v", bag{"secretId": "arn:aws:secretsmanager:us-east-1:381492153064:secret:a-b", "secretString": "plain"})
	require.True(t, version.outputs["secretString"].IsSecret(), "a known secret of AWS")
	zone := w.must("aws:route53/zone:Zone", "z", bag{"name": hidden{"a.internal"}})
	require.True(t, zone.outputs["name"].IsSecret())
	record := w.must("aws:route53/record:Record", "r", bag{"name": hidden{"db.a.internal"}, "type": "A", "zoneId": "Z123", "ttl": 60, "records": []any{"10.0.0.1"}})
	require.True(t, record.outputs["fqdn"].IsSecret(), "fqdn is made of the name")

	for _, inputs := range []bag{
		{"secretId": "x", "secretString": hidden{""}},
		{"secretId": "x", "secretString": hidden{string(make([]byte, 70000))}},
	} {
		faults := w.faults("aws:secretsmanager/secretVersion:SecretVersion", "w", inputs)
		require.Contains(t, faults, "it is secret, so it is not shown")
		require.Less(t, len(faults), 300)
	}
	for _, pw := range []any{hidden{"hunter/2hunter"}, "hunter/2hunter"} {
		faults := w.faults("aws:rds/instance:Instance", "d", bag{"instanceClass": "db.t4g.small", "password": pw})
		require.NotContains(t, faults, "hunter")
		require.Contains(t, faults, ": password: a password has", "the engine would print the value of the property that is named")
	}
}

// TestSecretsAreComparedByWhatTheyHold: only another value is a change.
func TestSecretsAreComparedByWhatTheyHold(t *testing.T) {
	version := bag{"secretId": "arn:x", "secretString": hidden{"one"}}
	w := newWorld(t, nil, nil)
	old := w.must("aws:secretsmanager/secretVersion:SecretVersion", "v", version)
	require.Equal(t, "same", newWorld(t, w.states, nil).must("aws:secretsmanager/secretVersion:SecretVersion", "v", version).op)
	version["secretString"] = hidden{"two"}
	s := newWorld(t, w.states, nil).must("aws:secretsmanager/secretVersion:SecretVersion", "v", version)
	require.Equal(t, []string{"secretString"}, s.replaces)
	require.NotEqual(t, old.text(t, "versionId"), s.text(t, "versionId"))
}

// TestDeletionProtection refuses as AWS does, until the flag is off.
func TestDeletionProtection(t *testing.T) {
	db := bag{"engine": "postgres", "identifier": "x", "instanceClass": "db.t4g.small", "allocatedStorage": 20, "username": "airflow", "password": hidden{"longenough"}, "deletionProtection": true, "skipFinalSnapshot": true}
	w := newWorld(t, nil, nil)
	w.must("aws:rds/instance:Instance", "db", db)
	urn := urnOf("aws:rds/instance:Instance", "db")
	require.ErrorContains(t, w.remove(urn, w.states[urn]), "Cannot delete protected DB Instance")
	db["deletionProtection"], db["skipFinalSnapshot"] = false, false
	w.must("aws:rds/instance:Instance", "db", db)
	require.ErrorContains(t, w.remove(urn, w.states[urn]), "finalSnapshotIdentifier is required")
	db["finalSnapshotIdentifier"] = "x-final"
	w.must("aws:rds/instance:Instance", "db", db)
	require.NoError(t, w.remove(urn, w.states[urn]))

	lb := bag{"name": "x", "internal": true, "enableDeletionProtection": true, "subnets": []any{"subnet-00000001", "subnet-00000002"}}
	w.must(balancerToken, "lb", lb)
	urn = urnOf(balancerToken, "lb")
	require.ErrorContains(t, w.remove(urn, w.states[urn]), "deletion protection is enabled")
	lb["enableDeletionProtection"] = false
	w.must(balancerToken, "lb", lb)
	require.NoError(t, w.remove(urn, w.states[urn]))
}

// TestDefaultTags reach every resource that takes tags, below its own.
func TestDefaultTags(t *testing.T) {
	w := newWorld(t, nil, bag{"defaultTags": `{"tags":{"Project":"airflow","Name":"no"}}`})
	s := w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "tags": bag{"Name": "main"}})
	require.Equal(t, bag{"Project": "airflow", "Name": "main"}, s.outputs["tagsAll"].ObjectValue().Mappable())
	require.Equal(t, bag{"Name": "main"}, s.outputs["tags"].ObjectValue().Mappable())
	route := w.must("aws:ec2/route:Route", "r", bag{"routeTableId": "rtb-00000001", "destinationCidrBlock": "10.0.0.0/8", "gatewayId": "igw-1"})
	require.NotContains(t, route.outputs, resource.PropertyKey("tagsAll"))

	next := newWorld(t, w.states, bag{"defaultTags": `{"tags":{"Project":"other"}}`})
	changed := next.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "tags": bag{"Name": "main"}})
	require.Equal(t, []string{"tagsAll"}, changed.diffs)
}

// TestRead gives the state back, and finds nothing else.
func TestRead(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"})
	urn := urnOf(vpcToken, "main")
	s := w.states[urn]
	res, err := w.p.Read(context.Background(), &pulumirpc.ReadRequest{Id: s.id, Urn: string(urn), Properties: w.marshal(s.outputs), Inputs: w.marshal(s.inputs)})
	require.NoError(t, err)
	require.Equal(t, s.outputs, w.unmarshal(res.Properties))
	_, err = w.p.Read(context.Background(), &pulumirpc.ReadRequest{Id: "vpc-1", Urn: string(urn)})
	require.ErrorContains(t, err, "can't be looked up")
}

// TestFunctions: the zones are known, every other question is refused.
func TestFunctions(t *testing.T) {
	w := newWorld(t, nil, nil)
	res, err := w.p.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "aws:index/getAvailabilityZones:getAvailabilityZones"})
	require.NoError(t, err)
	zones, known := simcloud.Strings(w.unmarshal(res.Return)["names"])
	require.True(t, known)
	require.Equal(t, []string{"us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"}, zones)
	_, err = w.p.Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "aws:index/getCallerIdentity:getCallerIdentity"})
	require.ErrorContains(t, err, "aws:index/getCallerIdentity:getCallerIdentity is not simulated")
}

// TestProviderSettings: faults of the provider's own configuration.
func TestProviderSettings(t *testing.T) {
	for _, c := range []struct {
		name string
		args bag
		want string
	}{
		{"good", bag{"region": "us-east-1", "skipCredentialsValidation": "true", "accessKey": hidden{"x"}}, ""},
		{"no region", bag{}, "region: missing"},
		{"region", bag{"region": "us-east1"}, `"us-east1" is no AWS region`},
		{"misspelt", bag{"region": "us-east-1", "allowedAccountId": "1"}, "allowedAccountId: the aws provider has no such setting"},
		{"account", bag{"region": "us-east-1", "allowedAccountIds": `["38149215306"]`}, "no account id"},
		{"both", bag{"region": "us-east-1", "allowedAccountIds": `["381492153064"]`, "forbiddenAccountIds": `["123456789012"]`}, "conflicts with allowedAccountIds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil, nil)
			res, err := w.p.CheckConfig(context.Background(), &pulumirpc.CheckRequest{News: w.marshal(properties(c.args))})
			require.NoError(t, err)
			got := ""
			for _, f := range res.Failures {
				got += f.Property + ": " + f.Reason + "\n"
			}
			if c.want == "" {
				require.Empty(t, got)
			} else {
				require.Contains(t, got, c.want)
			}
		})
	}
}
