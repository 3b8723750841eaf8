package dagsync

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/tree"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
	"github.com/pathwai/airflow-on-fargate/agent/internal/loopback"
	"github.com/stretchr/testify/require"
)

func TestLoopFollowsAndStops(t *testing.T) {
	w := newWorld(t)
	stop := w.showing(files{"a.py": "1"})
	for i := range 5 {
		w.put(files{"a.py": fmt.Sprint(i), "d/b.py": fmt.Sprint(i)})
		w.eventually(files{"a.py": fmt.Sprint(i), "d/b.py": fmt.Sprint(i)})
	}
	w.s3.Delete(prefix + "d/b.py")
	w.eventually(files{"a.py": "4"})
	require.Equal(t, cli.ExitOK, stop())
	require.Contains(t, w.logs.String(), "stopped on request")
	w.wholeTrees()
}

// A quiet prefix costs one listing a look, and nothing is written anywhere.
func TestQuietPrefixCostsOneListing(t *testing.T) {
	w := newWorld(t)
	stop := w.showing(files{"a.py": "1"})
	time.Sleep(3 * w.config.interval)
	begin := time.Now()
	lists, gets := w.s3.Requests()
	logs, metrics := len(w.logs.String()), len(w.out.String())
	time.Sleep(10 * w.config.interval)
	newLists, newGets := w.s3.Requests()
	require.Equal(t, gets, newGets)
	require.Positive(t, newLists-lists)
	require.LessOrEqual(t, newLists-lists, 1+int(time.Since(begin)/w.config.interval), "one a look")
	require.Len(t, w.logs.String(), logs, "nothing is logged")
	require.Len(t, w.out.String(), metrics)
	require.Equal(t, cli.ExitOK, stop())
}

// A release of many files that takes a moment to upload is published once.
func TestUploadsSettle(t *testing.T) {
	w := newWorld(t)
	w.config.settle = 3 * time.Second // a busy machine may pause as well
	stop := w.showing(files{"a.py": "0"})
	trees := len(w.trees())
	want := files{"a.py": "0"}
	for i := range 10 {
		key := fmt.Sprintf("f%d.py", i)
		want[key] = "1"
		w.put(files{key: "1"})
		time.Sleep(30 * time.Millisecond)
	}
	w.eventually(want)
	require.Equal(t, trees+1, len(w.trees()), "one tree for the whole release")
	require.Equal(t, cli.ExitOK, stop())
}

// S3 fails in all its ways while files change: what readers see stays whole,
// and is in step soon after S3 is well again.
func TestLoopSurvivesS3(t *testing.T) {
	w := newWorld(t)
	now := files{"a.py": "0", "b.py": "0"}
	stop := w.showing(now)
	for i, fault := range []fakes3.Fault{
		func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(500); return true },
		func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.WriteHeader(503)
			_, _ = io.WriteString(rw, "<Error><Code>SlowDown</Code></Error>")
			return true
		},
		func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		func(rw http.ResponseWriter, r *http.Request) bool {
			rw.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(rw, "<ListBucketResult>")
			return true
		},
		func(rw http.ResponseWriter, r *http.Request) bool { // objects only
			if !fakes3.IsList(r) {
				rw.WriteHeader(403)
				return true
			}
			return false
		},
	} {
		errors := strings.Count(w.logs.String(), `"not in step"`)
		w.s3.SetFault(fault)
		next := files{"a.py": fmt.Sprint(i + 1), "b.py": fmt.Sprint(i + 1)}
		w.put(next)
		require.Eventually(t, func() bool { return strings.Count(w.logs.String(), `"not in step"`) >= errors+2 }, time.Minute, 5*time.Millisecond)
		w.sees(now)
		w.s3.SetFault(nil)
		w.eventually(next)
		now = next
	}
	require.Equal(t, cli.ExitOK, stop())
	w.wholeTrees()
}

// What was fetched before a fault isn't fetched again.
func TestFailedFetchGoesOnWhereItEnded(t *testing.T) {
	w := newWorld(t)
	want := files{}
	for i := range 200 {
		want[fmt.Sprintf("d%d/f%d.py", i%10, i)] = fmt.Sprint(i)
	}
	w.put(want)
	var gets atomic.Int64
	var healthy atomic.Bool
	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		if fakes3.IsList(r) {
			return false
		}
		if strings.HasSuffix(r.URL.Path, "f199.py") && !healthy.Load() {
			rw.WriteHeader(500)
			return true
		}
		gets.Add(1)
		return false
	})
	stop := w.start()
	require.Eventually(t, func() bool { return strings.Count(w.logs.String(), "not in step") >= 4 }, time.Minute, 5*time.Millisecond)
	healthy.Store(true)
	w.eventually(want)
	require.Less(t, gets.Load(), int64(300))
	require.Equal(t, cli.ExitOK, stop())
}

// Somebody removes the link while nothing changes in the bucket.
func TestRemovedLinkComesBack(t *testing.T) {
	w := newWorld(t)
	stop := w.showing(files{"a.py": "1"})
	require.NoError(t, os.Remove(w.target))
	w.eventually(files{"a.py": "1"})
	require.Equal(t, cli.ExitOK, stop())
}

