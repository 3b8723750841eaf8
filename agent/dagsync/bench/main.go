// Command bench measures dagsync against its peers on this machine and prints
// tables in Markdown. Peers that aren't installed are left out, and it says
// so. It fails when the agent exceeds a limit (limits.go), after all is
// printed. Run it by make bench, or:
//
//	go run ./dagsync/bench                       all parts
//	go run ./dagsync/bench -parts speed -files 10000
//	go run ./dagsync/bench -parts correctness
//	go run ./dagsync/bench -parts idle           requests a month and their price, memory and processor at rest
//	go run ./dagsync/bench -parts quarter        cold starts on a quarter of a vCPU
//	go run ./dagsync/bench -parts visible        time from put to visible
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// serve is the hidden first argument under which this program is the S3
// server: a process of its own, so that its work isn't counted as a client's.
const serve = "serve-fake-s3"

func main() {
	if len(os.Args) == 2 && os.Args[1] == serve {
		serveForever()
		return
	}
	var b bench
	flag.StringVar(&b.agent, "agent", "", "the agent's binary; it is built when none is given")
	flag.IntVar(&b.files, "files", 10000, "files in all but the speed table with all peers")
	flag.IntVar(&b.peerFiles, "peer-files", 1000, "files in the speed table with all peers; 0 leaves it out")
	flag.IntVar(&b.rounds, "rounds", 5, "runs of each row; medians are printed")
	flag.StringVar(&b.directory, "dir", "", "where the trees are written; a file system in memory (/dev/shm) by default, so that clients are compared and not disks")
	flag.IntVar(&b.changes, "changes", 100, "changes that are timed from put to visible")
	parts := flag.String("parts", strings.Join(known, ","), "what to run")
	idle := flag.Duration("idle", 65*time.Second, "how long the agent is watched at rest")
	flag.Parse()
	if err := b.run(context.Background(), strings.Split(*parts, ","), *idle); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

var known = []string{"speed", "correctness", "idle", "quarter", "visible"}

type bench struct {
	agent, floor, sdkFloor   string
	directory                string
	files, peerFiles, rounds int
	changes                  int
	peers                    []peer
	limits                   limits
}

func (b *bench) run(ctx context.Context, parts []string, idle time.Duration) error {
	for _, part := range parts {
		if !slices.Contains(known, part) {
			return fmt.Errorf("-parts: there is no part %q, only %s", part, strings.Join(known, ", "))
		}
	}
	work, err := os.MkdirTemp(b.base(), "dagsync-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	b.directory = work
	if err := b.build(ctx, work); err != nil {
		return err
	}
	b.findPeers()
	var faults []error
	for _, part := range parts {
		switch part {
		case "speed":
			err = b.speed(ctx)
		case "correctness":
			err = b.correctness(ctx)
		case "idle":
			err = b.idle(ctx, idle)
		case "quarter":
			err = b.quarter(ctx)
		case "visible":
			err = b.visible(ctx)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", part, err))
		}
	}
	return errors.Join(append(faults, b.limits.err())...)
}

// base is where the trees are written.
func (b *bench) base() string {
	if b.directory != "" {
		return b.directory
	}
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

// build makes the binaries just as the image gets them.
func (b *bench) build(ctx context.Context, work string) error {
	const module = "github.com/pathwai/airflow-on-fargate/agent"
	targets := map[*string]string{&b.floor: module + "/dagsync/bench/floor", &b.sdkFloor: module + "/dagsync/bench/sdkfloor"}
	if b.agent == "" {
		targets[&b.agent] = module
	}
	for path, pkg := range targets {
		*path = filepath.Join(work, filepath.Base(pkg))
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", *path, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", pkg, err, out)
		}
	}
	info, err := os.Stat(b.agent)
	if err != nil {
		return err
	}
	fmt.Printf("agent %s: %.1f MB; trees below %s\n\n", b.agent, float64(info.Size())/1e6, b.directory)
	return nil
}

// serveForever runs the server, says where, and ends with its parent.
func serveForever() {
	s, err := fakes3.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.URL)
	// The parent holds the other end of stdin.
	_, _ = os.Stdin.Read(make([]byte, 1))
	_ = s.Close()
}
