package dagpush

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
)

// world is a bucket of moto and a folder to push.
type world struct {
	*Push
	t    *testing.T
	aws  *awstest.AWS
	said *strings.Builder
	mu   sync.Mutex
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, aws: awstest.Start(t), said: new(strings.Builder)}
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	require.NoError(t, err)
	w.Push = &Push{S3: s3.NewFromConfig(cfg), Folder: t.TempDir(), Bucket: "dags", Prefix: "dev/", ID: "one", Commit: "abc", Say: func(format string, args ...any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		_, _ = fmt.Fprintf(w.said, format+"\n", args...)
	}}
	_, err = w.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &w.Bucket})
	require.NoError(t, err)
	return w
}

// Run pushes; without an error it returns the one result.
func (w *world) Run(ctx context.Context) (Result, error) {
	results, err := Run(ctx, *w.Push)
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

func (w *world) write(files ...string) {
	w.t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(w.Folder, files[i])
		require.NoError(w.t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(w.t, os.WriteFile(name, []byte(files[i+1]), 0o600))
	}
}

// holds returns what the prefix holds, without the mark.
func (w *world) holds() map[string]string {
	w.t.Helper()
	there, err := w.list(w.t.Context())
	require.NoError(w.t, err)
	holds := map[string]string{}
	for key := range there {
		if key != markKey {
			holds[key] = w.get(key)
		}
	}
	return holds
}

func (w *world) get(key string) string {
	w.t.Helper()
	out, err := w.S3.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: &w.Bucket, Key: aws.String(w.Prefix + key)})
	require.NoError(w.t, err)
	text, err := io.ReadAll(out.Body)
	require.NoError(w.t, err)
	return string(text)
}

func (w *world) put(key, text string) {
	w.t.Helper()
	_, err := w.S3.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &w.Bucket, Key: aws.String(w.Prefix + key), Body: strings.NewReader(text)})
	require.NoError(w.t, err)
}

// writes are the calls since from that wrote keys, without the mark.
func (w *world) writes(from int) (list []string) {
	for _, call := range w.aws.Calls()[from:] {
		if method, _, _ := strings.Cut(call, " "); (method == "PUT" || method == "POST" || method == "DELETE") && !strings.Contains(call, markKey) {
			list = append(list, strings.Split(call, "?x-id")[0])
		}
	}
	slices.Sort(list)
	return list
}

func TestPushBringsWhatDiffers(t *testing.T) {
	w := newWorld(t)
	w.write("same.py", "same", "old.py", "diff", "size.py", "longer", "testing_things.py", "x", "sql/query.sql", "x", "sub/tests/data.txt", "x", ".airflowignore", "x",
		"tests/test_it.py", "x", "__pycache__/same.cpython-312.pyc", "x", "stray.pyc", "x", ".hidden", "x", ".git/config", "x")
	_, err := w.Run(t.Context())
	require.NoError(t, err)
	first := map[string]string{"same.py": "same", "old.py": "diff", "size.py": "longer", "testing_things.py": "x", "sql/query.sql": "x", "sub/tests/data.txt": "x", ".airflowignore": "x"}
	require.Equal(t, first, w.holds())
	assert.Contains(t, w.get(markKey), `"state":"complete"`)
	assert.Contains(t, w.get(markKey), `"commit":"abc"`)

	// Nothing differs: nothing is written.
	calls := len(w.aws.Calls())
	result, err := w.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, Result{Changed: []string{}, Removed: []string{}}, result)
	for _, call := range w.aws.Calls()[calls:] {
		require.Regexp(t, `^(GET|HEAD) `, call)
	}

	// Same size with other content; an object that came by other means; one that is gone; one that nobody has here.
	w.write("old.py", "gift")
	w.put("same.py", "SAME")
	w.put("gone.py", "x")
	w.put("folder/", "")
	require.NoError(t, os.Remove(filepath.Join(w.Folder, "size.py")))
	calls = len(w.aws.Calls())
	w.ID = "two"
	result, err = w.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Result{Changed: []string{"old.py", "same.py"}, Removed: []string{"gone.py", "size.py"}}, result)
	assert.Equal(t, []string{"POST /dags?delete=", "PUT /dags/dev/old.py", "PUT /dags/dev/same.py"}, w.writes(calls))
	assert.Equal(t, "gift", w.holds()["old.py"])
	assert.Equal(t, "same", w.holds()["same.py"])
	assert.NotContains(t, w.holds(), "size.py")
	assert.Contains(t, w.get(markKey), `"id":"two","state":"complete"`)
	assert.Contains(t, w.said.String(), "push: two is complete in s3://dags/dev/: 2 changed, 2 removed, of 6 in all")
}

