package tree

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func sample() *Manifest {
	return &Manifest{
		Source:    `s3://bucket/odd "prefix"/`,
		Digest:    sha256.Sum256([]byte("listing")),
		Published: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		Skipped:   []keys.Skip{{Key: "a\n\"b\xff", Reason: keys.Control}, {Key: "", Reason: keys.Marker}},
		Entries: []Entry{
			{Key: "a b c.py", ETag: "9b2c-3", Info: Info{Size: 5, MTime: 17, Inode: math.MaxUint64, Mode: unix.S_IFREG}},
			{Key: "ä/x", ETag: "e", Info: Info{Size: 0, MTime: -17, Inode: 1, Mode: unix.S_IFREG}},
		},
	}
}

func encoded(t *testing.T, m *Manifest) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, m.encode(&b))
	return b.Bytes()
}

func TestManifestRoundTrip(t *testing.T) {
	for _, m := range []*Manifest{sample(), {Entries: []Entry{}, Published: time.Unix(0, 0).UTC()}} {
		got, err := decode(encoded(t, m))
		require.NoError(t, err)
		require.Equal(t, m, got)
	}
	require.EqualValues(t, 5, sample().Bytes())
}

// A manifest that isn't exactly what was written is never used.
func TestManifestRefusesDamage(t *testing.T) {
	data := encoded(t, sample())
	for n := range len(data) {
		_, err := decode(data[:n])
		require.Error(t, err, "the first %d bytes", n)
		flipped := bytes.Clone(data)
		flipped[n] ^= 1
		_, err = decode(flipped)
		require.Error(t, err, "byte %d", n)
	}
	_, err := decode(append(data, '\n'))
	require.Error(t, err)
}

// sealed puts the right checksum below any text.
func sealed(body string) []byte {
	return fmt.Appendf([]byte(body), "end %x\n", sha256.Sum256([]byte(body)))
}

func TestManifestRefusesNonsense(t *testing.T) {
	whole := string(encoded(t, sample()))
	body := whole[:strings.LastIndex(whole, "end ")]
	_, err := decode(sealed(body))
	require.NoError(t, err)
	for name, change := range map[string][2]string{
		"another format":        {"tree 1", "tree 2"},
		"a key that leads out":  {"a b c.py", "../../x"},
		"keys out of order":     {"a b c.py", "ö/z"},
		"too many files":        {"files 2", "files 3"},
		"too few files":         {"files 2", "files 1"},
		"files without end":     {"files 2", "files 99999999999"},
		"a negative count":      {"files 2", "files -1"},
		"no number":             {" 17 ", " x "},
		"a short digest":        {"listing ", "listing z"},
		"no time":               {"2026-11-23", "2026-13-23"},
		"more skips than lines": {"skipped 2", "skipped 9"},
	} {
		text := strings.Replace(body, change[0], change[1], 1)
		require.NotEqual(t, body, text, name)
		_, err := decode(sealed(text))
		require.Error(t, err, name)
	}
}

func FuzzManifest(f *testing.F) {
	var b bytes.Buffer
	_ = sample().encode(&b)
	f.Add(b.String())
	f.Add(strings.TrimSuffix(b.String(), "\n"))
	f.Add(manifestHead + "\nsource \"\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = decode([]byte(text))
		body := text
		if i := strings.LastIndex(text, "end "); i >= 0 {
			body = text[:i]
		}
		m, err := decode(sealed(body))
		if err != nil {
			return
		}
		for i, e := range m.Entries {
			require.Empty(t, keys.Check(bucket.Object{Key: e.Key, ETag: e.ETag}))
			require.True(t, i == 0 || m.Entries[i-1].Key < e.Key)
		}
		again, err := decode(encoded(t, m))
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}
