package platform

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
)

// nameRules are what AWS's API references say about names that can't be
// changed without a replacement.
var nameRules = map[string]struct {
	property string
	rule     *regexp.Regexp
}{
	"aws:lb/loadBalancer:LoadBalancer":                  {"name", regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)},
	"aws:lb/targetGroup:TargetGroup":                    {"name", regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)},
	"aws:elasticache/replicationGroup:ReplicationGroup": {"replicationGroupId", regexp.MustCompile(`^[a-z](-?[a-z0-9]){0,39}$`)},
	"aws:elasticache/subnetGroup:SubnetGroup":           {"name", regexp.MustCompile(`^[a-z0-9-]{1,255}$`)},
	"aws:rds/instance:Instance":                         {"identifier", regexp.MustCompile(`^[a-z](-?[a-z0-9]){0,62}$`)},
	"aws:rds/parameterGroup:ParameterGroup":             {"name", regexp.MustCompile(`^[a-z](-?[a-z0-9]){0,254}$`)},
	"aws:iam/role:Role":                                 {"name", regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)},
	"aws:s3/bucketV2:BucketV2":                          {"bucket", regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)},
	"aws:kms/alias:Alias":                               {"name", regexp.MustCompile(`^alias/[\w/-]{1,250}$`)},
	"aws:ecs/service:Service":                           {"name", regexp.MustCompile(`^[\w-]{1,255}$`)},
	"aws:ecs/cluster:Cluster":                           {"name", regexp.MustCompile(`^[\w-]{1,255}$`)},
	"aws:ecs/taskDefinition:TaskDefinition":             {"family", regexp.MustCompile(`^[\w-]{1,255}$`)},
	"aws:ec2/securityGroup:SecurityGroup":               {"name", regexp.MustCompile(`^[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}$`)},
	"aws:cloudwatch/logGroup:LogGroup":                  {"name", regexp.MustCompile(`^[\w./#-]{1,512}$`)},
	"aws:cloudwatch/metricAlarm:MetricAlarm":            {"name", regexp.MustCompile(`^[\x20-\x7e]{1,255}$`)},
	"aws:secretsmanager/secret:Secret":                  {"name", regexp.MustCompile(`^[\w/+=.@-]{1,512}$`)},
	"aws:appautoscaling/policy:Policy":                  {"name", regexp.MustCompile(`^[\x20-\x7e]{1,256}$`)},
	"aws:sns/topic:Topic":                               {"name", regexp.MustCompile(`^[\w-]{1,256}$`)},
	"aws:cloudwatch/eventRule:EventRule":                {"name", regexp.MustCompile(`^[\w.-]{1,64}$`)},
	"aws:scheduler/schedule:Schedule":                   {"name", regexp.MustCompile(`^[\w.-]{1,64}$`)},
	"awsx:ecr:Repository":                               {"name", regexp.MustCompile(`^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$`)},
}

// longestNames is prod with the longest org, pool and stack names that config
// takes, out of hours as well.
func longestNames(t *testing.T) *config.Config {
	t.Helper()
	values := stackValues(t, "prod")
	values.Stack = "pro"
	values.Config["airflow:org"] = "abcdefghijklmnop"
	values.Config["airflow:schedule"] = `{"stop":"cron(0 20 ? * MON-FRI *)","start":"cron(0 6 ? * MON-FRI *)"}`
	values.Config["airflow:workerPools"] = strings.Replace(values.Config["airflow:workerPools"], `"name":"heavy"`, `"name":"abcdefghijkl"`, 1)
	cfg, err := config.Load(projectFile, values)
	require.NoError(t, err)
	require.Len(t, cfg.Prefix(), 28)
	return cfg
}

func TestPhysicalNames(t *testing.T) {
	for name, cfg := range map[string]*config.Config{"dev": loadStack(t, "dev"), "prod": loadStack(t, "prod"), "longest names": longestNames(t)} {
		t.Run(name, func(t *testing.T) {
			declared, used := record(t, cfg), map[string]string{}
			for token, rule := range nameRules {
				for _, res := range declared.Of(token) {
					physical, _ := res.Plain()[rule.property].(string)
					require.Regexp(t, rule.rule, physical, "%s %s", token, res.Name)
					require.Empty(t, used[token+physical], "%s and %s are both called %s", used[token+physical], res.Name, physical)
					used[token+physical] = res.Name
				}
			}
			require.Greater(t, len(used), 60)
		})
	}
}

// Sizes that AWS refuses beyond (IAM and STS quotas, ECS service quotas, the
// API references of EC2, S3 and KMS).
func TestDocumentsFit(t *testing.T) {
	limits := map[string]struct {
		property string
		most     int
	}{
		"aws:iam/role:Role":                         {"assumeRolePolicy", 2048},
		"aws:iam/rolePolicy:RolePolicy":             {"policy", 10240},
		"aws:ec2/vpcEndpoint:VpcEndpoint":           {"policy", 20480},
		"aws:kms/key:Key":                           {"policy", 32768},
		"aws:s3/bucketPolicy:BucketPolicy":          {"policy", 20480},
		"aws:efs/fileSystemPolicy:FileSystemPolicy": {"policy", 20000},
		"aws:ecs/taskDefinition:TaskDefinition":     {"containerDefinitions", 65536},
	}
	for name, cfg := range map[string]*config.Config{"dev": loadStack(t, "dev"), "longest names": longestNames(t), "many pools": manyPools(t)} {
		t.Run(name, func(t *testing.T) {
			declared, checked := record(t, cfg), 0
			for token, limit := range limits {
				for _, res := range declared.Of(token) {
					text, known := res.Plain()[limit.property].(string)
					require.True(t, known && json.Valid([]byte(text)), "%s %s: not known, or no JSON", token, res.Name)
					require.LessOrEqual(t, len(text), limit.most, "%s %s", token, res.Name)
					checked++
				}
			}
			require.Greater(t, checked, 30)
		})
	}
}

