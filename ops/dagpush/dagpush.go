// Package dagpush brings a folder into the bucket that dagsync publishes from,
// so that readers see the release once and whole, however long it takes.
package dagpush

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
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

	beat time.Duration // between two signs of life; heartbeat if it is 0
}

// Result is what a push changed, by keys below the prefix.
type Result struct {
	Changed []string `json:"changed"`
	Removed []string `json:"removed"`
}

// Run makes the bucket hold the folder. It tells dagsync before its first
// change and after its last one; when it fails in between, or is interrupted,
// readers stay on the release before, and the next push completes what is
// missing. Without a difference it changes nothing.
func (p Push) Run(ctx context.Context) (Result, error) {
	files, err := local(p.Folder)
	if err != nil {
		return Result{}, err
	}
	l := &lease{s3: p.S3, bucket: p.Bucket, key: p.Prefix + markKey, own: mark{ID: p.ID, State: pushing, At: time.Now().UTC().Truncate(time.Second), Commit: p.Commit}}
	// What the bucket is found to hold is only true on top of this mark.
	found, err := l.free(ctx)
	if err != nil {
		return Result{}, err
	}
	there, err := p.list(ctx)
	if err != nil {
		return Result{}, err
	}
	changed, err := p.changed(ctx, files, there)
	if err != nil {
		return Result{}, err
	}
	result := Result{Changed: make([]string, 0, len(changed)), Removed: []string{}}
	wanted := map[string]bool{markKey: true}
	for _, f := range files {
		wanted[f.key] = true
	}
	for _, f := range changed {
		result.Changed = append(result.Changed, f.key)
	}
	for key := range there {
		if !wanted[key] && !strings.HasSuffix(key, "/") && key != "" {
			result.Removed = append(result.Removed, key)
		}
	}
	slices.Sort(result.Removed)

	if len(changed)+len(result.Removed) == 0 {
		if found == nil || found.State == complete {
			return result, nil
		}
		p.Say("push: a push was begun and not completed; this one completes it")
	}
	if err := l.write(ctx, l.own); err != nil {
		return Result{}, err
	}
	err = p.transfer(ctx, l, changed, result.Removed)
	if err == nil {
		done := l.own
		done.State = complete
		err = l.write(ctx, done)
	}
	if err != nil {
		return result, p.giveUp(ctx, l, err)
	}
	p.Say("push: %s is complete in s3://%s/%s: %d files changed, %d removed, of %d", p.ID, p.Bucket, p.Prefix, len(changed), len(result.Removed), len(files))
	return result, nil
}

// giveUp lets the next push begin at once, if it can still be said.
func (p Push) giveUp(ctx context.Context, l *lease, cause error) error {
	if errors.Is(cause, ErrTaken) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	ended := l.own
	ended.Ended = true
	if err := l.write(ctx, ended); err != nil {
		p.Say("push: the mark still says that it is under way (%v); another push can begin in %s", err, silent)
	}
	return fmt.Errorf("the push is half done: readers stay on the release before it, and the next push completes it: %w", cause)
}

// list returns the objects below the prefix, by what follows it.
func (p Push) list(ctx context.Context) (map[string]types.Object, error) {
	there := map[string]types.Object{}
	pages := s3.NewListObjectsV2Paginator(p.S3, &s3.ListObjectsV2Input{Bucket: &p.Bucket, Prefix: &p.Prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: %w", p.Bucket, p.Prefix, err)
		}
		for _, object := range page.Contents {
			there[strings.TrimPrefix(aws.ToString(object.Key), p.Prefix)] = object
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

// transfer uploads, then removes, and keeps the lease meanwhile.
func (p Push) transfer(ctx context.Context, l *lease, changed []file, removed []string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beating sync.WaitGroup
	stop := make(chan struct{})
	beating.Go(func() {
		ticker := time.NewTicker(cmp.Or(p.beat, heartbeat))
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := l.write(ctx, l.own); err != nil {
				cancel(err)
				return
			}
		}
	})
	err := p.upload(ctx, changed)
	if err == nil {
		err = p.remove(ctx, removed)
	}
	close(stop)
	beating.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (p Push) upload(ctx context.Context, changed []file) error {
	var mu sync.Mutex
	done := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, f := range changed {
		group.Go(func() error {
			content, err := os.Open(filepath.Join(p.Folder, filepath.FromSlash(f.key)))
			if err != nil {
				return err
			}
			defer func() { _ = content.Close() }()
			if _, err := p.S3.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &p.Bucket, Key: aws.String(p.Prefix + f.key), Body: content, ContentLength: &f.size,
				// S3 refuses a file that changed since it was read, and keeps the sum for the next push.
				ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &f.sum,
			}); err != nil {
				return fmt.Errorf("s3://%s/%s%s: %w", p.Bucket, p.Prefix, f.key, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			p.Say("push: %d of %d: %s", done, len(changed), f.key)
			return nil
		})
	}
	return group.Wait()
}

func (p Push) remove(ctx context.Context, removed []string) error {
	for batch := range slices.Chunk(removed, 1000) {
		objects := make([]types.ObjectIdentifier, len(batch))
		for i, key := range batch {
			objects[i].Key = aws.String(p.Prefix + key)
		}
		out, err := p.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &p.Bucket, Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)}})
		if err != nil {
			return fmt.Errorf("removing from s3://%s/%s: %w", p.Bucket, p.Prefix, err)
		}
		if len(out.Errors) > 0 {
			first := out.Errors[0]
			return fmt.Errorf("removing s3://%s/%s: %s, and %d more", p.Bucket, aws.ToString(first.Key), aws.ToString(first.Message), len(out.Errors)-1)
		}
		for _, key := range batch {
			p.Say("push: %s is gone", key)
		}
	}
	return nil
}
