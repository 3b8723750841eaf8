// Package celery talks to Celery workers the way Celery's own remote control
// does, over the Redis broker: a command is published to the workers' mailbox
// and answers come back in a list of the asker's own.
//
// The wire format is kombu's (kombu/pidbox.py and kombu/transport/redis.py,
// read and tested at 5.6.2): the mailbox is the pub/sub channel
// "/<db>.celery.pidbox"; an answer is pushed onto every list that is bound to
// the exchange "reply.celery.pidbox" under the asker's routing key.
package celery

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	mailbox      = "celery.pidbox"
	replies      = "reply." + mailbox
	bindings     = "_kombu.binding." + replies
	bindingField = "\x06\x16"
	// replyTTL frees the list of answers that came after nobody waited any
	// more.
	replyTTL = 5 * time.Minute
)

var (
	// ErrNoWorker means that the broker works and no worker at all listens
	// to it.
	ErrNoWorker = errors.New("no worker listens to the broker")
	// ErrNoReply means that the broker works and the worker did not answer
	// in time.
	ErrNoReply = errors.New("the worker did not answer in time")
	// ErrBroker means that the broker itself could not be asked, so that
	// nothing is known of the worker.
	ErrBroker = errors.New("the broker can't be asked")
)

// Client sends commands and collects answers. One goroutine at a time.
type Client struct {
	redis   *redis.Client
	channel string
	inbox   string
	routing string
	binding string
}

// Open makes a client for the broker URL of Airflow. owner names the asker:
// the same owner takes the same inbox again after a restart, so that killed
// processes leave nothing behind that grows. No connection is made yet.
func Open(broker, owner string) (*Client, error) {
	opts, err := options(broker)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte("airflow-agent " + owner))
	routing := hex.EncodeToString(sum[:16])
	inbox := routing + "." + replies
	return &Client{
		redis:   redis.NewClient(opts),
		channel: fmt.Sprintf("/%d.%s", opts.DB, mailbox),
		inbox:   inbox,
		routing: routing,
		binding: routing + bindingField + bindingField + inbox,
	}, nil
}

// Close gives the inbox back and ends the connections.
func (c *Client) Close(ctx context.Context) error {
	pipe := c.redis.TxPipeline()
	pipe.SRem(ctx, bindings, c.binding)
	pipe.Del(ctx, c.inbox)
	return errors.Join(exec(ctx, pipe), c.redis.Close())
}

// exec sends what a pipeline holds.
func exec(ctx context.Context, pipe redis.Pipeliner) (err error) {
	defer unread(&err)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrBroker, err)
	}
	return nil
}

// unread makes an error of the library's panic at an answer that is longer than
// all memory: what isn't Redis must not end the guard, and its worker with it.
func unread(err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("%w: its answer can't be read: %v", ErrBroker, fault)
	}
}

// Command is one remote control command, for example {"active_queues", nil}.
type Command struct {
	Method    string
	Arguments map[string]any
}

// Ask sends commands to one worker and returns its answers in the order of
// the commands. ctx must have a deadline: it says how long an answer may take.
func (c *Client) Ask(ctx context.Context, worker string, commands ...Command) ([]json.RawMessage, error) {
	tickets, _, err := c.send(ctx, []string{worker}, commands)
	if err != nil {
		return nil, err
	}
	answers := make([]json.RawMessage, len(commands))
	for missing := len(commands); missing > 0; {
		r, err := c.receive(ctx)
		if err != nil {
			return nil, err
		}
		i, ours := tickets[r.ticket]
		answer, byWorker := r.byWorker[worker]
		if !ours || !byWorker || answers[i] != nil {
			continue // a late answer to an earlier question
		}
		answers[i] = answer
		missing--
	}
	return answers, nil
}

// Broadcast sends one command to every worker and returns what they answer, by
// the worker's name, when as many answered as listen, or at ctx's deadline.
func (c *Client) Broadcast(ctx context.Context, command Command) (map[string]json.RawMessage, error) {
	answers := map[string]json.RawMessage{}
	tickets, listeners, err := c.send(ctx, nil, []Command{command})
	if errors.Is(err, ErrNoWorker) {
		return answers, nil
	}
	if err != nil {
		return nil, err
	}
	for int64(len(answers)) < listeners {
		r, err := c.receive(ctx)
		if errors.Is(err, ErrNoReply) {
			break
		}
		if err != nil {
			return nil, err
		}
		if _, ours := tickets[r.ticket]; !ours {
			continue
		}
		for worker, answer := range r.byWorker {
			answers[worker] = answer
		}
	}
	return answers, nil
}

