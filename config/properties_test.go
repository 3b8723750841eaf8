package config

import (
	"flag"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The same configurations each time; another -rapid.seed draws others.
func init() { _ = flag.Set("rapid.seed", "1") }

// checkInvariants is what holds for every configuration that Load hands out,
// whatever went in.
func checkInvariants(t rapid.TB, cfg *Config) {
	t.Helper()
	checkSubnets(t, cfg)
	checkNames(t, cfg)
	limit := MaxConnections(cfg.Database.InstanceClass)
	require.Positive(t, limit)
	require.LessOrEqual(t, cfg.Connections()+cfg.Database.ReservedConnections, limit, "connections")
	usable := 1<<(32-cfg.Network.SubnetPrefix) - 5
	require.LessOrEqual(t, cfg.Addresses(), usable, "addresses in a subnet")
	for _, zone := range append(cfg.TaskZones(), cfg.EndpointZones()...) {
		require.Contains(t, cfg.Network.Zones, zone)
	}
	require.Contains(t, cfg.Queues(), DefaultQueue)
	for _, cidr := range append(slices.Clone(cfg.LoadBalancer.ClientCIDRs), idpNetworks(cfg)...) {
		require.GreaterOrEqual(t, netip.MustParsePrefix(cidr).Bits(), 8, "an open door: %s", cidr)
	}
}

func idpNetworks(cfg *Config) []string {
	if cfg.Login.Mode == LoginNone {
		return nil
	}
	return cfg.Login.IdPNetworks()
}

func checkSubnets(t rapid.TB, cfg *Config) {
	t.Helper()
	vpc, subnets := netip.MustParsePrefix(cfg.Network.CIDR), cfg.Network.Subnets()
	require.Len(t, subnets, len(cfg.Network.Zones))
	for i, subnet := range subnets {
		require.Equal(t, subnet.Masked(), subnet, "host bits")
		require.True(t, vpc.Contains(subnet.Addr()) && subnet.Bits() > vpc.Bits(), "%s lies outside %s", subnet, vpc)
		for _, other := range subnets[:i] {
			require.False(t, subnet.Overlaps(other), "%s and %s overlap", subnet, other)
		}
	}
}

// harmless is what may stand unquoted in a shell command, an ARN or JSON.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_.=/-]+$`)

// checkNames looks at everything that becomes part of a name, an ARN, a
// command or a document.
func checkNames(t rapid.TB, cfg *Config) {
	t.Helper()
	// The longest that AWS allows: a load balancer or target group, an
	// ElastiCache replication group, a role.
	require.LessOrEqual(t, len(cfg.Name("web")), 32)
	require.LessOrEqual(t, len(cfg.Name("broker")), 40)
	texts := []string{
		cfg.Org, cfg.Environment, cfg.AccountID, cfg.Region, cfg.LoadBalancer.Hostname,
		cfg.Buckets.DAGs, cfg.Buckets.Logs, cfg.Buckets.AccessLogs,
		cfg.Buckets.DAGsPrefix, cfg.Buckets.PluginsPrefix, cfg.Buckets.LogsPrefix,
	}
	for _, pool := range cfg.WorkerPools {
		require.LessOrEqual(t, len(cfg.Name(pool.ServiceName())+"-execution"), 64)
		texts = append(texts, pool.Name)
		texts = append(texts, pool.Queues...)
	}
	for _, extra := range cfg.Endpoints.Extra {
		texts = append(texts, extra.Service)
	}
	texts = append(texts, cfg.Network.Zones...)
	for _, text := range texts {
		require.Regexp(t, harmless, text)
		require.NotContains(t, text, "..")
		require.LessOrEqual(t, len(text), 256)
	}
}

// Configurations made up within and around the limits: whatever is accepted
// keeps the promises, and enough of them are. A failure is told by its fewest
// changes, and the file that rapid names plays it again.
func TestPropertiesOfValidConfigurations(t *testing.T) {
	accepted, tries := 0, 0
	for range 8 { // of -rapid.checks each
		rapid.Check(t, func(r *rapid.T) {
			tries++
			if cfg, err := load(defaults(t), changed(t, randomChanges(r))); err == nil {
				accepted++
				checkInvariants(r, cfg)
			}
		})
	}
	require.Greater(t, accepted, tries/10, "hardly anything was accepted: the properties were not tested")
	require.Less(t, accepted, tries, "nothing was refused: the limits were not tested")
	t.Logf("%d of %d accepted", accepted, tries)
}

func randomChanges(t *rapid.T) change {
	changes := change{}
	pick := func(path string, values ...any) { changes[path] = rapid.SampledFrom(values).Draw(t, path) }
	upTo := func(path string, low, high int) int { return rapid.IntRange(low, high).Draw(t, path) }
	number := func(path string, low, high int) { changes[path] = upTo(path, low, high) }
	bits := upTo("bits", 16, 24)
	address := uint32(10)<<24 | rapid.Uint32Range(0, 1<<24-1).Draw(t, "address")
	if upTo("host bits", 0, 9) > 0 {
		address &^= 1<<(32-bits) - 1
	}
	changes["network.cidr"] = fmt.Sprintf("%s/%d", netip.AddrFrom4([4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)}), bits)
	changes["network.subnetPrefix"] = min(bits+upTo("network.subnetPrefix", 1, 6), 28)
	changes["network.zones"] = []any{"us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"}[:upTo("network.zones", 2, 3)]
	pick("files.oneZone", "", "us-east-1a", "us-east-1b")
	pick("database.instanceClass", "db.t4g.small", "db.t4g.medium", "db.m7g.large", "db.r7g.xlarge", "db.c7g.large", "db.r7g.2xlarge")
	pick("database.reservedConnections", 5, 15, 50, 500)
	number("services.apiServer.maxCount", 1, 10)
	number("services.scheduler.count", 1, 3)
	number("broker.replicas", 0, 5)
	changes["endpoints.extra"] = many(upTo("endpoints.extra", 0, 3), "service%d")
	changes["org"] = strings.Repeat("o", upTo("org", 1, 17))
	if rapid.Bool().Draw(t, "more pools") {
		changes["workerPools"] = pools(upTo("workerPools", 1, 20))
	} else {
		number("workerPools[0].max", 1, 20)
		number("workerPools[0].concurrency", 1, 16)
	}
	return changes
}

