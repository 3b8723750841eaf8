package scaling

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Task is a piece of work: when it is queued, how long it runs, and what it
// takes of a worker, in percent.
type Task struct {
	At, Seconds int
	CPU, Memory float64
}

// World is everything around the rules. Times are seconds.
type World struct {
	// Seed makes a run repeatable.
	Seed uint64
	// Seconds is how long the run lasts; Load is in the order of At.
	Seconds int
	Load    []Task
	// Initial is the number of workers at the start, all of them ready.
	Initial int

	// Concurrency is what one worker runs at once.
	Concurrency int
	// IdleCPU and IdleMemory are what a worker without tasks takes, in percent.
	IdleCPU, IdleMemory float64

	// PublishEvery and WorkersEvery are the agent's intervals; LogDelay is the
	// longest time from a line on stdout to a value in CloudWatch.
	PublishEvery, WorkersEvery, LogDelay int
	// PublisherDown are times in which nothing is published.
	PublisherDown []Span
	// Uncounted: nobody has ever answered how many workers there are.
	Uncounted bool
	// LoadDelay is the longest delay of ECS's own metrics beyond their minute.
	LoadDelay int
	// ExtraPeriods are retrieved beyond the evaluation periods.
	ExtraPeriods int
	// ZeroMissing and FillsEmpty are what metric math makes of missing values:
	// the documents leave it open (type dialect).
	ZeroMissing, FillsEmpty bool
	// StartUp is the shortest and longest time of a worker from its order to
	// its first task.
	StartUp [2]int
	// GuardEvery and ReleaseAfter are the guard's; StopTimeout is how long a
	// worker that was told to stop may go on.
	GuardEvery, ReleaseAfter, StopTimeout int
}

// Span is a time from (in) to (out).
type Span struct{ From, To int }

func (s Span) holds(t int) bool { return s.From <= t && t < s.To }

// Defaults is a world as the stack makes it, without any work.
func Defaults(concurrency int) World {
	return World{
		Seed: 1, Seconds: 3600, Concurrency: concurrency, IdleCPU: 2, IdleMemory: 35,
		PublishEvery: 10, WorkersEvery: 30, LogDelay: 20, LoadDelay: 90, ExtraPeriods: 2,
		StartUp: [2]int{60, 120}, GuardEvery: 3, ReleaseAfter: 15, StopTimeout: 120,
	}
}

// job is a task on its way.
type job struct {
	Task
	began, ends int
}

// worker is an ECS task of the service.
type worker struct {
	ready     int // when it takes work
	jobs      []*job
	look      int // when its guard looks next
	protected bool
	idleSince int
	stopping  bool
	killed    int // when it is killed, once it is stopping
}

func (w *worker) takes(t, concurrency int) bool {
	return !w.stopping && t >= w.ready && len(w.jobs) < concurrency
}

// state is a world in motion.
type state struct {
	World
	random  *rand.Rand
	desired int
	workers []*worker
	queue   []*job
	waiting int // index of the next task of the load
	store   metrics
	trace   *Trace
	dims    dimensionsOf
}

// dimensionsOf are the keys under which the world publishes.
type dimensionsOf struct {
	// backlogs are the queues'; the work is in the first, the others are empty.
	backlogs             []string
	workers, cpu, memory string
}

func (s *state) between(low, high int) int { return low + s.random.IntN(high-low+1) }

// arrive queues what is due and hands it to workers that have room, at random:
// a broker knows no load.
func (s *state) arrive(t int) {
	for s.waiting < len(s.Load) && s.Load[s.waiting].At <= t {
		s.queue = append(s.queue, &job{Task: s.Load[s.waiting]})
		s.waiting++
	}
	for len(s.queue) > 0 {
		var free []*worker
		for _, w := range s.workers {
			if w.takes(t, s.Concurrency) {
				free = append(free, w)
			}
		}
		if len(free) == 0 {
			return
		}
		w := free[s.random.IntN(len(free))]
		j := s.queue[0]
		s.queue = s.queue[1:]
		j.began, j.ends = t, t+max(j.Seconds, 1)
		w.jobs = append(w.jobs, j)
	}
}

// work ends what is done, and workers that have stopped.
func (s *state) work(t int) {
	var left []*worker
	for _, w := range s.workers {
		running := w.jobs[:0]
		for _, j := range w.jobs {
			if j.ends > t {
				running = append(running, j)
			} else {
				s.trace.Done++
			}
		}
		w.jobs = running
		switch {
		case w.stopping && len(w.jobs) == 0:
			continue // a warm shutdown ends with its last task
		case w.stopping && t >= w.killed:
			s.trace.Lost += len(w.jobs)
			for _, j := range w.jobs { // Airflow retries them
				s.queue = append(s.queue, &job{Task: j.Task})
			}
			continue
		}
		left = append(left, w)
	}
	s.workers = left
}

