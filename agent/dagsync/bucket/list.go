package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"slices"
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
	// Objects are in order of their keys.
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
// S3 each thousand. progress is called for each page.
func (b *Bucket) List(ctx context.Context, prefix string, progress func()) (Listing, error) {
	var l Listing
	digest, last, line := sha256.New(), "", []byte(nil)
	asked := map[string]bool{} // by these tokens
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
		l.Objects = slices.Grow(l.Objects, len(page.Contents))
		for i := range page.Contents {
			o, err := object(&page.Contents[i], page.EncodingType == types.EncodingTypeUrl)
			key, ours := strings.CutPrefix(o.Key, prefix)
			switch {
			case err != nil:
				return Listing{}, err
			case !ours:
				return Listing{}, fmt.Errorf("S3 listed the key %q, which is outside of the prefix %q", o.Key, prefix)
			case last != "" && last >= o.Key: // the digest and the rules for keys rest on the order
				return Listing{}, fmt.Errorf("S3 listed the key %q after %q: it doesn't list keys in order", o.Key, last)
			}
			last, o.Key = o.Key, key
			if key == MarkKey {
				l.Mark = o
				continue
			}
			l.Objects = append(l.Objects, o)
			line = append(append(append(binary.AppendUvarint(line[:0], uint64(len(key))), key...), o.ETag...), 0)
			_, _ = digest.Write(line) // a hash never fails
		}
		if !*page.IsTruncated {
			digest.Sum(l.Digest[:0])
			return l, nil
		}
		next := aws.ToString(page.NextContinuationToken)
		if next == "" || asked[next] { // pages that bring nothing could go round for ever
			return Listing{}, errors.New("S3 says that its listing goes on, but not how to get the rest")
		}
		input.ContinuationToken, asked[next] = &next, true
	}
}

func (b *Bucket) listPage(ctx context.Context, input *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, b.client.pageTime)
	defer cancel()
	page, err := b.client.s3.ListObjectsV2(ctx, input)
	if err != nil {
		return nil, b.client.explain(err)
	}
	// Whatever isn't a listing, the SDK takes for an empty one.
	if page.IsTruncated == nil {
		return nil, errors.New("S3's answer is not a listing: it doesn't say whether it is complete")
	}
	return page, nil
}

// object takes in what a listing says of one object, with its whole key.
func object(o *types.Object, escaped bool) (Object, error) {
	if o.Key == nil || aws.ToString(o.ETag) == "" || aws.ToInt64(o.Size) < 0 || o.Size == nil {
		return Object{}, errors.New("S3 listed an object without key, ETag or size")
	}
	key := *o.Key
	if escaped {
		var err error
		if key, err = url.QueryUnescape(key); err != nil {
			return Object{}, fmt.Errorf("S3 listed the badly escaped key %q", *o.Key)
		}
	}
	return Object{
		Key: key, ETag: strings.Trim(*o.ETag, `"`), Size: *o.Size, Modified: aws.ToTime(o.LastModified),
		Archived: o.StorageClass == types.ObjectStorageClassGlacier || o.StorageClass == types.ObjectStorageClassDeepArchive,
	}, nil
}
