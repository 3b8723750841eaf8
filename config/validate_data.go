package config

import (
	"regexp"
	"slices"
	"strings"
)

// Architectures of Fargate tasks.
const (
	ARM64 = "ARM64"
	X8664 = "X86_64"
)

var (
	postgresForm   = regexp.MustCompile(`^(1[6-9]|[2-9][0-9])(\.[0-9]{1,2})?$`)
	databaseForm   = regexp.MustCompile(`^db\.([tmrcxz][0-9]+[a-z]*)\.(micro|small|medium|large|[0-9]*xlarge)$`)
	cacheForm      = regexp.MustCompile(`^cache\.([tmrcxz][0-9]+[a-z]*)\.(micro|small|medium|large|[0-9]*xlarge)$`)
	graviton       = regexp.MustCompile(`^[tmrcx][0-9]+g[a-z]*$`)
	bucketForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	bucketReserved = regexp.MustCompile(`^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|--table-s3)$`)
	prefixForm     = regexp.MustCompile(`^([A-Za-z0-9_=-][A-Za-z0-9_.=-]*/)+$`)
	// DigestForm is a container image's digest.
	DigestForm     = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	brokerVersions = map[string][]any{"valkey": {"7.2", "8.0", "8.1"}, "redis": {"7.0", "7.1"}}
)

// mostStorageGiB is the most that RDS for PostgreSQL takes.
const mostStorageGiB = 65536

func (f *faults) validateDatabase(c *Config) {
	d := c.Database
	f.matches(key("database.engineVersion"), d.EngineVersion, postgresForm, `PostgreSQL 16 or newer, such as "16" or "16.10"`)
	f.class(c, key("database.instanceClass"), d.InstanceClass, databaseForm, "db.t4g.small")
	if _, ok := InstanceMemoryGiB(d.InstanceClass); !ok && !f.wrong(key("database.instanceClass")) {
		f.addf(key("database.instanceClass"), d.InstanceClass, "a size whose memory is known: %s", strings.Join(sortedKeys(memoryGiB), ", "))
	}
	f.between(key("database.allocatedStorageGiB"), d.AllocatedStorageGiB, 20, mostStorageGiB*10/11)
	// RDS refuses a ceiling less than 10 % above the start.
	if lowest := (d.AllocatedStorageGiB*11 + 9) / 10; !f.wrong(key("database.allocatedStorageGiB")) &&
		(d.MaxAllocatedStorageGiB < lowest || d.MaxAllocatedStorageGiB > mostStorageGiB) {
		f.addf(key("database.maxAllocatedStorageGiB"), d.MaxAllocatedStorageGiB, "%d to %d (a tenth above allocatedStorageGiB, or more)", lowest, mostStorageGiB)
	}
	f.between(key("database.backupRetentionDays"), d.BackupRetentionDays, 1, 35)
	if days := d.InsightsRetentionDays; days != 7 && (days%31 != 0 || days < 31 || days > 713) && days != 731 {
		f.add(key("database.insightsRetentionDays"), days, "7, a multiple of 31 up to 713, or 731")
	}
	f.between(key("database.reservedConnections"), d.ReservedConnections, 5, 500)
}

func (f *faults) validateBroker(c *Config) {
	b := c.Broker
	versions, known := brokerVersions[b.Engine]
	if !known {
		f.oneOf(key("broker.engine"), b.Engine, "valkey", "redis")
	} else {
		f.oneOf(key("broker.engineVersion"), b.EngineVersion, versions...)
	}
	f.class(c, key("broker.nodeType"), b.NodeType, cacheForm, "cache.t4g.micro")
	f.between(key("broker.replicas"), b.Replicas, 0, 5)
	f.between(key("broker.snapshotRetentionDays"), b.SnapshotRetentionDays, 0, 35)
}

// class checks an instance class and that it is of the configured architecture.
func (f *faults) class(c *Config, key, class string, form *regexp.Regexp, example string) {
	parts := form.FindStringSubmatch(class)
	if parts == nil {
		f.addf(key, class, "an instance class such as %s", example)
		return
	}
	wanted, isGraviton := c.Services.Architecture, graviton.MatchString(parts[1])
	if wanted == ARM64 && !isGraviton || wanted == X8664 && isGraviton {
		f.addf(key, class, "a class of the architecture in services.architecture (%s): Graviton families end in g, such as t4g, m7g, r7g", wanted)
	}
}