// The mark says pushing before anything is changed, and complete after all is.
func TestPushTellsFirstAndLast(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1", "b.py", "1")
	w.put("c.py", "1")
	var during []string
	look := func() { during = append(during, w.get(markKey)) }
	w.aws.On("PUT /dags/dev/a.py", 1, look)
	w.aws.On("POST /dags", 1, look)
	_, err := w.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, during, 2)
	for _, mark := range during {
		require.Contains(t, mark, `"id":"one","state":"pushing"`)
	}
	var writes []string
	for _, call := range w.aws.Calls() {
		if strings.HasPrefix(call, "PUT /dags/") || strings.HasPrefix(call, "POST /dags") {
			writes = append(writes, call)
		}
	}
	require.Contains(t, writes[0], "c.py") // the test's own
	require.Contains(t, writes[1], markKey)
	require.Contains(t, writes[len(writes)-1], markKey)
}

// However a push breaks off, the mark says so, and the next one completes it.
func TestPushThatBreaksOff(t *testing.T) {
	for name, test := range map[string]struct {
		plant func(w *world, cancel func())
		says  string
	}{
		"refused half-way":   {func(w *world, _ func()) { w.aws.Fail("PUT /dags/dev/b.py", 1, 403, "AccessDenied") }, "AccessDenied"},
		"removal refused":    {func(w *world, _ func()) { w.aws.Fail("POST /dags", 1, 403, "AccessDenied") }, "removing from s3://dags/dev/"},
		"interrupted":        {func(w *world, cancel func()) { w.aws.On("PUT /dags/dev/b.py", 1, cancel) }, "context canceled"},
		"throttled for long": {func(w *world, _ func()) { w.aws.Fail("PUT /dags/dev/b.py", 9, 503, "SlowDown") }, "SlowDown"},
		"cut for long":       {func(w *world, _ func()) { w.aws.Cut("PUT /dags/dev/b.py", 9, false) }, "b.py"},
		"complete was refused": {func(w *world, _ func()) {
			w.aws.On("PUT /dags/dev/b.py", 1, func() { w.aws.Fail("PUT /dags/dev/"+markKey, 1, 403, "AccessDenied") })
		}, "mark s3://dags/dev/"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("a.py", "2", "b.py", "2", "c.py", "2")
			w.put("gone.py", "1")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			test.plant(w, cancel)
			_, err := w.Run(ctx)
			require.ErrorContains(t, err, "the push is half done: readers stay on the release before it, and the next push completes it")
			require.ErrorContains(t, err, test.says)
			require.Contains(t, w.get(markKey), `"id":"one","state":"pushing"`)
			require.Contains(t, w.get(markKey), `"ended":true`)

			w.ID = "two"
			w.aws.Heal()
			_, err = w.Run(t.Context())
			require.NoError(t, err)
			require.Equal(t, map[string]string{"a.py": "2", "b.py": "2", "c.py": "2"}, w.holds())
			require.Contains(t, w.get(markKey), `"id":"two","state":"complete"`)
		})
	}
}

// What the SDK can mend is no failure: passing throttling, lost answers, also
// to the writes of the mark, whose condition then no longer holds.
func TestPushThroughPassingFaults(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1", "b.py", "1")
	w.aws.Fail("PUT /dags/dev/a.py", 1, 503, "SlowDown")
	w.aws.Cut("PUT /dags/dev/b.py", 1, true)
	w.aws.Cut("PUT /dags/dev/"+markKey, 2, true)
	_, err := w.Run(t.Context())
	require.NoError(t, err)
	require.Contains(t, w.get(markKey), `"state":"complete"`)
}

// Of two pushers the later one waits for the first to end, or takes its place
// when it is dead; the first notices, and spoils nothing.
func TestTwoPushers(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1")
	second := *w.Push
	second.ID = "two"
	var refused error
	w.aws.On("PUT /dags/dev/a.py", 1, func() { _, refused = Run(context.Background(), second) })
	_, err := w.Run(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, refused, ErrTaken)
	require.ErrorContains(t, refused, "one of s3://dags/dev/.airflow-release, last heard of")

	w.write("a.py", "2")
	w.aws.On("PUT /dags/dev/a.py", 1, func() { w.put(markKey, `{"id": "two", "state": "pushing"}`) })
	_, err = w.Run(t.Context())
	require.ErrorIs(t, err, ErrTaken)
	require.ErrorContains(t, err, "it took the place of this one")
	require.JSONEq(t, `{"id": "two", "state": "pushing"}`, w.get(markKey))
}

