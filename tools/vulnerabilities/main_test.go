package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scanners puts the pinned programs into bin/, as `make vulnerabilities` does.
func scanners(t *testing.T) {
	t.Helper()
	if printed, err := exec.CommandContext(t.Context(), "../../scripts/lint-tools", "govulncheck", "checks").CombinedOutput(); err != nil {
		t.Skipf("govulncheck and pip-audit can't be installed: %v: %s", err, printed)
	}
}

// world is a project of a module and a lock, with databases that know
// strconv.Atoi and old-package 1.0.
type world struct {
	audit
	printed *bytes.Buffer
}

func newWorld(t *testing.T, caller, packages, accepted string) *world {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	write("module/go.mod", "module example.com/caller\n\ngo 1.25\n")
	write("module/main.go", "package main\n\nimport \"strconv\"\n\nfunc main() { "+caller+" }\n")
	write("some.lock", packages+" --hash=sha256:"+strings.Repeat("0", 64)+"\n")
	write("accepted.yaml", accepted)
	bin, err := filepath.Abs("../../bin")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(bin, filepath.Join(root, "bin")))
	database, err := filepath.Abs("testdata/database")
	require.NoError(t, err)
	var printed bytes.Buffer
	return &world{printed: &printed, audit: audit{
		root: root, goDB: "file://" + database, pythonDB: pythonDatabase(t), accepted: filepath.Join(root, "accepted.yaml"),
		today: time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC), out: &printed, whole: true,
	}}
}

func (w *world) ask(t *testing.T) error {
	t.Helper()
	return w.run(t.Context(), []string{"module", "some.lock"})
}

