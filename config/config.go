// Package config is the typed form of the stack's settings.
//
// Defaults and descriptions live in Pulumi.yaml; [Load] lays a stack's values
// over them and reports every fault of the result at once.
package config

import (
	"fmt"
	"net/netip"
)

// Config holds all settings of one stack, complete and valid once [Load] returns it.
type Config struct {
	Org       string `config:"org"`
	AccountID string `config:"accountId"`
	// PermissionsBoundaryARN bounds every role of the stack; empty means none.
	PermissionsBoundaryARN string            `config:"permissionsBoundaryArn"`
	Tags                   map[string]string `config:"tags"`
	Network                Network           `config:"network"`
	Endpoints              Endpoints         `config:"endpoints"`
	Database               Database          `config:"database"`
	Broker                 Broker            `config:"broker"`
	Files                  Files             `config:"files"`
	Buckets                Buckets           `config:"buckets"`
	Secrets                Secrets           `config:"secrets"`
	SecretsBackend         SecretsBackend    `config:"secretsBackend"`
	Images                 Images            `config:"images"`
	LoadBalancer           LoadBalancer      `config:"loadBalancer"`
	Login                  Login             `config:"login"`
	Services               Services          `config:"services"`
	WorkerPools            []WorkerPool      `config:"workerPools"`
	Schedule               Schedule          `config:"schedule"`
	Airflow                Airflow           `config:"airflow"`
	Alarms                 Alarms            `config:"alarms"`
	Budget                 Budget            `config:"budget"`

	// OIDCClientSecret is never read in clear by the program: Load only notes
	// whether it is set, and as a secret. Its value is taken from the stack's
	// config as a Pulumi secret where it is used.
	OIDCClientSecret SecretPresence `config:"oidcClientSecret"`

	// Region is aws:region; Environment is the stack's name.
	Region      string
	Environment string
}

// SecretPresence says what is known of a secret setting without holding it.
type SecretPresence struct {
	Set       bool
	Encrypted bool
}

// Network describes the VPC. See "network" in Pulumi.yaml.
type Network struct {
	CIDR                 string   `config:"cidr"`
	Zones                []string `config:"zones"`
	SubnetPrefix         int      `config:"subnetPrefix"`
	FlowLogRetentionDays int      `config:"flowLogRetentionDays"`
	// VPCID is an existing VPC; the others are its subnets and route tables.
	VPCID         string   `config:"vpcId"`
	SubnetIDs     []string `config:"subnetIds"`
	RouteTableIDs []string `config:"routeTableIds"`
	Joins         []Join   `config:"joins"`
	Resolver      Resolver `config:"resolver"`
	DNSAllow      []string `config:"dnsAllow"`
}

// Endpoints describes the interface endpoints. See "endpoints" in Pulumi.yaml.
type Endpoints struct {
	Zones           []string          `config:"zones"`
	Existing        []string          `config:"existing"`
	Extra           []ExtraEndpoint   `config:"extra"`
	Services        []EndpointService `config:"services"`
	TrustedAccounts []string          `config:"trustedAccounts"`
	TrustedBuckets  []string          `config:"trustedBuckets"`
}

// Database describes RDS for PostgreSQL. See "database" in Pulumi.yaml.
type Database struct {
	EngineVersion          string `config:"engineVersion"`
	InstanceClass          string `config:"instanceClass"`
	AllocatedStorageGiB    int    `config:"allocatedStorageGiB"`
	MaxAllocatedStorageGiB int    `config:"maxAllocatedStorageGiB"`
	MultiAZ                bool   `config:"multiAz"`
	BackupRetentionDays    int    `config:"backupRetentionDays"`
	DeletionProtection     bool   `config:"deletionProtection"`
	FinalSnapshot          bool   `config:"finalSnapshot"`
	InsightsRetentionDays  int    `config:"insightsRetentionDays"`
	ReservedConnections    int    `config:"reservedConnections"`
}

// Broker describes ElastiCache. See "broker" in Pulumi.yaml.
type Broker struct {
	Engine                string `config:"engine"`
	EngineVersion         string `config:"engineVersion"`
	NodeType              string `config:"nodeType"`
	Replicas              int    `config:"replicas"`
	SnapshotRetentionDays int    `config:"snapshotRetentionDays"`
}

