package config

import "regexp"

// fargateMemory maps cpu units to the lowest and highest memory in MiB and the
// step between (ECS developer guide, "Task CPU and memory" on Fargate).
// The 512 MiB of the smallest task is outside the steps.
var fargateMemory = map[int]struct{ low, high, step int }{
	256:   {1024, 2048, 1024},
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
}

func (f *faults) size(key string, s Size) {
	allowed, ok := fargateMemory[s.CPU]
	if !ok {
		f.oneOf(key+".cpu", s.CPU, 256, 512, 1024, 2048, 4096, 8192, 16384)
		return
	}
	if s.CPU == 256 && s.Memory == 512 {
		return
	}
	if s.Memory < allowed.low || s.Memory > allowed.high || s.Memory%allowed.step != 0 {
		f.addf(key+".memory", s.Memory, "with cpu %d Fargate takes %d to %d in steps of %d", s.CPU, allowed.low, allowed.high, allowed.step)
	}
}

func (f *faults) capacity(key string, c Capacity, highest int) {
	f.between(key+".onDemandBase", c.OnDemandBase, 0, highest)
	f.between(key+".spotPercent", c.SpotPercent, 0, 100)
}

func (f *faults) validateServices(c *Config) {
	s := c.Services
	f.oneOf(key("services.architecture"), s.Architecture, ARM64, X8664)
	f.retention(key("services.logRetentionDays"), s.LogRetentionDays)
	f.oneOf(key("services.containerInsights"), s.ContainerInsights, "disabled", "enabled", "enhanced")
	f.service(c, key("services.apiServer"), s.APIServer.Service, 10)
	if !f.wrong(key("services.apiServer.count")) && (s.APIServer.MaxCount < s.APIServer.Count || s.APIServer.MaxCount > 10) {
		f.addf(key("services.apiServer.maxCount"), s.APIServer.MaxCount, "from count (%d) to 10", s.APIServer.Count)
	}
	f.service(c, key("services.scheduler"), s.Scheduler, 5)
	f.service(c, key("services.dagProcessor"), s.DAGProcessor, 5)
	f.service(c, key("services.triggerer"), s.Triggerer, 5)
	f.size(key("services.dagsync"), s.DAGSync.Size)
	f.capacity(key("services.dagsync"), s.DAGSync.Capacity, 1)
	f.access(c, key("services.dagsync"), s.DAGSync.Access)
}

func (f *faults) service(c *Config, key string, s Service, most int) {
	f.size(key, s.Size)
	f.between(key+".count", s.Count, 1, most)
	f.capacity(key, s.Capacity, most)
	f.access(c, key, s.Access)
}

// DefaultQueue is where Airflow sends a task without a queue ([operators] default_queue).
const DefaultQueue = "default"

// MostWorkers per pool: a step scaling policy has at most 20 adjustments
// (Application Auto Scaling quotas), one for each number of workers.
const MostWorkers = 20

// MostPools keeps the load balancer's security group, with a rule for each pool
// and two for each client network, within EC2's 60 inbound rules.
const MostPools = 20

// MostQueues per pool: an alarm on a metric math expression reads at most ten
// metrics (CloudWatch user guide, "Limits" of alarms), and three are the load
// of the workers.
const MostQueues = 7

var (
	poolForm  = regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)
	queueForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`)
)

func (f *faults) validateWorkerPools(c *Config) {
	if len(c.WorkerPools) == 0 || len(c.WorkerPools) > MostPools {
		f.addf(key("workerPools"), nil, "1 to %d pools, not %d", MostPools, len(c.WorkerPools))
		return
	}
	pools, queues := map[string]bool{}, map[string]string{}
	for i, pool := range c.WorkerPools {
		at := key("workerPools") + "[" + show(i) + "]"
		f.matches(at+".name", pool.Name, poolForm, "1 to 12 lower-case letters and digits, a letter first")
		if pools[pool.Name] {
			f.add(at+".name", pool.Name, "a name that no other pool has")
		}
		pools[pool.Name] = true
		f.pool(at, pool)
		f.access(c, at, pool.Access)
		for _, queue := range pool.Queues {
			f.matches(at+".queues", queue, queueForm, "queue names of lower-case letters, digits, _ and -")
			if other, taken := queues[queue]; taken {
				f.addf(at+".queues", queue, "a queue that no other pool works off (%s does): its backlog would be counted twice", other)
			}
			queues[queue] = pool.Name
		}
	}
	if _, ok := queues[DefaultQueue]; !ok {
		f.add(key("workerPools"), sortedKeys(queues), "one pool with the queue \"default\", where Airflow sends every task without one")
	}
}

func (f *faults) pool(at string, pool WorkerPool) {
	if len(pool.Queues) == 0 || len(pool.Queues) > MostQueues {
		f.addf(at+".queues", nil, "1 to %d queues, not %d", MostQueues, len(pool.Queues))
	}
	f.size(at, pool.Size)
	f.between(at+".concurrency", pool.Concurrency, 1, 64)
	f.between(at+".max", pool.Max, 1, MostWorkers)
	if !f.wrong(at+".max") && (pool.Min < 0 || pool.Min > pool.Max) {
		f.addf(at+".min", pool.Min, "0 to max (%d)", pool.Max)
	}
	f.capacity(at, pool.Capacity, MostWorkers)
	if lowest := WorkerMemoryMiB(pool.Concurrency); !f.wrong(at+".concurrency") && !f.wrong(at+".memory") && pool.Memory < lowest {
		f.addf(at+".memory", pool.Memory, "at least %d for concurrency %d: a worker needs 1000 MiB idle and 100 MiB per running task", lowest, pool.Concurrency)
	}
}

var policyForm = regexp.MustCompile(`^arn:aws:iam::([0-9]{12}):policy/[A-Za-z0-9+=,.@_/-]+$`)

// policies checks managed policies of a task role: of this account,
// since AWS's own are wide, each once.
func (f *faults) policies(c *Config, at string, arns []string) {
	seen := map[string]bool{}
	for _, arn := range arns {
		parts := policyForm.FindStringSubmatch(arn)
		if parts == nil || len(arn) > 512 || parts[1] != c.AccountID && !f.wrong(key("accountId")) || seen[arn] {
			f.addf(at, arn, "ARNs of managed policies of account %s, each once", c.AccountID)
		}
		seen[arn] = true
	}
	if len(arns) > 10 {
		f.add(at, len(arns), "at most 10 policies (IAM's quota for a role)")
	}
}

// IdleWorkerMemoryMiB is what a worker and its guard hold without a task: one
// with four slots was measured at 707 MiB.
const IdleWorkerMemoryMiB = 800

// WorkerMemoryMiB is the least memory for a worker: each running trivial task
// was measured at 65 MiB.
func WorkerMemoryMiB(concurrency int) int { return 1000 + 100*concurrency }
