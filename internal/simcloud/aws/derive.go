package aws

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Tokens of the types that others look at.
const (
	vpcToken        = "aws:ec2/vpc:Vpc"
	cidrToken       = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
	subnetToken     = "aws:ec2/subnet:Subnet"
	aliasToken      = "aws:kms/alias:Alias"
	keyToken        = "aws:kms/key:Key"
	taskToken       = "aws:ecs/taskDefinition:TaskDefinition"
	targetToken     = "aws:lb/targetGroup:TargetGroup"
	listenerToken   = "aws:lb/listener:Listener"
	ruleToken       = "aws:lb/listenerRule:ListenerRule"
	balancerToken   = "aws:lb/loadBalancer:LoadBalancer"
	roleToken       = "aws:iam/role:Role"
	rolePolicyToken = "aws:iam/rolePolicy:RolePolicy"
)

// unknown is a value that only an update will know.
func unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewStringProperty(""))
}

// derive makes an output of the text of a value; unknown of unknown, nothing of
// nothing.
func (m *maker) derive(name string, f func(string) any) any {
	v := m.value(name)
	if simcloud.Unknown(v) {
		return unknown()
	}
	t := plain(v)
	if t == "" {
		return nil
	}
	made := f(t)
	if made != nil && v.ContainsSecrets() {
		return resource.MakeSecret(m.expand(made, name))
	}
	return made
}

// related gives a property of the resource that an input names.
func (m *maker) related(input, token, property string) any {
	return m.derive(input, func(id string) any {
		t := m.seen.byID(token, id)
		if t == nil || t.props[resource.PropertyKey(property)].V == nil {
			return nil
		}
		return t.props[resource.PropertyKey(property)]
	})
}

// vpcOf gives the VPC of the subnets that an input lists.
func vpcOf(subnets string) func(*maker) any {
	return func(m *maker) any { return m.related(subnets, subnetToken, "vpcId") }
}

// zoneOf gives the availability zone of the subnet that an input names.
func zoneOf(subnet string) func(*maker) any {
	return func(m *maker) any { return m.related(subnet, subnetToken, "availabilityZone") }
}

// owningVpc gives the VPC whose default table or list an input names.
func owningVpc(input string) func(*maker) any {
	return func(m *maker) any {
		return m.derive(input, func(id string) any {
			for _, t := range m.seen.all(vpcToken) {
				if plain(t.props[resource.PropertyKey(input)]) == id && t.id != "" {
					return t.id
				}
			}
			return nil
		})
	}
}

// defaultGroup is the identifier of a VPC's default security group.
func defaultGroup(m *maker) any {
	if found := m.related("vpcId", vpcToken, "defaultSecurityGroupId"); found != nil {
		return found
	}
	return "sg-{hex17}"
}

// zoneID is the zone's identifier, such as use1-az1.
func zoneID(m *maker) any {
	return m.derive("availabilityZone", func(zone string) any {
		if n := strings.Index("abcdef", zone[len(zone)-1:]); n >= 0 {
			return fmt.Sprintf("%s-az%d", m.cloud.short(), n+1)
		}
		return nil
	})
}

// serviceName is the part of an endpoint's service after com.amazonaws.REGION.
func serviceName(m *maker) string {
	name, _ := simcloud.Text(m.value("serviceName"))
	return strings.TrimPrefix(name, "com.amazonaws."+m.cloud.region+".")
}

// flowLogFormat is AWS's default; its marks look like placeholders, so it is no
// template.
func flowLogFormat(*maker) any {
	return resource.NewStringProperty("${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " +
		"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}")
}

func isInterface(m *maker) bool { return plain(m.value("vpcEndpointType")) == "Interface" }

