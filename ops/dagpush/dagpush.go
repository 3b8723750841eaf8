// Package dagpush brings a folder into the bucket that dagsync publishes from,
// so that readers see the release once and whole, however long it takes.
package dagpush

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// parallel is how many requests are under way at once.
const parallel = 16

// Push is one release of one folder.
type Push struct {
	S3             *s3.Client
	Folder         string // below which the files lie
	Bucket, Prefix string // the prefix ends in a slash, or is empty
	ID, Commit     string // what the mark says of it
	Say            func(format string, args ...any)
	// Allow may refuse what there is to do, before anything is changed; nil allows all.
	Allow func(Result) error

	beat time.Duration // between two signs of life; heartbeat if it is 0
}

// Result is what a push changed, by keys below the prefix.
type Result struct {
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
}

// Empty tells that nothing was to change.
func (r Result) Empty() bool { return len(r.Changed)+len(r.Removed) == 0 }

// Run makes the bucket hold the folders, each below its prefix. It tells
// dagsync before the first change to any of them and after the last one; when
// it fails in between, or is interrupted, readers stay on the release before,
// and the next push completes what is missing. What doesn't differ isn't touched.
func Run(ctx context.Context, pushes ...Push) ([]Result, error) {
	results := make([]Result, len(pushes))
	var begun []*session
	for i, p := range pushes {
		s, err := p.look(ctx)
		if err != nil {
			return nil, err
		}
		if results[i] = s.result; s.due {
			begun = append(begun, s)
		}
	}
	for _, s := range begun {
		if s.Allow != nil {
			if err := s.Allow(s.result); err != nil {
				return nil, err
			}
		}
	}
	for i, s := range begun {
		if err := s.lease.write(ctx, s.lease.own); err != nil {
			release(ctx, begun[:i+1]) // this one may have been written all the same
			return nil, err
		}
	}
	err := transfer(ctx, begun)
	for _, s := range begun {
		if err == nil {
			done := s.lease.own
			done.State = complete
			if err = s.lease.write(ctx, done); errors.Is(err, errComplete) {
				err = nil
			}
		}
	}
	if err != nil && release(ctx, begun) {
		err = nil // the answers to the last writes were lost
	}
	if errors.Is(err, ErrTaken) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("the push is half done: readers stay on the release before it, and the next push completes it: %w", err)
	}
	for _, s := range begun {
		s.Say("push: %s is complete in s3://%s/%s: %d changed, %d removed, of %d in all", s.ID, s.Bucket, s.Prefix, len(s.changed), len(s.result.Removed), s.files)
	}
	return results, nil
}

// session is one push under way.
type session struct {
	Push
	lease   *lease
	due     bool // there is something to do
	files   int
	changed []file
	result  Result
}

// look finds out what there is to do, and changes nothing.
func (p Push) look(ctx context.Context) (*session, error) {
	files, err := local(p.Folder)
	if err != nil {
		return nil, err
	}
	s := &session{Push: p, files: len(files), lease: &lease{s3: p.S3, bucket: p.Bucket, key: p.Prefix + markKey,
		own: mark{ID: p.ID, State: pushing, At: time.Now().UTC().Truncate(time.Second), Commit: p.Commit}}}
	// What the bucket is found to hold is only true on top of this mark.
	found, err := s.lease.free(ctx)
	if err != nil {
		return nil, err
	}
	there, err := p.list(ctx)
	if err != nil {
		return nil, err
	}
	if s.changed, err = p.changed(ctx, files, there); err != nil {
		return nil, err
	}
	s.result = Result{Changed: make([]string, 0, len(s.changed)), Removed: p.removed(files, there)}
	for _, f := range s.changed {
		s.result.Changed = append(s.result.Changed, f.key)
	}
	s.due = len(s.changed)+len(s.result.Removed) > 0
	if !s.due && found != nil && found.State != complete {
		p.Say("push: a push of s3://%s/%s was begun and not completed; this one completes it", p.Bucket, p.Prefix)
		s.due = true
	}
	return s, nil
}

// removed are the objects that no file stands for.
func (p Push) removed(files []file, there map[string]types.Object) []string {
	wanted := map[string]bool{markKey: true}
	for _, f := range files {
		wanted[f.key] = true
	}
	list := []string{}
	for key := range there {
		switch {
		case wanted[key] || strings.HasSuffix(key, "/") || key == "":
		case unfit(key):
			p.Say("push: %q stays: it is no name for a file, and dagsync leaves it out", key)
		default:
			list = append(list, key)
		}
	}
	slices.Sort(list)
	return list
}

// release lets the next push begin at once, if it can still be said. It is true
// when all turn out to be complete.
func release(ctx context.Context, begun []*session) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	done := true
	for _, s := range begun {
		ended := s.lease.own
		ended.Ended = true
		err := s.lease.write(ctx, ended)
		if errors.Is(err, errComplete) {
			continue
		}
		done = false
		if err != nil && !errors.Is(err, ErrTaken) {
			s.Say("push: the mark may still say that it is under way (%v); another push can begin in %s", err, silent)
		}
	}
	return done
}

