package config

import (
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // so that a time zone is checked alike on every machine
)

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
	f.retention(key("services.logRetentionDays"), s.LogRetentionDays, "")
	f.oneOf(key("services.containerInsights"), s.ContainerInsights, "disabled", "enabled", "enhanced")
	f.service(key("services.apiServer"), s.APIServer.Service)
	if s.APIServer.MaxCount < s.APIServer.Count || s.APIServer.MaxCount > 10 {
		f.addf(key("services.apiServer.maxCount"), s.APIServer.MaxCount, "from count (%d) to 10", s.APIServer.Count)
	}
	f.service(key("services.scheduler"), s.Scheduler)
	f.service(key("services.dagProcessor"), s.DAGProcessor)
	f.service(key("services.triggerer"), s.Triggerer)
	f.size(key("services.dagsync"), s.DAGSync.Size)
	f.capacity(key("services.dagsync"), s.DAGSync.Capacity, 1)
}

func (f *faults) service(key string, s Service) {
	f.size(key, s.Size)
	f.between(key+".count", s.Count, 1, 5)
	f.capacity(key, s.Capacity, 5)
}

// DefaultQueue is where Airflow sends a task without a queue ([operators] default_queue).
const DefaultQueue = "default"

// MostWorkers per pool: a step scaling policy has at most 20 adjustments
// (Application Auto Scaling quotas), one for each number of workers.
const MostWorkers = 20

var (
	poolForm  = regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)
	queueForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`)
)

func (f *faults) validateWorkerPools(c *Config) {
	if len(c.WorkerPools) == 0 {
		f.add(key("workerPools"), nil, "at least one pool")
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
		f.policies(c, at+".policyArns", pool.PolicyARNs)
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
	if len(pool.Queues) == 0 {
		f.add(at+".queues", nil, "at least one queue")
	}
	f.size(at, pool.Size)
	f.between(at+".concurrency", pool.Concurrency, 1, 64)
	f.between(at+".max", pool.Max, 1, MostWorkers)
	if pool.Min < 0 || pool.Min > pool.Max {
		f.addf(at+".min", pool.Min, "0 to max (%d)", pool.Max)
	}
	f.capacity(at, pool.Capacity, MostWorkers)
	if lowest := WorkerMemoryMiB(pool.Concurrency); pool.Concurrency >= 1 && pool.Memory < lowest {
		f.addf(at+".memory", pool.Memory, "at least %d for concurrency %d: a worker needs 1000 MiB idle and 100 MiB per running task", lowest, pool.Concurrency)
	}
}

// policies checks managed policies of the workers' task role: of this account,
// since AWS's own are wide, each once.
func (f *faults) policies(c *Config, at string, arns []string) {
	own := regexp.MustCompile(`^arn:aws:iam::` + regexp.QuoteMeta(c.AccountID) + `:policy/[A-Za-z0-9+=,.@_/-]{1,512}$`)
	seen := map[string]bool{}
	for _, arn := range arns {
		if !own.MatchString(arn) || seen[arn] {
			f.addf(at, arn, "ARNs of managed policies of account %s, each once", c.AccountID)
		}
		seen[arn] = true
	}
	if len(arns) > 10 {
		f.add(at, len(arns), "at most 10 policies (IAM's quota for a role)")
	}
}

// WorkerMemoryMiB is the least memory for a worker. An idle one with four slots
// was measured at 707 MiB, and each running trivial task at 65 MiB more.
func WorkerMemoryMiB(concurrency int) int { return 1000 + 100*concurrency }

// scheduleForm is cron(...) with six fields or at(...) (Application Auto Scaling, PutScheduledAction).
var scheduleForm = regexp.MustCompile(`^cron\([0-9A-Z*?,/#LW-]+( [0-9A-Z*?,/#LW-]+){5}\)$`)

func (f *faults) validateSchedule(c *Config) {
	s := c.Schedule
	if (s.Stop == "") != (s.Start == "") {
		f.add(key("schedule"), map[string]string{"stop": s.Stop, "start": s.Start}, "both stop and start, or neither")
	}
	for name, expression := range map[string]string{"stop": s.Stop, "start": s.Start} {
		if expression != "" {
			f.matches(key("schedule."+name), expression, scheduleForm, "cron(minutes hours day-of-month month day-of-week year), such as cron(0 20 ? * MON-FRI *)")
		}
	}
	if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "" || s.Timezone == "Local" {
		f.add(key("schedule.timezone"), s.Timezone, "an IANA time zone such as Europe/Berlin or UTC")
	}
}

var (
	sectionForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	optionForm  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,127}$`)
)

func (f *faults) validateAirflow(c *Config) {
	a := c.Airflow
	f.between(key("airflow.dagRefreshSeconds"), a.DAGRefreshSeconds, 5, 300)
	f.between(key("airflow.queuedTimeoutSeconds"), a.QueuedTimeoutSeconds, 1800, 604800)
	f.between(key("airflow.retentionDays"), a.RetentionDays, 1, 3650)
	for _, section := range sortedKeys(a.Options) {
		at := key("airflow.options." + section)
		f.matches(at, section, sectionForm, "a section of airflow.cfg: lower-case letters, digits and _")
		for _, option := range sortedKeys(a.Options[section]) {
			value := a.Options[section][option]
			f.matches(at+"."+option, option, optionForm, "an option of airflow.cfg: lower-case letters, digits and _")
			if reason, reserved := ReservedOption(section, option); reserved {
				f.addf(at+"."+option, nil, "the platform sets it: %s", reason)
			}
			if len(value) > 4096 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				f.add(at+"."+option, value, "at most 4096 characters on one line, none of them a control character")
			}
		}
	}
}