// Files describes EFS. See "files" in Pulumi.yaml.
type Files struct {
	OneZone              string `config:"oneZone"`
	Backup               bool   `config:"backup"`
	InfrequentAccessDays int    `config:"infrequentAccessDays"`
}

// Buckets describes the DAG and log buckets. See "buckets" in Pulumi.yaml.
type Buckets struct {
	DAGs             string `config:"dags"`
	DAGsPrefix       string `config:"dagsPrefix"`
	PluginsPrefix    string `config:"pluginsPrefix"`
	Logs             string `config:"logs"`
	LogsPrefix       string `config:"logsPrefix"`
	AccessLogs       string `config:"accessLogs"`
	LogRetentionDays int    `config:"logRetentionDays"`
	NoncurrentDays   int    `config:"noncurrentDays"`
	ForceDestroy     bool   `config:"forceDestroy"`
}

// Secrets counts the generations of each secret. See "secrets" in Pulumi.yaml.
type Secrets struct {
	RecoveryDays     int `config:"recoveryDays"`
	DatabasePassword int `config:"databasePassword"`
	BrokerToken      int `config:"brokerToken"`
	FernetKey        int `config:"fernetKey"`
	JWTSecret        int `config:"jwtSecret"`
	APISecretKey     int `config:"apiSecretKey"`
}

// Images says where container images come from. See "images" in Pulumi.yaml.
type Images struct {
	Build       bool              `config:"build"`
	Digests     map[string]string `config:"digests"`
	Keep        int               `config:"keep"`
	ForceDelete bool              `config:"forceDelete"`
}

// LoadBalancer describes the internal ALB. See "loadBalancer" in Pulumi.yaml.
type LoadBalancer struct {
	Hostname           string   `config:"hostname"`
	CertificateARN     string   `config:"certificateArn"`
	ZoneID             string   `config:"zoneId"`
	ZoneVPCs           []string `config:"zoneVpcs"`
	ClientCIDRs        []string `config:"clientCidrs"`
	DeletionProtection bool     `config:"deletionProtection"`
}

// Login modes.
const (
	LoginNone = "none"
	LoginALB  = "alb"
	LoginFAB  = "fab"
)

// Login says how people log in. See "login" in Pulumi.yaml.
type Login struct {
	Mode                  string            `config:"mode"`
	PrivatePath           string            `config:"privatePath"`
	IdPCIDRs              []string          `config:"idpCidrs"`
	PublicIdP             PublicIdP         `config:"publicIdp"`
	Issuer                string            `config:"issuer"`
	AuthorizationEndpoint string            `config:"authorizationEndpoint"`
	TokenEndpoint         string            `config:"tokenEndpoint"`
	UserInfoEndpoint      string            `config:"userInfoEndpoint"`
	ClientID              string            `config:"clientId"`
	GroupsClaim           string            `config:"groupsClaim"`
	Roles                 map[string]string `config:"roles"`
	SessionSeconds        int               `config:"sessionSeconds"`
}

// Services describes the ECS services. See "services" in Pulumi.yaml.
type Services struct {
	Architecture      string          `config:"architecture"`
	Exec              bool            `config:"exec"`
	LogRetentionDays  int             `config:"logRetentionDays"`
	ContainerInsights string          `config:"containerInsights"`
	APIServer         ScalableService `config:"apiServer"`
	Scheduler         Service         `config:"scheduler"`
	DAGProcessor      Service         `config:"dagProcessor"`
	Triggerer         Service         `config:"triggerer"`
	DAGSync           Singleton       `config:"dagsync"`
}

// Capacity is where an ECS service's tasks run.
type Capacity struct {
	// OnDemandBase is the number of tasks that are never on Spot.
	OnDemandBase int `config:"onDemandBase"`
	// SpotPercent is the share of the tasks above the base that runs on Spot.
	SpotPercent int `config:"spotPercent"`
}

// Size is the Fargate size of one task: CPU in units of 1/1024 vCPU, Memory in MiB.
type Size struct {
	CPU    int `config:"cpu"`
	Memory int `config:"memory"`
}

// Service is an ECS service with a fixed number of tasks.
type Service struct {
	Size
	Capacity
	Access
	Count int `config:"count"`
}

