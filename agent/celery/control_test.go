package celery

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
)

const worker = "celery@under-test"

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, broker string) *Client {
	t.Helper()
	c, err := Open(broker, "test")
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.redis.Close() })
	return c
}

// awake waits until workers answer: they say that they are ready a moment before
// they listen to their mailbox.
func awake(t *testing.T, c *Client, workers ...string) {
	t.Helper()
	for _, name := range workers {
		celerytest.Eventually(t, name+" answers", func() bool {
			_, err := c.Inspect(within(t, 15*time.Second), name)
			return err == nil
		})
	}
}

func TestInspectSeesWhatARealWorkerDoes(t *testing.T) {
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	app.StartWorker(worker, "default,large", 2)
	c := open(t, redis.URL())
	awake(t, c, worker)

	s, err := c.Inspect(within(t, 15*time.Second), worker)
	require.NoError(t, err)
	slices.Sort(s.Queues)
	require.Equal(t, Snapshot{Slots: 2, Queues: []string{"default", "large"}}, s)

	app.Work("default", 3)
	celerytest.Eventually(t, "two tasks run", func() bool {
		s, err = c.Inspect(within(t, 15*time.Second), worker)
		return err == nil && s.Active == 2
	})
	require.EqualValues(t, 2, s.Started)
	waiting, err := c.Waiting(within(t, 15*time.Second), []string{"default", "large"})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 0}, waiting, "the third task waits: the worker holds no more than it has slots")

	require.NoError(t, c.StopConsuming(within(t, 15*time.Second), worker, []string{"default"}))
	celerytest.Eventually(t, "the queue is given up", func() bool {
		s, err = c.Inspect(within(t, 15*time.Second), worker)
		return err == nil && slices.Equal(s.Queues, []string{"large"})
	})
	require.Equal(t, 2, s.Active, "running tasks go on")
}

func TestConsumersAreCountedByQueue(t *testing.T) {
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	app.StartWorker("celery@one", "default", 1)
	app.StartWorker("celery@two", "default,large", 1)
	c := open(t, redis.URL())
	awake(t, c, "celery@one", "celery@two")
	// All answers are waited for, and nothing beyond them: the minute isn't used up.
	ctx := within(t, time.Minute)
	count, err := c.Consumers(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"default": 2, "large": 1}, count)
	require.NoError(t, ctx.Err())

	_, err = c.Inspect(within(t, 2*time.Second), "celery@nobody")
	require.ErrorIs(t, err, ErrNoReply, "others answer nothing for a stranger")
}

func TestFaultsAreToldApart(t *testing.T) {
	redis := celerytest.StartRedis(t)
	c := open(t, redis.URL())
	_, err := c.Inspect(within(t, 2*time.Second), worker)
	require.ErrorIs(t, err, ErrNoWorker)
	count, err := c.Consumers(within(t, time.Second))
	require.NoError(t, err)
	require.Empty(t, count)

	app := celerytest.NewApp(t, redis.URL())
	w := app.StartWorker(worker, "default", 1)
	awake(t, c, worker)
	w.Signal(syscall.SIGSTOP)
	for range 3 {
		_, err = c.Ask(within(t, 1200*time.Millisecond), worker, Command{Method: "ping"})
		require.ErrorIs(t, err, ErrNoReply)
	}
	w.Signal(syscall.SIGCONT)
	// The worker now answers the pings as well; none of the late answers may
	// be taken for an answer to the new question, and none may stay behind.
	s, err := c.Inspect(within(t, 15*time.Second), worker)
	require.NoError(t, err)
	require.Equal(t, []string{"default"}, s.Queues)
	length, err := c.redis.LLen(within(t, 15*time.Second), c.inbox).Result()
	require.NoError(t, err)
	require.Zero(t, length)

	redis.Stop()
	_, err = c.Inspect(within(t, 2*time.Second), worker)
	require.ErrorIs(t, err, ErrBroker)
	_, err = c.Waiting(within(t, 2*time.Second), []string{"default"})
	require.ErrorIs(t, err, ErrBroker)

	redis.Start() // remembers no binding of the inbox
	celerytest.Eventually(t, "the worker answers after the broker's restart", func() bool {
		_, err := c.Inspect(within(t, 15*time.Second), worker)
		return err == nil
	})
}

