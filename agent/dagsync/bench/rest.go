package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// fill puts so many DAG files of 2 KB.
func fill(s3 *fakes3.Server, count int) {
	body := strings.Repeat("x = 1  # a line of a DAG\n", 80)
	for i := range count {
		s3.Put(fmt.Sprintf("%steam%02d/dag_%05d.py", prefix, i%50, i), fmt.Sprintf("# %d\n%s", i, body))
	}
}

// running is an agent at its defaults, and the server that it asks.
type running struct {
	s3   *fakes3.Server
	cmd  *exec.Cmd
	dags string
}

// start runs an agent and waits until it shows its first tree.
func (b *bench) start(ctx context.Context, name string, count int) (*running, error) {
	s3, err := fakes3.Start()
	if err != nil {
		return nil, err
	}
	fill(s3, count)
	r := &running{s3: s3, dags: filepath.Join(b.directory, name, "dags")}
	r.cmd = exec.CommandContext(ctx, b.agent, "dagsync", "--source", "s3://"+fakes3.Bucket+"/"+prefix, "--target", r.dags, "--listen", "127.0.0.1:0")
	r.cmd.Env = environment(s3.URL, b.directory)
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	for range 1200 {
		if _, err := os.Stat(r.dags); err == nil {
			return r, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the agent shows nothing"), r.stop())
}

func (r *running) stop() error {
	_ = r.cmd.Process.Signal(os.Interrupt)
	return errors.Join(r.cmd.Wait(), r.s3.Close())
}

// idle watches the agent at rest at its defaults.
func (b *bench) idle(ctx context.Context, watch time.Duration) error {
	fmt.Printf("## At rest, at the defaults, over %s\n| keys | RSS MB, most | of a quarter vCPU | LISTs | GETs | a month | price a month |\n|---|---|---|---|---|---|---|\n", watch)
	for _, count := range []int{200, b.files} {
		if err := b.idleWith(ctx, count, watch); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

// Prices of S3 Standard in us-east-1, for 1,000 requests.
const (
	listPrice = 0.005
	getPrice  = 0.0004
	month     = 730 * time.Hour
)

func (b *bench) idleWith(ctx context.Context, count int, watch time.Duration) error {
	r, err := b.start(ctx, fmt.Sprintf("idle-%d", count), count)
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	lists, gets := r.s3.Requests()
	pid := r.cmd.Process.Pid
	used, begin := processor(pid), time.Now()
	time.Sleep(watch)
	seconds := time.Since(begin).Seconds()
	look := 100 * (processor(pid) - used).Seconds() / seconds / 0.25
	newLists, newGets := r.s3.Requests()
	factor := month.Seconds() / seconds
	l, g := float64(newLists-lists)*factor, float64(newGets-gets)*factor
	resident, most := float64(memory(pid, "VmRSS"))/(1<<20), float64(memory(pid, "VmHWM"))/(1<<20)
	b.limits.check(fmt.Sprintf("%d keys: resident", count), most, limitMemory, " MB")
	b.limits.check(fmt.Sprintf("looks at %d keys, of a quarter vCPU", count), look, limitLook, " %")
	fmt.Printf("| %d | %.1f, %.1f | %.1f %% | %d | %d | %.0f LIST, %.0f GET | $%.2f |\n", count, resident, most, look,
		newLists-lists, newGets-gets, l, g, l/1000*listPrice+g/1000*getPrice)
	return r.stop()
}

// quarter times cold starts in a control group that has a quarter of a vCPU.
func (b *bench) quarter(ctx context.Context) error {
	group, err := newGroup()
	if err != nil {
		fmt.Printf("SKIPPED: a quarter of a vCPU can't be had here: %v\n\n", err)
		return nil
	}
	defer func() { _ = os.Remove(group) }()
	s3, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer s3.stop()
	body := strings.Repeat("x = 1  # a line of a DAG\n", 80)
	for i := range b.files {
		if err := s3.put(fmt.Sprintf("%steam%02d/dag_%05d.py", prefix, i%50, i), fmt.Sprintf("# %d\n%s", i, body)); err != nil {
			return err
		}
	}
	var walls []float64
	for i := range 3 {
		dags := filepath.Join(b.directory, fmt.Sprintf("quarter-%d", i), "dags")
		cmd := exec.CommandContext(ctx, "sh", "-c", `echo $$ > "$0"/cgroup.procs && exec "$@"`, group,
			b.agent, "dagsync", "--once", "--source", "s3://"+fakes3.Bucket+"/"+prefix, "--target", dags)
		cmd.Env = environment(s3.url, b.directory)
		u, err := measure(cmd)
		if err != nil || u.code != 0 {
			return fmt.Errorf("exit code %d: %w\n%s", u.code, err, u.stderr)
		}
		b.limits.check("cold start: resident", float64(u.rss)/(1<<20), limitMemory, " MB")
		b.limits.check("cold start on a quarter of a vCPU", u.wall.Seconds(), limitCold, " s")
		walls = append(walls, u.wall.Seconds())
	}
	fmt.Printf("## Cold starts of %d files on a quarter of a vCPU, s\n%.1f\n\n", b.files, walls)
	return nil
}

// newGroup makes a control group of a quarter of a vCPU, of either version.
func newGroup() (string, error) {
	var faults []error
	for root, setting := range map[string][2]string{
		"/sys/fs/cgroup/cpu": {"cpu.cfs_quota_us", "25000"}, "/sys/fs/cgroup": {"cpu.max", "25000 100000"},
	} {
		group := filepath.Join(root, fmt.Sprintf("dagsync-bench-%d", os.Getpid()))
		err := os.Mkdir(group, 0o755)
		if err == nil {
			if err = os.WriteFile(filepath.Join(group, setting[0]), []byte(setting[1]), 0o644); err == nil {
				return group, nil
			}
			_ = os.Remove(group)
		}
		faults = append(faults, err)
	}
	return "", errors.Join(faults...)
}

// visible times changes among many files, at the defaults, from the end of the
// upload to the moment in which a reader sees them.
func (b *bench) visible(ctx context.Context) error {
	r, err := b.start(ctx, "visible", b.files)
	if err != nil {
		return err
	}
	var times []float64
	for i := range b.changes {
		time.Sleep(rand.N(5 * time.Second))
		text := fmt.Sprintf("change %d", i)
		r.s3.Put(prefix+"team00/dag_00000.py", text)
		for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			took := time.Since(begin)
			got, err := os.ReadFile(r.dags + "/team00/dag_00000.py")
			if string(got) == text {
				times = append(times, took.Seconds())
				break
			}
			if took > time.Minute {
				return errors.Join(errors.New("a change isn't seen within a minute"), err, r.stop())
			}
		}
	}
	p99 := quantile(times, 99)
	fmt.Printf("## Put to visible, %d changes among %d files, at the defaults\np50 %.2f s, p99 %.2f s, most %.2f s; most memory %.1f MB\n\n",
		len(times), b.files, quantile(times, 50), p99, slices.Max(times), float64(memory(r.cmd.Process.Pid, "VmHWM"))/(1<<20))
	b.limits.check("put to visible, p99", p99, limitVisible, " s")
	return r.stop()
}

func quantile(values []float64, percent int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)*percent+99)/100-1]
}