func (f *faults) validateBuckets(c *Config) {
	b := c.Buckets
	f.bucket(key("buckets.dags"), b.DAGs)
	f.bucket(key("buckets.logs"), b.Logs)
	f.bucket(key("buckets.accessLogs"), b.AccessLogs)
	if b.DAGs == b.Logs && b.Logs != "" {
		f.add(key("buckets.logs"), b.Logs, "another bucket than buckets.dags: their rights and lifetimes differ")
	}
	if (b.AccessLogs == b.DAGs || b.AccessLogs == b.Logs) && b.AccessLogs != "" {
		f.add(key("buckets.accessLogs"), b.AccessLogs, "a bucket of its own: its encryption differs")
	}
	f.prefix(key("buckets.dagsPrefix"), b.DAGsPrefix)
	f.prefix(key("buckets.pluginsPrefix"), b.PluginsPrefix)
	f.prefix(key("buckets.logsPrefix"), b.LogsPrefix)
	nested := strings.HasPrefix(b.PluginsPrefix, b.DAGsPrefix) || strings.HasPrefix(b.DAGsPrefix, b.PluginsPrefix)
	if nested && !f.wrong(key("buckets.dagsPrefix")) && !f.wrong(key("buckets.pluginsPrefix")) {
		f.addf(key("buckets.pluginsPrefix"), b.PluginsPrefix, "a prefix apart from buckets.dagsPrefix (%s): plugins inside it would be parsed as DAGs", b.DAGsPrefix)
	}
	f.between(key("buckets.logRetentionDays"), b.LogRetentionDays, 1, 3650)
	f.between(key("buckets.noncurrentDays"), b.NoncurrentDays, 1, 3650)
}

func (f *faults) bucket(key, name string) {
	const rule = "a bucket name: 3 to 63 lower-case letters, digits and hyphens (no dots: they break TLS names), with none of the beginnings and ends that S3 keeps for itself"
	if !f.missing(key, name, rule) && (!bucketForm.MatchString(name) || bucketReserved.MatchString(name)) {
		f.add(key, name, rule)
	}
}

func (f *faults) prefix(key, prefix string) {
	if len(prefix) > 256 || !prefixForm.MatchString(prefix) {
		f.add(key, prefix, "a prefix such as dev/dags/: at most 256 letters, digits and _.=- between slashes, none at the start, one at the end")
	}
}

func (f *faults) validateSecrets(c *Config) {
	s := c.Secrets
	if s.RecoveryDays != 0 && (s.RecoveryDays < 7 || s.RecoveryDays > 30) {
		f.add(key("secrets.recoveryDays"), s.RecoveryDays, "0 (gone at once) or 7 to 30")
	}
	f.between(key("secrets.databasePassword"), s.DatabasePassword, 1, 9999)
	f.between(key("secrets.brokerToken"), s.BrokerToken, 1, 9999)
	f.between(key("secrets.fernetKey"), s.FernetKey, 1, 9999)
	f.between(key("secrets.jwtSecret"), s.JWTSecret, 1, 9999)
	f.between(key("secrets.apiSecretKey"), s.APISecretKey, 1, 9999)
}

// ImageNames are the images of the platform, each an ECR repository <prefix>/<image>.
var ImageNames = []string{"web", "scheduler", "worker", "dag-processor", "triggerer", "agent"}

// DeployedTag begins the tags of images that a stack was given to run.
const DeployedTag = "deployed-"

func (f *faults) validateImages(c *Config) {
	for _, name := range sortedKeys(c.Images.Digests) {
		if !slices.Contains(ImageNames, name) {
			f.unknown(key("images.digests."+name), name, ImageNames)
			continue
		}
		f.matches(key("images.digests."+name), c.Images.Digests[name], DigestForm, "sha256: and 64 hex digits, as `make images` prints and the registry shows")
	}
	prefix := c.Prefix()
	if c.Org == "" {
		prefix = "<org>" + prefix
	}
	for _, name := range ImageNames {
		if _, ok := c.Images.Digests[name]; !ok && !c.Images.Build {
			f.addf(key("images.digests."+name), nil, "missing: the digest of the image that was pushed to %s/%s; or set images.build to true, where a Docker engine is at hand at preview and up", prefix, name)
		}
	}
	f.between(key("images.keep"), c.Images.Keep, 2, 1000)
}
