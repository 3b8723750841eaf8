package bucket_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) (*fakes3.Server, *bucket.Bucket) {
	t.Helper()
	s, err := fakes3.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, open(t, s.Config())
}

func open(t *testing.T, cfg aws.Config) *bucket.Bucket {
	t.Helper()
	client, err := bucket.New(cfg, "test")
	require.NoError(t, err)
	client.SetLimits(2*time.Second, 2*time.Minute, 1<<20)
	t.Cleanup(client.Close)
	return client.Bucket(fakes3.Bucket)
}

func quietly() {}

type buffer struct{ bytes.Buffer }

func (b *buffer) Reset() error { b.Buffer.Reset(); return nil }

func TestListPages(t *testing.T) {
	s, b := start(t)
	for i := range 2500 {
		s.Put(fmt.Sprintf("p/dag_%04d.py", i), "x")
	}
	s.Put("p", "outside")
	s.Put("q/x", "outside")
	kept, err := b.List(t.Context(), "p/", quietly)
	require.NoError(t, err)
	require.Len(t, kept.Objects, 2500)
	require.Equal(t, "dag_0000.py", kept.Objects[0].Key)
	require.Equal(t, "dag_2499.py", kept.Objects[2499].Key)
	lists, _ := s.Requests()
	require.Equal(t, 3, lists)

	digest, err := b.List(t.Context(), "p/", quietly)
	require.NoError(t, err)
	require.Equal(t, kept.Digest, digest.Digest)

	seen := map[bucket.Digest]string{digest.Digest: "before"}
	for name, change := range map[string]func(){
		"content of the same size": func() { s.Put("p/dag_0001.py", "y") },
		"new key":                  func() { s.Put("p/dag_9999.py", "") },
		"key gone":                 func() { s.Delete("p/dag_0002.py") },
	} {
		change()
		now, err := b.List(t.Context(), "p/", quietly)
		require.NoError(t, err)
		require.NotContains(t, seen, now.Digest, name)
		seen[now.Digest] = name
	}
}

func TestListOddKeys(t *testing.T) {
	s, b := start(t)
	odd := []string{"p/a b+c.py", "p/%41.py", "p/ä/日本.py", "p/&<>'\".py", "p/x=y;z", "p/~!*()"}
	for _, key := range odd {
		s.Put(key, "content of "+key)
	}
	listing, err := b.List(t.Context(), "p/", quietly)
	require.NoError(t, err)
	require.Len(t, listing.Objects, len(odd))
	for _, o := range listing.Objects {
		var got buffer
		require.NoError(t, b.Fetch(t.Context(), "p/", o, &got))
		require.Equal(t, "content of p/"+o.Key, got.String())
	}
}

// Faults that pass must not be noticed; those that stay must be told.
func TestListFaults(t *testing.T) {
	for name, row := range map[string]struct {
		fault func(page, attempt int) func(w http.ResponseWriter, r *http.Request) bool
		err   string
	}{
		"500 once":            {onPage(2, 1, status(500, "InternalError")), ""},
		"503 slow down twice": {onPage(1, 2, status(503, "SlowDown")), ""},
		"broken off once":     {onPage(2, 1, cut), ""},
		"connection reset":    {onPage(3, 1, hangUp), ""},
		"page 3 always 500":   {onPage(3, 99, status(500, "InternalError")), "api error InternalError: injected"},
		"always broken off":   {onPage(2, 99, cut), "unexpected EOF"},
		"denied":              {onPage(2, 99, status(403, "AccessDenied")), "api error AccessDenied: injected"},
		"no bucket":           {onPage(1, 99, status(404, "NoSuchBucket")), "NoSuchBucket"},
		"HTML with status 200": {onPage(1, 99, func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte("<html>hello</html>"))
			return true
		}), "not a listing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := start(t)
			for i := range 2100 {
				s.Put(fmt.Sprintf("p/%04d", i), "x")
			}
			attempts := map[int]int{}
			s.SetFault(func(w http.ResponseWriter, r *http.Request) bool {
				page := 1
				switch token := r.URL.Query().Get("continuation-token"); {
				case strings.HasPrefix(token, "cC8wOTk"): // p/099…
					page = 2
				case token != "":
					page = 3
				}
				attempts[page]++
				fault := row.fault(page, attempts[page])
				return fault != nil && fault(w, r)
			})
			listing, err := b.List(t.Context(), "p/", quietly)
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				require.Empty(t, listing.Objects)
				return
			}
			require.NoError(t, err)
			require.Len(t, listing.Objects, 2100)
			require.Equal(t, 3, len(attempts), "all three pages were asked for")
		})
	}
}

