package scaling

import (
	"fmt"
	"math/rand/v2"
)

// Trace is what happened in a run.
type Trace struct {
	// Every is the distance of the points in seconds.
	Every  int
	Points []Point
	// Changes are those of the desired number of workers.
	Changes []Change
	// Started are the moments at which workers were ordered.
	Started []int
	// Done and Lost count tasks; a lost task was killed with its worker.
	Done, Lost int
	// StoppedAt has, for each task on a worker that ECS told to stop, how long
	// it had been running.
	StoppedAt []int
}

// Point is one moment.
type Point struct {
	At                        int
	Backlog, Queued           int
	Desired, Ready, Busy, All int
}

// Change is a scaling activity.
type Change struct {
	At, From, To int
	Rule         string
}

// At returns the point of a time.
func (t *Trace) At(seconds int) Point { return t.Points[min(seconds/t.Every, len(t.Points)-1)] }

// ChangesIn counts the scaling activities in a span.
func (t *Trace) ChangesIn(span Span) int {
	n := 0
	for _, c := range t.Changes {
		if span.holds(c.At) {
			n++
		}
	}
	return n
}

// StartedIn counts the workers that were ordered in a span.
func (t *Trace) StartedIn(span Span) int {
	n := 0
	for _, at := range t.Started {
		if span.holds(at) {
			n++
		}
	}
	return n
}

// driver is a rule at work.
type driver struct {
	name   string
	alarm  *alarm
	scaler scaler
	second int // at which second of the minute it is evaluated
}

// Run lets a target work in a world.
func Run(target Target, w World) (*Trace, error) {
	if w.Concurrency < 1 || w.PublishEvery < 1 || w.WorkersEvery < 1 || w.GuardEvery < 1 {
		return nil, fmt.Errorf("the world needs intervals and a concurrency above 0")
	}
	dims, err := findDimensions(target.Rules)
	if err != nil {
		return nil, err
	}
	s := &state{
		World: w, random: rand.New(rand.NewPCG(w.Seed, 0)), desired: w.Initial,
		store: metrics{}, trace: &Trace{Every: 10}, dims: dims,
	}
	for range w.Initial {
		s.workers = append(s.workers, &worker{idleSince: -1})
	}
	drivers, err := s.drivers(target.Rules)
	if err != nil {
		return nil, err
	}
	for t := range w.Seconds {
		s.work(t)
		s.arrive(t)
		s.guard(t)
		s.publish(t)
		if err := s.scale(t, target, drivers); err != nil {
			return nil, err
		}
		s.schedule(t)
		if t%s.trace.Every == 0 {
			s.trace.Points = append(s.trace.Points, s.point(t))
		}
	}
	return s.trace, nil
}

func (s *state) drivers(rules []Rule) ([]*driver, error) {
	var drivers []*driver
	for _, rule := range rules {
		if err := rule.Policy.check(); err != nil {
			return nil, fmt.Errorf("policy %s: %w", rule.Name, err)
		}
		a, err := newAlarm(rule.Alarm, s.ExtraPeriods, dialect{s.ZeroMissing, s.FillsEmpty})
		if err != nil {
			return nil, fmt.Errorf("alarm %s: %w", rule.Name, err)
		}
		drivers = append(drivers, &driver{rule.Name, a, scaler{Policy: rule.Policy}, s.random.IntN(60)})
	}
	return drivers, nil
}

// scale evaluates the alarms that are due and does what they ask for.
func (s *state) scale(t int, target Target, drivers []*driver) error {
	for _, d := range drivers {
		if t%60 != d.second {
			continue
		}
		invoked, err := d.alarm.evaluate(s.store, t)
		if err != nil {
			return fmt.Errorf("alarm %s: %w", d.name, err)
		}
		if !invoked {
			continue
		}
		want := d.scaler.act(t, d.alarm.values, d.alarm.Threshold, s.desired, target.Min, target.Max)
		if want != s.desired {
			s.trace.Changes = append(s.trace.Changes, Change{t, s.desired, want, d.name})
			s.desired = want
		}
	}
	return nil
}

func (s *state) point(t int) Point {
	p := Point{At: t, Queued: len(s.queue), Desired: s.desired, All: len(s.workers)}
	p.Backlog = p.Queued
	for _, w := range s.workers {
		p.Backlog += len(w.jobs)
		if t >= w.ready {
			p.Ready++
		}
		if len(w.jobs) > 0 {
			p.Busy++
		}
	}
	return p
}
