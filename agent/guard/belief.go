package guard

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
)

const (
	// childless is for how long a task's process must have no child before
	// the task counts as ended. Airflow runs a task in a child of the pool's
	// process, which afterwards uploads the log: that takes seconds.
	childless = 5 * time.Minute
	// doubtful is how long a task that may have ended is believed when its
	// process can't be seen: Airflow's visibility timeout, after which the
	// broker gives the message to another worker anyway.
	doubtful = 24 * time.Hour
)

// belief decides which of the tasks that a worker calls active really run.
// Celery's word is not enough: a task that ran while the connection to the
// broker was lost stays active for ever (celery/celery#8541), and a worker that
// is protected for ever can neither be scaled in nor be deployed anew.
//
// Where the task definition shares the process namespace (pidMode "task"),
// the processes tell. Where not, a task that lived through a gap in the
// worker's answers is believed for a day.
type belief struct {
	proc      string // the folder of the process file system
	childless time.Duration

	alone  map[string]time.Time // tasks without a child: since when
	passed map[string]bool      // tasks whose process has taken a later one
	known  map[string]bool      // tasks named in the last answer
	doubts map[string]time.Time // tasks that lived through a gap: seen when
	gap    bool                 // the last look brought no answer
}

func newBelief(proc string, childless time.Duration) *belief {
	return &belief{proc: proc, childless: childless, doubts: map[string]time.Time{}}
}

// held counts the tasks that the worker holds, ghosts left out.
func (b *belief) held(s celery.Snapshot, at time.Time) int {
	var parents map[int]bool
	visible := false
	if len(s.Active) > 0 {
		parents, visible = b.parents(s.PID)
	}
	alone, known := map[string]time.Time{}, map[string]bool{}
	passed, running := b.passedBy(s.Active), 0
	for _, task := range s.Active {
		known[task.ID] = true
		if passed[task.ID] {
			continue
		}
		if b.gap && b.known[task.ID] && b.doubts[task.ID].IsZero() {
			b.doubts[task.ID] = at
		}
		doubted := b.doubts[task.ID]
		switch {
		case !visible:
			if doubted.IsZero() || at.Sub(doubted) < doubtful {
				running++
			}
		case parents[task.PID]:
			running++
		default:
			since := b.alone[task.ID]
			if since.IsZero() {
				since = at
			}
			alone[task.ID] = since
			if at.Sub(since) < b.childless {
				running++
			}
		}
	}
	for id := range b.doubts {
		if !known[id] {
			delete(b.doubts, id)
		}
	}
	b.alone, b.known, b.passed, b.gap = alone, known, passed, false
	return running + s.Reserved
}

// passedBy returns the tasks that are over because their process has taken a
// later one: a process of Celery's prefork pool runs one task at a time. Once
// over, a task stays so when the later one has left the list; else the
// process's children, which are other tasks', would keep it alive.
func (b *belief) passedBy(active []celery.Task) map[string]bool {
	last := map[int]time.Time{}
	for _, task := range active {
		if task.Since.After(last[task.PID]) {
			last[task.PID] = task.Since
		}
	}
	passed := map[string]bool{}
	for _, task := range active {
		if b.passed[task.ID] || task.Since.Before(last[task.PID]) {
			passed[task.ID] = true
		}
	}
	return passed
}

// missed notes a look without an answer.
func (b *belief) missed() { b.gap = true }

// parents returns the processes that have a living child, and whether the
// worker's processes can be seen at all.
func (b *belief) parents(worker int) (parents map[int]bool, visible bool) {
	title, err := os.ReadFile(filepath.Join(b.proc, strconv.Itoa(worker), "cmdline"))
	if err != nil || !bytes.Contains(title, []byte("celery")) {
		return nil, false
	}
	files, err := filepath.Glob(filepath.Join(b.proc, "[0-9]*", "stat"))
	if err != nil {
		return nil, false
	}
	parents = map[int]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it just ended
		}
		// "pid (name) state ppid …": the name may hold anything.
		rest := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(rest) < 2 || rest[0][0] == 'Z' {
			continue
		}
		if parent, err := strconv.Atoi(string(rest[1])); err == nil {
			parents[parent] = true
		}
	}
	return parents, true
}
