package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// used is what one run of a process took.
type used struct {
	code      int
	wall, cpu time.Duration
	// rss is the most memory it held, in bytes.
	rss    int64
	stderr string
}

// measure runs a command and waits for it.
func measure(cmd *exec.Cmd) (used, error) {
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return used{}, err
	}
	// The kernel's own maximum counts the parent's memory before exec, so the
	// high-water mark is read while it runs; it only ever grows.
	peak := make(chan int64)
	done := make(chan struct{})
	go func() {
		var most int64
		for {
			most = max(most, memory(cmd.Process.Pid, "VmHWM"))
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	_ = cmd.Wait() // the exit code says it
	wall := time.Since(begin)
	close(done)
	state := cmd.ProcessState
	return used{
		code: state.ExitCode(), wall: wall, cpu: state.UserTime() + state.SystemTime(), rss: <-peak,
		stderr: stderr.String(),
	}, nil
}

var field = regexp.MustCompile(`(?m)^(\w+):\s+(\d+) kB$`)

// memory reads a line of /proc/PID/status, in bytes; 0 when it is gone.
func memory(pid int, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for _, match := range field.FindAllStringSubmatch(string(text), -1) {
		if match[1] == name {
			n, _ := strconv.ParseInt(match[2], 10, 64)
			return n << 10
		}
	}
	return 0
}

// processor is the time that a process has used, of the kernel's clock of 100
// ticks a second.
func processor(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, ok := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if err != nil || !ok || len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// server is the S3 server in a process of its own.
type server struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer
}

func startServer(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, serve)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		return nil, fmt.Errorf("the S3 server doesn't start: %w", cmd.Wait())
	}
	return &server{url: lines.Text(), cmd: cmd, stdin: stdin}, nil
}

func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}

func (s *server) put(key, content string) error {
	request, err := http.NewRequest(http.MethodPut, s.url+"/"+fakes3.Bucket+"/"+key, strings.NewReader(content))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode > 299 {
		return fmt.Errorf("PUT %s: %s", key, response.Status)
	}
	return nil
}

// environment is that of a client of the server at url.
func environment(url, home string) []string {
	env := (&fakes3.Server{URL: url}).Environment()
	// What aws and rclone keep between runs stays out of the user's home.
	return append(env, "PATH="+os.Getenv("PATH"), "HOME="+home, "AWS_PAGER=", "RCLONE_CONFIG_S3_TYPE=s3", "RCLONE_CONFIG_S3_PROVIDER=Other",
		"RCLONE_CONFIG_S3_ENV_AUTH=true", "RCLONE_CONFIG_S3_ENDPOINT="+url, "S3_ENDPOINT_URL="+url)
}
