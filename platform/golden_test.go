package platform

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

var update = flag.Bool("update", false, "write the inventories in testdata/golden, docs/configuration.md and docs/components anew")

// shown is what a reviewer sees of each type of resource: what protects,
// encrypts, opens, keeps and costs. A type that isn't here is a fault: somebody
// must decide what is to be seen of it.
var shown = map[string][]string{
	"awsx:ecr:Repository": {"name", "imageTagMutability", "imageScanningConfiguration.scanOnPush", "encryptionConfigurations.0.encryptionType", "encryptionConfigurations.0.kmsKey", "forceDelete"},

	"aws:appautoscaling/policy:Policy":               {"policyType"},
	"aws:appautoscaling/target:Target":               {"minCapacity", "maxCapacity"},
	"aws:budgets/budget:Budget":                      {"limitAmount"},
	"aws:cloudwatch/dashboard:Dashboard":             {},
	"aws:cloudwatch/eventRule:EventRule":             {},
	"aws:cloudwatch/eventTarget:EventTarget":         {"arn"},
	"aws:cloudwatch/logGroup:LogGroup":               {"retentionInDays", "kmsKeyId"},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": {"pattern"},
	"aws:cloudwatch/metricAlarm:MetricAlarm":         {"metricName", "statistic", "comparisonOperator", "threshold", "period", "evaluationPeriods", "treatMissingData", "alarmActions"},

	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":         {"ingress", "egress"},
	"aws:ec2/flowLog:FlowLog":                                   {"trafficType"},
	"aws:ec2/routeTable:RouteTable":                             {"routes"},
	"aws:ec2/routeTableAssociation:RouteTableAssociation":       {},
	"aws:ec2/securityGroup:SecurityGroup":                       {"ingress", "egress"},
	"aws:ec2/subnet:Subnet":                                     {"availabilityZone", "cidrBlock", "mapPublicIpOnLaunch"},
	"aws:ec2/vpc:Vpc":                                           {"cidrBlock"},
	"aws:ec2/vpcEndpoint:VpcEndpoint":                           {"serviceName", "vpcEndpointType", "privateDnsEnabled", "subnetIds"},
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   {"referencedSecurityGroupId", "prefixListId", "cidrIpv4", "fromPort", "toPort"},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {"referencedSecurityGroupId", "prefixListId", "cidrIpv4", "fromPort", "toPort"},

	"aws:ecs/cluster:Cluster":                                   {"settings.0.value", "configuration.executeCommandConfiguration.kmsKeyId", "configuration.executeCommandConfiguration.logging"},
	"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": {"capacityProviders"},
	"aws:ecs/service:Service": {"desiredCount", "capacityProviderStrategies", "enableExecuteCommand", "networkConfiguration.assignPublicIp", "networkConfiguration.subnets",
		"deploymentCircuitBreaker.rollback", "deploymentMinimumHealthyPercent", "deploymentMaximumPercent"},
	"aws:ecs/taskDefinition:TaskDefinition": {"cpu", "memory", "runtimePlatform.cpuArchitecture", "executionRoleArn", "taskRoleArn"},

	"aws:efs/accessPoint:AccessPoint":           {"posixUser", "rootDirectory.path"},
	"aws:efs/backupPolicy:BackupPolicy":         {"backupPolicy.status"},
	"aws:efs/fileSystem:FileSystem":             {"encrypted", "kmsKeyId", "availabilityZoneName"},
	"aws:efs/fileSystemPolicy:FileSystemPolicy": {},
	"aws:efs/mountTarget:MountTarget":           {"subnetId"},

	"aws:elasticache/parameterGroup:ParameterGroup":     {"family", "parameters"},
	"aws:elasticache/replicationGroup:ReplicationGroup": {"engine", "engineVersion", "nodeType", "numCacheClusters", "automaticFailoverEnabled", "multiAzEnabled", "atRestEncryptionEnabled", "kmsKeyId", "transitEncryptionEnabled", "transitEncryptionMode", "authToken", "snapshotRetentionLimit"},
	"aws:elasticache/subnetGroup:SubnetGroup":           {"subnetIds"},

	"aws:iam/role:Role":                                 {"name"},
	"aws:iam/rolePolicy:RolePolicy":                     {},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment": {"policyArn"},
	"aws:kms/alias:Alias":                               {"name"},
	"aws:kms/key:Key":                                   {"enableKeyRotation", "deletionWindowInDays"},

	"aws:lb/listener:Listener":         {"port", "protocol", "sslPolicy", "defaultActions.0.type", "defaultActions.1.type"},
	"aws:lb/listenerRule:ListenerRule": {"conditions.0.pathPattern.values", "actions.0.type"},
	"aws:lb/loadBalancer:LoadBalancer": {"internal", "enableDeletionProtection", "dropInvalidHeaderFields", "accessLogs.enabled", "subnets"},
	"aws:lb/targetGroup:TargetGroup":   {"port", "protocol", "healthCheck.path"},

	"aws:rds/instance:Instance": {"engineVersion", "instanceClass", "allocatedStorage", "maxAllocatedStorage", "storageType", "storageEncrypted", "kmsKeyId", "publiclyAccessible", "multiAz",
		"backupRetentionPeriod", "deletionProtection", "skipFinalSnapshot", "performanceInsightsKmsKeyId", "enabledCloudwatchLogsExports", "password"},
	"aws:rds/parameterGroup:ParameterGroup": {"family", "parameters"},
	"aws:rds/subnetGroup:SubnetGroup":       {"subnetIds"},
	"aws:route53/record:Record":             {"name", "type"},

	"aws:route53/resolverFirewallConfig:ResolverFirewallConfig":                             {"firewallFailOpen", "resourceId"},
	"aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList":                     {"domains"},
	"aws:route53/resolverFirewallRule:ResolverFirewallRule":                                 {"action", "blockResponse", "priority", "firewallDomainListId"},
	"aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup":                       {},
	"aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": {"firewallRuleGroupId", "vpcId", "priority"},
	"aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig":                             {"destinationArn"},
	"aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation":       {"resourceId"},

	"aws:route53/zone:Zone": {"name", "vpcs.0.vpcId"},

	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       {"rules"},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {"rule.objectOwnership"},
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {"rules"},
	"aws:s3/bucketV2:BucketV2":                                                                   {"bucket", "forceDestroy"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {"versioningConfiguration.status"},
	"aws:scheduler/schedule:Schedule":                                                            {"scheduleExpression", "scheduleExpressionTimezone"},
	"aws:scheduler/scheduleGroup:ScheduleGroup":                                                  {},
	"aws:secretsmanager/secret:Secret":                                                           {"name", "kmsKeyId", "recoveryWindowInDays"},
	"aws:secretsmanager/secretVersion:SecretVersion":                                             {"secretString"},
	"aws:sfn/stateMachine:StateMachine":                                                          {},
	"aws:sns/topic:Topic":                                                                        {"kmsMasterKeyId"},
	"aws:sns/topicPolicy:TopicPolicy":                                                            {},
	"aws:sns/topicSubscription:TopicSubscription":                                                {"protocol"},

	"pulumi:providers:aws":                       {"region", "allowedAccountIds"},
	"random:index/randomBytes:RandomBytes":       {"length"},
	"random:index/randomString:RandomString":     {"length"},
	"random:index/randomPassword:RandomPassword": {"length", "special"},
}

// documents are the properties that hold a policy, shown statement by statement.
var documents = []string{"assumeRolePolicy", "policy"}

// The inventories are for people who review a change: what it adds, opens or
// lets go stands in their diff. The tests beside this one are the proof.
func TestGoldenInventories(t *testing.T) {
	for _, stack := range bothStacks {
		t.Run(stack, func(t *testing.T) {
			checkGenerated(t, filepath.Join("testdata", "golden", stack+".txt"), inventory(t, stack))
		})
	}
}

// checkGenerated compares a generated file with what is committed.
func checkGenerated(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	if want != string(got) {
		t.Errorf("%s is stale: run make golden, and read what changed:\n%s", path, difference(string(got), want))
	}
}

// difference returns the lines that only one of two texts has, the first twenty.
func difference(old, current string) string {
	var lines []string
	only := func(sign, text, other string) {
		there := map[string]bool{}
		for _, line := range strings.Split(other, "\n") {
			there[line] = true
		}
		for _, line := range strings.Split(text, "\n") {
			if !there[line] {
				lines = append(lines, sign+" "+line)
			}
		}
	}
	only("-", old, current)
	only("+", current, old)
	if len(lines) == 0 {
		return "the same lines in another order"
	}
	return strings.Join(lines[:min(len(lines), 20)], "\n")
}

func inventory(t *testing.T, stack string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# What stack %s declares. Written by `make golden`; keys-data and the like are names of resources.\n", stack)
	declared := record(t, loadStack(t, stack))
	common := commonEnvironment(t, declared)
	b.WriteString("\nenvironment of every Airflow container\n")
	for _, name := range slices.Sorted(maps.Keys(common)) {
		fmt.Fprintf(&b, "  %s=%s\n", name, common[name])
	}
	previous := ""
	for _, res := range declared.All() {
		if strings.HasPrefix(res.Type, "airflow:index:") {
			continue // a component: its parts are listed
		}
		properties, decided := shown[res.Type]
		require.True(t, decided, "decide in golden_test.go what reviewers see of %s", res.Type)
		if res.Type != previous {
			fmt.Fprintf(&b, "\n%s\n", res.Type)
			previous = res.Type
		}
		fmt.Fprintf(&b, "  %s%s\n", res.Name, describe(res, properties))
		for _, line := range details(t, res, common) {
			fmt.Fprintf(&b, "      %s\n", line)
		}
	}
	return b.String()
}

func describe(res recorder.Resource, properties []string) string {
	var b strings.Builder
	if res.Protect {
		b.WriteString("  PROTECTED")
	}
	inputs := res.Plain()
	for _, property := range properties {
		top, _, _ := strings.Cut(property, ".")
		value, given := at(inputs, property)
		if !given {
			continue
		}
		text := compact(value)
		if res.Inputs[resource.PropertyKey(top)].ContainsSecrets() {
			text = "[secret]"
		}
		fmt.Fprintf(&b, "  %s=%s", property, text)
	}
	return b.String()
}

// at follows a dotted path through maps and lists.
func at(value any, path string) (any, bool) {
	for _, part := range strings.Split(path, ".") {
		switch holder := value.(type) {
		case map[string]any:
			element, ok := holder[part]
			if !ok {
				return nil, false
			}
			value = element
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(holder) {
				return nil, false
			}
			value = holder[i]
		default:
			return nil, false
		}
	}
	return value, value != nil
}

var (
	mockARN  = regexp.MustCompile(`arn:aws:mock:::[A-Za-z0-9]+:[^/]*/[^/]*/`)
	mockID   = regexp.MustCompile(`^(.+)-id$`)
	imageRef = regexp.MustCompile(`^.*/([a-z-]+)@.*$`)
)

// compact writes a value in one line; the record's stand-ins for ids and ARNs
// become the names of the resources that they are of.
func compact(value any) string {
	switch value := value.(type) {
	case string:
		return mockID.ReplaceAllString(mockARN.ReplaceAllString(value, ""), "$1")
	case []any:
		list := make([]string, 0, len(value))
		for _, element := range value {
			list = append(list, compact(element))
		}
		return "[" + strings.Join(list, " ") + "]"
	case map[string]any:
		list := make([]string, 0, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			list = append(list, key+":"+compact(value[key]))
		}
		return "{" + strings.Join(list, " ") + "}"
	default:
		return fmt.Sprint(value)
	}
}

// details are the lines below a resource: statements of its policies, and its containers.
func details(t *testing.T, res recorder.Resource, common map[string]string) []string {
	t.Helper()
	inputs, lines := res.Plain(), []string{}
	for _, property := range documents {
		if text, given := inputs[property].(string); given {
			lines = append(lines, statements(t, text)...)
		}
	}
	volumes, _ := inputs["volumes"].([]any)
	for _, volume := range volumes {
		if efs, given := at(volume, "efsVolumeConfiguration"); given {
			lines = append(lines, "shared files "+compact(efs))
		}
	}
	if text, given := inputs["containerDefinitions"].(string); given {
		lines = append(lines, containers(t, text, common)...)
	}
	return lines
}

func statements(t *testing.T, text string) []string {
	t.Helper()
	var document struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	var lines []string
	for _, s := range document.Statement {
		line := fmt.Sprintf("%s %s", s["Effect"], compact(s["Action"]))
		for _, part := range []struct{ key, word string }{{"Resource", "on"}, {"Principal", "for"}, {"Condition", "if"}} {
			if value, given := s[part.key]; given {
				line += " " + part.word + " " + compact(value)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// goldenContainer is what the inventory shows of a container.
type goldenContainer struct {
	Name, Image, User      string
	Command                []string
	Essential              bool
	ReadonlyRootFilesystem bool
	StopTimeout            int
	Environment            []struct{ Name, Value string }
	Secrets                []struct{ Name, ValueFrom string }
	MountPoints            []struct {
		ContainerPath string
		ReadOnly      bool
	}
}

// commonEnvironment is what all containers of Airflow's images have alike.
func commonEnvironment(t *testing.T, declared *recorder.Record) map[string]string {
	t.Helper()
	count, values, containers := map[string]int{}, map[string]string{}, 0
	for _, definition := range declared.Of("aws:ecs/taskDefinition:TaskDefinition") {
		var list []goldenContainer
		require.NoError(t, json.Unmarshal([]byte(definition.Plain()["containerDefinitions"].(string)), &list))
		for _, c := range list {
			if strings.Contains(c.Image, "/agent@") {
				continue
			}
			containers++
			for _, variable := range c.Environment {
				count[variable.Name+"="+variable.Value]++
				values[variable.Name] = variable.Value
			}
		}
	}
	for name, value := range values {
		if count[name+"="+value] < containers {
			delete(values, name)
		}
	}
	return values
}

func containers(t *testing.T, text string, common map[string]string) []string {
	t.Helper()
	var list []goldenContainer
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	var lines []string
	for _, c := range list {
		lines = append(lines, fmt.Sprintf("container %s: image %s, %v, user %s, essential %v, read-only root %v, stop %d s",
			c.Name, imageRef.ReplaceAllString(c.Image, "$1"), c.Command, c.User, c.Essential, c.ReadonlyRootFilesystem, c.StopTimeout))
		for _, mount := range c.MountPoints {
			lines = append(lines, fmt.Sprintf("    mount %s read-only %v", mount.ContainerPath, mount.ReadOnly))
		}
		for _, variable := range c.Environment {
			if value, everywhere := common[variable.Name]; !everywhere || value != variable.Value || strings.Contains(c.Image, "/agent@") {
				lines = append(lines, fmt.Sprintf("    %s=%s", variable.Name, variable.Value))
			}
		}
		for _, secret := range c.Secrets {
			lines = append(lines, fmt.Sprintf("    %s from %s", secret.Name, compact(secret.ValueFrom)))
		}
	}
	return lines
}
