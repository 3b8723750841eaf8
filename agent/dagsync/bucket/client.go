// Package bucket reads S3 for the DAG sync, by the AWS SDK's client: it lists a
// prefix and fetches objects. What is its own are the checks that make a
// listing or an object whole, and the limit on silence.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

const (
	// Connections is how many requests may be under way at once. It bounds the
	// memory: each holds one connection and one small buffer.
	Connections = 16
	// silence is how long a connection may bring no byte before it is given up.
	// There is no limit on the length of an answer.
	silence = 30 * time.Second
	// maxPage bounds one page of a listing: 1,000 keys of 1,024 bytes, each
	// byte escaped to three characters, with all else around them.
	maxPage = 8 << 20
)

// Client talks to S3 with one set of credentials.
type Client struct {
	s3        *s3.Client
	transport *http.Client
	retryer   retryer
	silence   time.Duration
	maxPage   int64
	buffers   sync.Pool // for bodies on their way to the disk
}

// Load reads the standard AWS environment and makes a client. version is sent
// in the user agent, so that S3's access log tells who asked.
func Load(ctx context.Context, version string) (*Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	return New(cfg, version)
}

// New makes a client from an AWS configuration.
func New(cfg aws.Config, version string) (*Client, error) {
	if cfg.Credentials == nil {
		return nil, errors.New("no AWS credentials are configured: give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	c := &Client{silence: silence, maxPage: maxPage, buffers: sync.Pool{New: func() any { return new([32 << 10]byte) }}}
	buildable, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	c.transport = &http.Client{
		Transport: buildable.WithTransportOptions(c.configure).GetTransport(),
		// S3 answers 301 to who asks in the wrong region: an error that says so
		// is of more use than what lies elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if cfg.Retryer != nil {
		c.retryer.Retryer = cfg.Retryer()
	} else {
		c.retryer.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 4, 3*time.Second })
	}
	c.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.HTTPClient, o.Retryer = c, c.retryer
		o.DisableLogOutputChecksumValidationSkipped = true // parts of multipart uploads have no sum of the whole
		o.APIOptions = append(o.APIOptions, middleware.AddUserAgentKeyValue("airflow-agent", version))
		if o.BaseEndpoint != nil {
			// Elsewhere than at AWS the bucket stands in the path.
			u, err := url.Parse(*o.BaseEndpoint)
			o.UsePathStyle = err == nil && !strings.HasSuffix(u.Hostname(), ".amazonaws.com") && !strings.HasSuffix(u.Hostname(), ".amazonaws.com.cn")
			if o.Region == "" {
				o.Region = "us-east-1" // what S3-compatible servers expect
			}
		}
	})
	return c, check(c.s3.Options())
}

func check(o s3.Options) error {
	if o.BaseEndpoint != nil {
		u, err := url.Parse(*o.BaseEndpoint)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("AWS_ENDPOINT_URL: %q is no address; write it like http://127.0.0.1:9000", *o.BaseEndpoint)
		}
	}
	if o.Region == "" {
		return errors.New("no AWS region is set: set AWS_REGION")
	}
	return nil
}

func (c *Client) configure(t *http.Transport) {
	t.MaxIdleConnsPerHost = Connections
	t.MaxConnsPerHost = 2 * Connections
	// The bytes must arrive as they lie in S3: lengths and checksums are compared.
	t.DisableCompression = true
	t.ForceAttemptHTTP2 = false // S3 speaks HTTP/1.1
	t.ResponseHeaderTimeout = 10 * time.Second
	t.IdleConnTimeout = time.Minute
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &watched{conn, c.silence}, nil
	}
}

// watched is a connection that fails when nothing comes for a while.
type watched struct {
	net.Conn
	silence time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.silence)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

// Do sends one request for the SDK. An answer that it holds in memory, a
// listing or an error, has a limit.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	response, err := c.transport.Do(r)
	if err != nil {
		return nil, err
	}
	if r.URL.Query().Has("list-type") || response.StatusCode >= 300 {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, c.maxPage), response.Body}
	}
	return response, nil
}

// Close drops the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Bucket is one bucket.
type Bucket struct {
	client *Client
	name   string
}

// Bucket checks the name of a bucket.
func (c *Client) Bucket(name string) (*Bucket, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return &Bucket{client: c, name: name}, nil
}

// CheckName says what is wrong with a bucket's name, by the rules for general
// purpose buckets and the aliases of access points.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func CheckName(name string) error {
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-'
	})
	switch {
	case odd || len(name) < 3 || len(name) > 63 || strings.Trim(name, ".-") != name || strings.Contains(name, ".."):
		return fmt.Errorf("%q is no bucket name: 3 to 63 of a-z, 0-9, dots and hyphens", name)
	case strings.HasSuffix(name, "--x-s3"):
		return fmt.Errorf("%q is a directory bucket, which lists its keys in no order: use a general purpose bucket", name)
	}
	return nil
}

// tornError is an answer that broke off or isn't what was asked for; another
// attempt may well bring it whole.
type tornError struct{ error }

func (e tornError) Unwrap() error { return e.error }

func tornf(format string, args ...any) error { return tornError{fmt.Errorf(format, args...)} }

// torn is true for answers that broke off.
func torn(err error) bool {
	var broken *smithy.DeserializationError
	var own tornError
	return errors.As(err, &broken) || errors.As(err, &own)
}

// retryer adds those to what is tried again by the SDK's rules.
type retryer struct{ aws.Retryer }

func (r retryer) IsErrorRetryable(err error) bool {
	return !errors.Is(err, context.Canceled) && torn(err) || r.Retryer.IsErrorRetryable(err)
}

// explain makes one line of an answer that is no success: what was asked,
// the status, S3's code and message.
func explain(operation string, err error) error {
	var answer *awshttp.ResponseError
	var said smithy.APIError
	switch {
	case errors.As(err, &answer) && answer.Response != nil && answer.HTTPStatusCode() >= 300 && errors.As(err, &said):
		text := fmt.Sprintf("S3 %s: status %d %s: %s", operation, answer.HTTPStatusCode(), said.ErrorCode(), said.ErrorMessage())
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" && answer.HTTPStatusCode() < 500 && wrongRegion(answer.HTTPStatusCode(), said) {
			text += fmt.Sprintf("; the bucket is in %s: set AWS_REGION=%s", region, region)
		}
		if answer.RequestID != "" {
			text += " (request " + answer.RequestID + ")"
		}
		return &answerError{text, err}
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("S3 %s: %w", operation, context.Canceled)
	}
	return fmt.Errorf("S3 %s: %w", operation, err)
}

func wrongRegion(status int, said smithy.APIError) bool {
	return status < 400 || said.ErrorCode() == "AuthorizationHeaderMalformed" || said.ErrorCode() == "IllegalLocationConstraintException"
}

type answerError struct {
	text string
	err  error
}

func (e *answerError) Error() string { return e.text }
func (e *answerError) Unwrap() error { return e.err }

// answered gives the status and the code of S3's answer, 0 without one.
func answered(err error) (status int, code string) {
	var answer *awshttp.ResponseError
	var said smithy.APIError
	if errors.As(err, &answer) && answer.Response != nil {
		status = answer.HTTPStatusCode()
	}
	if errors.As(err, &said) {
		code = said.ErrorCode()
	}
	return status, code
}
