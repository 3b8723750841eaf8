// Package session leads from this machine to a stack's web page over Session
// Manager, through a task of the api-server (docs/adr/0092).
package session

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// ErrNoWay says that what a session needs isn't there.
var ErrNoWay = errors.New("no way in over Session Manager")

const (
	plugin   = "session-manager-plugin"
	document = "AWS-StartPortForwardingSessionToRemoteHost"
	// response is the variable in which the plugin, since 1.2.497.0, takes what
	// StartSession answered: its token would be on the command line else.
	response = "AWS_SSM_START_SESSION_RESPONSE"
	webPort  = 443
	// patience is how long the plugin may take until it listens.
	patience = 30 * time.Second
	// farewell is how long ending may take.
	farewell = 10 * time.Second
)

// oldestPlugin is the first that reads the variable.
var oldestPlugin = []int{1, 2, 497, 0}

// Door is an open way in.
type Door struct {
	// Address is where this machine finds port 443 of the load balancer, on loopback.
	Address string
	// Task is the one that it leads through, Session its name in CloudTrail.
	Task, Session string

	manager *ssm.Client
	program *exec.Cmd
	ended   chan struct{}
	err     error
}

// Open starts a session and waits until its local port listens. It fails with
// [ErrNoWay] when the stack, its tasks or this machine have no way in.
func Open(ctx context.Context, s *stack.Stack) (*Door, error) {
	if !s.Services.Exec {
		return nil, fmt.Errorf("%w: services.exec is false in stack %s, so no task takes sessions", ErrNoWay, s.Name)
	}
	if err := checkPlugin(ctx); err != nil {
		return nil, err
	}
	cfg, err := s.AWS(ctx)
	if err != nil {
		return nil, err
	}
	target, err := findTarget(ctx, s, cfg)
	if err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	d := &Door{
		Address: net.JoinHostPort("127.0.0.1", port), Task: target.task,
		manager: ssm.NewFromConfig(cfg), ended: make(chan struct{}),
	}
	request := &ssm.StartSessionInput{
		Target: aws.String(target.String()), DocumentName: aws.String(document), Reason: aws.String("ops open " + s.Name),
		Parameters: map[string][]string{
			"host": {s.LoadBalancer.Hostname}, "portNumber": {strconv.Itoa(webPort)}, "localPortNumber": {port},
		},
	}
	started, err := d.manager.StartSession(ctx, request)
	if err != nil {
		return nil, err
	}
	d.Session = aws.ToString(started.SessionId)
	if err := d.run(ctx, cfg.Region, request, started); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// run starts the plugin, which speaks Session Manager's protocol.
func (d *Door) run(ctx context.Context, region string, request *ssm.StartSessionInput, started *ssm.StartSessionOutput) error {
	answer, err := json.Marshal(map[string]*string{"SessionId": started.SessionId, "StreamUrl": started.StreamUrl, "TokenValue": started.TokenValue})
	if err != nil {
		return err
	}
	asked, err := json.Marshal(map[string]any{"Target": request.Target, "DocumentName": request.DocumentName, "Parameters": request.Parameters})
	if err != nil {
		return err
	}
	// Not tied to ctx: Close ends it, in order.
	d.program = exec.Command(plugin, response, region, "StartSession", "", string(asked), "https://ssm."+region+".amazonaws.com") //nolint:noctx // see above
	d.program.Env = append(os.Environ(), response+"="+string(answer))
	d.program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is for ops
	out, err := d.program.StdoutPipe()
	if err != nil {
		return err
	}
	d.program.Stderr = d.program.Stdout
	if err := d.program.Start(); err != nil {
		return err
	}
	listens := make(chan struct{})
	go func() {
		defer close(d.ended)
		var said []string
		waiting := false
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if line := strings.TrimSpace(lines.Text()); line != "" {
				said = append(said, line)
			}
			if !waiting && strings.Contains(lines.Text(), "Waiting for connections") {
				waiting = true
				close(listens)
			}
		}
		d.err = fmt.Errorf("the session %s ended (%w): %s", d.Session, ending(d.program.Wait()), strings.Join(last(said, 3), "; "))
	}()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-listens:
		return nil
	case <-d.ended:
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	case <-limit.C:
		return fmt.Errorf("%s didn't listen within %s", plugin, patience)
	}
}

func ending(err error) error {
	if err == nil {
		return errors.New("without a fault")
	}
	return err
}

func last(lines []string, n int) []string { return lines[max(0, len(lines)-n):] }

// Ended is closed when the session ended; Err says how.
func (d *Door) Ended() <-chan struct{} { return d.ended }

// Err is how the session ended, once it has.
func (d *Door) Err() error { return d.err }

// Close ends the plugin and the session, which else stays open until it has
// been idle for long enough.
func (d *Door) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), farewell)
	defer stop()
	_, err := d.manager.TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: &d.Session})
	if d.program == nil || d.program.Process == nil {
		return err
	}
	_ = syscall.Kill(-d.program.Process.Pid, syscall.SIGTERM) // or it has ended by then
	select {
	case <-d.ended:
	case <-ctx.Done():
		_ = syscall.Kill(-d.program.Process.Pid, syscall.SIGKILL)
		<-d.ended
	}
	return err
}

func checkPlugin(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, plugin, "--version").Output()
	if err != nil {
		return fmt.Errorf("%w: this machine has no %s that runs (Systems Manager user guide, \"Install the Session Manager plugin\"): %w", ErrNoWay, plugin, err)
	}
	version := strings.TrimSpace(string(out))
	for i, part := range strings.Split(version, ".") {
		number, err := strconv.Atoi(part)
		switch {
		case err != nil || i >= len(oldestPlugin):
			return fmt.Errorf("%w: %s calls itself %q, which is no version", ErrNoWay, plugin, version)
		case number > oldestPlugin[i]:
			return nil
		case number < oldestPlugin[i]:
			return fmt.Errorf("%w: %s is %s, and must be 1.2.497.0 or newer", ErrNoWay, plugin, version)
		}
	}
	return nil
}

// freePort is one of this machine's: the plugin binds it a moment later.
func freePort(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}