func onPage(page, times int, fault fakes3.Fault) func(int, int) func(http.ResponseWriter, *http.Request) bool {
	return func(p, attempt int) func(http.ResponseWriter, *http.Request) bool {
		if p != page || attempt > times {
			return nil
		}
		return fault
	}
}

func status(code int, name string) fakes3.Fault {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>injected</Message></Error>", name)
		return true
	}
}

// cut promises more than it sends.
func cut(w http.ResponseWriter, _ *http.Request) bool {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`<?xml version="1.0"?><ListBucketResult>`))
	return true
}

func hangUp(w http.ResponseWriter, _ *http.Request) bool {
	panic(http.ErrAbortHandler)
}

func TestFetchFaults(t *testing.T) {
	content := strings.Repeat("0123456789", 10000)
	truncated := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etagOf(content))
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write([]byte(content[:50000]))
	}
	for name, row := range map[string]struct {
		times int
		fault http.HandlerFunc
		err   string
	}{
		"500 once":           {1, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, ""},
		"truncated once":     {1, truncated, ""},
		"truncated for ever": {99, truncated, "unexpected EOF"},
		"wrong length, ended": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			_, _ = w.Write([]byte(content[:50000]))
		}, "the answer is not whole: 50000 of 100000 bytes"},
		"too long": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			_, _ = w.Write([]byte(content + "more"))
		}, "the answer is not whole: 100001 of 100000 bytes"},
		"other content under the same ETag": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			_, _ = w.Write([]byte("X" + content[1:]))
		}, "MD5"},
		"other content, as S3 encrypts by itself": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			w.Header().Set("X-Amz-Server-Side-Encryption", "AES256")
			_, _ = w.Write([]byte("X" + content[1:]))
		}, "MD5"},
		"a checksum that isn't the content's": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			w.Header().Set("X-Amz-Checksum-Crc32", "AAAAAA==")
			_, _ = w.Write([]byte(content))
		}, "checksum did not match"},
		"other content under the same ETag, but KMS": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			w.Header().Set("X-Amz-Server-Side-Encryption", "aws:kms")
			_, _ = w.Write([]byte(content))
		}, ""},
		"replaced since": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"another"`)
			_, _ = w.Write([]byte(content))
		}, "changed since it was listed"},
		"precondition":  {99, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(412) }, "changed since it was listed"},
		"deleted since": {99, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "changed since it was listed"},
		"denied":        {99, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "StatusCode: 403"},
		"silent once": {1, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write([]byte(content[:50000]))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ""},
		"silent for ever": {99, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write([]byte(content[:50000]))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "after 50000 of 100000 bytes no more came for 2s"},
		"slow, but never silent": {99, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", etagOf(content))
			w.Header().Set("Content-Length", "100000")
			for i := range 10 {
				time.Sleep(500 * time.Millisecond) // two and a half times the limit on silence in all
				_, _ = w.Write([]byte(content[i*10000 : (i+1)*10000]))
				w.(http.Flusher).Flush()
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := start(t)
			s.Put("p/big", content)
			listing, err := b.List(t.Context(), "p/", quietly)
			require.NoError(t, err)
			var attempts atomic.Int64
			s.SetFault(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("If-Match") != `"`+listing.Objects[0].ETag+`"` {
					t.Errorf("If-Match is %q: another content could be taken for the listed one", r.Header.Get("If-Match"))
				}
				if attempts.Add(1) > int64(row.times) {
					return false
				}
				row.fault(w, r)
				return true
			})
			var got buffer
			err = b.Fetch(t.Context(), "p/", listing.Objects[0], &got)
			require.NotZero(t, attempts.Load())
			if strings.Contains(row.err, "not whole") || name == "truncated for ever" {
				require.EqualValues(t, 4, attempts.Load(), "as often as the SDK tries")
			}
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				require.ErrorContains(t, err, `"p/big"`)
				return
			}
			require.NoError(t, err)
			require.Equal(t, content, got.String())
		})
	}
}

func etagOf(content string) string {
	s, err := fakes3.Start()
	if err != nil {
		panic(err)
	}
	defer func() { _ = s.Close() }()
	s.Put("x", content)
	response, err := http.Get(s.URL + "/" + fakes3.Bucket + "/x")
	if err != nil {
		panic(err)
	}
	_ = response.Body.Close()
	return response.Header.Get("ETag")
}

func TestCancelEndsIt(t *testing.T) {
	s, b := start(t)
	s.Put("p/x", "x")
	arrived := make(chan struct{}, 10)
	s.SetFault(func(w http.ResponseWriter, r *http.Request) bool {
		arrived <- struct{}{}
		<-r.Context().Done()
		return true
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := b.List(ctx, "p/", quietly)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, arrived, "it isn't tried again")
}

// A machine whose clock is an hour off signs with S3's time.
func TestSignsWithTheServersTime(t *testing.T) {
	var dates []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dates = append(dates, r.Header.Get("X-Amz-Date"))
		w.Header().Set("Date", "Fri, 01 May 2099 10:00:00 GMT")
		if len(dates) == 1 {
			status(403, "RequestTimeTooSkewed")(w, r)
			return
		}
		_, _ = w.Write([]byte("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"))
	}))
	defer server.Close()
	cfg := (&fakes3.Server{URL: server.URL}).Config()
	listing, err := open(t, cfg).List(t.Context(), "", quietly)
	require.NoError(t, err)
	require.Len(t, dates, 2)
	require.NotContains(t, dates[0], "2099")
	require.Contains(t, dates[1], "20990501T10")
	require.Equal(t, 2099, listing.Time.Year())
}

func TestOutOfOrderIsRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("<ListBucketResult><IsTruncated>false</IsTruncated>" +
			"<Contents><Key>b</Key><ETag>e</ETag><Size>1</Size></Contents><Contents><Key>a</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>"))
	}))
	defer server.Close()
	_, err := open(t, (&fakes3.Server{URL: server.URL}).Config()).List(t.Context(), "", quietly)
	require.ErrorContains(t, err, "doesn't list keys in order")
}

func TestMark(t *testing.T) {
	s, b := start(t)
	listed := func() bucket.Listing {
		listing, err := b.List(t.Context(), "p/", quietly)
		require.NoError(t, err)
		return listing
	}
	s.Put("p/a.py", "1")
	none := listed()
	require.Empty(t, none.Mark.ETag)
	require.NoError(t, b.SameMark(t.Context(), "p/", ""))

	s.Put("p/"+bucket.MarkKey, `{"id": "one", "state": "pushing", "at": "2026-11-28T05:00:00Z", "commit": "abc"}`)
	first := listed()
	require.Equal(t, none.Digest, first.Digest, "a mark is no file")
	require.Equal(t, none.Objects, first.Objects)
	require.ErrorIs(t, b.SameMark(t.Context(), "p/", ""), bucket.ErrChanged)
	require.NoError(t, b.SameMark(t.Context(), "p/", first.Mark.ETag))
	mark, err := b.ReadMark(t.Context(), "p/", first.Mark)
	require.NoError(t, err)
	require.Equal(t, bucket.Mark{ID: "one", State: bucket.Pushing, Commit: "abc", At: time.Date(2026, 11, 28, 5, 0, 0, 0, time.UTC)}, mark)

	s.Put("p/"+bucket.MarkKey, `{"id": "one", "state": "complete"}`)
	require.ErrorIs(t, b.SameMark(t.Context(), "p/", first.Mark.ETag), bucket.ErrChanged)
	_, err = b.ReadMark(t.Context(), "p/", first.Mark)
	require.ErrorIs(t, err, bucket.ErrChanged)
	s.Delete("p/" + bucket.MarkKey)
	_, err = b.ReadMark(t.Context(), "p/", first.Mark)
	require.ErrorIs(t, err, bucket.ErrChanged)

	for _, text := range []string{"", "abc", `{"state": "complete"}`, `{"id": "x", "state": "begun"}`, `{"id": "` + strings.Repeat("x", 5000) + `", "state": "complete"}`} {
		s.Put("p/"+bucket.MarkKey, text)
		_, err = b.ReadMark(t.Context(), "p/", listed().Mark)
		require.ErrorContains(t, err, "none that a push writes; push again, or delete it to publish what lies there", text)
	}
	s.SetFault(status(403, "AccessDenied"))
	_, err = b.ReadMark(t.Context(), "p/", first.Mark)
	require.ErrorContains(t, err, "AccessDenied")
	require.ErrorContains(t, b.SameMark(t.Context(), "p/", ""), "AccessDenied")
}
