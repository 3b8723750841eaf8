package scaling

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Prove lets a target work in many worlds and tells which of the properties
// that the platform promises do not hold:
//
//	leaves zero        one task brings a worker, even the first of a pool's life
//	reaches the need   and stays there while the need is the same
//	keeps its bounds   never above max, never below min
//	does not flap      on steady, on oscillating and on heavy load
//	returns to zero    (to min) when the work is done
//	stops no busy one  but for work that was taken since the guard's last look
//	survives silence   a dead publisher takes no worker away for good
//
// Each of the runs has other delays, start-up times and moments of evaluation;
// a fault names the seed that repeats it.
func Prove(target Target, concurrency, runs int) error {
	for seed := range uint64(runs) {
		draws := func() draws { return rand.New(rand.NewPCG(seed, 1)) }
		if err := proveIn(seed, draws, target, concurrency); err != nil {
			return err // one world's faults are enough to read
		}
	}
	return nil
}

// draws are where a world's numbers come from: below n, and not negative.
type draws interface{ IntN(n int) int }

// proveIn tells what doesn't hold in the worlds of a seed, each with draws of
// its own.
func proveIn(seed uint64, from func() draws, target Target, concurrency int) error {
	p := &proof{target: target, concurrency: concurrency, seed: seed}
	for _, property := range []func(){p.leavesZero, p.reachesTheNeed, p.oscillates, p.isHot, p.goesSilent, p.livesOn} {
		p.draws = from()
		property()
	}
	return errors.Join(p.faults...)
}

// response is the longest time from a change of the backlog to the desired
// number that it asks for: a look of the agent, the way of its line, and the
// wait for the alarm's minute to end and to be evaluated.
func (w World) response() int { return w.PublishEvery + w.LogDelay + 60 + 60 }

type proof struct {
	draws
	target      Target
	concurrency int
	seed        uint64
	faults      []error
}

func (p *proof) fault(property, format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf("%s (seed %d): "+format, append([]any{property, p.seed}, args...)...))
}

// world is another one for every seed and draw, within what is usual.
func (p *proof) world() World {
	w := Defaults(p.concurrency)
	w.Seed, w.Initial = p.seed, p.target.Min
	w.LogDelay = 5 + p.IntN(56)
	w.LoadDelay = 30 + p.IntN(91)
	w.ExtraPeriods = p.IntN(4)
	w.ZeroMissing, w.FillsEmpty, w.Uncounted = p.seed&1 != 0, p.seed&2 != 0, p.seed%3 == 0
	w.StartUp = [2]int{30 + p.IntN(60), 90 + p.IntN(150)}
	return w
}

// run also checks what must hold in every world.
func (p *proof) run(property string, w World) *Trace {
	trace, err := Run(p.target, w)
	if err != nil {
		p.fault(property, "%w", err)
		return &Trace{Every: 10, Points: make([]Point, 1)}
	}
	for _, c := range trace.Changes {
		if c.To > p.target.Max || c.To < p.target.Min {
			p.fault("keeps its bounds", "%d workers at %d s, outside %d to %d", c.To, c.At, p.target.Min, p.target.Max)
		}
	}
	for _, age := range trace.StoppedAt {
		if age > w.GuardEvery {
			p.fault("stops no busy one", "a worker was stopped %d s into a task", age)
		}
	}
	return trace
}

func (p *proof) need(backlog int) int {
	return Workers(backlog, p.concurrency, p.target.Min, p.target.Max)
}

// tasks are n tasks at once.
func tasks(n int, t Task) []Task { return slices.Repeat([]Task{t}, n) }

// settled tells from when on the desired number was one number, up to an end.
func settled(t *Trace, from, until, want int) error {
	for _, point := range t.Points {
		if point.At >= from && point.At < until && point.Desired != want {
			return fmt.Errorf("%d workers are desired at %d s, and %d are needed", point.Desired, point.At, want)
		}
	}
	return nil
}

