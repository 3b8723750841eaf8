package bucket

import (
	"bytes"
	"context"
	"crypto/md5" // an ETag is an MD5 sum: a checksum here, no protection
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"time"
)

// ErrChanged says that an object is no longer what the listing said: it was
// replaced or deleted since. The answer is to list again.
var ErrChanged = errors.New("the object changed since it was listed")

// Destination takes an object's bytes. Reset forgets what came so far: it is
// called before each attempt.
type Destination interface {
	io.Writer
	Reset() error
}

// Fetcher fetches one object at a time with one buffer. Each goroutine needs
// its own.
type Fetcher struct {
	bucket *Bucket
	prefix string
	buffer []byte
	sum    hash.Hash
}

// NewFetcher makes a fetcher for the objects of a prefix.
func (b *Bucket) NewFetcher(prefix string) *Fetcher {
	return &Fetcher{bucket: b, prefix: prefix, buffer: make([]byte, 32<<10), sum: md5.New()}
}

// Slowest is the slowest transfer, in bytes a second, that a fetch puts up
// with before it starts anew.
const slowest = 128 << 10

// Fetch writes one object to dst, whole and just as it was listed, or fails.
func (f *Fetcher) Fetch(ctx context.Context, o Object, dst Destination) error {
	err := f.bucket.do(ctx, request{
		operation: "get",
		key:       f.prefix + o.Key,
		// Never another content than the one that was listed.
		header:  map[string]string{"If-Match": `"` + o.ETag + `"`},
		timeout: f.bucket.client.timeout + time.Duration(o.Size/slowest)*time.Second,
		handle: func(response *http.Response) error {
			return f.receive(response, o, dst)
		},
	})
	if changed(err) {
		err = fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if err != nil {
		return fmt.Errorf("object %q: %w", f.prefix+o.Key, err)
	}
	return nil
}

func (f *Fetcher) receive(response *http.Response, o Object, dst Destination) error {
	// Servers that don't know If-Match answer with what they have.
	if etag := trimQuotes(response.Header.Get("ETag")); etag != o.ETag {
		return fmt.Errorf("%w: its ETag is %q, %q was listed", ErrChanged, etag, o.ETag)
	}
	if response.ContentLength >= 0 && response.ContentLength != o.Size {
		return torn("the answer has %d bytes, %d were listed", response.ContentLength, o.Size)
	}
	if err := dst.Reset(); err != nil {
		return err
	}
	f.sum.Reset()
	var got int64
	for {
		n, err := response.Body.Read(f.buffer)
		got += int64(n)
		if got > o.Size {
			return torn("the answer has more than the %d bytes that were listed", o.Size)
		}
		if n > 0 {
			_, _ = f.sum.Write(f.buffer[:n]) // a hash never fails
			if _, err := dst.Write(f.buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return torn("after %d of %d bytes: %w", got, o.Size, err)
		}
	}
	if got != o.Size {
		return torn("the answer ended after %d of %d bytes", got, o.Size)
	}
	return f.checkSum(response, o)
}

// checkSum compares the content with its ETag where the ETag is an MD5 sum:
// not for multipart uploads, nor for objects encrypted under a KMS key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
func (f *Fetcher) checkSum(response *http.Response, o Object) error {
	encryption := response.Header.Get("X-Amz-Server-Side-Encryption")
	if (encryption != "" && encryption != "AES256") || response.Header.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm") != "" {
		return nil
	}
	want, err := hex.DecodeString(o.ETag)
	if err != nil || len(want) != md5.Size {
		return nil
	}
	if got := f.sum.Sum(nil); !bytes.Equal(got, want) {
		return torn("its content has the MD5 sum %x, its ETag says %s", got, o.ETag)
	}
	return nil
}

// changed is true for the answer that an object isn't the one that was asked for.
func changed(err error) bool {
	var answer *Error
	return errors.As(err, &answer) && (answer.Status == http.StatusPreconditionFailed ||
		(answer.Status == http.StatusNotFound && answer.Code != "NoSuchBucket"))
}

func trimQuotes(etag string) string {
	if n := len(etag); n >= 2 && etag[0] == '"' && etag[n-1] == '"' {
		return etag[1 : n-1]
	}
	return etag
}
