package aws

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Invoke answers one function, the zones of the region, which awsx asks for.
func (p *Provider) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	if req.Tok != "aws:index/getAvailabilityZones:getAvailabilityZones" {
		return p.Base.Invoke(ctx, req)
	}
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
