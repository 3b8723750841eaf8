package tree

import (
	"strings"
	"time"
)

// Expired gives the trees that stopped being shown at least keep ago, oldest
// first. now and all recorded times are S3's, so that this machine's clock
// may jump without a tree being removed under its readers.
func (s *Store) Expired(c Contents, now time.Time, keep time.Duration) []int {
	if len(c.Trees) < 2 || c.Current == 0 {
		return nil
	}
	var expired []int
	// A tree was shown until the next one was published; the current one is the
	// last of them. Where that one's
	// record can't be read, the one after it is the safe answer.
	until := time.Time{}
	for i := len(c.Trees) - 1; i >= 0; i-- {
		number := c.Trees[i]
		if !until.IsZero() && now.Sub(until) >= keep {
			expired = append([]int{number}, expired...)
		}
		if published, ok := s.published(number); ok {
			until = published
		}
	}
	return expired
}

// published reads the time from the head of a manifest.
func (s *Store) published(number int) (time.Time, bool) {
	source, err := s.home.Read(treeName(number) + manifestSuffix)
	if err != nil {
		return time.Time{}, false
	}
	defer source.Close()
	head := make([]byte, 4<<10) // the lines before it have 2,500 bytes at most
	n, err := source.next(head)
	if err != nil {
		return time.Time{}, false
	}
	_, rest, ok := strings.Cut(string(head[:n]), "\npublished ")
	if !ok {
		return time.Time{}, false
	}
	text, _, _ := strings.Cut(rest, "\n")
	published, err := time.Parse(time.RFC3339, text)
	return published, err == nil
}
