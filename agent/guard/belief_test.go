package guard

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
)

// process writes what the process file system says of one process.
func process(t *testing.T, root string, pid, parent int, state, title string) {
	t.Helper()
	folder := filepath.Join(root, fmt.Sprint(pid))
	require.NoError(t, os.MkdirAll(folder, 0o700))
	stat := fmt.Sprintf("%d (a) b (%s) %s %d 1 1 0", pid, title, state, parent)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "stat"), []byte(stat), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cmdline"), []byte(title), 0o600))
}

func TestBeliefByProcesses(t *testing.T) {
	root := t.TempDir()
	process(t, root, 7, 1, "S", "[celeryd: celery@h:MainProcess]")
	process(t, root, 20, 7, "S", "[celeryd: celery@h:ForkPoolWorker-1]")
	process(t, root, 21, 7, "S", "[celeryd: celery@h:ForkPoolWorker-2]")
	process(t, root, 30, 20, "S", "airflow task")
	process(t, root, 31, 21, "Z", "airflow task")
	b := newBelief(root, 5*time.Minute)
	s := celery.Snapshot{PID: 7, Active: []celery.Task{{ID: "works", PID: 20}, {ID: "ended", PID: 21}, {ID: "process gone", PID: 22}}}
	at := time.Unix(1e9, 0)

	require.Equal(t, 3, b.held(s, at), "all are believed at first")
	require.Equal(t, 3, b.held(s, at.Add(299*time.Second)))
	require.Equal(t, 1, b.held(s, at.Add(300*time.Second)), "one has a child")
	s.Reserved = 2
	require.Equal(t, 3, b.held(s, at.Add(time.Hour)))

	process(t, root, 32, 21, "S", "airflow task")
	require.Equal(t, 4, b.held(s, at.Add(time.Hour)))
	require.NoError(t, os.RemoveAll(filepath.Join(root, "32")))
	require.Equal(t, 4, b.held(s, at.Add(2*time.Hour)), "its time starts anew")
}

func TestBeliefWithoutSight(t *testing.T) {
	root := t.TempDir()
	process(t, root, 7, 1, "S", "/airflow-agent") // another namespace's process 7
	s := celery.Snapshot{PID: 7, Active: []celery.Task{{ID: "long", PID: 20}}}
	b := newBelief(root, 5*time.Minute)
	at := time.Unix(1e9, 0)
	require.Equal(t, 1, b.held(s, at))
	at = at.Add(100 * time.Hour)
	require.Equal(t, 1, b.held(s, at), "no gap: Celery is believed however long it runs")
	b.missed()
	require.Equal(t, 1, b.held(s, at))
	require.Equal(t, 1, b.held(s, at.Add(24*time.Hour-time.Second)))
	s.Active = append(s.Active, celery.Task{ID: "new", PID: 21})
	require.Equal(t, 1, b.held(s, at.Add(24*time.Hour)), "the one that lived through the gap is given up")
	s.Active = s.Active[1:]
	b.held(s, at.Add(25*time.Hour))
	require.Empty(t, b.doubts)
}

func TestBeliefPassesOnWithTheProcess(t *testing.T) {
	root := t.TempDir()
	process(t, root, 7, 1, "S", "[celeryd: celery@h:MainProcess]")
	process(t, root, 20, 7, "S", "[celeryd: celery@h:ForkPoolWorker-1]")
	process(t, root, 30, 20, "S", "airflow task")
	b := newBelief(root, 5*time.Minute)
	at := time.Unix(1e9, 0)
	ghost := celery.Task{ID: "ghost", PID: 20, Since: at}
	later := celery.Task{ID: "later", PID: 20, Since: at.Add(time.Minute)}
	other := celery.Task{ID: "other", PID: 21, Since: at}

	require.Equal(t, 1, b.held(celery.Snapshot{PID: 7, Active: []celery.Task{ghost}}, at))
	at = at.Add(time.Minute)
	require.Equal(t, 2, b.held(celery.Snapshot{PID: 7, Active: []celery.Task{later, ghost, other}}, at),
		"one process runs one task; the one of another process has nothing to do with it")
	require.Zero(t, b.held(celery.Snapshot{PID: 7, Active: []celery.Task{ghost}}, at.Add(time.Second)),
		"over for good, whatever the process does next")

	blind := newBelief(t.TempDir(), 5*time.Minute)
	require.Equal(t, 1, blind.held(celery.Snapshot{PID: 7, Active: []celery.Task{ghost, later}}, at),
		"Celery's own list tells it, processes seen or not")
}