// A push that another one overtook between its look at the bucket and its mark
// would leave what it believes to be there: it stops before it changes anything.
func TestPushOvertakenBeforeItsMark(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1", "b.py", "1")
	_, err := w.Run(t.Context())
	require.NoError(t, err)
	other := *w.Push
	other.ID, other.Folder = "other", t.TempDir()
	for _, key := range []string{"a.py", "b.py"} {
		require.NoError(t, os.WriteFile(filepath.Join(other.Folder, key), []byte("2"), 0o600))
	}
	w.write("a.py", "3")
	w.ID = "late"
	w.aws.On("HEAD /dags/dev/b.py", 1, func() { _, err = Run(context.Background(), other) })
	_, late := w.Run(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, late, ErrTaken)
	require.Equal(t, map[string]string{"a.py": "2", "b.py": "2"}, w.holds())
	require.Contains(t, w.get(markKey), `"id":"other","state":"complete"`)
}

// A push whose place was taken while it uploads stops there.
func TestHeartbeat(t *testing.T) {
	w := newWorld(t)
	w.write("a.py", "1")
	w.beat = 20 * time.Millisecond
	beats := 0
	w.aws.On("PUT /dags/dev/"+markKey, 4, func() { beats++ })
	w.aws.On("PUT /dags/dev/a.py", 1, func() {
		require.Eventually(t, func() bool { return len(w.marks()) > 3 }, time.Minute, 10*time.Millisecond)
		w.put(markKey, `{"id": "two", "state": "pushing"}`)
		time.Sleep(200 * time.Millisecond)
	})
	_, err := w.Run(t.Context())
	require.ErrorIs(t, err, ErrTaken)
	require.Equal(t, 4, beats)
	require.JSONEq(t, `{"id": "two", "state": "pushing"}`, w.get(markKey))
}

// marks are the calls so far that wrote the mark.
func (w *world) marks() (list []string) {
	for _, call := range w.aws.Calls() {
		if strings.HasPrefix(call, "PUT /dags/dev/"+markKey) {
			list = append(list, call)
		}
	}
	return list
}

func TestALeaseIsDeadInTime(t *testing.T) {
	w := newWorld(t)
	w.put(markKey, `{"id": "old", "state": "pushing"}`)
	l := &lease{s3: w.S3, bucket: w.Bucket, key: w.Prefix + markKey, own: mark{ID: "new", State: pushing}}
	_, err := l.free(t.Context())
	require.ErrorIs(t, err, ErrTaken)
	found, age, err := l.find(t.Context())
	require.NoError(t, err)
	require.Equal(t, "old", found.ID)
	require.Less(t, age, 10*time.Second)
	require.GreaterOrEqual(t, age, time.Duration(0))
	w.put(markKey, `garbage`)
	_, err = l.free(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.write(t.Context(), l.own))
}

func TestPushRefusesWhatCantBePublished(t *testing.T) {
	w := newWorld(t)
	_, err := w.Run(t.Context())
	require.ErrorContains(t, err, "it holds nothing to push, and what the bucket holds would go")
	w.write("a\nb.py", "x", "c\x07.py", "x", "ok.py", "x")
	_, err = w.Run(t.Context())
	require.ErrorContains(t, err, `"a\nb.py": its name has control characters`)
	require.ErrorContains(t, err, `"c\a.py"`)
	w.write("Twin.py", "x", "twin.py", "x")
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(w.Folder, "common")))
	_, err = w.Run(t.Context())
	require.ErrorContains(t, err, `"common": it is a symbolic link, which a bucket can't hold`)
	require.ErrorContains(t, err, `"twin.py": it differs only in upper and lower case from Twin.py`)
	require.Empty(t, w.holds())
}

func (w *world) delete(key string) {
	w.t.Helper()
	_, err := w.S3.DeleteObject(w.t.Context(), &s3.DeleteObjectInput{Bucket: &w.Bucket, Key: aws.String(w.Prefix + key)})
	require.NoError(w.t, err)
}

func (w *world) link(to, at string) {
	w.t.Helper()
	require.NoError(w.t, os.Symlink(to, at))
}
