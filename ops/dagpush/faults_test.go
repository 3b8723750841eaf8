package dagpush

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const markPut = "PUT /dags/dev/" + markKey

// What S3 does to the mark in passing is no other push: the push ends complete.
func TestMarkThroughPassingFaults(t *testing.T) {
	for name, plant := range map[string]func(w *world){
		"S3 was busy with it": func(w *world) {
			w.aws.On("PUT /dags/dev/a.py", 1, func() { w.aws.Fail(markPut, 1, 409, "ConditionalRequestConflict") })
		},
		"no answer to the last write": func(w *world) {
			w.aws.On("PUT /dags/dev/a.py", 1, func() { w.aws.Cut(markPut, 3, true) })
		},
		"somebody deleted it": func(w *world) {
			w.aws.On("PUT /dags/dev/a.py", 1, func() { w.delete(markKey) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("a.py", "1")
			plant(w)
			_, err := w.Run(t.Context())
			require.NoError(t, err)
			require.Contains(t, w.get(markKey), `"id":"one","state":"complete"`)
			require.Contains(t, w.said.String(), "push: one is complete")
		})
	}
}

// A first mark of which nobody knows whether it was written holds up nobody.
func TestFirstMarkLost(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1")
	w.aws.Cut(markPut, 3, true)
	_, err := w.Run(t.Context())
	require.Error(t, err)
	require.NotContains(t, err.Error(), "half done", "nothing was changed")
	w.ID = "two"
	_, err = w.Run(t.Context())
	require.NoError(t, err)
}

// A push that couldn't renew its mark stops before another may begin, also
// after a machine's sleep.
func TestStalePushStops(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1")
	s, err := w.look(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.lease.write(t.Context(), s.lease.own))
	require.NoError(t, s.lease.fresh())
	s.lease.renewed.Store(time.Now().Add(-silent).UnixNano())
	require.ErrorContains(t, s.upload(t.Context(), s.changed), "it could not be renewed for 3m")
	require.ErrorContains(t, s.remove(t.Context(), []string{"b.py"}), "it could not be renewed")
	require.Empty(t, w.holds())

	// One renewal that fails is no reason to stop.
	require.NoError(t, s.lease.write(t.Context(), s.lease.own))
	s.beat = 10 * time.Millisecond
	w.aws.Fail(markPut, 1, 403, "AccessDenied")
	stop, marks := make(chan struct{}), len(w.marks())
	done := make(chan error)
	go func() { done <- s.keep(t.Context(), stop) }()
	require.Eventually(t, func() bool { return len(w.marks()) > marks+1 }, time.Minute, 5*time.Millisecond)
	close(stop)
	require.NoError(t, <-done)
}

// Two folders are one release: neither is complete before both are.
func TestTwoFoldersAreOneRelease(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1")
	plugins := *w.Push
	plugins.Prefix, plugins.Folder = "dev-plugins/", t.TempDir()
	other := &world{Push: &plugins, t: t, aws: w.aws}
	other.write("mine.py", "1")
	w.aws.Fail("PUT /dags/dev/a.py", 1, 403, "AccessDenied")
	_, err := Run(t.Context(), plugins, *w.Push)
	require.ErrorContains(t, err, "half done")
	for _, one := range []*world{w, other} {
		require.Contains(t, one.get(markKey), `"state":"pushing"`)
		require.Contains(t, one.get(markKey), `"ended":true`)
	}
	results, err := Run(t.Context(), plugins, *w.Push)
	require.NoError(t, err)
	require.Equal(t, []Result{{[]string{}, []string{}}, {[]string{"a.py"}, []string{}}}, results)
	for _, one := range []*world{w, other} {
		require.Contains(t, one.get(markKey), `"state":"complete"`)
	}
}

// A key that can be no file's name stays, and stops nothing.
func TestStrangeKeysStay(t *testing.T) {
	w := newWorld(t)
	w.write("a b+ü.py", "1")
	w.put("bad\x01key", "x")
	_, err := w.Run(t.Context())
	require.NoError(t, err)
	require.Contains(t, w.said.String(), `"bad\x01key" stays`)
	calls := len(w.aws.Calls())
	_, err = w.Run(t.Context())
	require.NoError(t, err)
	require.Empty(t, w.writes(calls))
}

// A folder that is a link is followed; only what lies in it counts.
func TestFolderMayBeALink(t *testing.T) {
	w := newWorld(t)
	w.write("dags/a.py", "1")
	link := filepath.Join(t.TempDir(), "link")
	w.link(filepath.Join(w.Folder, "dags"), link)
	w.Folder = link
	result, err := w.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a.py"}, result.Changed)
}
