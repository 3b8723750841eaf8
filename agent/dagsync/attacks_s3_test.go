package dagsync

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/cli"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/internal/fakes3"
)

// rewrite lets S3 answer, and changes the answer's text.
func (w *world) rewrite(rw http.ResponseWriter, r *http.Request, change func(text string) string) bool {
	recorder := httptest.NewRecorder()
	w.s3.Pass(recorder, r)
	for name, values := range recorder.Header() {
		if name != "Content-Length" {
			rw.Header()[name] = values
		}
	}
	rw.WriteHeader(recorder.Code)
	_, _ = io.WriteString(rw, change(recorder.Body.String()))
	return true
}

// Listings that lie: nothing of them is believed, readers keep what they have,
// and all is well with the next honest one.
func TestListingsThatLie(t *testing.T) {
	first := func(s, from, to string) string { return strings.Replace(s, from, to, 1) }
	block := func(s string) string { // the first object of a page
		begin, end := strings.Index(s, "<Contents>"), strings.Index(s, "</Contents>")
		return s[begin : end+len("</Contents>")]
	}
	for name, row := range map[string]struct {
		change func(page int, text string) string
		err    string
	}{
		"a page twice": {func(p int, s string) string { return first(s, "<Contents>", block(s)+"<Contents>") }, "doesn't list keys in order"},
		"the last page is that of another prefix": {func(p int, s string) string { return first(s, "<Key>dev", "<Key>other") }, "outside of the prefix"},
		"the rest is missing": {func(p int, s string) string {
			return first(s, "<IsTruncated>true", "<IsTruncated>false")
		}, "files are gone, and no push said so"},
		"no word whether it is whole": {func(p int, s string) string {
			return first(first(s, "<IsTruncated>true</IsTruncated>", ""), "<IsTruncated>false</IsTruncated>", "")
		}, "is not a listing"},
		"more, but no way to get it": {func(p int, s string) string {
			return strings.ReplaceAll(s, "NextContinuationToken", "Nothing")
		}, "not how to get the rest"},
		"an object without an ETag": {func(p int, s string) string { return strings.ReplaceAll(s, "ETag>", "Tag>") }, "without key, ETag or size"},
		"an object without a size":  {func(p int, s string) string { return first(s, "<Size>1</Size>", "") }, "without key, ETag or size"},
		"a size below zero":         {func(p int, s string) string { return first(s, "<Size>1<", "<Size>-1<") }, "without key, ETag or size"},
		"a size that is none":       {func(p int, s string) string { return first(s, "<Size>1<", "<Size>many<") }, "deserialization failed"},
		"keys escaped badly": {func(p int, s string) string {
			return first(first(s, "<Key>dev", "<Key>%zz"), "<IsTruncated>", "<EncodingType>url</EncodingType><IsTruncated>")
		}, "badly escaped key"},
		"an error with status 200": {func(int, string) string { return "<Error><Code>InternalError</Code></Error>" }, ""},
		"nothing with status 200":  {func(int, string) string { return "" }, ""},
		"cut in the midst":         {func(p int, s string) string { return s[:len(s)/2] }, ""},
		"no XML":                   {func(p int, s string) string { return strings.Repeat("\x00", 1000) }, ""},
		"five GiB, says the listing": {func(p int, s string) string {
			return strings.ReplaceAll(first(s, "<Size>1<", "<Size>5368709120<"), "ETag>&#34;", "ETag>&#34;0")
		}, "changed since it was listed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := files{}
			for i := range 1200 { // two pages
				before[fmt.Sprintf("f%04d.py", i)] = "1"
			}
			w.put(before)
			w.once(cli.ExitOK)
			if name != "the rest is missing" {
				w.put(files{"f0001.py": "2"})
			} else {
				for i := 500; i < 1200; i++ {
					w.s3.Delete(prefix + fmt.Sprintf("f%04d.py", i))
				}
			}
			w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
				if !fakes3.IsList(r) {
					return false
				}
				page := 1
				if r.URL.Query().Get("continuation-token") != "" {
					page = 2
				}
				return w.rewrite(rw, r, func(text string) string { return row.change(page, text) })
			})
			for range 2 {
				w.once(cli.ExitFailure)
				require.Contains(t, w.logs.String(), row.err)
				w.sees(before)
			}
			w.s3.SetFault(nil)
			if name == "the rest is missing" {
				return
			}
			w.once(cli.ExitOK)
			before["f0001.py"] = "2"
			w.sees(before)
		})
	}
}

