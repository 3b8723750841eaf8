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
	// lastRetry and the client's timeout together stay below the 15 s for which
	// a busy worker may be unprotected once ECS works again.
	lastRetry = 5 * time.Second
	// A call without an answer may have been carried out, or may yet be. For
	// lateCall after one, the state is said again every repeat.
	lateCall = 30 * time.Second
	repeat   = 5 * time.Second
)

// Keeper makes ECS agree with the latest wish: it sets protection, renews it
// at a third of its time, releases it, and tries again when ECS fails. What ECS
// was asked for and didn't confirm counts as unknown.
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
		done  = Hold    // what ECS last confirmed; Hold: unknown
		until time.Time // when it is to be said again
		doubt time.Time // until when a lost call may still be carried out
		retry = firstRetry
		fails int
	)
	for {
		wish := k.current()
		var wait time.Duration // 0: until the wish changes
		switch {
		case wish == Hold, wish == done && until.IsZero():
			retry = firstRetry
		case wish == done && time.Now().Before(until):
			wait = time.Until(until)
		default:
			told := wish == done && fails == 0
			done = Hold
			if err := k.set(ctx, wish); err != nil {
				if ctx.Err() != nil {
					return
				}
				if fails++; fails == 1 || fails%20 == 0 {
					k.log.Warn("task protection is not as wished", "protect", wish == Protect, "failures", fails, "error", err.Error())
				}
				doubt = time.Now().Add(lateCall)
				wait = retry + rand.N(retry/4)
				retry = min(2*retry, lastRetry)
				break
			}
			if !told {
				k.log.Info("task protection set", "protect", wish == Protect, "minutes", k.minutes)
			}
			done, retry, fails = wish, firstRetry, 0
			until = k.again(wish, doubt)
			continue
		}
		if !k.sleep(ctx, wait) {
			return
		}
	}
}

// again is when a state that ECS confirmed is to be said once more; zero: never.
func (k *Keeper) again(wish Wish, doubt time.Time) time.Time {
	switch now := time.Now(); {
	case now.Before(doubt):
		return now.Add(repeat)
	case wish == Protect:
		return now.Add(time.Duration(k.minutes) * time.Minute / 3)
	default:
		return time.Time{}
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
