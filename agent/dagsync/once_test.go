package dagsync

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
	"github.com/stretchr/testify/require"
)

func TestOnceFollowsTheBucket(t *testing.T) {
	w := newWorld(t)
	w.once(cli.ExitOK)
	w.sees(files{}) // a new, empty prefix: an empty directory
	require.Contains(t, w.logs.String(), "in step")

	w.put(files{"a.py": "1", "team/b.py": "1", "team/deep/c.sql": ""})
	w.s3.Put("dev-plugins/x.py", "another prefix")
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "1", "team/b.py": "1", "team/deep/c.sql": ""})

	w.put(files{"a.py": "2", "new.py": "1"}) // the same size, in the same second
	w.s3.Delete(prefix + "team/deep/c.sql")
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2", "team/b.py": "1", "new.py": "1"})

	trees := len(w.trees())
	w.once(cli.ExitOK)
	require.Len(t, w.trees(), trees, "no change, no new tree")
	require.Empty(t, w.rest())
}

func TestOnceMetrics(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a": "12345", "d/b": "123", "d/": ""})
	w.once(cli.ExitPartial)
	m := w.metrics()
	require.EqualValues(t, 1, m["SyncSkippedKeys"])
	require.EqualValues(t, 0, m["SyncErrors"])
	require.Less(t, m["SyncLagSeconds"], 60.0)
	require.Equal(t, "dags", m["Source"])
	require.Equal(t, "test", m["Stack"])
	require.Contains(t, w.out.String(), `"Dimensions":[["Stack","Source"]]`)

	w.s3.SetFault(func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(403); return true })
	w.once(cli.ExitFailure)
	m = w.metrics()
	require.EqualValues(t, 1, m["SyncErrors"])
	require.NotContains(t, m, "SyncSkippedKeys", "nothing is known")
}

func TestSkippedKeysAreNamed(t *testing.T) {
	w := newWorld(t)
	hostile := []string{"../up.py", "d/../../up.py", "/etc/x", "d//e", "d/", "x", "x/y", "t.py", "T.py", "./z", strings.Repeat("n", 300)}
	for _, key := range hostile {
		w.s3.Put(prefix+key, "hostile")
	}
	w.put(files{"good.py": "1", "d/good.py": "1"})
	want := files{"good.py": "1", "d/good.py": "1", "x/y": "hostile", "T.py": "hostile"}
	for _, round := range []string{"first", "unchanged"} {
		w.once(cli.ExitPartial)
		w.sees(want)
		for _, key := range hostile {
			if _, kept := want[key]; !kept {
				require.Contains(t, w.logs.String(), fmt.Sprintf(`"key":%q`, key), round)
			}
		}
	}
	require.NoFileExists(t, filepath.Join(filepath.Dir(w.target), "up.py"))
	trees := len(w.trees())
	w.s3.Delete(prefix + "../up.py")
	w.once(cli.ExitPartial)
	require.NotContains(t, w.logs.String(), `"key":"../up.py"`)
	require.Len(t, w.trees(), trees, "no new tree when only skipped keys go")
	w.once(cli.ExitPartial)
	require.Contains(t, w.logs.String(), `"changed":false`)
}

func TestLocalDamageIsMended(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"corrupt, newer time": func(p string) error { return os.WriteFile(p+"/a.py", []byte("X"), 0o644) },
		"removed":             func(p string) error { return os.Remove(p + "/d/b.py") },
		"added":               func(p string) error { return os.WriteFile(p+"/d/stray.py", nil, 0o644) },
		"all gone":            func(p string) error { return os.RemoveAll(p + "/d") },
		"link removed":        os.Remove,
		"tree removed":        func(p string) error { r, err := filepath.EvalSymlinks(p); _ = os.RemoveAll(r); return err },
		"manifest removed": func(p string) error {
			r, err := filepath.EvalSymlinks(p)
			_ = os.Remove(r + ".manifest")
			return err
		},
		"manifest torn": func(p string) error {
			r, err := filepath.EvalSymlinks(p)
			_ = os.Truncate(r+".manifest", 100)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := files{"a.py": "1", "d/b.py": "1", "d/e/c.py": "1"}
			w.put(want)
			w.once(cli.ExitOK)
			require.NoError(t, damage(w.target))
			w.once(cli.ExitOK)
			w.sees(want)
			w.once(cli.ExitOK)
			require.Contains(t, w.logs.String(), `"changed":false`)
			require.Empty(t, w.rest())
		})
	}
}

// The DAGs go only when somebody says so.
func TestEmptyPrefixWipesNothing(t *testing.T) {
	for name, change := range map[string]func(w *world){
		"emptied":            func(w *world) { w.s3.Delete(prefix + "a.py") },
		"only hostile left":  func(w *world) { w.s3.Delete(prefix + "a.py"); w.put(files{"../x": "1"}) },
		"emptied, no record": func(w *world) { w.s3.Delete(prefix + "a.py"); w.forget() },
		"another prefix":     func(w *world) { w.config.pairs[0].Prefix = "misspelled/" },
		"no such bucket":     func(w *world) { w.config.pairs[0].Bucket = "no-such-bucket" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(files{"a.py": "1"})
			w.once(cli.ExitOK)
			change(w)
			for range 2 {
				w.once(cli.ExitFailure)
				w.sees(files{"a.py": "1"})
			}
			w.config.allowEmpty = true
			if name == "no such bucket" {
				w.once(cli.ExitFailure)
				w.sees(files{"a.py": "1"})
				return
			}
			require.Contains(t, []int{cli.ExitOK, cli.ExitPartial}, w.run(t.Context()))
			w.sees(files{})
		})
	}
}

