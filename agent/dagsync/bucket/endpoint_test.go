package bucket

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// The addresses are those that the SDK would use.
func TestEndpointsAsTheSDK(t *testing.T) {
	resolver := s3.NewDefaultEndpointResolverV2()
	compared := 0
	for _, region := range []string{"us-east-1", "us-east-2", "eu-central-1", "ap-southeast-4", "us-gov-west-1", "cn-north-1", "cn-northwest-1"} {
		for _, custom := range []string{"", "http://127.0.0.1:9000", "https://minio.example.com/base/", "https://bucket.vpce-0a1b2c3d-4e5f.s3.us-east-1.vpce.amazonaws.com"} {
			for _, bucket := range []string{"pathwai-airflow3-dags", "abc", "dots.in.name"} {
				for flags := range 4 {
					fips, dual := flags&1 > 0, flags&2 > 0
					if custom != "" && flags > 0 || fips && region[:2] == "cn" {
						continue // the SDK refuses these
					}
					e := endpoint{region: region, fips: fips, dualStack: dual}
					parameters := s3.EndpointParameters{Region: &region, Bucket: &bucket, UseFIPS: &fips, UseDualStack: &dual}
					if custom != "" {
						var err error
						e, err = endpointOf(t.Context(), aws.Config{Region: region, BaseEndpoint: &custom})
						require.NoError(t, err)
						parameters.Endpoint = &custom
						parameters.ForcePathStyle = aws.Bool(!isAWS(e.custom.Hostname()))
					}
					want, err := resolver.ResolveEndpoint(t.Context(), parameters)
					require.NoError(t, err, "%+v", e)
					got := e.of(bucket)
					require.Equal(t, want.URI.String(), got.String(), "%+v", e)
					compared++
				}
			}
		}
	}
	require.Greater(t, compared, 100)
}

func TestEndpointFromTheEnvironment(t *testing.T) {
	load := func(environment map[string]string) (endpoint, error) {
		for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_PROFILE", "AWS_CA_BUNDLE"} {
			t.Setenv(name, environment[name])
		}
		t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
		t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
		cfg, err := config.LoadDefaultConfig(context.Background())
		require.NoError(t, err)
		return endpointOf(t.Context(), cfg)
	}
	for _, row := range []struct {
		environment map[string]string
		address     string
	}{
		{map[string]string{"AWS_REGION": "eu-west-1"}, "https://my-bucket.s3.eu-west-1.amazonaws.com"},
		{map[string]string{"AWS_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://my-bucket.s3-fips.dualstack.us-east-1.amazonaws.com"},
		{map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1/my-bucket"},
		{map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:2/"}, "http://127.0.0.1:2/my-bucket"},
	} {
		e, err := load(row.environment)
		require.NoError(t, err)
		u := e.of("my-bucket")
		require.Equal(t, row.address, u.String())
	}
	for message, environment := range map[string]map[string]string{
		"set AWS_REGION":       {},
		"AWS_ENDPOINT_URL":     {"AWS_ENDPOINT_URL": "not an address", "AWS_REGION": "us-east-1"},
		"set AWS_ENDPOINT_URL": {"AWS_REGION": "us-iso-east-1"},
	} {
		_, err := load(environment)
		require.ErrorContains(t, err, message)
	}
}

func TestCredentialsAreNeeded(t *testing.T) {
	_, err := New(t.Context(), aws.Config{Region: "us-east-1"}, "test")
	require.ErrorContains(t, err, "AWS credentials")
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"", "ab", "UPPER", "under_score", "x--use1-az4--x-s3", "a/b", "-abc", "abc.", "a..b", "ünicode"} {
		require.Error(t, CheckName(name), name)
	}
	require.NoError(t, CheckName("pathwai-airflow3-dags"))
	require.NoError(t, CheckName("dots.in.name"))
}
