package config

import "slices"

// regionsWithoutECS are the regions that opened before 23 December 2023, where
// Fargate's own way to ECS needs no endpoint. Those after it, and Calgary, which
// AWS counts among them, do (ECS developer guide, "Amazon ECS interface VPC
// endpoints"), so that a region that isn't here has them.
var regionsWithoutECS = []string{
	"af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ca-central-1", "eu-central-1", "eu-central-2",
	"eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1",
	"me-south-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// RegionEndpoints are further interface endpoints, by short service name,
// without which no task starts in the region.
func RegionEndpoints(region string) []string {
	if slices.Contains(regionsWithoutECS, region) {
		return nil
	}
	return []string{"ecs", "ecs-agent", "ecs-telemetry"}
}