// endpointNames are the DNS names of an interface endpoint.
func endpointNames(m *maker) any {
	if !isInterface(m) {
		return []any{}
	}
	host := fmt.Sprintf("{id}-{site8}.%s.{region}.vpce.{dns}", strings.ReplaceAll(serviceName(m), ".", "-"))
	entries := []any{Props{"dnsName": host, "hostedZoneId": "Z7HUB22UULQXV"}}
	if private, _ := simcloud.Flag(m.value("privateDnsEnabled")); private {
		parts := strings.Split(serviceName(m), ".") // ecr.api is served as api.ecr
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
		entries = append(entries, Props{"dnsName": strings.Join(parts, ".") + ".{region}.{dns}", "hostedZoneId": "Z{ALNUM20}"})
	}
	return entries
}

// endpointInterfaces are the network interfaces, one in each subnet.
func endpointInterfaces(m *maker) any {
	list := []any{}
	if subnets := simcloud.Bare(m.value("subnetIds")); isInterface(m) && subnets.IsArray() {
		for range subnets.ArrayValue() {
			list = append(list, "eni-{hex17}")
		}
	}
	return list
}

// endpointPrefixList is the managed prefix list of a gateway endpoint's service,
// the same for all endpoints of a region.
func endpointPrefixList(m *maker) any {
	if isInterface(m) {
		return ""
	}
	site := &maker{cloud: cloud{region: m.cloud.region}}
	return "pl-" + site.random(serviceName(m), "hex", 8)
}

// rotationPeriod is AWS's default while rotation is on.
func rotationPeriod(m *maker) any {
	if on, _ := simcloud.Flag(m.value("enableKeyRotation")); on {
		return 365
	}
	return nil
}

