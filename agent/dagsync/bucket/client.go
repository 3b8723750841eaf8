// Package bucket reads S3 for the DAG sync: it lists a prefix and fetches
// objects, with little processor time and memory.
//
// Configuration, credentials, signatures, the HTTP client and the rules of
// what is tried again come from the AWS SDK. The two requests themselves
// (ListObjectsV2 and GetObject) are issued directly, because the SDK's request
// stack takes twice the processor time of all else together when thousands of
// small files are fetched: see docs/adr/0031.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Connections is how many requests may be under way at once. It bounds the
// memory: each holds one connection and one small buffer.
const Connections = 16

// Client talks to S3 with one set of credentials.
type Client struct {
	transport   *http.Transport
	endpoint    endpoint
	credentials aws.CredentialsProvider
	signer      *v4.Signer
	retryer     aws.Retryer
	agent       string
	timeout     time.Duration

	// skew is what must be added to this machine's clock to get S3's.
	skew atomic.Int64
}

// Load reads the standard AWS environment and makes a client. agent is sent
// as the user agent, so that S3's access log tells who asked.
func Load(ctx context.Context, agent string) (*Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	return New(ctx, cfg, agent)
}

// New makes a client from an AWS configuration.
func New(ctx context.Context, cfg aws.Config, agent string) (*Client, error) {
	endpoint, err := endpointOf(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Credentials == nil {
		return nil, errors.New("no AWS credentials are configured: give the task a role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	buildable, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	transport := buildable.WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = Connections
		t.MaxConnsPerHost = 2 * Connections
		// The bytes must arrive as they lie in S3: lengths and checksums are
		// compared.
		t.DisableCompression = true
		t.ForceAttemptHTTP2 = false // S3 speaks HTTP/1.1
		t.ResponseHeaderTimeout = 10 * time.Second
		t.IdleConnTimeout = time.Minute
	}).GetTransport()
	retryer := func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 4
			o.MaxBackoff = 3 * time.Second
		})
	}
	if cfg.Retryer != nil {
		retryer = cfg.Retryer
	}
	return &Client{
		transport:   transport,
		endpoint:    endpoint,
		credentials: cfg.Credentials,
		signer:      v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
		retryer:     retryer(),
		agent:       agent,
		timeout:     20 * time.Second,
	}, nil
}

// Close drops the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Bucket is one bucket behind its endpoint.
type Bucket struct {
	client *Client
	base   url.URL
}

// Bucket finds the address of a bucket.
func (c *Client) Bucket(name string) (*Bucket, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return &Bucket{client: c, base: c.endpoint.of(name)}, nil
}
