package ecsprotect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// faulty is an ECS whose answers get lost, in each way that a caller can't tell
// from the others.
type faulty struct {
	mu        sync.Mutex
	protected bool
	fault     func() fault
}

type fault int

const (
	none   fault = iota
	denied       // not carried out
	lost         // carried out, the answer is lost
	late         // carried out after up to 25 s, the answer is lost
	hangs        // not carried out, no answer
)

func (f *faulty) set(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.protected = on
}

func (f *faulty) is() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.protected
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	wish := bytes.Contains(body, []byte("true"))
	f.mu.Lock()
	what := f.fault()
	f.mu.Unlock()
	switch what {
	case denied:
		return nil, errors.New("connection refused")
	case lost:
		f.set(wish)
		return nil, errors.New("connection reset")
	case late:
		time.AfterFunc(rand.N(25*time.Second), func() { f.set(wish) })
		return nil, errors.New("connection reset")
	case hangs:
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	f.set(wish)
	answer := off
	if wish {
		answer = on
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{}}, nil
}

func keep(t *testing.T, f *faulty) *Keeper {
	t.Helper()
	client := NewClient("http://ecs")
	client.http.Transport = f
	k := NewKeeper(client, 30, slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); k.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return k
}

// A call whose answer was lost leaves nothing to believe: what is wished next is
// said, also where it was ECS's last known state.
func TestALostAnswerIsNotBelieved(t *testing.T) {
	for _, wish := range []Wish{Protect, Release} {
		other := Protect + Release - wish
		synctest.Test(t, func(t *testing.T) {
			f := &faulty{fault: func() fault { return none }}
			k := keep(t, f)
			k.Wish(wish)
			synctest.Wait()
			require.Equal(t, wish == Protect, f.is())
			calls := 0
			f.fault = func() fault {
				if calls++; calls == 1 {
					return lost
				}
				return none
			}
			k.Wish(other)
			synctest.Wait()
			require.Equal(t, other == Protect, f.is(), "carried out, and the answer is lost")
			k.Wish(wish)
			time.Sleep(2 * time.Second)
			require.Equal(t, wish == Protect, f.is(), "wished for: protect %t", wish == Protect)
		})
	}
}

// Whatever gets lost and whatever is wished when: while ECS works, its state is
// other than wished for at most 15 s.
func TestNoFaultLeavesTheStateWrong(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 14))
			broken := false
			f := &faulty{}
			f.fault = func() fault {
				if broken {
					return fault(random.IntN(5))
				}
				return none
			}
			k := keep(t, f)
			wish, wrong := Hold, time.Duration(0)
			for range 1800 {
				f.mu.Lock()
				broken = (random.IntN(30) == 0) != broken // changes every 30 s on average
				works := !broken
				if random.IntN(40) == 0 {
					wish = Protect + Wish(random.IntN(2))
				}
				f.mu.Unlock()
				k.Wish(wish)
				time.Sleep(time.Second)
				synctest.Wait()
				if wrong += time.Second; wish == Hold || !works || f.is() == (wish == Protect) {
					wrong = 0
				}
				require.LessOrEqual(t, wrong, 15*time.Second, fmt.Sprintf("seed %d, wished %d", seed, wish))
			}
		})
	}
}
