package celery

import (
	"context"
	"encoding/json"
	"fmt"
)

// Snapshot is what a worker says of itself.
type Snapshot struct {
	// Active tasks run.
	Active int
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

// Held counts the tasks that the worker runs or has taken.
func (s Snapshot) Held() int { return s.Active + s.Reserved }

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
	var active, reserved []json.RawMessage
	var queues []struct {
		Name string `json:"name"`
	}
	var stats struct {
		Prefetch int              `json:"prefetch_count"`
		Total    map[string]int64 `json:"total"`
	}
	for i, into := range []any{&active, &reserved, &queues, &stats} {
		if err := json.Unmarshal(answers[i], into); err != nil {
			return Snapshot{}, fmt.Errorf("%w: answer %d can't be read", ErrNoReply, i)
		}
	}
	// A failed command answers {"error": …} or null: a worker that tells nothing
	// is not an idle one.
	if active == nil || reserved == nil || queues == nil || stats.Total == nil {
		return Snapshot{}, fmt.Errorf("%w: an answer is empty", ErrNoReply)
	}
	s := Snapshot{Active: len(active), Reserved: len(reserved), Slots: stats.Prefetch}
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
