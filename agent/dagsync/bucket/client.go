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
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

const (
	// Connections is how many objects may be fetched at once.
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
	silence   time.Duration
	pageTime  time.Duration
	maxPage   int64
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
	c := &Client{silence: silence, pageTime: pageTime, maxPage: maxPage}
	buildable, ok := cfg.HTTPClient.(*awshttp.BuildableClient) // with AWS_CA_BUNDLE
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	c.transport = &http.Client{
		Transport: buildable.WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost, t.DialContext = Connections, c.dial
		}).GetTransport(),
		// S3 answers 301 to who asks in the wrong region: an error that says so
		// is of more use than what lies elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if cfg.Retryer == nil {
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 4, 3*time.Second })
		}
	}
	endpoint, faulty := new(url.URL), error(nil)
	if cfg.BaseEndpoint != nil {
		if endpoint, faulty = url.Parse(*cfg.BaseEndpoint); faulty != nil || endpoint.Host == "" || !strings.HasPrefix(endpoint.Scheme, "http") {
			return nil, fmt.Errorf("AWS_ENDPOINT_URL: %q is no address; write it like http://127.0.0.1:9000", *cfg.BaseEndpoint)
		}
		if cfg.Region == "" {
			cfg.Region = "us-east-1" // what S3-compatible servers expect
		}
	}
	if cfg.Region == "" {
		return nil, errors.New("no AWS region is set: set AWS_REGION")
	}
	c.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.HTTPClient, o.Retryer = c, retryer{cfg.Retryer()}
		o.Logger = logging.Nop{} // what matters is an error of a call
		o.APIOptions = append(o.APIOptions, middleware.AddUserAgentKeyValue("airflow-agent", version))
		// Elsewhere than at AWS the bucket stands in the path.
		o.UsePathStyle = endpoint.Host != "" && !strings.Contains(endpoint.Hostname(), ".amazonaws.com")
	})
	return c, nil
}

// dial opens a connection that fails when nothing comes for a while.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return watched{conn, c.silence}, nil
}

type watched struct {
	net.Conn
	silence time.Duration
}

func (w watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.silence)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

// Do sends one request for the SDK. An answer that it holds in memory, a
// listing or an error, has a limit.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	response, err := c.transport.Do(r)
	if err == nil && (r.URL.Query().Has("list-type") || response.StatusCode >= 300) {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, c.maxPage), response.Body}
	}
	return response, err
}

// Close drops the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Bucket is one bucket.
type Bucket struct {
	client *Client
	name   string
}

// Bucket gives access to one bucket.
func (c *Client) Bucket(name string) *Bucket { return &Bucket{client: c, name: name} }

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// CheckName says what is wrong with a bucket's name, by the rules for general
// purpose buckets and the aliases of access points.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func CheckName(name string) error {
	switch {
	case !bucketName.MatchString(name) || strings.Contains(name, ".."):
		return fmt.Errorf("%q is no bucket name: 3 to 63 of a-z, 0-9, dots and hyphens", name)
	case strings.HasSuffix(name, "--x-s3"):
		return fmt.Errorf("%q is a directory bucket, which lists its keys in no order: use a general purpose bucket", name)
	}
	return nil
}

// errTorn says that an answer broke off or isn't what was asked for; another
// attempt may well bring it whole.
var errTorn = errors.New("the answer is not whole")

// retryer adds answers that broke off to what is tried again by the SDK's rules.
type retryer struct{ aws.Retryer }

func (r retryer) IsErrorRetryable(err error) bool {
	var broken *smithy.DeserializationError
	return errors.As(err, &broken) || r.Retryer.IsErrorRetryable(err)
}

// explain adds to an answer of S3 what to do about it.
func (c *Client) explain(err error) error {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" && region != c.s3.Options().Region {
			return fmt.Errorf("%w; the bucket is in %s: set AWS_REGION=%s", err, region, region)
		}
	}
	return err
}
