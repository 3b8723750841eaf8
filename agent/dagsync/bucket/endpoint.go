package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// CheckName says what is wrong with a bucket's name, by the rules for
// general purpose buckets.
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

// endpoint is where S3 is. The rules are those of the SDK, which costs a
// megabyte of binary for them: TestEndpointsAsTheSDK compares the two.
type endpoint struct {
	region string
	// custom is the address that the user set, or nil.
	custom          *url.URL
	fips, dualStack bool
}

// What the SDK's configuration sources answer, by the SDK's own names.
type (
	endpointSource interface {
		GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
	}
	fipsSource interface {
		GetUseFIPSEndpoint(ctx context.Context) (aws.FIPSEndpointState, bool, error)
	}
	dualStackSource interface {
		GetUseDualStackEndpoint(ctx context.Context) (aws.DualStackEndpointState, bool, error)
	}
)

func endpointOf(ctx context.Context, cfg aws.Config) (endpoint, error) {
	e := endpoint{region: cfg.Region}
	custom := aws.ToString(cfg.BaseEndpoint)
	found := struct{ custom, fips, dualStack bool }{}
	var faults []error
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(endpointSource); ok && !found.custom {
			value, there, err := s.GetServiceBaseEndpoint(ctx, "S3")
			faults = append(faults, err)
			if there {
				custom, found.custom = value, true
			}
		}
		if s, ok := source.(fipsSource); ok && !found.fips {
			value, there, err := s.GetUseFIPSEndpoint(ctx)
			faults = append(faults, err)
			e.fips, found.fips = value == aws.FIPSEndpointStateEnabled, there
		}
		if s, ok := source.(dualStackSource); ok && !found.dualStack {
			value, there, err := s.GetUseDualStackEndpoint(ctx)
			faults = append(faults, err)
			e.dualStack, found.dualStack = value == aws.DualStackEndpointStateEnabled, there
		}
	}
	if err := errors.Join(faults...); err != nil {
		return endpoint{}, fmt.Errorf("AWS configuration: %w", err)
	}
	if custom != "" {
		u, err := url.Parse(custom)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return endpoint{}, fmt.Errorf("AWS_ENDPOINT_URL: %q is no address; write it like http://127.0.0.1:9000", custom)
		}
		e.custom = u
		if e.region == "" {
			e.region = "us-east-1" // what S3-compatible servers expect
		}
	}
	switch {
	case e.region == "":
		return endpoint{}, errors.New("no AWS region is set: set AWS_REGION")
	case e.custom == nil && strings.Contains(e.region, "-iso"):
		return endpoint{}, fmt.Errorf("the addresses of the region %q are not known: set AWS_ENDPOINT_URL", e.region)
	}
	return e, nil
}

// of is the address of a bucket, without a slash at its end. The bucket
// stands in the host's name at AWS, unless it has a dot, which no certificate
// covers; elsewhere it stands in the path.
func (e endpoint) of(bucket string) url.URL {
	u := url.URL{Scheme: "https", Host: e.host()}
	if e.custom != nil {
		u = url.URL{Scheme: e.custom.Scheme, Host: e.custom.Host, Path: strings.TrimSuffix(e.custom.Path, "/")}
	}
	if (strings.Contains(bucket, ".") && u.Scheme == "https") || !isAWS(u.Hostname()) {
		u.Path += "/" + bucket
	} else {
		u.Host = bucket + "." + u.Host
	}
	return u
}

func (e endpoint) host() string {
	host := "s3"
	if e.fips {
		host += "-fips"
	}
	if e.dualStack {
		host += ".dualstack"
	}
	host += "." + e.region + ".amazonaws.com"
	if strings.HasPrefix(e.region, "cn-") {
		host += ".cn"
	}
	return host
}

func isAWS(host string) bool {
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}