// Answers to a request for an object that aren't the object: nothing of them is
// ever shown.
func TestObjectsThatLie(t *testing.T) {
	for name, fault := range map[string]http.HandlerFunc{
		"no content":       func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) },
		"not modified":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(304) },
		"half of it (206)": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(206); _, _ = rw.Write([]byte("ne")) },
		"another place": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/dags-bucket/dev/evil.py", http.StatusTemporaryRedirect)
		},
		"another place, for ever": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/dags-bucket/dev/evil.py", http.StatusMovedPermanently)
		},
		"a login page": func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("<html>")) },
		"slow down":    func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(503) },
		"too many":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(429) },
		"not here":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(410) },
		"a switch":     func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(101) },
		"no HTTP":      func(rw http.ResponseWriter, _ *http.Request) { raw(rw, "SSH-2.0-OpenSSH_9.2\r\n") },
		"a wrong length": func(rw http.ResponseWriter, _ *http.Request) {
			raw(rw, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nnew")
		},
		"headers, no end": func(rw http.ResponseWriter, _ *http.Request) {
			raw(rw, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2<<20))
		},
		"a chunk cut": func(rw http.ResponseWriter, _ *http.Request) {
			raw(rw, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nn")
		},
		"the old ETag's": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("ETag", `"x"`)
			_, _ = rw.Write([]byte("old"))
		},
		"no ETag":          func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("new")) },
		"an error at once": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(files{"a.py": "old", "evil.py": "evil"})
			w.once(cli.ExitOK)
			w.put(files{"a.py": "new"})
			w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/a.py") {
					fault(rw, r)
					return true
				}
				return false
			})
			w.once(cli.ExitFailure)
			w.sees(files{"a.py": "old", "evil.py": "evil"})
			w.s3.SetFault(nil)
			w.once(cli.ExitOK)
			w.sees(files{"a.py": "new", "evil.py": "evil"})
		})
	}
}

// raw answers with bytes that need be no HTTP.
func raw(rw http.ResponseWriter, text string) {
	conn, _, err := rw.(http.Hijacker).Hijack()
	if err == nil {
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// Objects that were uploaded compressed lie in the tree as they lie in S3.
func TestCompressedObjects(t *testing.T) {
	w := newWorld(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := io.WriteString(z, strings.Repeat("x", 1000))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	w.put(files{"a.sql.gz": packed.String()})
	w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".gz") {
			rw.Header().Set("Content-Encoding", "gzip")
			require.NotContains(t, r.Header.Get("Accept-Encoding"), "gzip")
		}
		return false
	})
	w.once(cli.ExitOK)
	w.sees(files{"a.sql.gz": packed.String()})
}

// A burst of Slow Down for half of all requests: it takes longer, and that is all.
func TestSlowDownBurst(t *testing.T) {
	w := newWorld(t)
	want := packageOf(60, "1")
	w.put(want)
	var n, refused atomic.Int64
	w.s3.SetFault(func(rw http.ResponseWriter, _ *http.Request) bool {
		if n.Add(1)%2 == 0 || refused.Load() > 200 {
			return false
		}
		refused.Add(1)
		rw.WriteHeader(503)
		_, _ = io.WriteString(rw, "<Error><Code>SlowDown</Code></Error>")
		return true
	})
	stop := w.start()
	w.eventually(want)
	require.Equal(t, cli.ExitOK, stop())
	require.Positive(t, refused.Load())
	w.wholeTrees()
}

// An object that never stays the same holds back what is published with it for
// no longer than it does so; trees and looks stay bounded.
func TestObjectThatNeverStaysTheSame(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1", "log.txt": "0"})
	w.once(cli.ExitOK)
	var n atomic.Int64
	w.s3.SetFault(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/log.txt") {
			w.put(files{"log.txt": fmt.Sprint(n.Add(1))})
		}
		return false
	})
	w.put(files{"a.py": "2", "log.txt": "x"})
	w.once(cli.ExitFailure)
	require.Contains(t, w.logs.String(), "changed since it was listed")
	require.LessOrEqual(t, n.Load(), int64(2*maxRelists))
	w.sees(files{"a.py": "1", "log.txt": "0"})
	w.s3.SetFault(nil)
	w.put(files{"log.txt": "end"})
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2", "log.txt": "end"})
}

// ETags that are no MD5 sums: of multipart uploads, KMS, other servers.
func TestOtherETags(t *testing.T) {
	for _, etag := range []string{"d41d8cd98f00b204e9800998ecf8427e-17", "CAESEAE=", "W/weak", "with space", "ä", "<&>", strings.Repeat("e", 1000)} {
		w := newWorld(t)
		w.put(files{"a.py": "1"})
		escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(etag)
		w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
			if fakes3.IsList(r) {
				return w.rewrite(rw, r, func(s string) string {
					begin, end := strings.Index(s, "<ETag>"), strings.Index(s, "</ETag>")
					if begin < 0 {
						return s
					}
					return s[:begin] + "<ETag>&#34;" + escaped + "&#34;" + s[end:]
				})
			}
			require.Equal(t, `"`+etag+`"`, r.Header.Get("If-Match"))
			rw.Header().Set("ETag", `"`+etag+`"`)
			_, _ = io.WriteString(rw, "1")
			return true
		})
		for _, changed := range []bool{true, false} {
			w.once(cli.ExitOK)
			require.Contains(t, w.logs.String(), fmt.Sprintf(`"changed":%t`, changed), etag)
			w.sees(files{"a.py": "1"})
		}
	}
}

