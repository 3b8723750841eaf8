// Command setting prints one setting of a stack, for scripts:
//
//	go run ./cmd/setting dev network.cidr
package main

import (
	"fmt"
	"os"

	"github.com/pathwai/airflow-on-fargate/config"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: setting STACK PATH, such as: setting dev network.cidr")
	}
	project, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		return err
	}
	values, err := config.FromFile("Pulumi."+args[0]+".yaml", args[0])
	if err != nil {
		return err
	}
	value, err := config.Lookup(project, values, args[1])
	if err != nil {
		return err
	}
	fmt.Println(value)
	return nil
}
