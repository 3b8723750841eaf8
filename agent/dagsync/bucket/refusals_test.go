package bucket_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/stretchr/testify/require"
)

// Which answers speak of one object, so that the rest can be published, and
// which of all.
func TestRefusals(t *testing.T) {
	for name, row := range map[string]struct {
		status  int
		code    string
		refused string
	}{
		"policy":                {403, "AccessDenied", "S3 refuses it: status 403 AccessDenied"},
		"another KMS key":       {403, "AccessDenied", "S3 refuses it: status 403 AccessDenied"},
		"KMS key disabled":      {400, "KMS.DisabledException", "S3 refuses it: status 400 KMS.DisabledException"},
		"KMS key gone":          {404, "KMS.NotFoundException", "S3 refuses it: status 404 KMS.NotFoundException"},
		"a key of the customer": {400, "InvalidRequest", "S3 refuses it: status 400 InvalidRequest"},
		"Glacier":               {403, "InvalidObjectState", "S3 refuses it: status 403 InvalidObjectState"},
		"credentials expired":   {400, "ExpiredToken", ""},
		"credentials unknown":   {403, "InvalidAccessKeyId", ""},
		"signature":             {403, "SignatureDoesNotMatch", ""},
		"clock off":             {403, "RequestTimeTooSkewed", ""},
		"account":               {403, "AccountProblem", ""},
		"all access":            {403, "AllAccessDisabled", ""},
		"bucket gone":           {404, "NoSuchBucket", ""},
		"KMS fails":             {503, "KMS.InternalException", ""},
		"S3 fails":              {500, "InternalError", ""},
		"deleted":               {404, "NoSuchKey", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := start(t)
			s.SetFault(status(row.status, row.code))
			err := b.Fetch(t.Context(), "p/", bucket.Object{Key: "x", ETag: "e", Size: 1}, new(buffer))
			require.ErrorContains(t, err, `object "p/x": `)
			var refused *bucket.RefusedError
			require.Equal(t, row.refused != "", errors.As(err, &refused))
			if row.refused != "" {
				require.Equal(t, row.refused, refused.Reason)
			}
			require.Equal(t, name == "deleted", errors.Is(err, bucket.ErrChanged))
		})
	}
}

// The wrong region is an error that names the right one.
func TestAnotherRegion(t *testing.T) {
	for code, name := range map[int]string{301: "PermanentRedirect", 400: "AuthorizationHeaderMalformed", 307: "TemporaryRedirect"} {
		s, b := start(t)
		s.SetFault(func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("X-Amz-Bucket-Region", "eu-west-1")
			w.Header().Set("Location", "http://127.0.0.1:1/")
			return status(code, name)(w, r)
		})
		_, err := b.List(t.Context(), "p/", quietly)
		require.ErrorContains(t, err, fmt.Sprintf("StatusCode: %d", code))
		require.ErrorContains(t, err, fmt.Sprintf("%s: injected; the bucket is in eu-west-1: set AWS_REGION=eu-west-1", name))
		err = b.Fetch(t.Context(), "p/", bucket.Object{Key: "x", ETag: "e", Size: 1}, new(buffer))
		require.ErrorContains(t, err, "set AWS_REGION=eu-west-1")
	}
}

// A listing without end is no reason to take all memory.
func TestListingWithoutEnd(t *testing.T) {
	s, b := start(t)
	var sent atomic.Int64
	s.SetFault(func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = w.Write([]byte("<ListBucketResult><IsTruncated>false</IsTruncated><Name>"))
		for {
			n, err := w.Write(bytes.Repeat([]byte("x"), 1<<16))
			if sent.Add(int64(n)); err != nil {
				return true
			}
		}
	})
	_, err := b.List(t.Context(), "p/", quietly)
	require.ErrorContains(t, err, "unexpected EOF")
	require.NoError(t, s.Close())
	require.Less(t, sent.Load(), int64(50<<20), "four attempts, each with what lies in buffers")
}

// What is missing for a client is told before anything is asked.
func TestConfigurationIsChecked(t *testing.T) {
	for message, cfg := range map[string]aws.Config{
		"set AWS_REGION":                   {Credentials: aws.AnonymousCredentials{}},
		`AWS_ENDPOINT_URL: "not an addre`:  {Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, BaseEndpoint: aws.String("not an address")},
		`AWS_ENDPOINT_URL: "ftp://x" is n`: {Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, BaseEndpoint: aws.String("ftp://x")},
	} {
		_, err := bucket.New(cfg, "test")
		require.ErrorContains(t, err, message)
	}
	_, err := bucket.New(aws.Config{Credentials: aws.AnonymousCredentials{}, BaseEndpoint: aws.String("http://127.0.0.1:1")}, "test")
	require.NoError(t, err, "S3-compatible servers need no region")
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"", "ab", "UPPER", "under_score", "x--use1-az4--x-s3", "a/b", "-abc", "abc.", "a..b", "ünicode"} {
		require.Error(t, bucket.CheckName(name), name)
	}
	require.NoError(t, bucket.CheckName("pathwai-airflow3-dags"))
	require.NoError(t, bucket.CheckName("my-access-point-1a2b3c4d5e6f7g8h9i0j1k2l3m4n5use1a-s3alias"))
	require.NoError(t, bucket.CheckName("dots.in.name"))
}
