package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Object is one object of a listing. Key is what follows the prefix.
type Object struct {
	Key, ETag string
	Size      int64
	// Archived objects lie in a storage class that can't be read at once.
	Archived bool
}

// Digest names the whole state of a prefix: two listings with the same digest
// hold the same keys with the same contents.
type Digest [sha256.Size]byte

// Listing is one complete listing of a prefix.
type Listing struct {
	// Objects are there only when they were asked for, in order of their keys.
	Objects []Object
	Digest  Digest
	Keys    int
	// Mark is the ETag of the prefix's mark, "" where there is none. The mark
	// is in none of the above.
	Mark string
	// Time is S3's own clock, when it began to answer; it is what durable
	// records use, since this machine's clock may jump.
	Time time.Time
}

// maxPage bounds one page of a listing: 1,000 keys of 1,024 bytes, each byte
// escaped to three characters, with all else around them.
const maxPage = 8 << 20

// Lister lists one prefix again and again in the same memory. It serves one
// goroutine.
type Lister struct {
	bucket *Bucket
	prefix string
	page   page
}

// NewLister makes a lister for a prefix.
func (b *Bucket) NewLister(prefix string) *Lister { return &Lister{bucket: b, prefix: prefix} }

// List lists all objects under the prefix. With keep it returns them;
// without, only their digest, which needs no memory.
func (l *Lister) List(ctx context.Context, keep bool) (Listing, error) {
	var listing Listing
	prefix, page := l.prefix, &l.page
	hash := sha256.New()
	var last []byte
	var line []byte
	token := ""
	for {
		if err := l.listPage(ctx, token); err != nil {
			return Listing{}, err
		}
		if listing.Time.IsZero() {
			listing.Time = page.time
		}
		var text strings.Builder
		if keep {
			text.Grow(page.textSize())
		}
		for _, o := range page.objects {
			key, ok := bytes.CutPrefix(o.key, []byte(prefix))
			if !ok {
				return Listing{}, fmt.Errorf("S3 list: key %q is outside of the prefix %q", o.key, prefix)
			}
			// The digest, the diff and the key rules all rest on the order.
			if listing.Keys > 0 && bytes.Compare(last, o.key) >= 0 {
				return Listing{}, fmt.Errorf("S3 list: key %q came after %q: the server doesn't list keys in order", o.key, last)
			}
			last = append(last[:0], o.key...)
			listing.Keys++
			if string(key) == MarkKey {
				listing.Mark = string(o.etag)
				continue
			}
			line = binary.AppendUvarint(line[:0], uint64(len(key)))
			line = append(append(line, key...), o.etag...)
			line = binary.AppendUvarint(append(line, 0), uint64(o.size))
			_, _ = hash.Write(line) // a hash never fails
			if keep {
				listing.Objects = append(listing.Objects, o.keepIn(&text, key))
			}
		}
		if !page.truncated {
			hash.Sum(listing.Digest[:0])
			return listing, nil
		}
		if page.token == "" || page.token == token {
			return Listing{}, errors.New("S3 list: the server says that there is more, but not how to get it")
		}
		token = page.token
	}
}

// textSize is the number of bytes of all keys and ETags of a page.
func (p *page) textSize() int {
	n := 0
	for _, o := range p.objects {
		n += len(o.key) + len(o.etag)
	}
	return n
}

// keepIn copies an object's text behind the others of its page: one block of
// memory for a thousand objects.
func (o listed) keepIn(text *strings.Builder, key []byte) Object {
	start := text.Len()
	text.Write(key)
	middle := text.Len()
	text.Write(o.etag)
	all := text.String()
	return Object{Key: all[start:middle], ETag: all[middle:], Size: o.size, Archived: o.archived}
}

func (l *Lister) listPage(ctx context.Context, token string) error {
	b, p, prefix := l.bucket, &l.page, l.prefix
	query := url.Values{
		"list-type": {"2"},
		// Keys can hold characters that XML can't.
		"encoding-type": {"url"},
	}
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	if token != "" {
		query.Set("continuation-token", token)
	}
	return b.do(ctx, request{
		operation: "list",
		query:     query,
		timeout:   b.client.timeout,
		handle: func(response *http.Response) error {
			p.time = b.client.now()
			if err := p.read(response); err != nil {
				return err
			}
			return p.parse()
		},
	})
}

// read takes the whole answer into the page's buffer.
func (p *page) read(response *http.Response) error {
	p.body.Reset()
	if n := response.ContentLength; n > 0 && n <= maxPage {
		p.body.Grow(int(n) + bytes.MinRead)
	}
	n, err := p.body.ReadFrom(io.LimitReader(response.Body, maxPage+1))
	if err != nil {
		return torn("reading the answer: %w", err)
	}
	if n > maxPage {
		return fmt.Errorf("the answer is longer than %d bytes", maxPage)
	}
	return nil
}
