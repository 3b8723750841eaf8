package bucket_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/stretchr/testify/require"
)

var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=test/(\d{8})/us-east-1/s3/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// signature computes the signature of a request from what came over the wire,
// as S3 does.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func signature(r *http.Request, day, signed string) string {
	rawPath, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	path, err := url.PathUnescape(rawPath)
	if err != nil {
		return err.Error()
	}
	var query []string
	for _, pair := range strings.Split(rawQuery, "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			n, _ := url.QueryUnescape(name)
			v, _ := url.QueryUnescape(value)
			query = append(query, encode(n, false)+"="+encode(v, false))
		}
	}
	slices.Sort(query)
	var headers strings.Builder
	for _, name := range strings.Split(signed, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		fmt.Fprintf(&headers, "%s:%s\n", name, strings.TrimSpace(value))
	}
	canonical := strings.Join([]string{r.Method, encode(path, true), strings.Join(query, "&"), headers.String(), signed, r.Header.Get("X-Amz-Content-Sha256")}, "\n")
	scope := day + "/us-east-1/s3/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + fmt.Sprintf("%x", sha256.Sum256([]byte(canonical)))
	key := []byte("AWS4test")
	for _, part := range []string{day, "us-east-1", "s3", "aws4_request", text} {
		h := hmac.New(sha256.New, key)
		_, _ = io.WriteString(h, part)
		key = h.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// encode is the UriEncode of the specification.
func encode(s string, keepSlash bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 || c == '/' && keepSlash {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// The fake S3 checks no signatures, S3 does: for odd keys, for prefixes, for
// the tokens of further pages.
func TestSignatures(t *testing.T) {
	s, b := start(t)
	prefix := "odd pre+fix/ä/"
	for i := range 1001 {
		s.Put(fmt.Sprintf("%s%04d", prefix, i), "x")
	}
	for _, key := range []string{"a b+c", "%41", "&=;?#", "日本", "~!*'()", "x:y@z,$", "[]{}|^`\\\"<>"} {
		s.Put(prefix+key, "x")
	}
	var mu sync.Mutex
	checked := 0
	s.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		checked++
		match := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
		if match == nil {
			t.Errorf("%s: Authorization: %s", r.RequestURI, r.Header.Get("Authorization"))
			return false
		}
		if !strings.Contains(";"+match[2]+";", ";host;") || !strings.Contains(match[2], "x-amz-content-sha256;x-amz-date") {
			t.Errorf("%s: only %s are signed", r.RequestURI, match[2])
		}
		if got := signature(r, match[1], match[2]); got != match[3] {
			t.Errorf("%s: signed %s, S3 would compute %s", r.RequestURI, match[3], got)
		}
		return false
	})
	listing, err := b.NewLister(prefix).List(t.Context(), true)
	require.NoError(t, err)
	require.Len(t, listing.Objects, 1008)
	fetcher := b.NewFetcher(prefix)
	for _, o := range listing.Objects {
		if len(o.Key) != 4 {
			require.NoError(t, fetcher.Fetch(t.Context(), o, new(buffer)))
		}
	}
	_, err = b.ReadMark(t.Context(), prefix, `x`)
	require.ErrorIs(t, err, bucket.ErrChanged)
	require.GreaterOrEqual(t, checked, 2+6+1)
	require.Implements(t, (*bucket.Destination)(nil), new(buffer))
}