// guard lets each worker's guard look when it is due.
func (s *state) guard(t int) {
	for _, w := range s.workers {
		if t < w.ready || t < w.look {
			continue
		}
		w.look = t + s.GuardEvery
		switch {
		case len(w.jobs) > 0:
			w.protected, w.idleSince = true, -1
		case w.idleSince < 0:
			w.idleSince = t
		case t-w.idleSince >= s.ReleaseAfter:
			w.protected = false
		}
	}
}

// schedule is ECS's service scheduler: it brings the number of tasks to the
// desired one, and never stops a protected task. Which of the others it stops
// is its own choice.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection.html
func (s *state) schedule(t int) {
	if t%10 != 0 {
		return
	}
	var idle []*worker
	alive := 0
	for _, w := range s.workers {
		if w.stopping {
			continue
		}
		alive++
		if !w.protected {
			idle = append(idle, w)
		}
	}
	for ; alive < s.desired; alive++ {
		s.trace.Started = append(s.trace.Started, t)
		ready := t + s.between(s.StartUp[0], s.StartUp[1])
		s.workers = append(s.workers, &worker{ready: ready, look: ready + s.random.IntN(s.GuardEvery), idleSince: -1})
	}
	for alive > s.desired && len(idle) > 0 {
		i := s.random.IntN(len(idle))
		w := idle[i]
		idle = append(idle[:i], idle[i+1:]...)
		alive--
		w.stopping, w.killed = true, t+s.StopTimeout
		for _, j := range w.jobs {
			s.trace.StoppedAt = append(s.trace.StoppedAt, t-j.began)
		}
		if t < w.ready {
			w.killed = t // it never began to work
		}
	}
}

// publish is the agent and ECS telling CloudWatch.
func (s *state) publish(t int) {
	down := false
	for _, span := range s.PublisherDown {
		down = down || span.holds(t)
	}
	running, ready := 0, 0
	for _, w := range s.workers {
		running += len(w.jobs)
		if t >= w.ready && !w.stopping {
			ready++
		}
	}
	line := func(key string, every, value int) {
		if !down && t%every == 0 {
			s.store.put(key, sample{t, t + s.between(min(2, s.LogDelay), s.LogDelay), float64(value)})
		}
	}
	for i, key := range s.dims.backlogs {
		if i == 0 {
			line(key, s.PublishEvery, len(s.queue)+running)
		} else {
			line(key, s.PublishEvery, 0)
		}
	}
	if !s.Uncounted {
		line(s.dims.workers, s.WorkersEvery, ready)
	}
	if t%60 != 0 {
		return
	}
	delay := s.between(min(30, s.LoadDelay), s.LoadDelay)
	for _, w := range s.workers {
		if t < w.ready {
			continue
		}
		cpu, memory := s.IdleCPU, s.IdleMemory
		for _, j := range w.jobs {
			cpu += j.CPU
			memory += j.Memory
		}
		s.store.put(s.dims.cpu, sample{t, t + delay, min(cpu, 100)})
		s.store.put(s.dims.memory, sample{t, t + delay, min(memory, 100)})
	}
}

// findDimensions finds the metrics that the rules read, so that the world
// publishes under the very names. It fails on one that nobody publishes: an
// alarm on it would wait for ever.
func findDimensions(rules []Rule) (dimensionsOf, error) {
	var d dimensionsOf
	for _, rule := range rules {
		for _, q := range rule.Alarm.Queries {
			if q.Metric == nil {
				continue
			}
			key := q.Metric.key()
			switch q.Metric.Namespace + "/" + q.Metric.Name {
			case NamespaceAirflow + "/Backlog":
				if !slices.Contains(d.backlogs, key) {
					d.backlogs = append(d.backlogs, key)
				}
			case NamespaceAirflow + "/Workers":
				d.workers = key
			case NamespaceECS + "/CPUUtilization":
				d.cpu = key
			case NamespaceECS + "/MemoryUtilization":
				d.memory = key
			default:
				return d, fmt.Errorf("rule %s reads %s/%s, which nobody publishes", rule.Name, q.Metric.Namespace, q.Metric.Name)
			}
		}
	}
	return d, nil
}
