package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// trial is one tool in one fresh world.
type trial struct {
	ctx       context.Context
	s3        *fakes3.Server
	peer      peer
	directory string
	home      string
}

// sync runs the tool once.
func (t *trial) sync() (used, error) {
	if err := os.MkdirAll(t.directory, 0o755); err != nil {
		return used{}, err
	}
	args := t.peer.args(t.s3.URL, t.directory, nil)
	cmd := exec.CommandContext(t.ctx, args[0], args[1:]...)
	cmd.Env = environment(t.s3.URL, t.home)
	return measure(cmd)
}

func (t *trial) read(key string) string {
	text, err := os.ReadFile(filepath.Join(t.peer.path(t.directory), key))
	if err != nil {
		return ""
	}
	return string(text)
}

// scenario is one row of the table: it says what the tool did, and whether
// that is right.
type scenario struct {
	name string
	play func(t *trial) (verdict string, right bool, err error)
}

var scenarios = []scenario{
	{"same size, content changed", func(t *trial) (string, bool, error) {
		return t.changes(func() {
			time.Sleep(1100 * time.Millisecond)
			t.s3.Put(prefix+"a.py", "new")
		})
	}},
	{"same size, same second", func(t *trial) (string, bool, error) {
		return t.changes(func() { t.s3.Put(prefix+"a.py", "new") })
	}},
	{"corrupt local copy, newer mtime", func(t *trial) (string, bool, error) {
		t.s3.Put(prefix+"a.py", "new")
		if _, err := t.sync(); err != nil {
			return "", false, err
		}
		path := filepath.Join(t.peer.path(t.directory), "a.py")
		later := time.Now().Add(time.Minute)
		if err := errors.Join(os.WriteFile(path, []byte("bad"), 0o644), os.Chtimes(path, later, later)); err != nil {
			return "", false, err
		}
		return t.verdict("fixed", "missed")
	}},
	{"key `dags/../x`", func(t *trial) (string, bool, error) {
		t.s3.Put(prefix+"dags/../../x", "hostile")
		t.s3.Put(prefix+"a.py", "new")
		u, err := t.sync()
		if err != nil {
			return "", false, err
		}
		outside := false
		for _, p := range []string{filepath.Dir(t.directory) + "/x", t.directory + "/x", filepath.Dir(t.peer.path(t.directory)) + "/x"} {
			if _, err := os.Lstat(p); err == nil {
				outside = true
			}
		}
		switch {
		case outside:
			return fmt.Sprintf("WRITES OUTSIDE, rc %d", u.code), false, nil
		case t.read("a.py") != "new":
			return fmt.Sprintf("stops, rc %d", u.code), false, nil
		}
		named := strings.Contains(u.stderr, "../x")
		return fmt.Sprintf("skipped, rest ok, rc %d", u.code), u.code != 0 && named, nil
	}},
	{"`a` and `a/b` both exist", func(t *trial) (string, bool, error) {
		t.s3.Put(prefix+"a", "file")
		t.s3.Put(prefix+"a/b", "below")
		t.s3.Put(prefix+"a.py", "new")
		u, err := t.sync()
		if err != nil {
			return "", false, err
		}
		ok := t.read("a.py") == "new" && (t.read("a") == "file" || t.read("a/b") == "below")
		return fmt.Sprintf("rest %s, rc %d", map[bool]string{true: "ok", false: "lost"}[ok], u.code), ok && u.code == 3, nil
	}},
	{"empty prefix after an accident", func(t *trial) (string, bool, error) {
		t.s3.Put(prefix+"a.py", "new")
		if _, err := t.sync(); err != nil {
			return "", false, err
		}
		t.s3.Delete(prefix + "a.py")
		if _, err := t.sync(); err != nil {
			return "", false, err
		}
		if t.read("a.py") == "new" {
			return "kept", true, nil
		}
		return "WIPED", false, nil
	}},
	{"temp files beside the DAGs after kill -9", killed},
	{"readers see half a release", mixed},
}

// changes syncs, changes a.py, syncs again.
func (t *trial) changes(change func()) (string, bool, error) {
	t.s3.Put(prefix+"a.py", "old")
	if _, err := t.sync(); err != nil {
		return "", false, err
	}
	change()
	return t.verdict("noticed", "MISSED")
}

