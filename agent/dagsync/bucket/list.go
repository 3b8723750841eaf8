package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Object is one object of a listing. Key is what follows the prefix.
type Object struct {
	Key, ETag string
	Size      int64
	// Modified is when it was written, in S3's time.
	Modified time.Time
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
	// Mark is the prefix's mark, with an ETag of "" where there is none. It is
	// in none of the above.
	Mark Object
	// Time is S3's own clock, when it began to answer.
	Time time.Time
}

// pageTime bounds one page of a listing: S3 sends it within a second.
const pageTime = time.Minute

// List lists all objects under the prefix, which were there for an answer of
// S3 each thousand. With keep it returns them; without, only their digest,
// which needs no memory. progress is called for each page.
func (b *Bucket) List(ctx context.Context, prefix string, keep bool, progress func()) (Listing, error) {
	l := lister{prefix: prefix, keep: keep}
	hash := sha256.New()
	input := &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: &prefix,
		EncodingType: types.EncodingTypeUrl, // keys can hold characters that XML can't
	}
	for {
		page, err := b.listPage(ctx, input)
		if err != nil {
			return Listing{}, err
		}
		if l.Time.IsZero() {
			l.Time, _ = middleware.GetServerTime(page.ResultMetadata)
		}
		progress()
		for i := range page.Contents {
			line, err := l.add(&page.Contents[i], page.EncodingType == types.EncodingTypeUrl)
			if err != nil {
				return Listing{}, fmt.Errorf("S3 list: %w", err)
			}
			_, _ = hash.Write(line) // a hash never fails
		}
		if !*page.IsTruncated {
			hash.Sum(l.Digest[:0])
			return l.Listing, nil
		}
		next := page.NextContinuationToken
		if aws.ToString(next) == "" || aws.ToString(next) == aws.ToString(input.ContinuationToken) {
			return Listing{}, errors.New("S3 list: the server says that there is more, but not how to get it")
		}
		input.ContinuationToken = next
	}
}

func (b *Bucket) listPage(ctx context.Context, input *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	page, err := b.client.s3.ListObjectsV2(ctx, input)
	if err != nil {
		return nil, explain("list", err)
	}
	// Whatever isn't a listing, the SDK takes for an empty one.
	if page.IsTruncated == nil {
		return nil, errors.New("S3 list: the answer is not a listing: it doesn't say whether it is complete")
	}
	return page, nil
}

// lister goes through the pages of one listing.
type lister struct {
	Listing
	prefix, last string
	keep         bool
	line         []byte
}

// add takes in one object and gives what the digest is made of.
func (l *lister) add(o *types.Object, escaped bool) ([]byte, error) {
	if o.Key == nil || aws.ToString(o.ETag) == "" || o.Size == nil || *o.Size < 0 {
		return nil, errors.New("the listing has an object without key, ETag or size")
	}
	whole := *o.Key
	if escaped {
		var err error
		if whole, err = url.QueryUnescape(whole); err != nil {
			return nil, fmt.Errorf("the badly escaped key %q", *o.Key)
		}
	}
	key, ok := strings.CutPrefix(whole, l.prefix)
	if !ok {
		return nil, fmt.Errorf("key %q is outside of the prefix %q", whole, l.prefix)
	}
	// The digest, the diff and the key rules all rest on the order.
	if l.last != "" && l.last >= whole {
		return nil, fmt.Errorf("key %q came after %q: the server doesn't list keys in order", whole, l.last)
	}
	l.last = whole
	object := Object{
		Key: key, ETag: strings.Trim(*o.ETag, `"`), Size: *o.Size, Modified: aws.ToTime(o.LastModified),
		Archived: o.StorageClass == types.ObjectStorageClassGlacier || o.StorageClass == types.ObjectStorageClassDeepArchive,
	}
	if key == MarkKey {
		l.Mark = object
		return nil, nil
	}
	if l.keep {
		l.Objects = append(l.Objects, object)
	}
	l.line = binary.AppendUvarint(l.line[:0], uint64(len(key)))
	l.line = append(append(l.line, key...), object.ETag...)
	l.line = binary.AppendUvarint(append(l.line, 0), uint64(object.Size))
	return l.line, nil
}
