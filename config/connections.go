package config

import "strings"

// Pool is the size of an SQLAlchemy connection pool in one process: Size
// connections are kept, Overflow more are opened under load
// ([database] sql_alchemy_pool_size, sql_alchemy_max_overflow).
type Pool struct{ Size, Overflow int }

func (p Pool) most() int { return p.Size + p.Overflow }

// Connection pools per container. Observed at Airflow 3.1.8: the api-server
// holds 2 to 5, a scheduler 2, the dag-processor and the triggerer 1 each; the
// rest is head room. Workers know no database.
var (
	APIServerPool    = Pool{5, 10}
	SchedulerPool    = Pool{5, 5}
	DAGProcessorPool = Pool{2, 3}
	TriggererPool    = Pool{3, 5}
	// MigrationPool is that of a schema change: it holds two connections and
	// asks for a third, and would wait for ever for it in a smaller pool. It
	// ends before the scheduler of its task begins.
	MigrationPool = Pool{5, 5}
)

const (
	// asyncPool is the pool of the api-server's async engine, which Airflow
	// leaves at SQLAlchemy's default of 5 and 10 more.
	asyncPool = 15
	// metricsSidecar is what the sidecar of a scheduler holds.
	metricsSidecar = 1
	// cleanupTask is what the clean-up holds while it runs.
	cleanupTask = 1
)

// Connections is the most that all services together can open, with every
// pool at its maximum and one deployment's worth of extra tasks not counted:
// rolling deployments are covered by database.reservedConnections.
func (c *Config) Connections() int {
	s := c.Services
	total := s.APIServer.MaxCount*(APIServerPool.most()+asyncPool) +
		s.Scheduler.Count*(SchedulerPool.most()+metricsSidecar) +
		s.DAGProcessor.Count*DAGProcessorPool.most() +
		s.Triggerer.Count*TriggererPool.most() + cleanupTask
	return total
}

// memoryGiB is the memory of each instance size of the burstable and general
// purpose families (t, m); compute-optimised (c) ones have half of it, and
// memory-optimised (r, x, z) ones twice as much or more.
var memoryGiB = map[string]float64{
	"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32, "4xlarge": 64, "8xlarge": 128, "12xlarge": 192, "16xlarge": 256,
}

// InstanceMemoryGiB is the memory of an RDS instance class, and whether it is known.
func InstanceMemoryGiB(class string) (float64, bool) {
	parts := strings.Split(class, ".")
	if len(parts) != 3 || parts[1] == "" {
		return 0, false
	}
	memory, ok := memoryGiB[parts[2]]
	switch parts[1][0] {
	case 'r', 'x', 'z':
		memory *= 2
	case 'c':
		memory /= 2
	}
	return memory, ok
}

// MaxConnections is what RDS for PostgreSQL allows on a class:
// LEAST(DBInstanceClassMemory/9531392, 5000) (RDS user guide, "Quotas and
// constraints"). DBInstanceClassMemory is what RDS leaves of the class's
// memory; a tenth is taken off for that.
func MaxConnections(class string) int {
	memory, ok := InstanceMemoryGiB(class)
	if !ok {
		return 0
	}
	return min(int(memory*0.9*(1<<30)/9531392), 5000)
}

func (f *faults) validateConnections(c *Config) {
	for _, part := range []string{"database.instanceClass", "database.reservedConnections", "services"} {
		if f.wrong(key(part)) {
			return
		}
	}
	limit := MaxConnections(c.Database.InstanceClass)
	if needed := c.Connections(); needed+c.Database.ReservedConnections > limit {
		f.addf(key("database.instanceClass"), c.Database.InstanceClass,
			"too small: it takes about %d connections, the services can open %d and %d are reserved; choose a larger class, or lower the services' counts",
			limit, needed, c.Database.ReservedConnections)
	}
}