// Keys by which names could go wrong: each is a file or is named, the rest
// comes, a second look changes nothing, and what they were can become anything else.
func TestOddKeys(t *testing.T) {
	deep := strings.Repeat("d/", 480) + "x.py" // S3 takes 1,024 bytes
	kept := []string{
		"caf\u00e9.py", "cafe\u0301.py", // one name in two forms: two names on Linux
		`q"uo'te\.py`, "<&>.py", "%2F.py", "%2e%2e", "+ .py", " lead.py", "trail ", "\U0001f600.py", "...", "-rf", "~", "$HOME", "*?.py", "a:b", "CON", ".hidden",
		".airflow-release/x.py", ".dags.sync/tree-000001/x.py", "tree-000001", "lock", "next", "x.manifest", "empty.py", "__pycache__/x.pyc",
		deep, strings.Repeat("\u00e4", 127) + "b", "\u202egnp.py", "\ufeffbom.py",
	}
	skipped := []string{
		"t\tab.py", "cr\rlf\n", "nel\u0085", "ls\u2028", "..", "../up", "d/..", "s/./x", "//", "/abs", "twice//x", "folder/", strings.Repeat("\u00e4", 128), "CAF\u00c9.py",
	}
	w := newWorld(t)
	want := files{}
	for _, key := range skipped {
		w.s3.Put(prefix+key, "hostile")
	}
	time.Sleep(5 * time.Millisecond) // the twin in capitals is the older one
	for _, key := range kept {
		want[key] = "1"
	}
	want["empty.py"] = ""
	w.put(want)
	for range 2 {
		w.once(cli.ExitPartial)
		require.Equal(t, len(skipped), strings.Count(w.logs.String(), `"key skipped"`), w.logs.String())
		got := readersSee(w.target)
		for key := range got {
			require.Contains(t, want, key)
		}
		for key := range want {
			if !strings.HasPrefix(key, "__pycache__") { // readersSee passes these over
				require.Equal(t, want[key], got[key], "%q", key)
			}
		}
	}
	require.Len(t, w.trees(), 1)
	for key := range want {
		w.s3.Delete(prefix + key)
	}
	turned := files{"tree-000001/x": "2", "lock/x": "2", "x.manifest/x": "2", "d": "2", "...": "2"}
	w.put(turned)
	w.mark("one", bucket.Complete)
	w.once(cli.ExitPartial)
	got := readersSee(w.target)
	require.Equal(t, "hostile", got["CAF\u00c9.py"])
	delete(got, "CAF\u00c9.py")
	require.Equal(t, turned, got)
	w.wholeTrees()
}

// S3's answers without a date, or with one that is none: this machine's clock
// stands in.
func TestNoDate(t *testing.T) {
	for _, date := range []string{"", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"} {
		w := newWorld(t)
		w.config.keep = 0
		w.s3.SetFault(func(rw http.ResponseWriter, r *http.Request) bool {
			r.Header.Del("X-Amz-Date") // the server itself minds the time of requests
			rw.Header()["Date"] = []string{date}
			if date == "" {
				rw.Header()["Date"] = nil
			}
			return false
		})
		for i := range 3 {
			w.put(files{"a.py": fmt.Sprint(i)})
			w.once(cli.ExitOK)
			w.sees(files{"a.py": fmt.Sprint(i)})
		}
		w.wholeTrees()
	}
}

// Marks that are none, of any size and kind, hold everything back, and cost no memory.
func TestOddMarks(t *testing.T) {
	w := newWorld(t)
	w.put(files{"a.py": "1"})
	w.once(cli.ExitOK)
	w.put(files{"a.py": "2"})
	for _, text := range []string{
		"null", "[]", "{}", `"x"`, `{"id": "x"}`, `{"id": 1, "state": "complete"}`, `{"id": "x", "state": "COMPLETE"}`, "\xff\xfe{\x00}\x00",
		`{"id": "x", "state": "complete", "at": "yesterday"}`, strings.Repeat("[", 4000), strings.Repeat("x", 1<<20), `{"id": "x", "state": "complete"} more`,
	} {
		w.s3.Put(prefix+bucket.MarkKey, text)
		w.once(cli.ExitFailure)
		require.Contains(t, w.logs.String(), "none that a push writes", "%.50s", text)
		w.sees(files{"a.py": "1"})
	}
	w.mark("line\nbreak \x00 ' \" <b>", bucket.Complete)
	w.once(cli.ExitFailure) // \x00 is no JSON as it was written
	w.s3.Put(prefix+bucket.MarkKey, `{"id": "line\nbreak \u0000", "state": "complete", "more": {"a": [1]}}`)
	w.once(cli.ExitOK)
	w.sees(files{"a.py": "2"})
}