func (p *proof) leavesZero() {
	w := p.world()
	begin := 300 + p.IntN(600)
	length := 300 + p.IntN(900)
	w.Load = tasks(1, Task{At: begin, Seconds: length})
	w.Seconds = 2 * 3600
	trace := p.run("leaves zero", w)
	if err := settled(trace, 0, begin, p.target.Min); err != nil {
		p.fault("leaves zero", "before any work: %w", err)
	}
	if got := trace.At(begin + w.response()).Desired; got < 1 {
		p.fault("leaves zero", "a task waits for %d s, and no worker is ordered", w.response())
	}
	if trace.Done != 1 {
		p.fault("leaves zero", "the task was not done")
		return
	}
	// The task began when a worker was ready, at the latest when one came up
	// after the response time.
	end := begin + w.response() + 10 + w.StartUp[1] + length
	back := end + w.response() + max(WindowSeconds, QuietMinutes*60) + w.ReleaseAfter + 2*w.GuardEvery
	for _, point := range trace.Points {
		if point.At > back+w.StopTimeout && (point.Desired != p.target.Min || point.All != p.target.Min) {
			p.fault("returns to zero", "%d s after the last task %d workers are desired and %d are there", point.At-end, point.Desired, point.All)
			return
		}
	}
}

func (p *proof) reachesTheNeed() {
	c := p.concurrency
	sizes := []int{1, c, c + 1, 3*c - 1, 3 * c, p.target.Max*c - 1, p.target.Max * c, p.target.Max*c + 1, 10 * p.target.Max * c}
	w := p.world()
	size := sizes[p.IntN(len(sizes))]
	w.Load = tasks(size, Task{Seconds: 2 * 3600})
	w.Seconds = 2 * 3600
	trace := p.run("reaches the need", w)
	if err := settled(trace, w.response(), w.Seconds, p.need(size)); err != nil {
		p.fault("reaches the need", "with %d tasks: %w", size, err)
	}
	if n := trace.ChangesIn(Span{w.response(), w.Seconds}); n > 0 {
		p.fault("does not flap", "%d changes on %d steady tasks", n, size)
	}
}

// oscillates: bursts that come more often than the window is long keep their
// workers.
func (p *proof) oscillates() {
	w := p.world()
	pause := 60 + p.IntN(120)
	length := 20 + p.IntN(60)
	size := 1 + p.IntN(p.target.Max*p.concurrency)
	w.Seconds = 2 * 3600
	for at := 0; at < w.Seconds; at += pause {
		w.Load = append(w.Load, tasks(size, Task{At: at, Seconds: length})...)
	}
	// Until the first workers are up bursts pile up; what is too much for all
	// workers never settles, and then all of them are the answer.
	settle := 1800
	trace := p.run("does not flap", w)
	if size*length > p.target.Max*p.concurrency*pause/2 {
		return
	}
	// Bursts that overlap for less than a look need twice as much for seconds,
	// which is seen by chance: what is asked for goes up and down itself.
	if over := length - pause; over > 0 && over < w.PublishEvery {
		return
	}
	if n := trace.ChangesIn(Span{settle, w.Seconds}); n > 0 {
		p.fault("does not flap", "%d changes on %d tasks of %d s every %d s", n, size, length, pause)
	}
}

// settledAt is when heavy load must have found its number of workers.
const settledAt = 3600

// hot is a world of steady tasks that take much of a worker.
func (p *proof) hot() (w World, size int) {
	w = p.world()
	w.Seconds = settledAt + 2*3600
	length := 20 + p.IntN(60)
	each := Task{Seconds: length, CPU: float64(5 + p.IntN(200/p.concurrency)), Memory: float64(p.IntN(60 / p.concurrency))}
	size = 1 + p.IntN(max(p.target.Max*p.concurrency/3, 1))
	for at := 0; at < w.Seconds; at += length {
		for i := range size {
			each.At = at + i*length/size
			w.Load = append(w.Load, each)
		}
	}
	return w, size
}

