package tree

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// manyWorkers hide the latency of a network file system, where each call
	// is a round trip of milliseconds.
	manyWorkers = 64
	// slowCall is what tells such a file system from a local one, on which
	// more workers than processors only get into each other's way.
	slowCall = 300 * time.Microsecond
	// batchSize keeps workers out of each other's directories.
	batchSize = 32
)

// parallel calls f for 0 to n-1, in batches that overlap in time. It starts
// with few workers and takes more as soon as calls turn out to be slow. The
// first error stops it.
func parallel(ctx context.Context, batches [][]int, f func(i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next, slow atomic.Int64
	var grow sync.Once
	var worker func() error
	start := func(count int) {
		for range min(count, len(batches)) {
			group.Go(worker)
		}
	}
	few := min(runtime.GOMAXPROCS(0), 2)
	worker = func() error {
		for {
			b := int(next.Add(1)) - 1
			if b >= len(batches) {
				return nil
			}
			for _, i := range batches[b] {
				if err := ctx.Err(); err != nil {
					return err
				}
				begin := time.Now()
				if err := f(i); err != nil {
					return err
				}
				if time.Since(begin) > slowCall && slow.Add(1) > 8 {
					grow.Do(func() { start(manyWorkers - few) })
				}
			}
		}
	}
	start(few)
	return group.Wait()
}

// byDirectory makes batches of the indices 0 to n-1, each from one directory,
// and lets the directories take turns: Linux makes changes in one directory
// of a network file system one after the other, however many ask.
func byDirectory(n int, name func(i int) string) [][]int {
	var order []string
	queues := map[string][]int{}
	last, lastFolder := []int(nil), "\x00"
	for i := range n {
		folder := parentOf(name(i))
		if folder != lastFolder {
			if lastFolder != "\x00" {
				queues[lastFolder] = last
			}
			queue, known := queues[folder]
			if !known {
				order = append(order, folder)
			}
			last, lastFolder = queue, folder
		}
		last = append(last, i)
	}
	if n > 0 {
		queues[lastFolder] = last
	}
	var batches [][]int
	for len(order) > 0 {
		left := order[:0]
		for _, folder := range order {
			queue := queues[folder]
			size := min(len(queue), batchSize)
			batches = append(batches, queue[:size])
			if queues[folder] = queue[size:]; len(queue) > size {
				left = append(left, folder)
			}
		}
		order = left
	}
	return batches
}

// singly makes a batch of each index.
func singly(n int) [][]int {
	indices := make([]int, n)
	batches := make([][]int, n)
	for i := range n {
		indices[i] = i
		batches[i] = indices[i : i+1]
	}
	return batches
}

// parentOf is the directory of a key, "" for the top.
func parentOf(key string) string {
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		return key[:i]
	}
	return ""
}