// Waiting returns how many messages wait in each of the queues, not counting
// those that workers hold.
func (c *Client) Waiting(ctx context.Context, queues []string) ([]int64, error) {
	pipe := c.redis.Pipeline()
	lengths := make([]*redis.IntCmd, len(queues))
	for i, queue := range queues {
		lengths[i] = pipe.LLen(ctx, queue)
	}
	if err := exec(ctx, pipe); err != nil {
		return nil, err
	}
	waiting := make([]int64, len(queues))
	for i, length := range lengths {
		waiting[i] = length.Val()
	}
	return waiting, nil
}

type envelope struct {
	Body            string         `json:"body"`
	ContentEncoding string         `json:"content-encoding"`
	ContentType     string         `json:"content-type"`
	Headers         map[string]any `json:"headers"`
	Properties      map[string]any `json:"properties"`
}

// send publishes the commands and returns the tickets that their answers will
// carry, and how many workers listen. The inbox is bound anew each time: a broker that lost its memory
// would drop the answers otherwise.
func (c *Client) send(ctx context.Context, to []string, commands []Command) (tickets map[string]int, listeners int64, err error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil, 0, errors.New("celery: a command needs a deadline")
	}
	pipe := c.redis.Pipeline()
	pipe.SAdd(ctx, bindings, c.binding)
	pipe.Expire(ctx, c.inbox, replyTTL)
	tickets = make(map[string]int, len(commands))
	receivers := make([]*redis.IntCmd, len(commands))
	for i, command := range commands {
		ticket := rand.Text()
		tickets[ticket] = i
		message, err := c.message(command, to, ticket, deadline)
		if err != nil {
			return nil, 0, err
		}
		receivers[i] = pipe.Publish(ctx, c.channel, message)
	}
	if err := exec(ctx, pipe); err != nil {
		return nil, 0, err
	}
	if receivers[0].Val() == 0 {
		return nil, 0, ErrNoWorker
	}
	return tickets, receivers[0].Val(), nil
}

func (c *Client) message(command Command, to []string, ticket string, deadline time.Time) ([]byte, error) {
	arguments := command.Arguments
	if arguments == nil {
		arguments = map[string]any{}
	}
	body, err := json.Marshal(map[string]any{
		"method": command.Method, "arguments": arguments,
		"destination": to, "pattern": nil, "matcher": nil,
		"ticket":   ticket,
		"reply_to": map[string]string{"exchange": replies, "routing_key": c.routing},
	})
	if err != nil {
		return nil, fmt.Errorf("celery: %s: %w", command.Method, err)
	}
	return json.Marshal(envelope{
		Body:            base64.StdEncoding.EncodeToString(body),
		ContentEncoding: "utf-8",
		ContentType:     "application/json",
		Headers:         map[string]any{"clock": 1, "expires": deadline.Unix() + 1},
		Properties: map[string]any{
			"delivery_mode": 1, "delivery_tag": rand.Text(), "priority": 0, "body_encoding": "base64",
			"delivery_info": map[string]string{"exchange": mailbox, "routing_key": ""},
		},
	})
}

type reply struct {
	ticket   string
	byWorker map[string]json.RawMessage
}

// receive waits for the next answer in the inbox. Redis counts in whole
// seconds, so the wait is cut into seconds: cutting a wait short from this side
// could lose the answer that the broker is just handing over.
func (c *Client) receive(ctx context.Context) (r reply, err error) {
	defer unread(&err)
	for ctx.Err() == nil {
		slice, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
		item, err := c.redis.BRPop(slice, time.Second, c.inbox).Result()
		cancel()
		if err == nil {
			return decode([]byte(item[1])), nil
		}
		if !errors.Is(err, redis.Nil) {
			return reply{}, fmt.Errorf("%w: %w", ErrBroker, err)
		}
	}
	return reply{}, ErrNoReply
}

// decode reads an answer. What can't be read is nobody's answer: it carries
// no ticket, and the caller goes on waiting.
func decode(item []byte) reply {
	var e envelope
	if json.Unmarshal(item, &e) != nil {
		return reply{}
	}
	body := []byte(e.Body)
	if e.Properties["body_encoding"] == "base64" {
		raw, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			return reply{}
		}
		body = raw
	}
	var r reply
	if json.Unmarshal(body, &r.byWorker) != nil {
		return reply{}
	}
	r.ticket, _ = e.Headers["ticket"].(string)
	return r
}