// forget removes all that is known about the trees.
func (w *world) forget() {
	for _, m := range w.trees() {
		require.NoError(w.t, os.Remove(m))
	}
}

func TestSourceMayChange(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1"})
	w.s3.Put("prod/a.py", "1")
	w.once(cli.ExitOK)
	w.config.pairs[0].Prefix = "prod/"
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "1"})
}

func TestWholeBucket(t *testing.T) {
	w := newWorld(t)
	w.config.pairs[0].Prefix = ""
	w.put(files{"a.py": "1"})
	w.once(cli.ExitOK)
	w.sees(files{"dev/a.py": "1"})
}

// Objects that change between listing and fetching: never a tree that no
// listing showed.
func TestChangesDuringTheFetch(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "b.py": "1", "c.py": "1"})
	var changed atomic.Bool
	var change sync.Once // objects are fetched several at a time
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if !fakes3.IsList(r) {
			change.Do(func() {
				w.put(files{"a.py": "2", "b.py": "2"})
				w.s3.Delete(prefix + "c.py")
				changed.Store(true)
			})
		}
		return false
	})
	w.once(cli.ExitOK)
	require.True(t, changed.Load())
	w.sees(files{"a.py": "2", "b.py": "2"})
}

// Trees go when both clocks say so, S3's and this machine's: one wrong clock,
// ahead or behind, at a publication or later, removes nothing under a reader.
func TestOldTreesStayForTheirReaders(t *testing.T) {
	for name, row := range map[string]struct {
		published, later [2]time.Duration // S3's and this machine's distance from the truth
		stays            bool
	}{
		"both right":                      {[2]time.Duration{}, [2]time.Duration{61 * time.Minute, 61 * time.Minute}, false},
		"too early":                       {[2]time.Duration{}, [2]time.Duration{59 * time.Minute, 59 * time.Minute}, true},
		"S3 three days ahead":             {[2]time.Duration{}, [2]time.Duration{72 * time.Hour, time.Minute}, true},
		"machine three days ahead":        {[2]time.Duration{}, [2]time.Duration{time.Minute, 72 * time.Hour}, true},
		"S3 was three days behind":        {[2]time.Duration{-72 * time.Hour, 0}, [2]time.Duration{time.Minute, time.Minute}, true},
		"the machine was days behind":     {[2]time.Duration{0, -72 * time.Hour}, [2]time.Duration{time.Minute, time.Minute}, true},
		"S3 was ahead, and it wears off":  {[2]time.Duration{72 * time.Hour, 0}, [2]time.Duration{74 * time.Hour, 74 * time.Hour}, false},
		"S3 was ahead, and it is not yet": {[2]time.Duration{72 * time.Hour, 0}, [2]time.Duration{2 * time.Hour, 2 * time.Hour}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			begin := time.Now()
			var s3, machine time.Duration
			w.config.clock = func() time.Time { return begin.Add(machine) }
			w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
				r.Header.Del("X-Amz-Date") // the server itself minds the time of requests
				rw.Header().Set("Date", begin.Add(s3).UTC().Format(http.TimeFormat))
				return false
			})
			w.put(files{"a.py": "1", "same.py": "1"})
			w.once(cli.ExitOK)
			first, err := filepath.EvalSymlinks(w.target)
			require.NoError(t, err)
			s3, machine = row.published[0], row.published[1]
			w.put(files{"a.py": "2"})
			w.once(cli.ExitOK)
			s3, machine = row.later[0], row.later[1]
			w.once(cli.ExitOK)
			if row.stays {
				require.Equal(t, files{"a.py": "1", "same.py": "1"}, readersSee(first))
			} else {
				require.NoDirExists(t, first)
			}
			w.sees(files{"a.py": "2", "same.py": "1"})
		})
	}
}

func TestSeveralPairs(t *testing.T) {
	w := newWorld(t)
	plugins := filepath.Join(filepath.Dir(w.target), "plugins")
	w.config.pairs = append(w.config.pairs, Pair{Bucket: fakes3.Bucket, Prefix: "dev-plugins/", Target: plugins, Name: "plugins"})
	w.put(files{"a.py": "1"})
	w.s3.Put("dev-plugins/p.py", "1")
	w.s3.Put("dev-plugins/../p.py", "1")
	w.once(cli.ExitPartial)
	w.sees(files{"a.py": "1"})
	require.Equal(t, files{"p.py": "1"}, readersSee(plugins))
	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("prefix") == prefix {
			rw.WriteHeader(403)
			return true
		}
		return false
	})
	w.s3.Put("dev-plugins/p.py", "2")
	w.once(cli.ExitFailure)
	require.Equal(t, files{"p.py": "2"}, readersSee(plugins), "one source's fault doesn't stop the other")
}