// list returns the objects below the prefix, by what follows it.
func (p Push) list(ctx context.Context) (map[string]types.Object, error) {
	there := map[string]types.Object{}
	pages := s3.NewListObjectsV2Paginator(p.S3, &s3.ListObjectsV2Input{
		Bucket: &p.Bucket, Prefix: &p.Prefix, EncodingType: types.EncodingTypeUrl, // keys can hold what XML can't
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: %w", p.Bucket, p.Prefix, err)
		}
		for _, object := range page.Contents {
			key, err := url.QueryUnescape(aws.ToString(object.Key))
			if err != nil {
				return nil, fmt.Errorf("s3://%s/%s: key %q: %w", p.Bucket, p.Prefix, aws.ToString(object.Key), err)
			}
			there[strings.TrimPrefix(key, p.Prefix)] = object
		}
	}
	return there, nil
}

// changed are the files that the bucket doesn't hold with the same content, by
// the checksum that S3 keeps. An object without one is pushed anew.
func (p Push) changed(ctx context.Context, files []file, there map[string]types.Object) ([]file, error) {
	differs := make([]bool, len(files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, f := range files {
		object, known := there[f.key]
		if !known || aws.ToInt64(object.Size) != f.size {
			differs[i] = true
			continue
		}
		group.Go(func() error {
			head, err := p.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &p.Bucket, Key: aws.String(p.Prefix + f.key), ChecksumMode: types.ChecksumModeEnabled})
			if status(err) == http.StatusNotFound {
				differs[i] = true
				return nil
			}
			if err != nil {
				return fmt.Errorf("s3://%s/%s%s: %w", p.Bucket, p.Prefix, f.key, err)
			}
			differs[i] = aws.ToString(head.ChecksumSHA256) != f.sum
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var changed []file
	for i, f := range files {
		if differs[i] {
			changed = append(changed, f)
		}
	}
	return changed, nil
}

// transfer uploads, then removes, and keeps the leases meanwhile.
func transfer(ctx context.Context, begun []*session) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beating sync.WaitGroup
	stop := make(chan struct{})
	for _, s := range begun {
		beating.Go(func() {
			if err := s.keep(ctx, stop); err != nil {
				cancel(err)
			}
		})
	}
	var err error
	for _, s := range begun {
		if err == nil {
			err = s.upload(ctx, s.changed)
		}
		if err == nil {
			err = s.remove(ctx, s.result.Removed)
		}
	}
	close(stop)
	beating.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// keep renews the lease until stop. A write that fails is tried again at the
// next beat, for as long as nobody may have taken the place.
func (s *session) keep(ctx context.Context, stop <-chan struct{}) error {
	ticker := time.NewTicker(cmp.Or(s.beat, heartbeat))
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		writing, done := context.WithTimeout(ctx, silent/3)
		err := s.lease.write(writing, s.lease.own)
		done()
		if stale := s.lease.fresh(); errors.Is(err, ErrTaken) || err != nil && stale != nil {
			return err
		}
	}
}

func (s *session) upload(ctx context.Context, changed []file) error {
	var mu sync.Mutex
	done := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, f := range changed {
		group.Go(func() error {
			if err := s.lease.fresh(); err != nil {
				return err
			}
			content, err := os.Open(filepath.Join(s.Folder, filepath.FromSlash(f.key)))
			if err != nil {
				return err
			}
			defer func() { _ = content.Close() }()
			if _, err := s.S3.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &s.Bucket, Key: aws.String(s.Prefix + f.key), Body: content, ContentLength: &f.size,
				// S3 refuses a file that changed since it was read, and keeps the sum for the next push.
				ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &f.sum,
			}); err != nil {
				return fmt.Errorf("s3://%s/%s%s: %w", s.Bucket, s.Prefix, f.key, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			s.Say("push: %d of %d: %s", done, len(changed), f.key)
			return nil
		})
	}
	return group.Wait()
}

func (s *session) remove(ctx context.Context, removed []string) error {
	for batch := range slices.Chunk(removed, 1000) {
		if err := s.lease.fresh(); err != nil {
			return err
		}
		objects := make([]types.ObjectIdentifier, len(batch))
		for i, key := range batch {
			objects[i].Key = aws.String(s.Prefix + key)
		}
		out, err := s.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &s.Bucket, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("removing from s3://%s/%s: %w", s.Bucket, s.Prefix, err)
		}
		if len(out.Errors) > 0 {
			first := out.Errors[0]
			return fmt.Errorf("removing s3://%s/%s: %s, and %d more", s.Bucket, aws.ToString(first.Key), aws.ToString(first.Message), len(out.Errors)-1)
		}
		for _, key := range batch {
			s.Say("push: %s is gone", key)
		}
	}
	return nil
}
