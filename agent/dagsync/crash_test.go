package dagsync

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
	"github.com/stretchr/testify/require"
)

var errCrash = errors.New("the machine is gone")

// TestCrashAtEveryCall stops the agent before each of its calls to the file
// system, one after the other, in a run that publishes and removes what is old. Readers must see one
// whole version at each moment, and the next run must come out right.
func TestCrashAtEveryCall(t *testing.T) {
	old := files{"a.py": "1", "same.py": "1", "d/b.py": "1", "d/e/c.py": "1", "turns/into.py": "1", "f": "1"}
	next := files{"a.py": "2", "same.py": "1", "d/new.py": "1", "turns": "2", "f/g": "1", "x/y/z.py": "1"}
	for name, keep := range map[string]time.Duration{"old trees are kept": time.Hour, "old trees are removed": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, before, after := 0, 0, 0
			for at := 1; ; at++ {
				w := newWorld(t)
				w.config.keep = keep
				w.put(files{"a.py": "0", "same.py": "1", "older.py": "1"})
				w.once(cli.ExitOK)
				for key := range map[string]bool{"older.py": true, "a.py": true} {
					w.s3.Delete(prefix + key)
				}
				w.put(old)
				w.once(cli.ExitOK)
				for key := range old {
					w.s3.Delete(prefix + key)
				}
				w.put(next)
				crashed := w.crash(at)
				switch seen := readersSee(w.target); {
				case equal(seen, old):
					before++
				case equal(seen, next):
					after++
				default:
					require.Fail(t, "a mixed tree", "after %d calls: %v", at, seen)
				}
				w.disk.Before = nil
				w.wholeTrees() // readers may ask for any that has a record
				w.once(cli.ExitOK)
				w.sees(next)
				w.once(cli.ExitOK)
				require.Contains(t, w.logs.String(), `"changed":false`, "after %d calls", at)
				require.Empty(t, w.rest(), "after %d calls", at)
				w.wholeTrees()
				require.NoError(t, w.s3.Close())
				if !crashed {
					calls = at - 1
					break
				}
			}
			t.Logf("%d calls: readers saw the old tree after %d crashes, the new one after %d", calls, before, after)
			require.Greater(t, before, 20)
			require.GreaterOrEqual(t, after, 5)
		})
	}
}

// crash runs one pass with all its upkeep, in which no call to the file
// system gets through from the given one on.
func (w *world) crash(at int) bool {
	var calls atomic.Int64
	w.disk.Before = func(string, string) error {
		if calls.Add(1) >= int64(at) {
			return errCrash
		}
		return nil
	}
	client, err := bucket.New(w.s3.Config(), "test")
	require.NoError(w.t, err)
	defer client.Close()
	syncers, err := w.config.open(client, w.disk, nil, slog.New(slog.DiscardHandler))
	defer func() {
		for _, s := range syncers {
			s.mirror.close()
		}
	}()
	if err == nil {
		var ok bool
		ok, err = syncers[0].mirror.lock()
		require.Equal(w.t, err == nil, ok)
	}
	if err == nil {
		_, err = syncers[0].mirror.pass(w.t.Context())
	}
	if err == nil {
		err = syncers[0].mirror.tidyUp(w.t.Context())
	}
	if err != nil {
		require.ErrorIs(w.t, err, errCrash)
	}
	return calls.Load() >= int64(at)
}

// wholeTrees checks that all finished trees are as their manifests say.
func (w *world) wholeTrees() {
	w.t.Helper()
	store, err := tree.Open(w.disk, w.target)
	require.NoError(w.t, err)
	defer store.Close()
	contents, err := store.Scan()
	require.NoError(w.t, err)
	require.NotEmpty(w.t, contents.Trees)
	for _, number := range contents.Trees {
		m, err := store.Load(number)
		require.NoError(w.t, err)
		_, whole, err := store.Verify(w.t.Context(), number, m.Entries)
		require.NoError(w.t, err)
		require.True(w.t, whole, "tree %d", number)
	}
}