// verdict syncs and looks whether a.py is the bucket's now.
func (t *trial) verdict(good, bad string) (string, bool, error) {
	if _, err := t.sync(); err != nil {
		return "", false, err
	}
	if t.read("a.py") == "new" {
		return good, true, nil
	}
	return bad, false, nil
}

// killed ends the tool in the middle of a first sync, ten times.
func killed(t *trial) (string, bool, error) {
	keys := map[string]bool{}
	body := strings.Repeat("x", 200<<10)
	for i := range 60 {
		key := fmt.Sprintf("f%02d.py", i)
		keys[key] = true
		t.s3.Put(prefix+key, body)
	}
	begin := time.Now()
	if _, err := t.sync(); err != nil {
		return "", false, err
	}
	typical := time.Since(begin)
	most := 0
	for i := range 10 {
		if err := errors.Join(os.RemoveAll(t.directory), os.MkdirAll(t.directory, 0o755)); err != nil {
			return "", false, err
		}
		args := t.peer.args(t.s3.URL, t.directory, nil)
		cmd := exec.CommandContext(t.ctx, args[0], args[1:]...)
		cmd.Env = environment(t.s3.URL, t.home)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a peer may be a script that starts another
		if err := cmd.Start(); err != nil {
			return "", false, err
		}
		time.Sleep(typical * time.Duration(4+i) / 14)
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		strange := 0
		root, err := filepath.EvalSymlinks(t.peer.path(t.directory))
		if err != nil {
			continue // nothing is shown yet
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil && (!keys[d.Name()] || info.Size() != int64(len(body))) {
				strange++
			}
			return err
		})
		if err != nil {
			return "", false, err
		}
		most = max(most, strange)
	}
	return fmt.Sprintf("up to %d", most), most == 0, nil
}

// mixed looks all the time while a release of 200 files is synced.
func mixed(t *trial) (string, bool, error) {
	put := func(version string) {
		for i := range 200 {
			t.s3.Put(fmt.Sprintf("%sf%03d.py", prefix, i), "v"+version)
		}
	}
	put("1")
	if _, err := t.sync(); err != nil {
		return "", false, err
	}
	time.Sleep(1100 * time.Millisecond)
	put("22") // another size, so that all tools notice
	done := make(chan error, 1)
	go func() { _, err := t.sync(); done <- err }()
	looks, half := 0, 0
	for {
		root, err := filepath.EvalSymlinks(t.peer.path(t.directory))
		if err != nil {
			return "", false, err
		}
		seen := map[string]bool{}
		for _, i := range []int{0, 50, 100, 150, 199} {
			text, err := os.ReadFile(filepath.Join(root, fmt.Sprintf("f%03d.py", i)))
			if err != nil {
				text = []byte("gone")
			}
			seen[string(text)] = true
		}
		looks++
		if len(seen) > 1 {
			half++
		}
		select {
		case err := <-done:
			if half > 0 {
				return fmt.Sprintf("YES, %d of %d looks", half, looks), false, err
			}
			return "never", true, err
		default:
		}
	}
}

// correctness plays each scenario with each tool. The agent must be right in
// all of them.
func (b *bench) correctness(ctx context.Context) error {
	peers := b.peers[2:]
	fmt.Print("## Correctness\n|")
	for _, p := range peers {
		fmt.Printf(" | %s", p.name)
	}
	fmt.Printf(" |\n|%s\n", strings.Repeat("---|", len(peers)+1))
	var wrong []string
	for i, sc := range scenarios {
		fmt.Printf("| %s", sc.name)
		for k, p := range peers {
			s3, err := fakes3.Start()
			if err != nil {
				return err
			}
			t := &trial{ctx: ctx, s3: s3, peer: p, directory: filepath.Join(b.directory, fmt.Sprintf("c%d-%d", i, k), "sync"), home: b.directory}
			verdict, right, err := sc.play(t)
			_ = s3.Close()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", p.name, sc.name, err)
			}
			if !right && p.name == "agent" {
				wrong = append(wrong, sc.name+": "+verdict)
			}
			fmt.Printf(" | %s", verdict)
		}
		fmt.Println(" |")
	}
	fmt.Println()
	if len(wrong) > 0 {
		return fmt.Errorf("the agent is wrong: %s", strings.Join(wrong, "; "))
	}
	return nil
}
