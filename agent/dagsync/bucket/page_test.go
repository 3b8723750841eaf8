package bucket

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`

func parsePage(text string) (*page, error) {
	p := new(page)
	p.body.WriteString(text)
	return p, p.parse()
}

func TestPageAsS3SendsIt(t *testing.T) {
	p, err := parsePage(head + `<Name>b</Name><Prefix/><NextContinuationToken>1/x+==</NextContinuationToken><KeyCount>2</KeyCount>
  <MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
  <Contents><Key>a%0Ab+c%2Bd/%C3%A4.py</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;9b2cf535f27731c974343645a3985328-3&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><Size>434234</Size><Owner><ID>1</ID><DisplayName/></Owner><StorageClass>STANDARD</StorageClass></Contents>
  <Contents><Key>cold</Key><ETag>"e"</ETag><Size>0</Size><StorageClass>DEEP_ARCHIVE</StorageClass></Contents><CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes></ListBucketResult>`)
	require.NoError(t, err)
	require.True(t, p.truncated)
	require.Equal(t, "1/x+==", p.token)
	require.Len(t, p.objects, 2)
	require.Equal(t, "a\nb c+d/ä.py", string(p.objects[0].key))
	require.Equal(t, "9b2cf535f27731c974343645a3985328-3", string(p.objects[0].etag))
	require.EqualValues(t, 434234, p.objects[0].size)
	require.False(t, p.objects[0].archived)
	require.True(t, p.objects[1].archived)
}

func TestPageWithoutEscapes(t *testing.T) {
	p, err := parsePage(head + `<IsTruncated>false</IsTruncated><Contents><Key>a+b%20&lt;&amp;&gt;&#39;&#x22;&apos;</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>`)
	require.NoError(t, err)
	require.Equal(t, `a+b%20<&>'"'`, string(p.objects[0].key))
	require.False(t, p.truncated)
}

// A listing that isn't whole must never look like one: keys that are missing
// from it would be deleted.
func TestPageRefusesWhatIsNotWhole(t *testing.T) {
	whole := head + `<IsTruncated>false</IsTruncated><Contents><Key>a</Key><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents></ListBucketResult>`
	_, err := parsePage(whole)
	require.NoError(t, err)
	for n := range len(whole) {
		_, err := parsePage(whole[:n])
		require.Error(t, err, "the first %d bytes", n)
	}
	for name, text := range map[string]string{
		"no end marker":    head + `<Contents><Key>a</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>`,
		"no ETag":          head + `<IsTruncated>false</IsTruncated><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>`,
		"no size":          head + `<IsTruncated>false</IsTruncated><Contents><Key>a</Key><ETag>e</ETag></Contents></ListBucketResult>`,
		"negative size":    head + `<IsTruncated>false</IsTruncated><Contents><Key>a</Key><ETag>e</ETag><Size>-1</Size></Contents></ListBucketResult>`,
		"bad escape":       head + `<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents><Key>a%2</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>`,
		"unknown entity":   head + `<IsTruncated>false</IsTruncated><Contents><Key>&foo;</Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>`,
		"another document": `<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>`,
		"HTML":             `<html><body>proxy says no</body></html>`,
		"CDATA":            head + `<IsTruncated>false</IsTruncated><Contents><Key><![CDATA[a]]></Key><ETag>e</ETag><Size>1</Size></Contents></ListBucketResult>`,
		"nothing":          ``,
	} {
		_, err := parsePage(text)
		require.Error(t, err, name)
	}
}

// FuzzPage compares with encoding/xml: keys, ETags and sizes that a server
// writes come back as they were, and any bytes whatsoever are survived.
func FuzzPage(f *testing.F) {
	f.Add("a/b.py", "e", int64(1), "tok", true, false)
	f.Add("ä&<>\"' %+\n", "\"q\"", int64(0), "", false, true)
	f.Add("", "x", int64(-5), "a=b", true, true)
	f.Fuzz(func(t *testing.T, key, etag string, size int64, token string, truncated, escape bool) {
		_, _ = parsePage(key) // no panic, whatever it is
		_, _ = parsePage(head + key + `</ListBucketResult>`)

		type contents struct {
			Key  string
			ETag string
			Size int64
		}
		document := struct {
			XMLName               xml.Name `xml:"ListBucketResult"`
			Contents              []contents
			IsTruncated           bool
			NextContinuationToken string
			EncodingType          string `xml:",omitempty"`
		}{Contents: []contents{{key, etag, size}, {"z" + key, etag, 7}}, IsTruncated: truncated, NextContinuationToken: token}
		if escape {
			document.EncodingType = "url"
			for i := range document.Contents {
				document.Contents[i].Key = url.QueryEscape(document.Contents[i].Key)
			}
		}
		text, err := xml.Marshal(document)
		require.NoError(t, err)
		require.NoError(t, xml.Unmarshal(text, &document)) // as XML can carry it
		p, err := parsePage(string(text))
		if key == "" || strings.Trim(document.Contents[0].ETag, `"`) == "" || size < 0 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, truncated, p.truncated)
		require.Equal(t, document.NextContinuationToken, p.token)
		require.Len(t, p.objects, 2)
		for i, o := range p.objects {
			want := document.Contents[len(document.Contents)-2+i]
			if escape {
				want.Key, err = url.QueryUnescape(want.Key)
				require.NoError(t, err)
			}
			require.Equal(t, want.Key, string(o.key))
			require.Equal(t, strings.Trim(want.ETag, `"`), string(o.etag))
			require.Equal(t, want.Size, o.size)
		}
	})
}
