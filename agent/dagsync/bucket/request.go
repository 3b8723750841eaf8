package bucket

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/smithy-go/encoding/httpbinding"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// emptyBody is the SHA-256 of nothing, which every signed GET carries.
const emptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Error is an answer of S3 that is no success. It has the methods by which
// the SDK's retry rules know throttling and server errors.
type Error struct {
	Status        int
	Code, Message string
	RequestID     string
	Operation     string
}

func (e *Error) Error() string {
	text := fmt.Sprintf("S3 %s: status %d", e.Operation, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// HTTPStatusCode serves the SDK's retry rules.
func (e *Error) HTTPStatusCode() int { return e.Status }

// ErrorCode serves the SDK's retry rules.
func (e *Error) ErrorCode() string { return e.Code }

// tornError is an answer that broke off or isn't what was asked for; another
// attempt may well bring it whole. The SDK's retry rules know its method.
type tornError struct{ err error }

func (e *tornError) Error() string      { return e.err.Error() }
func (e *tornError) Unwrap() error      { return e.err }
func (*tornError) RetryableError() bool { return true }

func torn(format string, args ...any) error {
	return &tornError{fmt.Errorf(format, args...)}
}

// request is one GET. handle reads the answer; it may run several times and
// must begin anew each time.
type request struct {
	operation string
	key       string
	query     url.Values
	header    map[string]string
	timeout   time.Duration
	handle    func(*http.Response) error
}

// do sends a request until it succeeds or the retry rules give up.
func (b *Bucket) do(ctx context.Context, r request) error {
	c := b.client
	for attempt := 1; ; attempt++ {
		err := b.attempt(ctx, r)
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if attempt >= c.retryer.MaxAttempts() || !c.retryer.IsErrorRetryable(err) {
			return err
		}
		delay, delayErr := c.retryer.RetryDelay(attempt, err)
		if delayErr != nil {
			return errors.Join(err, delayErr)
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
	}
}

func (b *Bucket) attempt(ctx context.Context, r request) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	response, err := b.send(ctx, r)
	if err != nil {
		return fmt.Errorf("S3 %s: %w", r.operation, b.timedOut(ctx, r, err))
	}
	defer func() { _ = response.Body.Close() }()
	b.client.learnTime(response)
	if response.StatusCode != http.StatusOK {
		return readError(r.operation, response)
	}
	if err := r.handle(response); err != nil {
		return fmt.Errorf("S3 %s: %w", r.operation, b.timedOut(ctx, r, err))
	}
	return nil
}

// timedOut turns the end of this attempt's own time into an error that may be
// tried again; the end of the caller's context is left as it is.
func (b *Bucket) timedOut(ctx context.Context, r request, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, context.DeadlineExceeded) {
		return torn("no whole answer within %s", r.timeout)
	}
	return err
}

func (b *Bucket) send(ctx context.Context, r request) (*http.Response, error) {
	c := b.client
	u := b.base
	u.RawQuery = r.query.Encode()
	// The path must go over the wire exactly as it was signed.
	u.RawPath = u.Path + "/" + httpbinding.EscapePath(r.key, false)
	u.Path += "/" + r.key
	req := (&http.Request{
		Method: http.MethodGet, URL: &u, Host: u.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, 8),
	}).WithContext(ctx)
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("X-Amz-Content-Sha256", emptyBody)
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	credentials, err := c.credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS credentials: %w", err)
	}
	if err := c.signer.SignHTTP(ctx, credentials, req, emptyBody, "s3", c.endpoint.region, c.now()); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	response, err := c.transport.RoundTrip(req)
	if err != nil {
		// The SDK's name for it, which its retry rules know.
		return nil, &smithyhttp.RequestSendError{Err: err}
	}
	return response, nil
}

// now is S3's time, as far as it is known. Signatures made with it hold even
// when this machine's clock is wrong.
func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }

// maxSkew is how far this machine's clock may be off before S3's is used. S3
// refuses signatures that are 15 minutes off.
const maxSkew = time.Minute

func (c *Client) learnTime(response *http.Response) {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return // a server without a clock teaches nothing
	}
	skew := time.Until(date)
	if skew.Abs() < maxSkew {
		skew = 0
	}
	c.skew.Store(int64(skew))
}

func readError(operation string, response *http.Response) error {
	e := &Error{Status: response.StatusCode, Operation: operation, RequestID: response.Header.Get("X-Amz-Request-Id")}
	// An unreadable body leaves the status, which says enough.
	if text, err := io.ReadAll(io.LimitReader(response.Body, 8<<10)); err == nil {
		var body struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		}
		if xml.Unmarshal(text, &body) == nil {
			e.Code, e.Message = body.Code, body.Message
		}
	}
	if e.Code == "RequestTimeTooSkewed" {
		return &tornError{e} // the next attempt is signed with S3's time
	}
	return e
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
