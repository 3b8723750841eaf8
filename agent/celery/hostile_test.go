package celery

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
)

// answerFor answers commands in a worker's place. answer gives what is put into
// the inbox, item by item, for a command and its ticket.
func answerFor(t *testing.T, c *Client, answer func(method, ticket string) []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listener := c.redis.Subscribe(ctx, c.channel)
	_, err := listener.Receive(ctx)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message := range listener.Channel() {
			var e envelope
			var command struct{ Method, Ticket string }
			_ = json.Unmarshal([]byte(message.Payload), &e)
			body, _ := base64.StdEncoding.DecodeString(e.Body)
			_ = json.Unmarshal(body, &command)
			for _, item := range answer(command.Method, command.Ticket) {
				c.redis.LPush(ctx, c.inbox, item)
			}
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		cancel()
		<-done
	})
}

// said is an answer in Celery's form.
func said(who, ticket, text string) string {
	body := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{%q: %s}`, who, text))
	return fmt.Sprintf(`{"body": %q, "headers": {"ticket": %q}, "properties": {"body_encoding": "base64"}}`, body, ticket)
}

// honest is what an idle worker says.
var honest = map[string]string{
	"active": "[]", "reserved": "[]", "active_queues": `[{"name": "default"}]`, "stats": `{"prefetch_count": 4, "total": {}}`,
}

// Answers that are lost, late, twice, of others or of nobody: what isn't known is
// never taken for an idle worker.
func TestAnswersThatLie(t *testing.T) {
	redis := celerytest.StartRedis(t)
	idle := Snapshot{Slots: 4, Queues: []string{"default"}}
	replaced := func(method, text string) func(string, string) []string {
		return func(m, ticket string) []string {
			if m == method {
				return []string{said(worker, ticket, text)}
			}
			return []string{said(worker, ticket, honest[m])}
		}
	}
	for name, row := range map[string]struct {
		answer func(method, ticket string) []string
		known  bool
	}{
		"honest": {replaced("", ""), true},
		"twice": {func(m, ticket string) []string {
			return []string{said(worker, ticket, honest[m]), said(worker, ticket, `[{"id": "x"}]`)}
		}, true},
		"rubbish before it": {func(m, ticket string) []string {
			return []string{"", "{", "null", `"x"`, `{"body": 1}`, `{"headers": {"ticket": 1}}`, `{"body": "%%", "properties": {"body_encoding": "base64"}}`, said(worker, ticket, honest[m])}
		}, true},
		"of an earlier question": {func(m, ticket string) []string {
			return []string{said(worker, "another", `[{"id": "x"}]`), said(worker, ticket, honest[m])}
		}, true},
		"of another worker, first": {func(m, ticket string) []string {
			return []string{said("celery@other", ticket, `[{"id": "x"}]`), said(worker, ticket, honest[m])}
		}, true},
		"of another worker alone": {func(m, ticket string) []string { return []string{said("celery@other", ticket, honest[m])} }, false},
		"none":                    {func(string, string) []string { return nil }, false},
		"one is lost": {func(m, ticket string) []string {
			if m == "reserved" {
				return nil
			}
			return []string{said(worker, ticket, honest[m])}
		}, false},
		"active failed":           {replaced("active", `{"error": "x"}`), false},
		"active is null":          {replaced("active", "null"), false},
		"reserved is null":        {replaced("reserved", "null"), false},
		"reserved is text":        {replaced("reserved", `"none"`), false},
		"queues are null":         {replaced("active_queues", "null"), false},
		"stats failed":            {replaced("stats", `{"error": "x"}`), false},
		"stats are null":          {replaced("stats", "null"), false},
		"stats without a count":   {replaced("stats", `{"prefetch_count": 4}`), false},
		"counts that are no such": {replaced("stats", `{"prefetch_count": 4, "total": {"a": "many"}}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Open(redis.URL(), name)
			require.NoError(t, err)
			t.Cleanup(func() { _ = c.redis.Close() })
			answerFor(t, c, row.answer)
			limit := 2 * time.Second
			if row.known {
				limit = time.Minute
			}
			got, err := c.Inspect(within(t, limit), worker)
			if row.known {
				require.NoError(t, err)
				require.Equal(t, idle, got)
				return
			}
			require.ErrorIs(t, err, ErrNoReply)
			require.Equal(t, Snapshot{}, got)
		})
	}
}

// What listens at the broker's address and isn't Redis, whatever it answers
// once it has greeted, ends nothing: the broker can't be asked.
func TestABrokerThatIsNone(t *testing.T) {
	for name, answer := range map[string]string{
		"text longer than all memory":  "$9000000000000000000\r\n",
		"lists longer than all memory": strings.Repeat("*9000000000000000000\r\n", 20),
		"lists in lists":               strings.Repeat("*1\r\n", 100000),
		"lengths below zero":           strings.Repeat("$-7\r\n", 20),
		"numbers alone":                strings.Repeat(":1\r\n", 20),
		"an answer of half a message":  ":1\r\n:1\r\n:1\r\n*1\r\n$1\r\nx\r\n",
		"a web page":                   "HTTP/1.1 400 Bad Request\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t, "redis://"+greeting(t, answer)+"/0")
			_, err := c.Ask(within(t, 5*time.Second), worker, Command{Method: "ping"})
			require.ErrorIs(t, err, ErrBroker)
			require.Error(t, c.Close(within(t, 5*time.Second)))
		})
	}
}

// greeting listens until the test ends, refuses a client's greeting as an old
// Redis does, and answers all else in one way.
func greeting(t *testing.T, answer string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	serve := func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		for asked := make([]byte, 64<<10); ; {
			n, err := conn.Read(asked)
			if err != nil {
				return
			}
			says := answer
			text := bytes.ToLower(asked[:n])
			if greetings := bytes.Count(text, []byte("hello")) + bytes.Count(text, []byte("setinfo")); greetings > 0 {
				says = strings.Repeat("-ERR unknown command\r\n", greetings)
			}
			if _, err := conn.Write([]byte(says)); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return listener.Addr().String()
}