// Tidying up between a failed attempt and the next leaves alone what was fetched.
func TestTidyingSparesTheFailedStage(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	s := w.open(t)
	defer s.mirror.close()
	_, err := s.mirror.pass(t.Context())
	require.NoError(t, err)
	w.failFor("z.py")
	want := files{"a.py": "1"}
	for i := range 50 {
		want[fmt.Sprintf("b%d.py", i)] = "1"
	}
	want["z.py"] = "1"
	w.put(want)
	for range 2 {
		_, err = s.mirror.pass(t.Context())
		require.ErrorContains(t, err, "StatusCode: 500")
		require.NoError(t, s.mirror.tidyUp(t.Context()))
		require.Greater(t, len(s.mirror.failed.Entries), 30)
	}
	require.NotEmpty(t, w.unfinished(), "what was fetched stays")
	w.s3.SetFault(nil)
	_, err = s.mirror.pass(t.Context())
	require.NoError(t, err)
	w.sees(want)
	require.NoError(t, s.mirror.tidyUp(t.Context()))
	require.Empty(t, w.unfinished())
	require.Empty(t, w.rest())
	w.wholeTrees()
}

func TestHealthAddresses(t *testing.T) {
	w := newWorld(t)
	address := loopback.Address(t)
	w.config.listen = address
	w.put(files{"a.py": "1"})
	w.s3.SetFault(func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(403); return true })
	stop := w.start()
	code := func(path string) int {
		response, err := http.Get("http://" + address + path)
		if err != nil {
			return 0
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode
	}
	require.Eventually(t, func() bool { return code("/healthz") == 200 }, time.Minute, 5*time.Millisecond)
	require.Equal(t, 503, code("/readyz"), "S3 fails: alive, but not ready")
	w.s3.SetFault(nil)
	require.Eventually(t, func() bool { return code("/readyz") == 200 }, time.Minute, 5*time.Millisecond)
	require.Equal(t, 404, code("/other"))
	require.Equal(t, cli.ExitOK, stop())
	http.DefaultClient.CloseIdleConnections()

	w.config.listen = "256.0.0.1:1"
	require.Equal(t, cli.ExitFailure, w.run(t.Context()))
}

// A process that hangs is not healthy; one whose S3 is away is.
func TestGauge(t *testing.T) {
	s := &syncer{mirror: &mirror{pair: Pair{Target: "/sync/dags", Name: "dags"}, state: state{view: view{manifest: new(tree.Manifest)}}}}
	s.gauge.progress = time.Now().Add(-stalled + time.Minute)
	require.NoError(t, s.healthy())
	s.gauge.progress = time.Now().Add(-stalled - time.Second)
	require.ErrorContains(t, s.healthy(), "dags: nothing got done")
	s.note(io.ErrUnexpectedEOF)
	require.NoError(t, s.healthy(), "a failed attempt is progress")
	require.ErrorContains(t, s.ready(), "not yet in step")
	s.mirror.listed = time.Now()
	s.note(nil)
	require.NoError(t, s.ready())
	s.mirror.listed = time.Now().Add(-stale - time.Second)
	s.note(nil)
	require.ErrorContains(t, s.ready(), "last in step", "what counts is when it was listed")
	s.gauge.standby = true
	require.ErrorContains(t, s.ready(), "another writer")
}

func TestBackoff(t *testing.T) {
	different := map[time.Duration]bool{}
	for failures := 1; failures < 70; failures++ {
		ceiling := min(longestBackoff, 5*time.Second<<(min(failures, 10)-1))
		for range 20 {
			wait := backoff(5*time.Second, failures)
			require.GreaterOrEqual(t, wait, ceiling/2)
			require.LessOrEqual(t, wait, ceiling)
			different[wait] = true
		}
	}
	require.Greater(t, len(different), 100, "it is random")
	require.LessOrEqual(t, backoff(30*time.Second, 50), longestBackoff)
}

// Failures of another time don't lengthen the pause after a new one.
func TestPausesBeginAnew(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	failures := func() []string { return strings.Split(w.logs.String(), `"retry_seconds":`)[1:] }
	stop := w.start()
	w.eventually(files{"a.py": "1"})
	w.refuseAll()
	require.Eventually(t, func() bool { return len(failures()) >= 4 }, time.Minute, time.Millisecond)
	w.s3.SetFault(nil)
	w.put(files{"a.py": "2"})
	w.eventually(files{"a.py": "2"})
	before := len(failures())
	w.refuseAll()
	require.Eventually(t, func() bool { return len(failures()) > before }, time.Minute, time.Millisecond)
	require.Equal(t, cli.ExitOK, stop())
	var seconds float64
	_, err := fmt.Sscanf(failures()[before], "%g", &seconds)
	require.NoError(t, err)
	require.LessOrEqual(t, seconds, w.config.interval.Seconds())
}

func (w *world) refuseAll() {
	w.s3.SetFault(func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(403); return true })
}

func TestTreesThatNobodyReadsAreRemoved(t *testing.T) {
	w := newWorld(t)
	w.config.keep = 0
	stop := w.showing(files{"a.py": "0", "b.py": "0"})
	for i := range 8 {
		w.put(files{"a.py": fmt.Sprint(i + 1)})
		w.eventually(files{"a.py": fmt.Sprint(i + 1), "b.py": "0"})
	}
	require.Eventually(t, func() bool { return len(w.trees()) <= 2 }, time.Minute, 10*time.Millisecond)
	require.Equal(t, cli.ExitOK, stop())
	w.wholeTrees()
}