// pythonDatabase answers as OSV does, and knows old-package 1.0.
func pythonDatabase(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var query struct {
			Package struct{ Name, Ecosystem string }
			Version string
		}
		switch err := json.NewDecoder(r.Body).Decode(&query); {
		case err != nil:
			w.WriteHeader(http.StatusBadRequest)
		case query.Package.Name == "old-package" && query.Package.Ecosystem == "PyPI" && query.Version == "1.0":
			_, _ = fmt.Fprint(w, `{"vulns": [{"id": "PYSEC-2026-1", "aliases": ["CVE-2026-0002"], "summary": "Opens every door", "affected": [{"package":
				{"name": "old-package", "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}]}]}]}`)
		default:
			_, _ = fmt.Fprint(w, "{}")
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	calls    = `_, _ = strconv.Atoi("1")`
	requires = `_ = strconv.Itoa(1)`
)

func TestFindingsFail(t *testing.T) {
	scanners(t)
	w := newWorld(t, calls, "old-package==1.0", "[]")
	err := w.ask(t)
	require.EqualError(t, err, "2 found: take a fixed version, or accept it in "+w.accepted)
	assert.Regexp(t, `^FOUND    module: GO-2026-0001, CVE-2026-0001 in stdlib v\S+ \(no version is fixed\): Numbers are read wrongly in strconv; strconv.Atoi is called from example.com/caller.main
FOUND    some.lock: PYSEC-2026-1, CVE-2026-0002 in old-package 1.0 \(fixed in 1.1\): Opens every door
$`, w.printed.String())
}

func TestNothingFound(t *testing.T) {
	scanners(t)
	w := newWorld(t, requires, "old-package==1.1", "[]")
	require.NoError(t, w.ask(t))
	assert.Equal(t, "ok       module\n         in what module requires, but never called: GO-2026-0001\nok       some.lock\n", w.printed.String())
}

func TestAcceptedFindings(t *testing.T) {
	scanners(t)
	w := newWorld(t, calls, "old-package==1.0", `[{id: GO-2026-0001, reason: our own numbers, until: 2026-12-31}, {id: CVE-2026-0002, reason: no door, until: 2027-01-31}]`)
	require.NoError(t, w.ask(t), "on the last day, and by an alias")
	assert.Contains(t, w.printed.String(), "accepted module: GO-2026-0001")
	assert.Contains(t, w.printed.String(), "until 2026-12-31: our own numbers\n")

	w.today = w.today.AddDate(0, 0, 1)
	require.ErrorContains(t, w.ask(t), "entry 1 (GO-2026-0001): was accepted until 2026-12-31")

	w = newWorld(t, requires, "old-package==1.0", `[{id: GO-2026-0001, reason: our own numbers, until: 2026-12-31}, {id: CVE-2026-0002, reason: no door, until: 2027-01-31}]`)
	require.EqualError(t, w.ask(t), w.accepted+": nothing has GO-2026-0001 any more: delete the entry")
}

func TestFaultsOfAcceptances(t *testing.T) {
	w := newWorld(t, calls, "old-package==1.0", `[{id: everything, reason: " ", until: never}, {id: GO-1, reason: r, until: 2027-01-31}, {id: GO-1, reason: r, until: 2027-01-31}]`)
	_, err := readAccepted(w.accepted, w.today)
	require.EqualError(t, err, strings.ReplaceAll(`F: entry 1 (everything): id is "everything", and not of the form GO-2026-1234
F: entry 1 (everything): has no reason
F: entry 1 (everything): until is "never", and not a day such as 2026-12-31
F: entry 3 (GO-1): is there twice`, "F:", w.accepted+":"))
	w = newWorld(t, calls, "old-package==1.0", `[{id: GO-1, because: r}]`)
	_, err = readAccepted(w.accepted, w.today)
	require.ErrorContains(t, err, "field because not found")
	_, err = readAccepted("accepted.yaml", time.Now())
	require.NoError(t, err, "the project's own")
}

// TestDatabasesOutOfReach: it is said, and only then nothing found is no failure.
func TestDatabasesOutOfReach(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	w := newWorld(t, calls, "old-package==1.0", "[]")
	w.goDB, w.pythonDB = closed.URL, closed.URL
	require.NoError(t, w.ask(t))
	assert.Regexp(t, `^SKIPPED  module: http://127\S+ doesn't answer: .*refused\nSKIPPED  some.lock: http://127\S+ doesn't answer: .*refused\n$`, w.printed.String())
	w.strict = true
	require.EqualError(t, w.ask(t), "2 skipped")

	w = newWorld(t, calls, "old-package==1.0", "[{id: GO-1, reason: r, until: 2026-01-31}]")
	w.goDB, w.pythonDB = closed.URL, closed.URL
	require.ErrorContains(t, w.ask(t), "was accepted until 2026-01-31", "the file is read all the same")

	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	require.ErrorIs(t, w.run(interrupted, []string{"module"}), context.Canceled)
}

// TestDatabasesThatFail: a database that answers with a fault is no excuse.
func TestDatabasesThatFail(t *testing.T) {
	scanners(t)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(broken.Close)
	w := newWorld(t, calls, "old-package==1.0", "[]")
	w.goDB, w.pythonDB = broken.URL, broken.URL
	err := w.ask(t)
	require.ErrorContains(t, err, "module: govulncheck: exit status 1: creating client: unrecognized vulndb format")
	require.ErrorContains(t, err, "some.lock: pip-audit: exit status 1")
	assert.Empty(t, w.printed.String())
	w = newWorld(t, calls, "", "[]")
	require.ErrorContains(t, w.ask(t), "some.lock: pip-audit", "a lock that can't be read")
}

func TestEverythingIsAsked(t *testing.T) {
	targets, err := everything(t.Context(), "../..")
	require.NoError(t, err)
	for _, target := range []string{".", "policy", "agent", "ops", "tools/pulumi", "docker/airflow/requirements-3.1.lock", "docker/airflow/requirements-3.3.lock", "test/airflow/requirements.lock",
		"test/provider/requirements/moto.lock", "test/provider/requirements/scan.lock", "tools/checks/requirements.lock"} {
		assert.Contains(t, targets, target)
	}
}
