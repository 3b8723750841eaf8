package bucket

import (
	"bytes"
	"context"
	"crypto/md5" // an ETag is an MD5 sum: a checksum here, no protection
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// ErrChanged says that an object is no longer what the listing said: it was
// replaced or deleted since. The answer is to list again.
var ErrChanged = errors.New("the object changed since it was listed")

// RefusedError says that S3 lists an object, but refuses to give it: another
// KMS key, a key of the customer's, Glacier, a policy. Others may be readable.
type RefusedError struct {
	// Reason is short, and the same each time.
	Reason string
	err    error
}

func (e *RefusedError) Error() string { return e.err.Error() }
func (e *RefusedError) Unwrap() error { return e.err }

// Destination takes an object's bytes. Reset forgets what came so far: it is
// called before each attempt that brings any.
type Destination interface {
	io.Writer
	Reset() error
}

// Fetch writes one object to dst, whole and just as it was listed, or fails.
func (b *Bucket) Fetch(ctx context.Context, prefix string, o Object, dst Destination) error {
	err := b.again(ctx, func() error {
		// Never another content than the one that was listed.
		object, err := b.get(ctx, prefix+o.Key, o.ETag)
		if err != nil {
			return err
		}
		defer func() { _ = object.Body.Close() }()
		if object.ContentLength != nil && *object.ContentLength != o.Size {
			return tornf("the answer has %d bytes, %d were listed", *object.ContentLength, o.Size)
		}
		if err := dst.Reset(); err != nil {
			return err
		}
		return b.client.receive(object, o, dst)
	})
	if err != nil {
		return fmt.Errorf("object %q: %w", prefix+o.Key, err)
	}
	return nil
}

// again does something until it isn't torn, or gives up. What the SDK's
// client tries again by itself ends with an answer's header.
func (b *Bucket) again(ctx context.Context, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil || ctx.Err() != nil || attempt == b.client.retryer.MaxAttempts() || !torn(err) {
			return err
		}
		delay, delayErr := b.client.retryer.RetryDelay(attempt, err)
		if delayErr != nil {
			return errors.Join(err, delayErr)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(delay):
		}
	}
}

// get asks for one object, if it still is the one with this ETag.
func (b *Bucket) get(ctx context.Context, key, etag string) (*s3.GetObjectOutput, error) {
	object, err := b.client.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, IfMatch: aws.String(`"` + etag + `"`)})
	if err != nil {
		status, code := answered(err)
		err = explain("get", err)
		switch {
		case status == http.StatusPreconditionFailed || status == http.StatusNotFound && code != "NoSuchBucket" && !strings.HasPrefix(code, "KMS."):
			err = fmt.Errorf("%w: %w", ErrChanged, err)
		case status >= 400 && status < 500 && refusals(status, code):
			err = &RefusedError{fmt.Sprintf("S3 refuses it: status %d %s", status, code), err}
		}
		return nil, err
	}
	// Servers that don't know If-Match answer with what they have.
	if got := strings.Trim(aws.ToString(object.ETag), `"`); got != etag {
		_ = object.Body.Close()
		return nil, fmt.Errorf("%w: its ETag is %q, %q was listed", ErrChanged, got, etag)
	}
	return object, nil
}

// refusals are answers that speak of one object: of who may read it, of its
// encryption, of where it is stored. What speaks of the caller or of the
// request's time isn't among them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func refusals(status int, code string) bool {
	switch code {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestTimeTooSkewed",
		"RequestExpired", "AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed":
		return false
	case "InvalidRequest", "InvalidObjectState":
		return true
	}
	return status == http.StatusForbidden || strings.HasPrefix(code, "KMS.")
}

func (c *Client) receive(object *s3.GetObjectOutput, o Object, dst io.Writer) error {
	sum := md5.New()
	buffer := c.buffers.Get().(*[32 << 10]byte)
	defer c.buffers.Put(buffer)
	// One byte more than it may have, to see that it has no more.
	got, err := io.CopyBuffer(io.MultiWriter(sum, dst), &answerBody{io.LimitReader(object.Body, o.Size+1)}, buffer[:])
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return tornf("after %d of %d bytes no more came for %s", got, o.Size, c.silence)
	case err != nil && torn(err):
		return tornf("after %d of %d bytes: %w", got, o.Size, err)
	case err != nil:
		return err
	case got > o.Size:
		return tornf("the answer has more than the %d bytes that were listed", o.Size)
	case got < o.Size:
		return tornf("the answer ended after %d of %d bytes", got, o.Size)
	}
	return checkSum(sum.Sum(nil), object, o)
}

// answerBody tells faults of the answer from those of the disk.
type answerBody struct{ io.Reader }

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = tornError{err}
	}
	return n, err
}

// checkSum compares the content with its ETag where the ETag is an MD5 sum:
// not for multipart uploads, nor for objects encrypted under a KMS key. For
// those the SDK compares the checksum that came with the upload, if one did.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
func checkSum(got []byte, object *s3.GetObjectOutput, o Object) error {
	if e := object.ServerSideEncryption; (e != "" && e != types.ServerSideEncryptionAes256) || object.SSECustomerAlgorithm != nil {
		return nil
	}
	want, err := hex.DecodeString(o.ETag)
	if err == nil && len(want) == md5.Size && !bytes.Equal(got, want) {
		return tornf("its content has the MD5 sum %x, its ETag says %s", got, o.ETag)
	}
	return nil
}
