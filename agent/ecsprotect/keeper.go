package ecsprotect

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Wish is what the keeper shall keep.
type Wish int

// Wishes. Hold is the first: until more is known, ECS's own state stands, and
// a protection that was set runs out by itself.
const (
	Hold Wish = iota
	Protect
	Release
)

const (
	firstRetry = time.Second
	lastRetry  = 30 * time.Second
)

// Keeper makes ECS agree with the latest wish: it sets protection, renews it
// at a third of its time, releases it, and tries again when ECS fails.
type Keeper struct {
	client  *Client
	minutes int
	log     *slog.Logger
	wake    chan struct{}

	mu   sync.Mutex
	wish Wish
}

// NewKeeper protects for the given minutes at a time.
func NewKeeper(client *Client, minutes int, log *slog.Logger) *Keeper {
	return &Keeper{client: client, minutes: minutes, log: log, wake: make(chan struct{}, 1)}
}

// Wish changes what is wanted. It never blocks.
func (k *Keeper) Wish(w Wish) {
	k.mu.Lock()
	changed := k.wish != w
	k.wish = w
	k.mu.Unlock()
	if changed {
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
}

func (k *Keeper) current() Wish {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.wish
}

// Run works until ctx ends. A protection that is set then stays, and runs out
// by itself.
func (k *Keeper) Run(ctx context.Context) {
	var (
		done  = Hold // what ECS last agreed to
		until time.Time
		retry = firstRetry
		fails int
	)
	for {
		wish := k.current()
		var wait time.Duration // 0: until the wish changes
		switch {
		case wish == Hold, wish == Release && done == Release:
			retry = firstRetry
		case wish == Protect && done == Protect && time.Now().Before(until):
			wait = time.Until(until)
		default:
			if err := k.set(ctx, wish); err != nil {
				if ctx.Err() != nil {
					return
				}
				if fails++; fails == 1 || fails%20 == 0 {
					k.log.Warn("task protection is not as wished", "protect", wish == Protect, "failures", fails, "error", err.Error())
				}
				wait = retry + rand.N(retry/2)
				retry = min(2*retry, lastRetry)
				break
			}
			if wish != done || fails > 0 {
				k.log.Info("task protection set", "protect", wish == Protect, "minutes", k.minutes)
			}
			done, retry, fails = wish, firstRetry, 0
			until = time.Now().Add(time.Duration(k.minutes) * time.Minute / 3)
			continue
		}
		if !k.sleep(ctx, wait) {
			return
		}
	}
}

func (k *Keeper) set(ctx context.Context, wish Wish) error {
	minutes := 0
	if wish == Protect {
		minutes = k.minutes
	}
	return k.client.Set(ctx, minutes)
}

// sleep waits for the time (0: without end) or for a new wish; false means
// that ctx ended.
func (k *Keeper) sleep(ctx context.Context, wait time.Duration) bool {
	var alarm <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-k.wake:
	case <-alarm:
	}
	return true
}
