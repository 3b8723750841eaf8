package aws

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Invoke answers three functions: the zones of the region, which awsx asks for,
// and the endpoints of an existing VPC and the prefix lists of others, which are
// whatever is asked for.
func (p *Provider) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	switch req.Tok {
	case "aws:index/getAvailabilityZones:getAvailabilityZones":
		return p.availabilityZones()
	case "aws:ec2/getVpcEndpoint:getVpcEndpoint":
		return existingEndpoint(req)
	case "aws:ec2/getManagedPrefixList:getManagedPrefixList":
		return prefixList(req)
	}
	return p.Base.Invoke(ctx, req)
}

// existingEndpoint has all that a gateway and an interface have.
func existingEndpoint(req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	asked := req.GetArgs().GetFields()
	hash := fmt.Sprintf("%017x", sha256.Sum256([]byte(asked["vpcId"].GetStringValue()+" "+asked["serviceName"].GetStringValue())))[:17]
	out, err := simcloud.Marshal(resource.NewPropertyMapFromMap(map[string]any{
		"id": "vpce-" + hash, "vpcId": asked["vpcId"].GetStringValue(), "serviceName": asked["serviceName"].GetStringValue(), "state": "available",
		"prefixListId": "pl-" + hash[:8], "securityGroupIds": []any{"sg-" + hash},
	}))
	return &pulumirpc.InvokeResponse{Return: out}, err
}

// everywhere is the id of a prefix list that somebody has opened; any other has a
// private network in it.
const everywhere = "pl-00000000"

func prefixList(req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	id := req.GetArgs().GetFields()["id"].GetStringValue()
	cidr := "0.0.0.0/0"
	if id != everywhere {
		hash := sha256.Sum256([]byte(id))
		cidr = fmt.Sprintf("100.64.%d.0/24", hash[0])
	}
	out, err := simcloud.Marshal(resource.NewPropertyMapFromMap(map[string]any{
		"id": id, "name": "of-somebody-else", "addressFamily": "IPv4", "maxEntries": 1, "entries": []any{map[string]any{"cidr": cidr}},
	}))
	return &pulumirpc.InvokeResponse{Return: out}, err
}

func (p *Provider) availabilityZones() (*pulumirpc.InvokeResponse, error) {
	names := p.cloud.zones()
	ids := make([]string, len(names))
	for i := range names {
		ids[i] = p.cloud.short() + "-az" + string(rune('1'+i))
	}
	out, err := simcloud.Marshal(resource.NewPropertyMapFromMap(map[string]any{
		"id": p.cloud.region, "names": names, "zoneIds": ids, "groupNames": []string{p.cloud.region},
	}))
	return &pulumirpc.InvokeResponse{Return: out}, err
}
