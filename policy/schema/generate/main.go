// Command generate writes the table of shapes from pulumi-aws' Go SDK, whose
// release is the one in the go.mod at the root of the repository:
//
//	go run ./schema/generate
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
	"github.com/pathwai/airflow-on-fargate/policy/schema/sdk"
)

func main() {
	if err := generate("../go.mod", filepath.Join("schema", "shapes.txt")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(mod, target string) error {
	version, err := sdk.Version(mod, schema.SDK)
	if err != nil {
		return err
	}
	table, err := sdk.Table(schema.SDK, version)
	if err != nil {
		return err
	}
	if err := os.WriteFile(target, []byte(table), 0o600); err != nil {
		return fmt.Errorf("shapes: %w", err)
	}
	fmt.Printf("%s: %d lines, from %s@%s\n", target, strings.Count(table, "\n"), schema.SDK, version)
	return nil
}
