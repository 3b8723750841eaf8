package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

const prefix = "dev/"

// peer is a client that mirrors the prefix to a directory.
type peer struct {
	name string
	// args makes its command line; delta is for the floor only.
	args func(url, directory string, delta []string) []string
	// path is what readers open.
	path func(directory string) string
}

func same(directory string) string { return directory }

// findPeers lists the floors, the agent, and what is installed.
func (b *bench) findPeers() {
	b.peers = []peer{
		{"floor", func(url, directory string, delta []string) []string {
			return append([]string{b.floor, url + "/" + fakes3.Bucket, prefix, directory}, delta...)
		}, same},
		{"floor with SDK", func(_, directory string, delta []string) []string {
			return append([]string{b.sdkFloor, fakes3.Bucket, prefix, directory}, delta...)
		}, same},
		{"agent", func(_, directory string, _ []string) []string {
			return []string{b.agent, "dagsync", "--source", "s3://" + fakes3.Bucket + "/" + prefix, "--target", directory + "/dags", "--once"}
		}, func(directory string) string { return directory + "/dags" }},
	}
	installed := map[string]peer{
		"aws": {"aws s3 sync", func(_, directory string, _ []string) []string {
			return []string{"aws", "s3", "sync", "s3://" + fakes3.Bucket + "/" + prefix, directory, "--delete", "--only-show-errors"}
		}, same},
		"rclone": {"rclone-t", func(_, directory string, _ []string) []string {
			return []string{"rclone", "sync", "s3:" + fakes3.Bucket + "/" + prefix, directory, "--fast-list", "--checksum", "--transfers", "16", "--checkers", "16"}
		}, same},
		"s5cmd": {"s5cmd", func(_, directory string, _ []string) []string {
			return []string{"s5cmd", "--log", "error", "sync", "--delete", "s3://" + fakes3.Bucket + "/" + prefix + "*", directory + "/"}
		}, same},
	}
	for _, name := range []string{"aws", "rclone", "s5cmd"} {
		if _, err := exec.LookPath(name); err != nil {
			fmt.Printf("%s is not installed: left out\n", name)
			continue
		}
		b.peers = append(b.peers, installed[name])
	}
	fmt.Println()
}

func (b *bench) speed(ctx context.Context) error {
	if err := b.table(ctx, b.files, b.peers[:3]); err != nil {
		return err
	}
	if b.peerFiles > 0 && len(b.peers) > 3 {
		return b.table(ctx, b.peerFiles, b.peers)
	}
	return nil
}

// table measures all rows for one number of files.
func (b *bench) table(ctx context.Context, count int, peers []peer) error {
	s, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	key := func(i int) string { return fmt.Sprintf("%steam%02d/dag_%05d.py", prefix, i%50, i) }
	body := strings.Repeat("x = 1  # a line of a DAG\n", 80)
	for i := range count {
		if err := s.put(key(i), fmt.Sprintf("# %d\n%s", i, body)); err != nil {
			return err
		}
	}
	rows := []string{"cold", "no change", "1 changed"}
	results := map[string][]used{}
	for round := range b.rounds {
		// Tools take turns within a round, so that a busy moment hits all.
		for _, row := range rows {
			delta := []string{}
			switch row {
			case "cold":
				delta = []string{"all"}
			case "1 changed":
				delta = []string{key(7)}
				if err := s.put(key(7), fmt.Sprintf("# changed %d, %d\n%s", round, count, body)); err != nil {
					return err
				}
			}
			for i, p := range peers {
				directory := filepath.Join(b.directory, fmt.Sprintf("speed-%d", i))
				if row == "cold" {
					if err := os.RemoveAll(directory); err != nil {
						return err
					}
				}
				if err := os.MkdirAll(directory, 0o755); err != nil {
					return err
				}
				args := p.args(s.url, directory, delta)
				cmd := exec.CommandContext(ctx, args[0], args[1:]...)
				cmd.Env = environment(s.url, b.directory)
				u, err := measure(cmd)
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				if u.code != 0 {
					return fmt.Errorf("%s, %s: exit code %d\n%s", p.name, row, u.code, u.stderr)
				}
				results[p.name+"/"+row] = append(results[p.name+"/"+row], u)
			}
		}
	}
	b.printSpeed(count, peers, rows, results)
	return nil
}

func (b *bench) printSpeed(count int, peers []peer, rows []string, results map[string][]used) {
	fmt.Printf("## %d files, medians of %d: wall s / CPU s (CPU ratio to the floor), RSS MB\n|", count, b.rounds)
	for _, p := range peers {
		fmt.Printf(" | %s", p.name)
	}
	fmt.Printf(" |\n|%s\n", strings.Repeat("---|", len(peers)+1))
	for _, row := range rows {
		fmt.Printf("| %s", row)
		floor := median(results["floor/"+row], func(u used) float64 { return u.cpu.Seconds() })
		for _, p := range peers {
			runs := results[p.name+"/"+row]
			cpu := median(runs, func(u used) float64 { return u.cpu.Seconds() })
			wall := median(runs, func(u used) float64 { return u.wall.Seconds() })
			rss := median(runs, func(u used) float64 { return float64(u.rss) / (1 << 20) })
			fmt.Printf(" | %.2f / %.2f (%.2fx) %.0f MB", wall, cpu, cpu/floor, rss)
			if p.name == "agent" {
				b.limits.check(fmt.Sprintf("%s, %d files: resident", row, count), rss, limitMemory, " MB")
			}
		}
		fmt.Println(" |")
	}
	fmt.Println()
}

func median(runs []used, value func(used) float64) float64 {
	values := make([]float64, len(runs))
	for i, u := range runs {
		values[i] = value(u)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
