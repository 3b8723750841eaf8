package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// goModule asks govulncheck about the module in a folder. A vulnerability
// counts where its code is called; of others only the ids are returned.
func (a *audit) goModule(ctx context.Context, folder string) (found []finding, uncalled []string, err error) {
	packages := []string{"./..."}
	if strings.HasPrefix(folder, "tools/") { // it pins programs, and has no code
		imports, err := output(exec.CommandContext(ctx, "go", "list", "-C", filepath.Join(a.root, folder), "-e", "-tags", "tools", "-f", `{{join .Imports " "}}`, "."))
		if err != nil {
			return nil, nil, err
		}
		packages = strings.Fields(string(imports))
	}
	printed, err := output(exec.CommandContext(ctx, filepath.Join(a.root, "bin/govulncheck"),
		append([]string{"-C", filepath.Join(a.root, folder), "-db", a.goDB, "-format", "json"}, packages...)...))
	if err != nil {
		return nil, nil, err
	}
	known := map[string]finding{}
	called := map[string]bool{}
	decoder := json.NewDecoder(bytes.NewReader(printed))
	for {
		var message govulncheckMessage
		if err := decoder.Decode(&message); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("govulncheck printed no JSON: %w", err)
		}
		if message.OSV != nil {
			known[message.OSV.ID] = finding{id: message.OSV.ID, aliases: message.OSV.Aliases, says: message.OSV.Summary}
		}
		if hit := message.Finding; hit != nil && len(hit.Trace) > 0 {
			if _, seen := called[hit.OSV]; !seen {
				called[hit.OSV] = false
			}
			if hit.Trace[0].Function != "" && !called[hit.OSV] {
				called[hit.OSV] = true
				found = append(found, hit.describe(known[hit.OSV]))
			}
		}
	}
	for _, id := range sortedKeys(called) {
		if !called[id] {
			uncalled = append(uncalled, id)
		}
	}
	return found, uncalled, nil
}

// govulncheckMessage is what we read of `govulncheck -format json`, a stream of them.
type govulncheckMessage struct {
	OSV *struct {
		ID      string   `json:"id"`
		Aliases []string `json:"aliases"`
		Summary string   `json:"summary"`
	} `json:"osv"`
	Finding *goFinding `json:"finding"`
}

type goFinding struct {
	OSV   string `json:"osv"`
	Fixed string `json:"fixed_version"`
	// Trace leads from the vulnerable symbol to our code.
	Trace []struct {
		Module   string `json:"module"`
		Version  string `json:"version"`
		Package  string `json:"package"`
		Function string `json:"function"`
	} `json:"trace"`
}

func (f goFinding) describe(known finding) finding {
	symbol, caller := f.Trace[0], f.Trace[len(f.Trace)-1]
	known.id, known.fixed = f.OSV, f.Fixed
	known.in = symbol.Module + " " + symbol.Version
	known.says += fmt.Sprintf("; %s.%s is called from %s.%s", symbol.Package, symbol.Function, caller.Package, caller.Function)
	return known
}

// output runs a program; its error has the last line of what it said.
func output(command *exec.Cmd) ([]byte, error) {
	var said bytes.Buffer
	command.Stderr = &said
	printed, err := command.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		err = fmt.Errorf("%s: %w: %s", filepath.Base(command.Path), err, lines[len(lines)-1])
	}
	return printed, err
}
