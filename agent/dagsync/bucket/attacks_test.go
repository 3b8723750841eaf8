package bucket_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
	"github.com/stretchr/testify/require"
)

// answering is a bucket of a server that answers each request as it likes.
func answering(t *testing.T, answer http.HandlerFunc) *bucket.Bucket {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return open(t, (&fakes3.Server{URL: server.URL}).Config())
}

func page(objects, next string) string {
	more := "<IsTruncated>false</IsTruncated>"
	if next != "" {
		more = "<IsTruncated>true</IsTruncated><NextContinuationToken>" + next + "</NextContinuationToken>"
	}
	return "<ListBucketResult><EncodingType>url</EncodingType>" + more + objects + "</ListBucketResult>"
}

func listed(key, more string) string {
	return "<Contents><Key>" + key + "</Key><ETag>e</ETag><Size>1</Size>" + more + "</Contents>"
}

// Pages that bring nothing and lead back to one another are no listing; those
// that bring nothing and lead on are.
func TestTokensThatGoRound(t *testing.T) {
	for name, row := range map[string]struct {
		next map[string]string
		err  string
	}{
		"to itself":   {map[string]string{"": "A", "A": "A"}, "not how to get the rest"},
		"to and fro":  {map[string]string{"": "A", "A": "B", "B": "A"}, "not how to get the rest"},
		"in a circle": {map[string]string{"": "A", "A": "B", "B": "C", "C": "D", "D": "B"}, "not how to get the rest"},
		"to an end":   {map[string]string{"": "A", "A": "B", "B": "C", "C": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			b := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) > 100 {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				_, _ = fmt.Fprint(w, page("", row.next[r.URL.Query().Get("continuation-token")]))
			})
			listing, err := b.List(t.Context(), "p/", quietly)
			require.LessOrEqual(t, asked.Load(), int64(5))
			require.Empty(t, listing.Objects)
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				return
			}
			require.NoError(t, err)
		})
	}
}

// Whoever answers in S3's place and leads elsewhere isn't followed, were there
// just what was asked for.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		var asked atomic.Int64
		elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			if fakes3.IsList(r) {
				_, _ = fmt.Fprint(w, page(listed("p/x", ""), ""))
				return
			}
			w.Header().Set("ETag", `"e"`)
			_, _ = w.Write([]byte("x"))
		}))
		t.Cleanup(elsewhere.Close)
		b := answering(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), code)
		})
		_, err := b.List(t.Context(), "p/", quietly)
		require.ErrorContains(t, err, fmt.Sprintf("StatusCode: %d", code))
		err = b.Fetch(t.Context(), "p/", bucket.Object{Key: "x", ETag: "e", Size: 1}, new(buffer))
		require.ErrorContains(t, err, fmt.Sprintf("StatusCode: %d", code))
		require.Zero(t, asked.Load(), code)
	}
}

// Keys come escaped as in forms, not as in paths.
func TestEscapedKeys(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, page(listed("p/%2B+%2525%252F%00", ""), ""))
	})
	listing, err := b.List(t.Context(), "p/", quietly)
	require.NoError(t, err)
	require.Equal(t, "+ %25%2F\x00", listing.Objects[0].Key)
}

func TestStorageClasses(t *testing.T) {
	for class, archived := range map[string]bool{
		"STANDARD": false, "STANDARD_IA": false, "INTELLIGENT_TIERING": false, "GLACIER_IR": false, "NEW_ONE": false, "GLACIER": true, "DEEP_ARCHIVE": true,
	} {
		b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, page(listed("p/x", "<StorageClass>"+class+"</StorageClass>"), ""))
		})
		listing, err := b.List(t.Context(), "p/", quietly)
		require.NoError(t, err)
		require.Equal(t, archived, listing.Objects[0].Archived, class)
	}
}

// Two states of a prefix have two digests, however keys and ETags end and begin.
func TestDigests(t *testing.T) {
	digests := map[bucket.Digest]string{}
	for _, objects := range []string{"", "k=ab", "ka=b", "kab=", "k=a kb=b", "k=a k2=b", "k=a k2=c"} {
		text := ""
		for object := range strings.FieldsSeq(objects) {
			key, etag, _ := strings.Cut(object, "=")
			text += strings.Replace(listed("p/"+key, ""), "<ETag>e<", "<ETag>"+etag+"e<", 1)
		}
		b := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, page(text, "")) })
		listing, err := b.List(t.Context(), "p/", quietly)
		require.NoError(t, err)
		require.NotContains(t, digests, listing.Digest, objects)
		digests[listing.Digest] = objects
	}
}

// What is listed is of the time in which the listing began.
func TestTimeOfAListing(t *testing.T) {
	b := answering(t, func(w http.ResponseWriter, r *http.Request) {
		next := map[string]string{"": "A", "A": ""}[r.URL.Query().Get("continuation-token")]
		w.Header().Set("Date", map[string]string{"A": "Sat, 28 Nov 2026 10:00:00 GMT", "": "Sat, 28 Nov 2026 10:00:07 GMT"}[next])
		_, _ = fmt.Fprint(w, page("", next))
	})
	listing, err := b.List(t.Context(), "p/", quietly)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC), listing.Time.UTC())
}

// A listing that drips is never silent, and is given up all the same.
func TestListingThatDrips(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for text := range strings.SplitSeq(page(listed("p/x", ""), ""), "") {
			_, _ = fmt.Fprint(w, text)
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond): // a quarter of a minute in all
			}
		}
	}))
	t.Cleanup(server.Close)
	client, err := bucket.New((&fakes3.Server{URL: server.URL}).Config(), "test")
	require.NoError(t, err)
	t.Cleanup(client.Close)
	client.SetLimits(5*time.Second, time.Second, 1<<20)
	begin := time.Now()
	_, err = client.Bucket(fakes3.Bucket).List(t.Context(), "p/", quietly)
	require.ErrorContains(t, err, "deadline exceeded")
	require.Less(t, time.Since(begin), 10*time.Second)
}

// An error without end takes no memory either, nor for ever.
func TestErrorWithoutEnd(t *testing.T) {
	var sent atomic.Int64
	b := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, "<Error><Code>")
		for {
			n, err := fmt.Fprint(w, strings.Repeat("x", 1<<16))
			if sent.Add(int64(n)); err != nil || sent.Load() > 100<<20 {
				return
			}
		}
	})
	err := b.Fetch(t.Context(), "p/", bucket.Object{Key: "x", ETag: "e", Size: 1}, new(buffer))
	require.ErrorContains(t, err, "StatusCode: 400")
	require.Less(t, sent.Load(), int64(50<<20), "four attempts, each with what lies in buffers")
}

// Keys that begin like the mark's are none.
func TestKeysLikeTheMark(t *testing.T) {
	s, b := start(t)
	for _, key := range []string{"-notes.md", ".bak", "/x", "2"} {
		s.Put("p/"+bucket.MarkKey+key, `{"id": "x", "state": "pushing"}`)
	}
	require.NoError(t, b.SameMark(t.Context(), "p/", ""))
	listing, err := b.List(t.Context(), "p/", quietly)
	require.NoError(t, err)
	require.Empty(t, listing.Mark.ETag)
	require.Len(t, listing.Objects, 4)
}
