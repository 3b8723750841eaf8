package aws

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSubnetsInTheirVpc: before anything has an identifier, and after.
func TestSubnetsInTheirVpc(t *testing.T) {
	for _, preview := range []bool{true, false} {
		w := newWorld(t, nil, nil)
		w.preview = preview
		vpc := w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"})
		var id any = vpc.id
		if preview {
			id = later
		}
		w.must(subnetToken, "a", bag{"vpcId": id, "cidrBlock": "10.40.0.0/20"})
		require.Contains(t, w.faults(subnetToken, "b", bag{"vpcId": id, "cidrBlock": "10.40.8.0/24"}), "InvalidSubnet.Conflict: 10.40.8.0/24 overlaps 10.40.0.0/20 of the subnet a")
		require.Contains(t, w.faults(subnetToken, "c", bag{"vpcId": id, "cidrBlock": "10.50.0.0/20"}), "InvalidSubnet.Range")
		require.Empty(t, w.faults(subnetToken, "d", bag{"vpcId": id, "cidrBlock": "10.40.16.0/20"}))
	}
}

// TestPrivateDNS needs DNS in the VPC, and a service only once.
func TestPrivateDNS(t *testing.T) {
	endpoint := sound["endpoint"]
	w := newWorld(t, nil, nil)
	w.preview = true
	w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16"})
	require.Contains(t, w.faults(endpoint.token, "sts", endpoint.inputs), "both enableDnsSupport and enableDnsHostnames")

	w = newWorld(t, nil, nil)
	w.preview = true
	w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "enableDnsHostnames": true})
	w.must(endpoint.token, "sts", endpoint.inputs)
	require.Contains(t, w.faults(endpoint.token, "again", endpoint.inputs), "conflicting DNS domain")
}

// TestEndpointOutputs: what other resources take from endpoints.
func TestEndpointOutputs(t *testing.T) {
	w := newWorld(t, nil, nil)
	vpc := w.must(vpcToken, "main", bag{"cidrBlock": "10.40.0.0/16", "enableDnsHostnames": true})
	gateway := w.must(sound["gateway"].token, "s3", bag{"vpcId": vpc.id, "serviceName": "com.amazonaws.us-east-1.s3"})
	require.Regexp(t, `^pl-[0-9a-f]{8}$`, gateway.text(t, "prefixListId"))
	s := w.must(sound["endpoint"].token, "ecr", bag{"vpcId": vpc.id, "serviceName": "com.amazonaws.us-east-1.ecr.api", "vpcEndpointType": "Interface", "privateDnsEnabled": true, "subnetIds": []any{"subnet-00000001", "subnet-00000002"}})
	require.Len(t, s.outputs["networkInterfaceIds"].ArrayValue(), 2)
	names := s.outputs["dnsEntries"].ArrayValue()
	require.Equal(t, "api.ecr.us-east-1.amazonaws.com", names[1].ObjectValue()["dnsName"].StringValue())
}

// TestMountTargets: one in a zone, and only in the zone of a One Zone system.
func TestMountTargets(t *testing.T) {
	w := newWorld(t, nil, nil)
	a := w.must(subnetToken, "a", bag{"vpcId": "vpc-00000001", "cidrBlock": "10.40.0.0/20", "availabilityZone": "us-east-1a"})
	a2 := w.must(subnetToken, "a2", bag{"vpcId": "vpc-00000001", "cidrBlock": "10.40.16.0/20", "availabilityZone": "us-east-1a"})
	b := w.must(subnetToken, "b", bag{"vpcId": "vpc-00000001", "cidrBlock": "10.40.32.0/20", "availabilityZone": "us-east-1b"})
	fs := w.must("aws:efs/fileSystem:FileSystem", "fs", bag{"availabilityZoneName": "us-east-1a"})
	const token = "aws:efs/mountTarget:MountTarget"
	target := w.must(token, "a", bag{"fileSystemId": fs.id, "subnetId": a.id})
	require.Equal(t, "us-east-1a", target.text(t, "availabilityZoneName"))
	require.Contains(t, w.faults(token, "a2", bag{"fileSystemId": fs.id, "subnetId": a2.id}), "MountTargetConflict")
	require.Contains(t, w.faults(token, "b", bag{"fileSystemId": fs.id, "subnetId": b.id}), "AvailabilityZonesMismatch")
	require.Contains(t, w.faults("aws:rds/subnetGroup:SubnetGroup", "g", bag{"subnetIds": []any{a.id, a2.id}}), "DoesNotCoverEnoughAZs")
	require.Contains(t, w.faults(balancerToken, "lb", bag{"name": "x", "subnets": []any{a.id, a2.id}}), "multiple subnets in the same Availability Zone")
	require.Equal(t, "vpc-00000001", w.must(balancerToken, "lb", bag{"name": "x", "internal": true, "subnets": []any{a.id, b.id}}).text(t, "vpcId"))
}