// ScalableService is a service that Application Auto Scaling moves between Count and MaxCount.
type ScalableService struct {
	Service
	MaxCount int `config:"maxCount"`
}

// Singleton is a service of which never more than one task runs.
type Singleton struct {
	Size
	Capacity
	Access
}

// WorkerPool is an ECS service of Celery workers. See "workerPools" in Pulumi.yaml.
type WorkerPool struct {
	Size
	Capacity
	Access
	Name        string   `config:"name"`
	Queues      []string `config:"queues"`
	Concurrency int      `config:"concurrency"`
	Min         int      `config:"min"`
	Max         int      `config:"max"`
}

// Schedule holds the off-hours. See "schedule" in Pulumi.yaml.
type Schedule struct {
	Stop         string `config:"stop"`
	Start        string `config:"start"`
	Timezone     string `config:"timezone"`
	DrainMinutes int    `config:"drainMinutes"`
}

// Airflow holds Airflow's own settings. See "airflow" in Pulumi.yaml.
type Airflow struct {
	Version              string                       `config:"version"`
	DAGRefreshSeconds    int                          `config:"dagRefreshSeconds"`
	QueuedTimeoutSeconds int                          `config:"queuedTimeoutSeconds"`
	LongestTaskSeconds   int                          `config:"longestTaskSeconds"`
	RetentionDays        int                          `config:"retentionDays"`
	OpenTelemetry        OpenTelemetry                `config:"openTelemetry"`
	Options              map[string]map[string]string `config:"options"`
}

// Alarms says who is told, and from when on. See "alarms" in Pulumi.yaml.
type Alarms struct {
	Emails              []string `config:"emails"`
	QueueWaitSeconds    int      `config:"queueWaitSeconds"`
	TaskDurationSeconds int      `config:"taskDurationSeconds"`
	TaskFailures        int      `config:"taskFailures"`
	SyncLagSeconds      int      `config:"syncLagSeconds"`
}

// Budget is what the stack may cost. See "budget" in Pulumi.yaml.
type Budget struct {
	MonthlyUSD int `config:"monthlyUsd"`
}

// Prefix starts every name of the stack: <org>-airflow-<environment>.
func (c *Config) Prefix() string {
	return fmt.Sprintf("%s-airflow-%s", c.Org, c.Environment)
}

// Name returns the physical name of one thing of the stack.
func (c *Config) Name(thing string) string {
	return c.Prefix() + "-" + thing
}

// Subnets returns one CIDR per zone, cut from the start of the VPC's block.
// It expects a validated network.
func (n Network) Subnets() []netip.Prefix {
	vpc := netip.MustParsePrefix(n.CIDR)
	subnets := make([]netip.Prefix, 0, len(n.Zones))
	next := vpc.Addr().As4()
	for range n.Zones {
		subnets = append(subnets, netip.PrefixFrom(netip.AddrFrom4(next), n.SubnetPrefix))
		start := uint32(next[0])<<24 | uint32(next[1])<<16 | uint32(next[2])<<8 | uint32(next[3])
		start += 1 << (32 - n.SubnetPrefix)
		next = [4]byte{byte(start >> 24), byte(start >> 16), byte(start >> 8), byte(start)}
	}
	return subnets
}

// TaskZones returns the zones that tasks run in: one for a One Zone file
// system, whose mount target is in that zone only, else all of the network's.
func (c *Config) TaskZones() []string {
	if c.Files.OneZone != "" {
		return []string{c.Files.OneZone}
	}
	return c.Network.Zones
}

// EndpointZones returns the zones with interface endpoints.
func (c *Config) EndpointZones() []string {
	if len(c.Endpoints.Zones) > 0 {
		return c.Endpoints.Zones
	}
	return c.Network.Zones
}

// Queues returns every Celery queue that some pool works off, in the pools' order.
func (c *Config) Queues() []string {
	var queues []string
	for _, pool := range c.WorkerPools {
		queues = append(queues, pool.Queues...)
	}
	return queues
}

// ServiceName is the last part of the pool's ECS service name: "worker" for
// the pool called default, "worker-<name>" for another.
func (p WorkerPool) ServiceName() string {
	if p.Name == "default" {
		return "worker"
	}
	return "worker-" + p.Name
}