// defaultKeyPolicy is what KMS gives a key that brings none.
func defaultKeyPolicy(*maker) any {
	return `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
		`"Principal":{"AWS":"arn:{partition}:iam::{account}:root"},"Action":"kms:*","Resource":"*"}]}`
}

func aliasTarget(m *maker) any {
	return m.derive("targetKeyId", func(id string) any {
		if strings.HasPrefix(id, "arn:") {
			return id
		}
		return "arn:{partition}:kms:{region}:{account}:key/" + id
	})
}

func databasePort(m *maker) any {
	switch engine := plain(m.value("engine")); {
	case strings.Contains(engine, "postgres"):
		return 5432
	case strings.HasPrefix(engine, "oracle"):
		return 1521
	case strings.HasPrefix(engine, "sqlserver"):
		return 1433
	}
	return 3306
}

func databaseLicense(m *maker) any {
	if strings.Contains(plain(m.value("engine")), "postgres") {
		return "postgresql-license"
	}
	return "general-public-license"
}

// memberClusters are a replication group's nodes.
func memberClusters(m *maker) any {
	n, ok := simcloud.Number(m.value("numCacheClusters"))
	if !ok {
		n = 1
	}
	list := []any{}
	for i := 1; i <= int(n); i++ {
		list = append(list, fmt.Sprintf("{replicationGroupId}-%03d", i))
	}
	return list
}

func replicas(m *maker) any {
	if n, ok := simcloud.Number(m.value("numCacheClusters")); ok && n > 0 {
		return int(n) - 1
	}
	return 0
}

func parameterARN(m *maker) any {
	return m.derive("name", func(name string) any {
		return "arn:{partition}:ssm:{region}:{account}:parameter/" + strings.TrimPrefix(name, "/")
	})
}

// generationNumber counts revisions and versions.
func generationNumber(m *maker) any { return m.generation }

func providerARN(m *maker) any {
	return m.derive("url", func(url string) any {
		return "arn:{partition}:iam::{account}:oidc-provider/" + strings.TrimPrefix(url, "https://")
	})
}

// clusterName is the name in a cluster's name or ARN.
func clusterName(cluster string) string { return cluster[strings.LastIndex(cluster, "/")+1:] }

func serviceARN(m *maker) any {
	return m.derive("cluster", func(cluster string) any {
		return "arn:{partition}:ecs:{region}:{account}:service/" + clusterName(cluster) + "/{name}"
	})
}

func launchType(m *maker) any {
	if simcloud.Given(m.inputs["capacityProviderStrategies"]) {
		return nil
	}
	return "EC2"
}

func platformVersion(m *maker) any {
	if plain(m.value("launchType")) == "EC2" {
		return nil
	}
	return "LATEST"
}

func balancerARN(m *maker) any {
	kind := map[string]string{"application": "app", "network": "net", "gateway": "gwy"}[plain(m.value("loadBalancerType"))]
	return "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/" + kind + "/{name}/{hex16}"
}

func balancerDNS(m *maker) any {
	if internal, _ := simcloud.Flag(m.value("internal")); internal {
		return "internal-{name}-{num10}.{region}.elb.{dns}"
	}
	return "{name}-{num10}.{region}.elb.{dns}"
}

// balancerZone is the hosted zone of the region's load balancers.
func balancerZone(m *maker) any {
	if m.cloud.region == "us-east-1" {
		return "Z35SXDOTRQ7X7K"
	}
	site := &maker{cloud: cloud{region: m.cloud.region}}
	return "Z" + site.random("balancer", "ALNUM", 13)
}

// suffixOf gives what follows a mark in an ARN, with something put before it.
func suffixOf(name, mark string, before ...string) func(*maker) any {
	return func(m *maker) any {
		return m.derive(name, func(arn string) any {
			_, rest, _ := strings.Cut(arn, mark)
			return strings.Join(before, "") + rest
		})
	}
}

// below makes the ARN of a thing that belongs to another.
func below(parent, from, to string) func(*maker) any {
	return func(m *maker) any {
		return m.derive(parent, func(arn string) any { return strings.Replace(arn, from, to, 1) + "/{hex16}" })
	}
}

// sslPolicy is ELB's default for HTTPS listeners.
func sslPolicy(m *maker) any {
	if p := plain(m.value("protocol")); p == "HTTPS" || p == "TLS" {
		return "ELBSecurityPolicy-2016-08"
	}
	return ""
}

// rulePriority is one above the highest of the listener's rules.
func rulePriority(m *maker) any {
	return m.derive("listenerArn", func(arn string) any {
		highest := 0.0
		for _, t := range m.seen.all(ruleToken) {
			if n, ok := simcloud.Number(t.props["priority"]); ok && plain(t.props["listenerArn"]) == arn && t.urn != m.urn {
				highest = max(highest, n)
			}
		}
		return int(highest) + 1
	})
}

func certificateStatus(m *maker) any {
	if plain(m.value("certificateBody")) != "" {
		return "ISSUED"
	}
	return "PENDING_VALIDATION"
}

func certificateType(m *maker) any {
	switch {
	case plain(m.value("certificateBody")) != "":
		return "IMPORTED"
	case plain(m.value("certificateAuthorityArn")) != "":
		return "PRIVATE"
	}
	return "AMAZON_ISSUED"
}

func alternativeNames(m *maker) any {
	return m.derive("domainName", func(name string) any { return []any{name} })
}

// validationOptions are the records that prove a domain is one's own.
func validationOptions(m *maker) any {
	if plain(m.value("validationMethod")) != "DNS" {
		return []any{}
	}
	return m.derive("domainName", func(name string) any {
		return []any{Props{
			"domainName": name, "resourceRecordName": "_{hex32}." + strings.TrimPrefix(name, "*.") + ".",
			"resourceRecordType": "CNAME", "resourceRecordValue": "_{hex32}.acm-validations.aws.",
		}}
	})
}

// discoveryNamespace is the namespace that a discovery service names in its DNS
// settings.
func discoveryNamespace(m *maker) any {
	for _, dns := range objects(m.inputs["dnsConfig"]) {
		return dns["namespaceId"]
	}
	return ""
}

// trackingAlarms are those that target tracking makes: one to grow, one to shrink.
func trackingAlarms(m *maker) any {
	if plain(m.value("policyType")) != "TargetTrackingScaling" {
		return []any{}
	}
	alarm := "arn:{partition}:cloudwatch:{region}:{account}:alarm:TargetTracking-{resourceId}-%s-{uuid}"
	return []any{fmt.Sprintf(alarm, "AlarmHigh"), fmt.Sprintf(alarm, "AlarmLow")}
}