// TestRolePoliciesTogether stay below the quota of a role.
func TestRolePoliciesTogether(t *testing.T) {
	w := newWorld(t, nil, nil)
	doc := func(n int) string {
		return policy(bag{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + long(n)})
	}
	w.must(rolePolicyToken, "one", bag{"role": "r", "policy": doc(6000)})
	require.Empty(t, w.faults(rolePolicyToken, "other", bag{"role": "s", "policy": doc(6000)}))
	require.Contains(t, w.faults(rolePolicyToken, "two", bag{"role": "r", "policy": doc(6000)}), "characters together; IAM takes 10240")
}

// TestShapes: identifiers and addresses look like AWS's.
func TestShapes(t *testing.T) {
	w := newWorld(t, nil, nil)
	db := w.must("aws:rds/instance:Instance", "db", bag{"engine": "postgres", "identifier": "x-db", "instanceClass": "db.t4g.small", "allocatedStorage": 20, "username": "u", "password": hidden{"longenough"}})
	require.Regexp(t, `^db-[A-Z2-7]{26}$`, db.id)
	require.Regexp(t, `^x-db\.[a-z0-9]{12}\.us-east-1\.rds\.amazonaws\.com:5432$`, db.text(t, "endpoint"))
	cache := sound["cache"].inputs
	rg := w.must(sound["cache"].token, "c", bag{"replicationGroupId": "x", "description": "d", "nodeType": cache["nodeType"], "numCacheClusters": 2, "transitEncryptionEnabled": true, "authToken": hidden{"0123456789abcdef"}})
	require.Regexp(t, `^master\.x\.[a-z0-9]{6}\.use1\.cache\.amazonaws\.com$`, rg.text(t, "primaryEndpointAddress"))
	require.Len(t, rg.outputs["memberClusters"].ArrayValue(), 2)
	lb := w.must(balancerToken, "lb", bag{"name": "x", "internal": true, "subnets": []any{"subnet-00000001", "subnet-00000002"}})
	require.Regexp(t, `^arn:aws:elasticloadbalancing:us-east-1:381492153064:loadbalancer/app/x/[0-9a-f]{16}$`, lb.id)
	require.Regexp(t, `^internal-x-[0-9]{10}\.us-east-1\.elb\.amazonaws\.com$`, lb.text(t, "dnsName"))
	require.Equal(t, lb.id, "arn:aws:elasticloadbalancing:us-east-1:381492153064:loadbalancer/"+lb.text(t, "arnSuffix"))
	l := w.must(listenerToken, "l", bag{"loadBalancerArn": lb.id, "port": 80, "protocol": "HTTP", "defaultActions": []any{bag{"type": "fixed-response", "fixedResponse": bag{"contentType": "text/plain"}}}})
	require.Regexp(t, `:listener/app/x/[0-9a-f]{16}/[0-9a-f]{16}$`, l.id)
	secret := w.must("aws:secretsmanager/secret:Secret", "s", bag{"name": "x/db"})
	require.Regexp(t, `^arn:aws:secretsmanager:us-east-1:381492153064:secret:x/db-[a-z0-9]{6}$`, secret.id)
	repo := w.must("aws:ecr/repository:Repository", "r", bag{"name": "x/web"})
	require.Equal(t, "381492153064.dkr.ecr.us-east-1.amazonaws.com/x/web", repo.text(t, "repositoryUrl"))
	dags := w.must(bucket, "b", bag{"bucket": "x-dags"})
	require.Equal(t, "x-dags.s3.us-east-1.amazonaws.com", dags.text(t, "bucketRegionalDomainName"))
	role := w.must(roleToken, "r", bag{"name": "x", "path": "/a/", "assumeRolePolicy": sound["role"].inputs["assumeRolePolicy"]})
	require.Equal(t, "arn:aws:iam::381492153064:role/a/x", role.text(t, "arn"))
}
