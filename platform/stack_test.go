package platform

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// projectFile is what main.go embeds.
var projectFile = read("../Pulumi.yaml")

func read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return data
}

// stackValues reads a real stack file in the form that the engine hands on.
func stackValues(t *testing.T, stack string) config.Values {
	t.Helper()
	data, err := os.ReadFile("../Pulumi." + stack + ".yaml")
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(data, &file))
	values := config.Values{Stack: stack, Project: "airflow", Config: map[string]string{}}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			values.Config[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		values.Config[key] = string(encoded)
	}
	return values
}

// loadStack returns the valid settings of a real stack file.
func loadStack(t *testing.T, stack string, changes ...func(*config.Config)) *config.Config {
	t.Helper()
	cfg, err := config.Load(projectFile, stackValues(t, stack))
	require.NoError(t, err)
	for _, change := range changes {
		change(cfg)
	}
	return cfg
}

// record declares the platform for a stack and returns what was declared.
func record(t *testing.T, cfg *config.Config) *recorder.Record {
	t.Helper()
	declared, err := recorder.Run(cfg.Environment, func(ctx *pulumi.Context) error { return declare(ctx, cfg) })
	require.NoError(t, err)
	return declared
}

func TestStacksDeclareThePlatform(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			cfg := loadStack(t, stack)
			declared := record(t, cfg)
			for _, res := range declared.All() {
				require.NotContains(t, strings.ToLower(res.Type), "natgateway")
			}
			require.Len(t, declared.Of("aws:ecs/service:Service"), 5+len(cfg.WorkerPools))
		})
	}
}

// Tasks of a region that opened later reach ECS over endpoints, or don't start.
func TestNewRegionsHaveEndpointsOfECS(t *testing.T) {
	names := func(region string) []string {
		return loadStack(t, "dev", func(c *config.Config) { c.Region = region }).InterfaceEndpoints()
	}
	standard := []string{"ecr.api", "ecr.dkr", "logs", "sts", "secretsmanager", "kms"}
	require.Equal(t, append(standard, "ssmmessages"), names("us-east-1"))
	require.Equal(t, append(standard, "ecs", "ecs-agent", "ecs-telemetry", "ssmmessages"), names("mx-central-1"))
}

// Budgets refuses in a young member account; the rest of the platform needs none.
func TestNoBudget(t *testing.T) {
	declared := record(t, loadStack(t, "dev", func(c *config.Config) { c.Budget.MonthlyUSD = 0 }))
	require.Empty(t, declared.Of("aws:budgets/budget:Budget"))
	require.Len(t, record(t, loadStack(t, "dev")).Of("aws:budgets/budget:Budget"), 1)
}

// A worker that drains still talks to broker and execution API: the
// rules come before the service, and go after it.
func TestServicesOutliveNoRuleOfTheirs(t *testing.T) {
	for _, stack := range []string{"dev", "prod"} {
		declared := record(t, loadStack(t, stack))
		for _, service := range declared.Of("aws:ecs/service:Service") {
			group := service.Name + "-id"
			rules := 0
			for _, kind := range []string{"Egress", "Ingress"} {
				for _, rule := range declared.Of("aws:vpc/securityGroup" + kind + "Rule:SecurityGroup" + kind + "Rule") {
					inputs := rule.Plain()
					if inputs["securityGroupId"] == group || inputs["referencedSecurityGroupId"] == group {
						rules++
						require.Contains(t, service.DependsOn, rule.Type+" "+rule.Name)
					}
				}
			}
			require.GreaterOrEqual(t, rules, 4, "%s: endpoints, S3, and files both ways", service.Name)
		}
	}
}

// Names begin with what the tags say, by which a role knows the stack's resources
// where AWS makes up their names.
func TestTagsSayWhatNamesBeginWith(t *testing.T) {
	for _, stack := range bothStacks {
		cfg := loadStack(t, stack)
		provider, err := record(t, cfg).One("pulumi:providers:aws", "aws")
		require.NoError(t, err)
		tags := provider.Plain()["defaultTags"].(map[string]any)["tags"].(map[string]any)
		require.Equal(t, cfg.Prefix(), tags["Project"].(string)+"-"+tags["Environment"].(string))
	}
}