// manyPools has as many pools, queues and options as config takes.
func manyPools(t *testing.T) *config.Config {
	t.Helper()
	var pools []string
	for pool := range config.MostPools {
		queues := []string{fmt.Sprintf(`"queue-%02d-%s"`, pool, strings.Repeat("x", 50))}
		if pool == 0 {
			queues = append(queues, `"default"`)
		}
		for len(queues) < config.MostQueues {
			queues = append(queues, fmt.Sprintf(`"queue-%02d-%d-%s"`, pool, len(queues), strings.Repeat("x", 50)))
		}
		pools = append(pools, fmt.Sprintf(`{"name":"pool%d","queues":[%s],"concurrency":1,"cpu":1024,"memory":2048,"min":0,"max":20,"onDemandBase":0,"spotPercent":0}`,
			pool, strings.Join(queues, ",")))
	}
	values := stackValues(t, "prod")
	values.Config["airflow:workerPools"] = "[" + strings.Join(pools, ",") + "]"
	values.Config["airflow:database"] = `{"instanceClass":"db.r7g.4xlarge"}`
	values.Config["airflow:airflow"] = fmt.Sprintf(`{"options":{"celery_broker_transport_options":{"a":"%[1]s","b":"%[1]s","c":"%[1]s"}}}`, strings.Repeat(`'`, 4096))
	cfg, err := config.Load(projectFile, values)
	require.NoError(t, err)
	return cfg
}

// What settings say of the number of rules in a group is what is declared; beyond
// EC2's quota of 60 they are refused before. A prefix list counts with its weight,
// of which S3's and DynamoDB's is 1 (VPC user guide, "AWS-managed prefix list weight").
func TestRulesPerSecurityGroup(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	wide := func(cfg *config.Config) {
		cfg.LoadBalancer.ClientCIDRs = nil
		for i := range 15 {
			cfg.LoadBalancer.ClientCIDRs = append(cfg.LoadBalancer.ClientCIDRs, fmt.Sprintf("10.%d.0.0/16", i))
		}
		cfg.Endpoints.Extra = []config.ExtraEndpoint{{Service: "email-smtp"}, {Service: "dynamodb"}, {Service: "transfer.server", Ports: []int{22, 443, 587}}}
		cfg.Endpoints.Services = []config.EndpointService{{Name: "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", Ports: []int{443, 8443}, Why: "a partner"}}
		cfg.Airflow.OpenTelemetry = config.OpenTelemetry{Endpoint: "http://otel.example.com:4318", To: "172.20.2.0/24"}
		cfg.WorkerPools[0].Egress = []config.Egress{{To: "172.20.2.0/24", Ports: []int{4318, 5432}, Why: "data and metrics"}}
		cfg.Services.DAGSync.Egress = []config.Egress{{To: "172.20.1.7/32", Ports: []int{22}, Why: "files"}}
	}
	asks := func(mode string) func(*config.Config) {
		return func(cfg *config.Config) {
			wide(cfg)
			cfg.Login.Mode, cfg.Login.IdPCIDRs = mode, []string{"10.9.0.0/24", "10.9.1.0/24"}
		}
	}
	many := manyPools(t)
	wide(many)
	for name, cfg := range map[string]*config.Config{
		"dev": loadStack(t, "dev"), "prod": loadStack(t, "prod"), "alb": loadStack(t, "dev", asks(config.LoginALB)),
		"fab": loadStack(t, "prod", asks(config.LoginFAB)), "many pools": many,
	} {
		t.Run(name, func(t *testing.T) {
			declared := record(t, cfg)
			counted := map[bool]map[string]int{}
			for inbound, token := range map[bool]string{
				false: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", true: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
			} {
				counted[inbound] = map[string]int{}
				for _, rule := range declared.Of(token) {
					counted[inbound][rule.Plain()["securityGroupId"].(string)]++
				}
			}
			for _, said := range cfg.SecurityGroupRules(nil) {
				id := said.Group + "-id"
				switch {
				case said.Group == "alb":
					id = "web-id"
				case strings.HasPrefix(said.Group, "vpce-svc-"):
					id = "endpoints-" + id
				}
				require.Equal(t, counted[said.Inbound][id], said.Rules, "%s, inbound %t", said.Group, said.Inbound)
				delete(counted[said.Inbound], id)
			}
			for _, groups := range counted {
				for group, rules := range groups {
					require.LessOrEqual(t, rules, 40, "%s: settings say nothing of it", group)
				}
			}
		})
	}
}