// What RDS documents: LEAST({DBInstanceClassMemory/9531392}, 5000).
func TestMaxConnections(t *testing.T) {
	for class, want := range map[string]int{
		"db.t4g.micro": 101, "db.t4g.small": 202, "db.t4g.medium": 405, "db.m7g.large": 811,
		"db.r7g.large": 1622, "db.c7g.large": 405, "db.r7g.4xlarge": 5000, "db.m7g.16xlarge": 5000,
		"db.m7g": 0, "db.m7g.tiny": 0, "": 0, "db..large": 0,
	} {
		require.Equal(t, want, MaxConnections(class), class)
	}
}

// Counted by hand for dev: three api-servers with 15 synchronous and 15
// asynchronous connections, a scheduler with 10 and its sidecar, 5, 8, and the
// clean-up. Workers know no database.
func TestConnectionsOfDev(t *testing.T) {
	require.Equal(t, 3*(15+15)+(10+1)+5+8+1, valid(t, nil).Connections())
}

// By hand for dev, all in one zone: 3+1+1+1+1+10 tasks, twice; seven endpoints;
// eight for the load balancer; EFS, database and standby, one broker.
func TestAddressesOfDev(t *testing.T) {
	require.Equal(t, 2*17+7+8+1+2+1, valid(t, nil).Addresses())
}

func TestSubnets(t *testing.T) {
	network := Network{CIDR: "10.60.0.0/16", Zones: []string{"a", "b", "c"}, SubnetPrefix: 20}
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("10.60.0.0/20"), netip.MustParsePrefix("10.60.16.0/20"), netip.MustParsePrefix("10.60.32.0/20"),
	}, network.Subnets())
	last := Network{CIDR: "10.255.255.0/24", Zones: []string{"a", "b"}, SubnetPrefix: 25}
	require.Equal(t, "10.255.255.128/25", last.Subnets()[1].String())
}