// isHot: tasks that take much of a worker bring workers, and keep them.
func (p *proof) isHot() {
	w, size := p.hot()
	trace := p.run("does not flap", w)
	// Random placement on full workers moves the load around a step's bound: the
	// desired number may then go one up and down, but hardly a worker may start:
	// not more than one in half an hour.
	settled := Span{settledAt, w.Seconds}
	low, high := p.target.Max, 0
	for _, point := range trace.Points {
		if settled.holds(point.At) {
			low, high = min(low, point.Desired), max(high, point.Desired)
		}
	}
	if n := trace.StartedIn(settled); n > 4 || high-low > 1 {
		p.fault("does not flap", "%d workers started in two hours, between %d and %d desired, on a steady %d tasks of %.0f %% CPU and %.0f %% memory",
			n, low, high, size, w.Load[0].CPU, w.Load[0].Memory)
	}
}

// goesSilent: the publisher dies at any moment, for ever or for some minutes.
func (p *proof) goesSilent() {
	w := p.world()
	w.Seconds = 2 * 3600
	size := 1 + p.IntN(p.target.Max*p.concurrency)
	w.Load = tasks(size, Task{Seconds: 2 * 3600})
	from := w.response() + 60 + p.IntN(1800)
	w.PublisherDown = []Span{{from, w.Seconds}}
	trace := p.run("survives silence", w)
	if err := settled(trace, from, w.Seconds, p.need(size)); err != nil {
		p.fault("survives silence", "the publisher died at %d s: %w", from, err)
	}
	// Work that ended in the publisher's last minutes was not seen to have
	// ended for long enough: the workers must stay.
	w.Load = tasks(size, Task{Seconds: from})
	w.Initial = p.need(size)
	down := from + 1 + p.IntN(QuietMinutes*60-60)
	w.PublisherDown = []Span{{down, w.Seconds}}
	trace = p.run("survives silence", w)
	if last := trace.Points[len(trace.Points)-1]; last.Desired == 0 && p.target.Min == 0 && trace.Done == size && endOf(trace) > down-QuietMinutes*60+60 {
		p.fault("survives silence", "work ended at %d s, the publisher died at %d s, and the last worker was taken away", endOf(trace), down)
	}
	w.Load = tasks(size, Task{Seconds: 2 * 3600})
	w.PublisherDown = []Span{{from, from + 30 + p.IntN(900)}}
	trace = p.run("survives silence", w)
	if err := settled(trace, w.response(), w.Seconds, p.need(size)); err != nil {
		p.fault("survives silence", "a gap of %v: %w", w.PublisherDown[0], err)
	}
}

// endOf is the first moment from which on nothing was to do.
func endOf(t *Trace) int {
	end := 0
	for _, point := range t.Points {
		if point.Backlog > 0 {
			end = point.At + t.Every
		}
	}
	return end
}

// livesOn: a day's random work is all done, within the bounds, and ends at min.
func (p *proof) livesOn() {
	w := p.world()
	w.Seconds = 4 * 3600
	for at := p.IntN(600); at < 2*3600; at += 1 + p.IntN(1200) {
		n := 1 + p.IntN(2*p.target.Max*p.concurrency)
		if p.IntN(3) > 0 {
			n = 1 + p.IntN(p.concurrency)
		}
		w.Load = append(w.Load, tasks(n, Task{At: at, Seconds: 1 + p.IntN(110)})...)
	}
	trace := p.run("lives on", w)
	last := trace.Points[len(trace.Points)-1]
	if trace.Done != len(w.Load) || trace.Lost > 0 {
		p.fault("lives on", "%d of %d tasks done, %d killed", trace.Done, len(w.Load), trace.Lost)
	}
	if last.Desired != p.target.Min || last.All != p.target.Min {
		p.fault("returns to zero", "%d workers are desired and %d are there at the end", last.Desired, last.All)
	}
}
