package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/session"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

const openLong = `Open leads from this machine to the web page over Session Manager, through a task
of the api-server, for whoever has no joined network. It runs until Ctrl-C. A
proxy on loopback leads to the page's host alone, so that its name, certificate
and login are as ever.

It needs services.exec in the stack, session-manager-plugin 1.2.497.0 or newer
here, and the IAM actions ecs:ListTasks, ecs:DescribeTasks, ssm:StartSession (on
the cluster's tasks and the document AWS-StartPortForwardingSessionToRemoteHost)
and ssm:TerminateSession. CloudTrail says who opened what and when; what was
done is in Airflow's own audit log (docs/runbooks/open.md).

It ends with 3 when something of that isn't there, and with 1 when the session
ends by itself.`

func (t *tool) open() *cobra.Command {
	port, how := 8443, false
	cmd := &cobra.Command{
		Use:     "open STACK",
		Short:   "Open the web page over Session Manager, without a joined network",
		Long:    openLong,
		Example: "  ops open dev\n  ops open dev --port 9443\n  ops open dev --how",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			if port < 1 || port > 65535 {
				return usage("--port is %d: 1 to 65535", port)
			}
			if how {
				_, err := io.WriteString(t.Out, howToOpen(s))
				return err
			}
			return t.holdOpen(ctx, s, port)
		}),
	}
	cmd.Flags().IntVar(&port, "port", port, "of the proxy on this machine")
	cmd.Flags().BoolVar(&how, "how", false, "only print how this stack is opened, as make up does at its end")
	return cmd
}

// howToOpen is by the stack's settings.
func howToOpen(s *stack.Stack) string {
	var text strings.Builder
	vpc := s.Network.CIDR
	if s.Network.Exists() {
		vpc = s.Network.VPCID
	}
	fmt.Fprintf(&text, "https://%s/ opens\n", s.LoadBalancer.Hostname)
	fmt.Fprintf(&text, "  from %s, over a network that is joined to the stack's (%s) and knows the name (docs/runbooks/first-deployment.md)\n",
		strings.Join(s.LoadBalancer.ClientCIDRs, ", "), vpc)
	if s.Services.Exec {
		fmt.Fprintf(&text, "  from anywhere, with rights in the account: bin/ops open %s\n", s.Name)
	} else {
		fmt.Fprintf(&text, "  and from nowhere else, since services.exec is false: with it, bin/ops open %s would lead there over Session Manager\n", s.Name)
	}
	return text.String()
}

// holdOpen keeps the way open until ctx ends, which is its end as asked for.
func (t *tool) holdOpen(ctx context.Context, s *stack.Stack, port int) (err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("the proxy: %w (another one: --port)", err)
	}
	defer func() { _ = listener.Close() }()
	door, err := t.door(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, door.Close()) }()
	host := s.LoadBalancer.Hostname
	proxy := &http.Server{Handler: session.Proxy(host, door.Address), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = proxy.Serve(listener) }() // until the listener closes
	if _, err := fmt.Fprintf(t.Out, `https://%[1]s/ is open through task %[2]s, until Ctrl-C:
  a browser of its own:  google-chrome --user-data-dir="$(mktemp -d)" --proxy-pac-url=http://%[3]s/proxy.pac https://%[1]s/
  any browser:           http://%[3]s/proxy.pac as address of its automatic proxy configuration
  a program:             HTTPS_PROXY=http://%[3]s curl https://%[1]s/api/v2/version
`, host, door.Task, listener.Addr()); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		t.say("open: closed")
		return nil
	case <-door.Ended():
		return door.Err()
	}
}

// door opens a session.
func (t *tool) door(ctx context.Context, s *stack.Stack) (*session.Door, error) {
	door, err := session.Open(ctx, s)
	if errors.Is(err, session.ErrNoWay) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("no session by Session Manager: %w", err)
	}
	t.say("%s: session %s through task %s", s.Name, door.Session, door.Task)
	return door, nil
}
