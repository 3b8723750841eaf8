// Package bucket reads S3 for the DAG sync: it lists a prefix and fetches
// objects, with little processor time and memory.
//
// Configuration, credentials, endpoints, signatures and the rules of what is
// tried again come from the AWS SDK. The two requests themselves (ListObjectsV2
// and GetObject) are issued directly, because the SDK's request stack costs
// three times the processor time of all else together when thousands of small
// files are fetched: see docs/adr/0031.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Connections is how many requests may be under way at once. It bounds the
// memory: each holds one connection and one small buffer.
const Connections = 16

// Client talks to S3 with one set of credentials.
type Client struct {
	transport *http.Transport
	options   s3.Options
	signer    *v4.Signer
	retryer   aws.Retryer
	agent     string
	timeout   time.Duration

	// skew is what must be added to this machine's clock to get S3's.
	skew atomic.Int64
	// Counters of requests that were sent, for cost and tests.
	lists, gets atomic.Int64
}

// Requests says how many requests of each price class were sent so far,
// repeated attempts included.
func (c *Client) Requests() (lists, gets int64) { return c.lists.Load(), c.gets.Load() }

// Load reads the standard AWS environment and makes a client. agent is sent
// as the user agent, so that S3's access log tells who asked.
func Load(ctx context.Context, agent string) (*Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	return New(cfg, agent)
}

// New makes a client from an AWS configuration.
func New(cfg aws.Config, agent string) (*Client, error) {
	client := s3.NewFromConfig(cfg)
	options := client.Options()
	if options.Region == "" {
		if options.BaseEndpoint == nil {
			return nil, errors.New("no AWS region is set: set AWS_REGION")
		}
		options.Region = "us-east-1" // what S3-compatible servers expect
	}
	if options.Credentials == nil {
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
		transport: transport,
		options:   options,
		signer:    v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
		agent:     agent,
		timeout:   20 * time.Second,
		retryer:   retryer(),
	}, nil
}

// Close drops the idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Bucket is one bucket behind its endpoint.
type Bucket struct {
	client *Client
	name   string
	base   url.URL
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// CheckName says what is wrong with a bucket's name, by the rules for
// general purpose buckets.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func CheckName(name string) error {
	switch {
	case !bucketName.MatchString(name):
		return fmt.Errorf("%q is no bucket name: 3 to 63 of a-z, 0-9, dots and hyphens", name)
	case strings.HasSuffix(name, "--x-s3"):
		return fmt.Errorf("%q is a directory bucket, which lists its keys in no order: use a general purpose bucket", name)
	}
	return nil
}

// Bucket finds the endpoint of a bucket, by the SDK's rules. Addresses that
// are not AWS's get the bucket's name in the path.
func (c *Client) Bucket(ctx context.Context, name string) (*Bucket, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	pathStyle := c.options.UsePathStyle
	if base := c.options.BaseEndpoint; base != nil {
		u, err := url.Parse(*base)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("AWS_ENDPOINT_URL: %q is no address; write it like http://127.0.0.1:9000", *base)
		}
		pathStyle = pathStyle || !isAWS(u.Hostname())
	}
	endpoint, err := c.options.EndpointResolverV2.ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket:         &name,
		Region:         &c.options.Region,
		Endpoint:       c.options.BaseEndpoint,
		ForcePathStyle: &pathStyle,
		UseFIPS:        aws.Bool(c.options.EndpointOptions.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled),
		UseDualStack:   aws.Bool(c.options.EndpointOptions.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled),
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint of bucket %s: %w", name, err)
	}
	base := endpoint.URI
	base.Path = strings.TrimSuffix(base.Path, "/")
	return &Bucket{client: c, name: name, base: base}, nil
}

func isAWS(host string) bool {
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn") ||
		strings.HasSuffix(host, ".api.aws")
}
