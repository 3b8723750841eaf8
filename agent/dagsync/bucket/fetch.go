package bucket

import (
	"bytes"
	"context"
	"crypto/md5" // an ETag is an MD5 sum: a checksum here, no protection
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
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
// The SDK tries again until there is an answer; what breaks off after that is
// asked for again here.
func (b *Bucket) Fetch(ctx context.Context, prefix string, o Object, dst Destination) error {
	retryer := b.client.s3.Options().Retryer
	for attempt := 1; ; attempt++ {
		err := b.fetch(ctx, prefix+o.Key, o, dst)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("object %q: %w", prefix+o.Key, err)
		delay, delayErr := retryer.RetryDelay(attempt, err)
		if !errors.Is(err, errTorn) || attempt == retryer.MaxAttempts() || delayErr != nil {
			return errors.Join(err, delayErr)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(delay):
		}
	}
}

func (b *Bucket) fetch(ctx context.Context, key string, o Object, dst Destination) error {
	answer, err := b.get(ctx, key, o.ETag)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if err := dst.Reset(); err != nil {
		return err
	}
	sum := md5.New()
	// One byte more than it may have, to see that it has no more.
	got, err := io.Copy(io.MultiWriter(sum, dst), io.LimitReader(answer.Body, o.Size+1))
	var disk *fs.PathError
	switch {
	case errors.As(err, &disk) || ctx.Err() != nil:
		return errors.Join(err, ctx.Err())
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: after %d of %d bytes no more came for %s", errTorn, got, o.Size, b.client.silence)
	case err != nil || got != o.Size:
		return fmt.Errorf("%w: %d of %d bytes: %w", errTorn, got, o.Size, errors.Join(err, io.ErrUnexpectedEOF))
	}
	// The ETag is an MD5 sum but for multipart uploads and objects encrypted
	// under a KMS key. For those the SDK compares the checksum that came with
	// the upload, if one did.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
	if e := answer.ServerSideEncryption; e != "" && e != types.ServerSideEncryptionAes256 {
		return nil
	}
	if want, err := hex.DecodeString(o.ETag); err == nil && len(want) == md5.Size && !bytes.Equal(sum.Sum(nil), want) {
		return fmt.Errorf("%w: the MD5 sum of its content is %x, its ETag says %s", errTorn, sum.Sum(nil), o.ETag)
	}
	return nil
}

// Readable fails when an object can't be had as it was listed.
func (b *Bucket) Readable(ctx context.Context, prefix string, o Object) error {
	answer, err := b.get(ctx, prefix+o.Key, o.ETag)
	if err == nil {
		_ = answer.Body.Close()
	}
	return err
}

// get asks for one object, if it still is the one with this ETag.
func (b *Bucket) get(ctx context.Context, key, etag string) (*s3.GetObjectOutput, error) {
	object, err := b.client.s3.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, IfMatch: aws.String(`"` + etag + `"`), ChecksumMode: types.ChecksumModeEnabled, // whatever the environment says
	})
	var answer *awshttp.ResponseError
	switch {
	case errors.As(err, &answer):
		return nil, sortOut(b.client.explain(err), answer.HTTPStatusCode())
	case err != nil:
		return nil, err
	}
	// Servers that don't know If-Match answer with what they have.
	if got := strings.Trim(aws.ToString(object.ETag), `"`); got != etag {
		_ = object.Body.Close()
		return nil, fmt.Errorf("%w: its ETag is %q, %q was listed", ErrChanged, got, etag)
	}
	return object, nil
}

// sortOut tells answers that speak of one object, of who may read it, of its
// encryption, of where it is stored, from those that speak of the caller, of
// the request's time, or of S3.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func sortOut(err error, status int) error {
	code := ""
	var said smithy.APIError
	if errors.As(err, &said) {
		code = said.ErrorCode()
	}
	refused := &RefusedError{fmt.Sprintf("S3 refuses it: status %d %s", status, code), err}
	switch code {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestTimeTooSkewed",
		"RequestExpired", "AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "NoSuchBucket":
		return err
	case "InvalidRequest", "InvalidObjectState":
		return refused
	}
	switch {
	case strings.HasPrefix(code, "KMS.") && status < 500 || status == http.StatusForbidden:
		return refused
	case status == http.StatusPreconditionFailed || status == http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return err
}
