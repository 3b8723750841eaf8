package dagpush

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// markKey is the object below a prefix by which a push tells dagsync when it
// is under way and when it is complete (docs/adr/0035).
const markKey = ".airflow-release"

// mark is what it holds. Ended says that a push which isn't complete is given
// up: nobody goes on with it, and the next one need not wait.
type mark struct {
	ID     string    `json:"id"`
	State  string    `json:"state"`
	At     time.Time `json:"at"`
	Commit string    `json:"commit,omitempty"`
	Ended  bool      `json:"ended,omitempty"`
}

const (
	pushing  = "pushing"
	complete = "complete"
)

// A pusher renews its mark every heartbeat; one whose mark is older than silent
// is dead, and another may take its place.
const (
	heartbeat = 30 * time.Second
	silent    = 3 * time.Minute
)

// ErrTaken says that another push has taken this one's place, or was there first.
var ErrTaken = errors.New("another push is under way")

// lease is the mark of one prefix, as held by one push. Each write is made only
// on top of the one before it, so that of two pushers one fails.
type lease struct {
	s3          *s3.Client
	bucket, key string
	own         mark
	etag        string // of what lies there; "" for nothing
	lost        bool   // another push has the place: nothing is written any more

	renewed atomic.Int64 // when the last write that succeeded began, Unix nanoseconds
}

// fresh fails when nothing was heard of this push for so long that another may
// soon take its place. It goes by the wall clock: the other stands still while
// a machine sleeps.
func (l *lease) fresh() error {
	if age := time.Duration(time.Now().UnixNano() - l.renewed.Load()); age > silent/2 {
		return fmt.Errorf("mark s3://%s/%s: it could not be renewed for %s", l.bucket, l.key, age.Round(time.Second))
	}
	return nil
}

// find reads the mark that is there: nil when there is none.
func (l *lease) find(ctx context.Context) (found *mark, age time.Duration, err error) {
	out, err := l.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.bucket, Key: &l.key})
	if status(err) == http.StatusNotFound {
		l.etag = ""
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("mark s3://%s/%s: %w", l.bucket, l.key, err)
	}
	defer func() { _ = out.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(out.Body, 4<<10))
	if err != nil {
		return nil, 0, fmt.Errorf("mark s3://%s/%s: %w", l.bucket, l.key, err)
	}
	l.etag = aws.ToString(out.ETag)
	found = new(mark)
	if json.Unmarshal(text, found) != nil {
		found = &mark{Ended: true} // no push wrote it: its place may be taken
	}
	return found, serverTime(out.ResultMetadata).Sub(aws.ToTime(out.LastModified)), nil
}

// free reads the mark that is there, and fails when a push that holds it is
// neither complete, given up nor dead. The first write is made on top of it.
func (l *lease) free(ctx context.Context) (*mark, error) {
	found, age, err := l.find(ctx)
	if err != nil {
		return nil, err
	}
	if found != nil && found.State == pushing && !found.Ended && age < silent {
		return nil, fmt.Errorf("%w: %s of s3://%s/%s, last heard of %s ago; if it is dead, push again in %s",
			ErrTaken, found.ID, l.bucket, l.key, age.Round(time.Second), (silent - age).Round(time.Second))
	}
	return found, nil
}

// write replaces the mark. An answer that was lost is asked for: what was
// written is known by its id.
func (l *lease) write(ctx context.Context, m mark) error {
	err := l.taken()
	for range 4 {
		if l.lost {
			return err
		}
		begin := time.Now().UnixNano()
		if err = l.try(ctx, m); err == nil {
			l.renewed.Store(begin)
		}
		if !errors.Is(err, errAgain) {
			return err
		}
	}
	return err
}

var (
	errAgain    = errors.New("the mark is in motion")
	errComplete = errors.New("the mark already says complete")
)

func (l *lease) try(ctx context.Context, m mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	input := &s3.PutObjectInput{Bucket: &l.bucket, Key: &l.key, Body: bytes.NewReader(text), ContentType: aws.String("application/json")}
	if l.etag == "" {
		input.IfNoneMatch = aws.String("*")
	} else {
		input.IfMatch = &l.etag
	}
	out, err := l.s3.PutObject(ctx, input)
	if err == nil {
		l.etag = aws.ToString(out.ETag)
		return nil
	}
	if s := status(err); s != http.StatusPreconditionFailed && s != http.StatusConflict && s != http.StatusNotFound {
		return fmt.Errorf("mark s3://%s/%s: %w", l.bucket, l.key, err)
	}
	before := l.etag
	found, _, err := l.find(ctx)
	if err != nil {
		return err
	}
	switch {
	case found != nil && *found == m:
		return nil
	case found == nil, l.etag == before: // somebody deleted it, or S3 was busy with it
		return fmt.Errorf("mark s3://%s/%s: %w", l.bucket, l.key, errAgain)
	case found.ID == l.own.ID && found.State == complete:
		return errComplete
	case found.ID == l.own.ID: // a write of our own, whose answer was lost
		return fmt.Errorf("mark s3://%s/%s: %w", l.bucket, l.key, errAgain)
	}
	l.lost = true
	return l.taken()
}

func (l *lease) taken() error {
	return fmt.Errorf("%w: it took the place of this one at s3://%s/%s", ErrTaken, l.bucket, l.key)
}

// status is the HTTP status of an error's answer, 0 without one.
func status(err error) int {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// serverTime is S3's own clock in an answer; this machine's may be wrong.
func serverTime(metadata middleware.Metadata) time.Time {
	if raw, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); ok {
		if t, err := http.ParseTime(raw.Header.Get("Date")); err == nil {
			return t
		}
	}
	return time.Now()
}
