package dagsync

import (
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// slowDisk adds the latency of a network file system.
type slowDisk struct {
	latency time.Duration
	mu      sync.Mutex
	locks   map[string]chan struct{}
}

// newSlowDisk makes a file system in which each call takes a while, and calls
// that change one directory wait for each other.
func newSlowDisk(latency time.Duration) *slowDisk {
	return &slowDisk{latency: latency, locks: map[string]chan struct{}{}}
}

// changing are the calls for which Linux holds the directory's lock.
var changing = map[string]bool{
	"mkdir": true, "link": true, "remove": true, "create": true, "rename": true, "symlink": true,
}

func (s *slowDisk) before(op, path string) error {
	// Each directory on the way is opened, which asks the server as well.
	_, below, _ := strings.Cut(path, ".dags.sync")
	if op != "link" { // its folders are open
		time.Sleep(s.latency * time.Duration(1+strings.Count(below, "/")))
	}
	if changing[op] {
		directory := filepath.Dir(path)
		s.mu.Lock()
		lock, ok := s.locks[directory]
		if !ok {
			lock = make(chan struct{}, 1)
			s.locks[directory] = lock
		}
		s.mu.Unlock()
		lock <- struct{}{}
		defer func() { <-lock }()
	}
	time.Sleep(s.latency)
	return nil
}
