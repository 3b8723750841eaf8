package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pathwai/airflow-on-fargate/internal/cost"
	"github.com/pathwai/airflow-on-fargate/internal/diagram"
	"github.com/pathwai/airflow-on-fargate/internal/plan"
	"github.com/pathwai/airflow-on-fargate/internal/timeline"
)

// report is what all commands print.
type report interface{ Print(io.Writer) error }

func runCost(args []string, stdout, stderr io.Writer) error {
	flags := newFlags("cost", stderr)
	path := flags.String("plan", "", "file with the plan")
	diff := flags.Bool("diff", false, "compare two plans, old and new")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *diff {
		if flags.NArg() != 2 || *path != "" {
			return errors.New("cost --diff takes two files, the old plan and the new one")
		}
		before, err := plan.ReadFile(flags.Arg(0))
		if err != nil {
			return err
		}
		after, err := plan.ReadFile(flags.Arg(1))
		if err != nil {
			return err
		}
		difference, err := cost.Compare(before, after)
		if err != nil {
			return err
		}
		return show(stdout, difference, *asJSON)
	}
	p, err := read(flags, *path)
	if err != nil {
		return err
	}
	estimate, err := cost.Estimate(p)
	if err != nil {
		return err
	}
	return show(stdout, estimate, *asJSON)
}

func runTimeline(args []string, stdout, stderr io.Writer) error {
	flags := newFlags("timeline", stderr)
	path := flags.String("plan", "", "file with the plan")
	asJSON := flags.Bool("json", false, "print JSON")
	svg := flags.String("svg", "", "file to draw the timeline to")
	check := flags.Bool("check", false, "fail when the picture in --svg isn't the plan's")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p, err := read(flags, *path)
	if err != nil {
		return err
	}
	made, err := timeline.Make(p)
	if err != nil {
		return err
	}
	if *svg != "" {
		if err := draw(made.Draw, *svg, *check); err != nil {
			return err
		}
	}
	return show(stdout, made, *asJSON)
}

func runDiagram(args []string, stdout, stderr io.Writer) error {
	flags := newFlags("diagram", stderr)
	path := flags.String("plan", "", "file with the plan")
	svg := flags.String("svg", "", "file to draw the picture to")
	check := flags.Bool("check", false, "fail when the picture in --svg isn't the plan's")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *svg == "" {
		return errors.New("diagram needs --svg FILE")
	}
	p, err := read(flags, *path)
	if err != nil {
		return err
	}
	made, err := diagram.Make(p)
	if err != nil {
		return err
	}
	if err := draw(made.Draw, *svg, *check); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s is the picture of %s/%s\n", *svg, p.Project, p.Stack)
	return err
}

func newFlags(name string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	return flags
}

func read(flags *flag.FlagSet, path string) (*plan.Plan, error) {
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%s: what is %q? The plan is given with --plan FILE", flags.Name(), flags.Arg(0))
	}
	if path == "" {
		return nil, fmt.Errorf("%s needs --plan FILE", flags.Name())
	}
	return plan.ReadFile(path)
}

func show(w io.Writer, r report, asJSON bool) error {
	if !asJSON {
		return r.Print(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// draw writes a picture to a file, or compares it with the file's.
func draw(picture func(io.Writer) error, path string, check bool) error {
	var drawn bytes.Buffer
	if err := picture(&drawn); err != nil {
		return err
	}
	if !check {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, drawn.Bytes(), 0o644)
	}
	present, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("no picture to check: %w", err)
	}
	if !bytes.Equal(present, drawn.Bytes()) {
		return fmt.Errorf("%s is stale: it isn't the picture of this plan; draw it again without --check", path)
	}
	return nil
}