func TestCloseLeavesNothing(t *testing.T) {
	redis := celerytest.StartRedis(t)
	app := celerytest.NewApp(t, redis.URL())
	app.StartWorker(worker, "default", 1)
	c := open(t, redis.URL())
	awake(t, c, worker)
	other := open(t, redis.URL())
	bound, err := other.redis.SMembers(within(t, 15*time.Second), bindings).Result()
	require.NoError(t, err)
	require.Equal(t, []string{c.binding}, bound)

	require.NoError(t, c.Close(within(t, 15*time.Second)))
	keys, err := other.redis.Keys(within(t, 15*time.Second), "*reply*").Result()
	require.NoError(t, err)
	require.Empty(t, keys)
}

func TestACommandNeedsADeadline(t *testing.T) {
	c := open(t, "redis://127.0.0.1:1/0")
	_, err := c.Ask(context.Background(), worker, Command{Method: "ping"})
	require.ErrorContains(t, err, "deadline")
}

func TestURL(t *testing.T) {
	opts, err := options("rediss://:p%40ss%2Fw%3Ard@cache.example:6380/3?ssl_cert_reqs=required")
	require.NoError(t, err)
	require.Equal(t, "cache.example:6380", opts.Addr)
	require.Equal(t, "p@ss/w:rd", opts.Password)
	require.Equal(t, 3, opts.DB)
	require.False(t, opts.TLSConfig.InsecureSkipVerify)
	require.Equal(t, "cache.example", opts.TLSConfig.ServerName)

	for url, want := range map[string]string{
		"rediss://:hush@h:6379/0":                              "",
		"rediss://:hush@h:6379/0?ssl_cert_reqs=CERT_REQUIRED":  "",
		"redis://:hush@h:6379/0":                               "",
		"rediss://:hush@h:6379/0?ssl_cert_reqs=none":           "would accept any server",
		"rediss://:hush@h:6379/0?ssl_cert_reqs=CERT_OPTIONAL":  "would accept any server",
		"rediss://:hush@h:6379/0?skip_verify=true&hush=1":      "neither kombu's",
		"rediss://:hush@h:6379/zero":                           "neither kombu's",
		"amqp://u:hush@h/":                                     "no Redis address",
		"rediss://:hush%zz@h:6379/0":                           "no Redis address",
		"":                                                     "no Redis address",
		"rediss://:hush@h:6379/0?ssl_ca_certs=/does/not/exist": "no such file",
		"rediss://:hush@h:6379/0?ssl_ca_certs=/dev/null":       "holds no certificate",
	} {
		err := CheckURL(url)
		if want == "" {
			require.NoError(t, err, url)
			continue
		}
		require.ErrorContains(t, err, want, url)
		require.NotContains(t, err.Error(), "hush", "the password must not be told")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"body":"eyJhIjogMX0=","headers":{"ticket":"T"},"properties":{"body_encoding":"base64"}}`))
	f.Add([]byte(`{"body":"{\"a\":1}","headers":{"ticket":7}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, item []byte) {
		r := decode(item)
		if r.ticket != "" && r.byWorker == nil {
			t.Fatalf("a ticket without an answer from %q", item)
		}
	})
}

func TestDecode(t *testing.T) {
	r := decode([]byte(`{"body":"eyJhIjogMX0=","headers":{"ticket":"T"},"properties":{"body_encoding":"base64"}}`))
	require.Equal(t, reply{"T", map[string]json.RawMessage{"a": json.RawMessage("1")}}, r)
}

func TestBrokerErrorsDoNotHoldThePassword(t *testing.T) {
	redis := celerytest.StartRedis(t, "--port", "PORT", "--requirepass", "right")
	c := open(t, "redis://:hush@"+redis.Address()+"/0")
	_, err := c.Inspect(within(t, 2*time.Second), worker)
	require.True(t, errors.Is(err, ErrBroker), err)
	require.False(t, strings.Contains(err.Error(), "hush"), err)
}
