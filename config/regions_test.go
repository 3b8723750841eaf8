package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Malaysia, Mexico and Calgary are regions whose tasks would never start.
func TestEndpointsOfNewRegions(t *testing.T) {
	for _, region := range []string{"us-east-1", "eu-central-1", "il-central-1"} {
		require.Empty(t, RegionEndpoints(region), region)
	}
	for _, region := range []string{"ca-west-1", "ap-southeast-5", "mx-central-1", "xy-new-1"} {
		require.Equal(t, []string{"ecs", "ecs-agent", "ecs-telemetry"}, RegionEndpoints(region), region)
	}
}
