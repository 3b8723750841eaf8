// Command vulnerabilities asks the public databases what is known against the
// project's Go modules (govulncheck) and locks of Python packages (pip-audit).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const usage = `vulnerabilities [--strict] [MODULE|LOCK ...]

asks about folders of Go modules and locks of Python packages, without any about
all that git knows here. Fails with what is found and not accepted in
tools/vulnerabilities/accepted.yaml. A database that doesn't answer is said, and
what it would have been asked is skipped; with --strict that fails too.
`

// finding is a known vulnerability of something that we use.
type finding struct {
	id      string
	aliases []string
	// in is a module or package with its version; fixed the versions without it.
	in, fixed, says string
}

// audit is one run.
type audit struct {
	root           string // the project's folder, with bin/
	goDB, pythonDB string
	accepted       string
	today          time.Time
	strict         bool
	whole          bool // all of the project: an acceptance without a finding is a fault
	out            io.Writer
}

func main() {
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, "vulnerabilities:", err)
		os.Exit(1)
	}
}

func start() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	flags := flag.NewFlagSet("vulnerabilities", flag.ExitOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	a := audit{root: ".", goDB: "https://vuln.go.dev", pythonDB: "https://api.osv.dev/v1/query", accepted: "tools/vulnerabilities/accepted.yaml", today: time.Now(), out: os.Stdout}
	flags.BoolVar(&a.strict, "strict", false, "")
	_ = flags.Parse(os.Args[1:]) // ends the program itself
	targets := flags.Args()
	if a.whole = len(targets) == 0; a.whole {
		var err error
		if targets, err = everything(ctx, a.root); err != nil {
			return err
		}
	}
	return a.run(ctx, targets)
}

// everything returns the folders of all Go modules and all locks that git knows.
func everything(ctx context.Context, root string) ([]string, error) {
	printed, err := output(exec.CommandContext(ctx, "git", "-C", root, "ls-files", "*go.mod", "*.lock"))
	if err != nil {
		return nil, err
	}
	var targets []string
	for _, file := range strings.Fields(string(printed)) {
		if path.Base(file) == "go.mod" {
			file = path.Dir(file)
		}
		targets = append(targets, file)
	}
	return targets, nil
}

// run asks about each target and prints the answers. The error says how many
// findings count, and what else keeps the project from being clean.
func (a *audit) run(ctx context.Context, targets []string) error {
	accepted, faults := readAccepted(a.accepted, a.today)
	var modules, locks []string
	for _, target := range targets {
		if filepath.Ext(target) == ".lock" {
			locks = append(locks, target)
		} else {
			modules = append(modules, target)
		}
	}
	counted, skipped := 0, 0
	for _, database := range []struct {
		url, probe string
		targets    []string
		about      func(context.Context, string) ([]finding, []string, error)
	}{
		{a.goDB, a.goDB + "/index/db.json", modules, a.goModule},
		{a.pythonDB, a.pythonDB, locks, a.pythonLock},
	} {
		if len(database.targets) == 0 {
			continue
		}
		if err := reachable(ctx, database.probe); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			a.say("SKIPPED  %s: %s doesn't answer: %v\n", strings.Join(database.targets, ", "), database.url, err)
			skipped += len(database.targets)
			continue
		}
		for _, target := range database.targets {
			found, uncalled, err := database.about(ctx, target)
			if err != nil {
				faults = errors.Join(faults, fmt.Errorf("%s: %w", target, err))
				continue
			}
			counted += a.report(target, found, uncalled, accepted)
		}
	}
	if a.whole && skipped == 0 && faults == nil {
		faults = stale(a.accepted, accepted)
	}
	if counted > 0 {
		faults = errors.Join(faults, fmt.Errorf("%d found: take a fixed version, or accept it in %s", counted, a.accepted))
	}
	if skipped > 0 && a.strict {
		faults = errors.Join(faults, fmt.Errorf("%d skipped", skipped))
	}
	return faults
}

func (a *audit) say(format string, values ...any) { _, _ = fmt.Fprintf(a.out, format, values...) }

// report prints what was found of a target and returns how much of it counts.
func (a *audit) report(target string, found []finding, uncalled []string, accepted []*acceptance) int {
	counted := 0
	for _, f := range found {
		verdict := "FOUND   "
		entry := acceptanceOf(f, accepted)
		if entry != nil {
			entry.used = true
			verdict = "accepted"
		} else {
			counted++
		}
		fixed := "no version is fixed"
		if f.fixed != "" {
			fixed = "fixed in " + f.fixed
		}
		a.say("%s %s: %s in %s (%s): %s\n", verdict, target, strings.Join(append([]string{f.id}, f.aliases...), ", "), f.in, fixed, f.says)
		if entry != nil {
			a.say("         until %s: %s\n", entry.Until, entry.Reason)
		}
	}
	if len(found) == 0 {
		a.say("ok       %s\n", target)
	}
	if len(uncalled) > 0 {
		a.say("         in what %s requires, but never called: %s\n", target, strings.Join(uncalled, ", "))
	}
	return counted
}

// reachable says why a database gives no answer at all. One that answers with a
// fault is reachable: what asks it then fails.
func reachable(ctx context.Context, url string) error {
	if strings.HasPrefix(url, "file:") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// stale names the acceptances of what is no longer found.
func stale(path string, accepted []*acceptance) error {
	var faults []error
	for _, entry := range accepted {
		if !entry.used {
			faults = append(faults, fmt.Errorf("%s: nothing has %s any more: delete the entry", path, entry.ID))
		}
	}
	return errors.Join(faults...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
