package dagsync

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// After a push that changed nothing, an upload by other means still settles.
func TestPushOfNothingThenOtherMeans(t *testing.T) {
	w := newWorld(t)
	w.config.settle = 3 * time.Second // a busy machine may pause as well
	before, after := packageOf(8, "1"), packageOf(8, "2")
	w.put(before)
	w.mark("one", bucket.Complete)
	stop := w.start()
	w.eventually(before)
	for _, state := range []string{bucket.Pushing, bucket.Complete} {
		w.mark("two", state)
		w.looksAgain()
	}
	trees := len(w.trees())
	for key, text := range after {
		w.put(files{key: text})
		time.Sleep(20 * time.Millisecond)
	}
	w.eventually(after)
	require.Len(t, w.trees(), trees+1)
	require.Equal(t, cli.ExitOK, stop())
}

// A listing isn't atomic, and there are keys that sort before the mark: what
// was listed of them when the push ended meanwhile is of the release before.
func TestPushEndsDuringTheListing(t *testing.T) {
	w := newWorld(t)
	before, after := files{"z.py": "1"}, files{"z.py": "2"}
	for i := range 1000 { // a page, so that the mark is on the next
		key := fmt.Sprintf("!%03d.py", i)
		before[key], after[key] = "1", "1"
	}
	after["!000.py"] = "2"
	w.put(before)
	w.mark("one", bucket.Complete)
	w.once(cli.ExitOK)
	w.mark("two", bucket.Pushing)
	w.put(files{"z.py": "2"})
	var ended atomic.Bool
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("continuation-token") != "" && !ended.Swap(true) {
			w.put(files{"!000.py": "2"})
			w.mark("two", bucket.Complete)
		}
		return false
	})
	w.once(cli.ExitOK)
	require.True(t, ended.Load())
	w.sees(after)
	require.Len(t, w.trees(), 2)
}

// A push that moves on between the listing and the request for its mark is no fault.
func TestMarkChangesBeforeItIsRead(t *testing.T) {
	w := newWorld(t)
	stop := w.showing(files{"a.py": "1"})
	var moved atomic.Bool
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, bucket.MarkKey) && !moved.Swap(true) {
			w.put(files{"a.py": "2", "b.py": "2"})
			w.mark("one", bucket.Complete)
		}
		return false
	})
	w.mark("one", bucket.Pushing)
	w.put(files{"b.py": "2"})
	w.eventually(files{"a.py": "2", "b.py": "2"})
	require.True(t, moved.Load())
	require.Equal(t, cli.ExitOK, stop())
	require.Len(t, w.trees(), 2)
	require.NotContains(t, w.logs.String(), "not in step")
}

// Damage that is found while a push is under way is mended after it, not
// forgotten until the next verification.
func TestDamageFoundDuringAPush(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	m := w.open(t).mirror
	_, err := m.pass(t.Context())
	require.NoError(t, err)
	w.mark("one", bucket.Pushing)
	w.put(files{"b.py": "2"})
	root, err := filepath.EvalSymlinks(w.target)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(root, 0o755))
	require.NoError(t, os.Remove(filepath.Join(root, "a.py")))
	m.verified = time.Time{}
	_, err = m.pass(t.Context())
	require.ErrorIs(t, err, errPushing)
	require.Contains(t, w.logs.String(), "somebody changed the published tree")
	w.put(files{"b.py": "1"}) // the release before, pushed again
	w.mark("two", bucket.Complete)
	_, err = m.pass(t.Context())
	require.NoError(t, err)
	w.sees(files{"a.py": "1", "b.py": "1"})
	m.close()
}

// At every request of a push that ends there, readers keep the old release, and
// the next push brings the new one. Of two pushers the later one's mark counts.
func TestPushThatEndsAnywhere(t *testing.T) {
	before := files{"a.py": "1", "b.py": "1", "c.py": "1"}
	after := files{"a.py": "2", "b.py": "2", "d.py": "2"}
	for last := range 5 {
		w := newWorld(t)
		w.config.interval, w.config.settle = 10*time.Millisecond, 2*time.Millisecond
		w.put(before)
		w.mark("one", bucket.Complete)
		stop := w.start()
		w.eventually(before)
		push := func(id string, last int) {
			for i, do := range []func(){
				func() { w.mark(id, bucket.Pushing) },
				func() { w.put(files{"a.py": "2"}) },
				func() { w.put(files{"b.py": "2"}) },
				func() { w.put(files{"d.py": "2"}) },
				func() { w.s3.Delete(prefix + "c.py") },
				func() { w.mark(id, bucket.Complete) },
			} {
				if i <= last {
					do()
					time.Sleep(25 * time.Millisecond)
					if i < 5 {
						w.sees(before)
					}
				}
			}
		}
		push("broken", last)
		push("next", 5)
		w.eventually(after)
		require.Len(t, w.trees(), 2)
		require.Equal(t, cli.ExitOK, stop())
		require.Zero(t, strings.Count(w.logs.String(), "not in step"))
	}
}

// While the mark stays the same, a quiet look asks nothing more than without one.
func TestMarkCostsNothingWhileUnchanged(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	w.mark("one", bucket.Complete)
	stop := w.start()
	w.eventually(files{"a.py": "1"})
	w.mark("two", bucket.Pushing)
	w.put(files{"a.py": "2"})
	require.Eventually(t, func() bool { return strings.Contains(w.logs.String(), `"id":"two"`) }, time.Minute, 5*time.Millisecond)
	var lists, others atomic.Int64
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if fakes3.IsList(r) {
			lists.Add(1)
		} else {
			others.Add(1)
		}
		return false
	})
	require.Eventually(t, func() bool { return lists.Load() >= 3 }, time.Minute, 5*time.Millisecond)
	require.Zero(t, others.Load(), "a mark is fetched once")
	w.s3.Put(prefix+bucket.MarkKey, `{"id": "two", "state": "pushing",  "at": "2026-11-28T05:00:00Z"}`) // a sign of life has another ETag
	require.Eventually(t, func() bool { return others.Load() == 1 }, time.Minute, 5*time.Millisecond)
	time.Sleep(2 * w.config.interval)
	require.Equal(t, 1, strings.Count(w.logs.String(), `"id":"two"`), "told once")
	require.Equal(t, cli.ExitOK, stop())
}
