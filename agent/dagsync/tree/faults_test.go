package tree

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// failing makes one call on one name fail.
func failing(op, name string) func(op, path string) error {
	return func(o, path string) error {
		if o == op && filepath.Base(path) == name {
			return unix.EIO
		}
		return nil
	}
}

// Whatever fails, no file stays in the stage that it doesn't know of: it
// would be published, or keep its folder from being removed.
func TestFailedCallsLeaveNothingUnknown(t *testing.T) {
	for name, row := range map[string]struct {
		fault func(op, path string) error
		want  content // has d/f, the file that fails
	}{
		"time of a fetched file": {failing("utimes", "f"), content{"a": "1", "d/f": "2"}},
		"end of a fetched file":  {failing("close", "f"), content{"a": "1", "d/f": "2"}},
		"time of a copy":         {both(failing("link", "f"), failing("utimes", "f")), content{"a": "2", "d/f": "1"}},
		"text of a copy":         {both(failing("link", "f"), failing("write", "f")), content{"a": "2", "d/f": "1"}},
		"original of a copy":     {both(failing("link", "f"), failing("read", "f")), content{"a": "2", "d/f": "1"}},
		"end of a copy":          {both(failing("link", "f"), failing("close", "f")), content{"a": "2", "d/f": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.publish(content{"a": "1", "d/f": "1"}, 0)
			base, c := h.base()
			stage, err := h.store.OpenStage(t.Context(), c, 0, false)
			require.NoError(t, err)
			h.disk.Before = row.fault
			_, err = stage.Advance(t.Context(), row.want.objects(), base, 1, h.fetch)
			require.ErrorIs(t, err, unix.EIO)
			h.disk.Before = nil
			// The file isn't wanted any more, and neither is its folder.
			_, err = stage.Advance(t.Context(), content{"a": "3"}.objects(), base, 1, h.fetch)
			require.NoError(t, err)
			_, err = h.store.Publish(stage, &Manifest{Entries: stage.Entries()})
			require.NoError(t, err)
			h.check(content{"a": "3"})
		})
	}
}

// both makes links too many, so that files are copied, and something else
// fail.
func both(link, other func(op, path string) error) func(op, path string) error {
	return func(op, path string) error {
		if link(op, path) != nil {
			return unix.EMLINK
		}
		return other(op, path)
	}
}

// A stage that can't be sure of what lies in it says so.
func TestDoubtfulStage(t *testing.T) {
	for name, row := range map[string]struct {
		fault    func(op, path string) error
		doubtful bool
	}{
		"unlink": {failing("unlink", "gone"), true},
		"mkdir":  {failing("mkdir", "new"), true},
		"rmdir":  {failing("rmdir", "d"), true},
		"link":   {failing("link", "linked"), true},
		"create": {failing("create", "f"), true},
		"write":  {failing("write", "f"), false},
		"write, and unlink": {func(op, path string) error {
			return errors.Join(failing("write", "f")(op, path), failing("unlink", "f")(op, path))
		}, true},
		"S3": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.publish(content{"gone": "1", "d/gone": "1", "same": "1"}, 0)
			h.publish(content{"gone": "2", "d/gone": "1", "same": "1", "linked": "1"}, 0)
			base, c := h.base()
			stage, err := h.store.OpenStage(t.Context(), c, 1, false)
			require.NoError(t, err)
			defer stage.Close()
			if row.fault == nil {
				h.fail = func(string) error { return errors.New("injected") }
			}
			h.disk.Before = row.fault
			_, err = stage.Advance(t.Context(), content{"same": "1", "linked": "1", "new/f": "1"}.objects(), base, 1, h.fetch)
			require.Error(t, err)
			require.Equal(t, row.doubtful, stage.Doubtful())
		})
	}
}

// An upkeep that is stopped has not removed all that it wanted to: what is
// still there stays on the list, also under names that are wanted.
func TestStoppedAdvanceKnowsWhatIsLeft(t *testing.T) {
	h := newHarness(t)
	h.publish(content{"a": "1", "d/f": "1"}, 0)
	h.publish(content{"a": "1", "d/f": "2"}, 0)
	base, c := h.base()
	stage, err := h.store.OpenStage(t.Context(), c, 1, false)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = stage.Advance(ctx, content{"a": "1", "d/f": "2"}.objects(), base, 1, h.fetch)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, stage.Doubtful())
	require.Len(t, stage.Entries(), 2)
	_, err = stage.Advance(t.Context(), content{"a": "1"}.objects(), base, 1, h.fetch)
	require.NoError(t, err)
	_, err = h.store.Publish(stage, &Manifest{Entries: stage.Entries()})
	require.NoError(t, err)
	h.check(content{"a": "1"})
}
