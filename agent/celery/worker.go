package celery

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Snapshot is what a worker says of itself.
type Snapshot struct {
	// PID is the worker's main process, in the worker's process namespace.
	PID int
	// Active tasks run, says the worker. After a lost connection to the broker
	// it goes on naming those that ran then, even when they have ended
	// (celery/celery#8541).
	Active []Task
	// Reserved tasks were taken from the queue and wait for a process of the
	// worker.
	Reserved int
	// Slots is how many messages the worker may hold at once: its
	// concurrency times the prefetch multiplier. 0 means no bound.
	Slots int
	// Started counts the tasks that the worker began since its own start.
	Started int64
	// Queues are those that the worker takes work from.
	Queues []string
}

// Task is one that a worker runs.
type Task struct {
	// ID is Celery's, new for every message.
	ID string
	// PID is the process of the worker's pool that runs the task.
	PID int
	// Since is when the task began, by the worker's clock.
	Since time.Time
}

// Inspect asks a worker for its state. Task arguments, which carry tokens, are
// not asked for in full, and none are kept.
func (c *Client) Inspect(ctx context.Context, worker string) (Snapshot, error) {
	answers, err := c.Ask(ctx, worker,
		Command{"active", map[string]any{"safe": true}},
		Command{"reserved", nil},
		Command{"active_queues", nil},
		Command{"stats", nil},
	)
	if err != nil {
		return Snapshot{}, err
	}
	var active []struct {
		ID    string  `json:"id"`
		PID   int     `json:"worker_pid"`
		Since float64 `json:"time_start"`
	}
	var reserved []json.RawMessage
	var queues []struct {
		Name string `json:"name"`
	}
	var stats struct {
		PID      int              `json:"pid"`
		Prefetch int              `json:"prefetch_count"`
		Total    map[string]int64 `json:"total"`
	}
	for i, into := range []any{&active, &reserved, &queues, &stats} {
		// A failed command answers {"error": …}, which fits no list.
		if err := json.Unmarshal(answers[i], into); err != nil {
			return Snapshot{}, fmt.Errorf("%w: answer %d can't be read", ErrNoReply, i)
		}
	}
	s := Snapshot{PID: stats.PID, Reserved: len(reserved), Slots: stats.Prefetch}
	for _, task := range active {
		s.Active = append(s.Active, Task{task.ID, task.PID, time.UnixMilli(int64(task.Since * 1000))})
	}
	for _, n := range stats.Total {
		s.Started += n
	}
	for _, q := range queues {
		s.Queues = append(s.Queues, q.Name)
	}
	return s, nil
}

// StopConsuming tells a worker to take nothing more from the queues. Tasks that
// it holds go on.
func (c *Client) StopConsuming(ctx context.Context, worker string, queues []string) error {
	commands := make([]Command, len(queues))
	for i, queue := range queues {
		commands[i] = Command{"cancel_consumer", map[string]any{"queue": queue}}
	}
	_, err := c.Ask(ctx, worker, commands...)
	return err
}

// Consumers counts, for each queue, the workers that take work from it.
func (c *Client) Consumers(ctx context.Context) (map[string]int, error) {
	answers, err := c.Broadcast(ctx, Command{"active_queues", nil})
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, answer := range answers {
		var queues []struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(answer, &queues) != nil {
			continue // a worker that is going down
		}
		for _, q := range queues {
			count[q.Name]++
		}
	}
	return count, nil
}
