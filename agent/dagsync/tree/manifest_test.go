package tree

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
	"github.com/stretchr/testify/require"
)

func sample() *Manifest {
	return &Manifest{
		Source:    `s3://bucket/odd "prefix"/`,
		Mark:      "9b2c",
		Published: time.Date(2026, 11, 23, 10, 0, 0, 5, time.UTC),
		Entries: []Entry{
			{Key: "a b <&> c.py", ETag: "9b2c-3", Info: Info{Size: 5, MTime: 17, Inode: math.MaxUint64}},
			{Key: "ä/x", ETag: "e", Info: Info{Size: 0, MTime: -17, Inode: 1}},
		},
	}
}

func encoded(t *testing.T, m *Manifest) []byte {
	t.Helper()
	text, err := m.encode()
	require.NoError(t, err)
	return text
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

// sealed puts the right checksum above any text.
func sealed(body string) []byte {
	return fmt.Appendf(nil, "%x\n%s", sha256.Sum256([]byte(body)), body)
}

func TestManifestRefusesNonsense(t *testing.T) {
	_, body, _ := strings.Cut(string(encoded(t, sample())), "\n")
	_, err := decode(sealed(body))
	require.NoError(t, err)
	for message, change := range map[string][2]string{
		`the key "../../x" can't be a file`: {"ä/x", "../../x"},
		"its keys are not in order":         {"ä/x", "A"},
		"cannot unmarshal string":           {":17,", `:"x",`},
		"cannot unmarshal number":           {":17,", ":1e99,"},
		"parsing time":                      {"2026-11-23", "2026-13-23"},
		"invalid character":                 {"[", "("},
		"unexpected end":                    {"}]}", "}]"},
	} {
		text := strings.Replace(body, change[0], change[1], 1)
		require.NotEqual(t, body, text, message)
		_, err := decode(sealed(text))
		require.ErrorContains(t, err, message)
	}
}

func FuzzManifest(f *testing.F) {
	text, _ := sample().encode()
	f.Add(string(text))
	_, body, _ := strings.Cut(string(text), "\n")
	f.Add(body)
	f.Add(`{"files": [{}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = decode([]byte(text))
		m, err := decode(sealed(text))
		if err != nil {
			return
		}
		for i, e := range m.Entries {
			require.Empty(t, keys.Check(bucket.Object{Key: e.Key, ETag: e.ETag}))
			require.True(t, i == 0 || m.Entries[i-1].Key < e.Key)
		}
		if !utf8.ValidString(m.Source) || !utf8.ValidString(m.Mark) {
			return
		}
		again, err := decode(encoded(t, m))
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}
