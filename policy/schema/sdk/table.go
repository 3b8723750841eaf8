// Package sdk reads the resource types of the AWS provider, and all their
// inputs, from the sources of its Go SDK in the module cache.
package sdk

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// Version returns the release of a module that a go.mod requires.
func Version(mod, module string) (string, error) {
	raw, err := os.ReadFile(mod)
	if err != nil {
		return "", fmt.Errorf("the release of %s: %w", module, err)
	}
	found := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(raw)
	if found == nil {
		return "", fmt.Errorf("%s doesn't require %s", mod, module)
	}
	return string(found[1]), nil
}

// Folder returns where the module cache holds the SDK's resource types. It is
// there once a program that uses the SDK was built.
func Folder(module, version string) (string, error) {
	out, err := exec.CommandContext(context.Background(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMODCACHE: %w", err)
	}
	folder := filepath.Join(strings.TrimSpace(string(out)), module+"@"+version, "go", "aws")
	if _, err := os.Stat(folder); err != nil {
		return "", fmt.Errorf("%s@%s is not in the module cache: run `go mod download` at the root of the repository", module, version)
	}
	return folder, nil
}

// Table writes what [schema.Types] reads.
func Table(module, version string) (string, error) {
	folder, err := Folder(module, version)
	if err != nil {
		return "", err
	}
	all, err := Read(folder)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# Written by go run ./schema/generate from the sources of\n# %s@%s\n", module, version)
	for _, t := range all {
		fmt.Fprintln(&text, t.Token)
		for _, p := range t.Properties {
			if shape := schema.Named(p.Path, p.Kind); shape != "" {
				fmt.Fprintf(&text, "  %s %s\n", shape, p.Path)
			}
		}
	}
	return text.String(), nil
}
