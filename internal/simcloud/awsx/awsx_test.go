package awsx

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestLayout(t *testing.T) {
	standard := []subnetSpec{{Type: "Private"}, {Type: "Public"}}
	blocks, err := layout("10.0.0.0/16", 3, standard)
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"10.0.0.0/19", "10.0.32.0/20"}, {"10.0.64.0/19", "10.0.96.0/20"}, {"10.0.128.0/19", "10.0.160.0/20"},
	}, blocks)
	blocks, err = layout("10.0.0.0/16", 1, []subnetSpec{{Type: "Isolated"}})
	require.NoError(t, err)
	require.Equal(t, [][]string{{"10.0.0.0/17"}}, blocks)
	_, err = layout("10.0.0.0/27", 3, standard)
	require.ErrorContains(t, err, "too small")
	_, err = layout("10.0.0.0", 3, standard)
	require.ErrorContains(t, err, "no IPv4 network")
}

func TestLifecycleRules(t *testing.T) {
	one, days := 1.0, 14.0
	rules, err := lifecycleRules(&lifecycle{Rules: []lifecycleRule{
		{TagStatus: "any", MaximumNumberOfImages: &one}, {TagStatus: "tagged", TagPrefixList: []string{"pr-"}, MaximumAgeLimit: &days},
	}})
	require.NoError(t, err)
	require.Equal(t, []any{
		map[string]any{"rulePriority": 1, "action": map[string]any{"type": "expire"}, "selection": map[string]any{
			"tagStatus": "tagged", "tagPrefixList": []string{"pr-"}, "countType": "sinceImagePushed", "countNumber": 14.0, "countUnit": "days"}},
		map[string]any{"rulePriority": 2, "action": map[string]any{"type": "expire"}, "selection": map[string]any{
			"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1.0}},
	}, rules)

	rules, err = lifecycleRules(nil)
	require.NoError(t, err)
	require.Equal(t, "untagged", rules[0].(map[string]any)["selection"].(map[string]any)["tagStatus"])

	_, err = lifecycleRules(&lifecycle{Rules: []lifecycleRule{{TagStatus: "any", MaximumNumberOfImages: &one}, {TagStatus: "any", MaximumNumberOfImages: &one}}})
	require.ErrorContains(t, err, "only one rule")
	_, err = lifecycleRules(&lifecycle{Rules: []lifecycleRule{{TagStatus: "any"}}})
	require.ErrorContains(t, err, "needs one of")
}

// TestUnsupported: what would need other children is refused, not ignored.
func TestUnsupported(t *testing.T) {
	size, auto := 24, "Auto"
	for name, c := range map[string]struct {
		args  vpcArgs
		props pulumi.Map
		want  string
	}{
		"endpoints": {vpcArgs{}, pulumi.Map{"vpcEndpointSpecs": pulumi.Array{}}, "vpcEndpointSpecs"},
		"strategy":  {vpcArgs{SubnetStrategy: &auto}, nil, "not Auto"},
		"nat":       {vpcArgs{NatGateways: &natGateways{Strategy: "Two"}}, nil, "none of None, Single, OnePerAz"},
		"size":      {vpcArgs{SubnetSpecs: []subnetSpec{{Type: "Public", CidrMask: &size}}}, nil, "sizes of subnets"},
		"type":      {vpcArgs{SubnetSpecs: []subnetSpec{{Type: "public"}}}, nil, `"public" is none of`},
		"no public": {vpcArgs{SubnetSpecs: []subnetSpec{{Type: "Private"}}}, nil, "need public subnets"},
	} {
		require.ErrorContains(t, c.args.supported(c.props), c.want, name)
	}
	require.NoError(t, (&vpcArgs{}).supported(nil))
}
