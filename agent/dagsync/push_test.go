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

// mark writes the mark of a push.
func (w *world) mark(id, state string) {
	w.s3.Put(prefix+bucket.MarkKey, fmt.Sprintf(`{"id": %q, "state": %q, "at": "2026-11-28T05:00:00Z"}`, id, state))
}

// A tree says the commit that its push named, and none when somebody changed
// what a push had brought: it isn't that commit any more.
func TestTreeNamesTheCommitOfItsPush(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	const commit = "1f0c9a6b2d3e4f5061728394a5b6c7d8e9f00112"
	w.s3.Put(prefix+bucket.MarkKey, fmt.Sprintf(`{"id": "one", "state": "complete", "at": "2026-11-28T05:00:00Z", "commit": %q}`, commit))
	recorded := func(tree int) string {
		record, err := os.ReadFile(filepath.Join(w.home(), fmt.Sprintf("tree-%06d.manifest", tree)))
		require.NoError(t, err)
		head, _, found := strings.Cut(string(record), `"files":`)
		require.True(t, found)
		return head
	}
	w.once(cli.ExitOK)
	require.Contains(t, recorded(1), fmt.Sprintf(`"commit":%q,`, commit))

	w.put(files{"a.py": "2"})
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2"})
	require.NotContains(t, recorded(2), "commit")
}

// packageOf makes n files of one release; a package whose modules belong together.
func packageOf(n int, text string) files {
	all := files{}
	for i := range n {
		all[fmt.Sprintf("pkg/m%02d.py", i)] = text
	}
	return all
}

// A push is seen once and whole, however long its upload takes: at every look
// in between, and after every pause, readers see the release before.
func TestPushIsSeenOnceAndWhole(t *testing.T) {
	w := newWorld(t)
	w.config.interval, w.config.settle = 10*time.Millisecond, 2*time.Millisecond
	before, after := packageOf(40, "1"), packageOf(40, "2")
	delete(after, "pkg/m07.py")
	w.put(before)
	w.mark("one", bucket.Complete)
	stop := w.start()
	w.eventually(before)

	w.mark("two", bucket.Pushing)
	for i := range 40 {
		key := fmt.Sprintf("pkg/m%02d.py", i)
		if text, stays := after[key]; stays {
			w.put(files{key: text})
		} else {
			w.s3.Delete(prefix + key)
		}
		time.Sleep(30 * time.Millisecond) // several looks, each a settled pause
		w.sees(before)
	}
	trees := len(w.trees())
	w.mark("two", bucket.Complete)
	w.eventually(after)
	require.Len(t, w.trees(), trees+1)
	require.Equal(t, cli.ExitOK, stop())
	require.Equal(t, 1, strings.Count(w.logs.String(), `"id":"two","state":"pushing"`), "told once")
	require.NotContains(t, w.logs.String(), "not in step", "a push is no fault")
}

// A push that never ends leaves readers where they are, also through a restart
// and a mended tree, and the lag grows for the alarm; the next push completes it.
func TestPushThatBreaksOff(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	w.once(cli.ExitOK)
	w.mark("broken", bucket.Pushing)
	w.once(cli.ExitOK) // nothing was changed yet
	w.put(files{"a.py": "2"})
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "a push is under way: broken since 2026-11-28T05:00:00Z")
	w.sees(files{"a.py": "1", "b.py": "1"})

	w.config.report = 10 * time.Millisecond
	stop := w.start()
	time.Sleep(5 * w.config.interval)
	w.sees(files{"a.py": "1", "b.py": "1"})
	require.Equal(t, cli.ExitOK, stop())
	require.InDelta(t, 0, w.metrics()["SyncErrors"], 0)
	require.Greater(t, w.metrics()["SyncLagSeconds"], 0.3)

	w.mark("next", bucket.Pushing)
	w.put(files{"b.py": "2"})
	w.mark("next", bucket.Complete)
	w.config.once = true
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2", "b.py": "2"})
}

// A target that shows nothing yet waits for the push, too.
func TestFirstStartDuringAPush(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	w.mark("one", bucket.Pushing)
	stop := w.start()
	time.Sleep(5 * w.config.interval)
	require.Nil(t, readersSee(w.target))
	w.put(files{"b.py": "1"})
	w.mark("one", bucket.Complete)
	w.eventually(files{"a.py": "1", "b.py": "1"})
	require.Equal(t, cli.ExitOK, stop())
}

// A push that begins while its predecessor's files are fetched is noticed
// before anything is shown.
func TestPushBeginsDuringTheFetch(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	w.mark("one", bucket.Complete)
	w.once(cli.ExitOK)
	w.put(files{"a.py": "2"}) // by other means
	var begun atomic.Bool
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/a.py") && !begun.Swap(true) {
			w.mark("two", bucket.Pushing)
		}
		return false
	})
	w.once(cli.ExitFailure)
	require.True(t, begun.Load())
	require.Contains(t, w.logs.String(), "a push is under way: two")
	w.sees(files{"a.py": "1", "b.py": "1"})
}

// What is no mark holds everything back and is told; without a mark, files that
// came by other means arrive by settling.
func TestMarksThatAreNone(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	w.once(cli.ExitOK)
	w.put(files{"a.py": "2", bucket.MarkKey: "0123abc"})
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "none that a push writes")
	w.sees(files{"a.py": "1"})
	require.InDelta(t, 1, w.metrics()["SyncErrors"], 0)

	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, bucket.MarkKey) {
			rw.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	})
	w.once(cli.ExitFailure)
	w.sees(files{"a.py": "1"})

	w.s3.SetFault(nil)
	w.s3.Delete(prefix + bucket.MarkKey)
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2"})
	w.put(files{"nested/" + bucket.MarkKey: "a file like any other"})
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2", "nested/" + bucket.MarkKey: "a file like any other"})
}

// A start in the middle of an upload by other means waits for a pause, too.
func TestFirstStartSettles(t *testing.T) {
	w := newWorld(t)
	w.config.settle = time.Second
	w.put(files{"a.py": "1"})
	var lists atomic.Int64
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if fakes3.IsList(r) && lists.Add(1) == 1 {
			go w.put(files{"b.py": "1"})
		}
		return false
	})
	stop := w.start()
	w.eventually(files{"a.py": "1", "b.py": "1"})
	require.Len(t, w.trees(), 1)
	require.Equal(t, cli.ExitOK, stop())
}
