package keys_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/dagsync/bucket"
	"github.com/pathwai/airflow-on-fargate/agent/dagsync/keys"
	"github.com/stretchr/testify/require"
)

func listing(names ...string) []bucket.Object {
	slices.Sort(names)
	objects := make([]bucket.Object, len(names))
	for i, name := range names {
		objects[i] = bucket.Object{Key: name, ETag: "e", Size: 1}
	}
	return objects
}

func names(objects []bucket.Object) []string {
	list := []string{}
	for _, o := range objects {
		list = append(list, o.Key)
	}
	return list
}

// Each row of the decision table in Select's comment.
func TestSelect(t *testing.T) {
	long := strings.Repeat("x", 256)
	for name, row := range map[string]struct {
		keys    []string
		kept    []string
		skipped []keys.Skip
	}{
		"plain files":               {[]string{"a.py", "b/c.py"}, []string{"a.py", "b/c.py"}, nil},
		"odd but harmless":          {[]string{"...", "a b.py", "ä/ü.py", "~", "-rf", "a.", "b\\c", "..a/b"}, []string{"-rf", "...", "..a/b", "a b.py", "a.", "b\\c", "~", "ä/ü.py"}, nil},
		"folder marker":             {[]string{"a/", "a/b.py"}, []string{"a/b.py"}, []keys.Skip{{Key: "a/", Reason: keys.Marker}}},
		"absolute":                  {[]string{"/etc/passwd", "a"}, []string{"a"}, []keys.Skip{{Key: "/etc/passwd", Reason: keys.Absolute}}},
		"empty segment":             {[]string{"a//b", "a/c"}, []string{"a/c"}, []keys.Skip{{Key: "a//b", Reason: keys.Empty}}},
		"parent":                    {[]string{"../x", "a/../../x", "ok"}, []string{"ok"}, []keys.Skip{{Key: "../x", Reason: keys.Dots}, {Key: "a/../../x", Reason: keys.Dots}}},
		"parent at the end":         {[]string{"a/..", "ok"}, []string{"ok"}, []keys.Skip{{Key: "a/..", Reason: keys.Dots}}},
		"self":                      {[]string{"./x", "ok"}, []string{"ok"}, []keys.Skip{{Key: "./x", Reason: keys.Dots}}},
		"control characters":        {[]string{"a\nb", "a\x00b", "a\x7fb", "a\u0085b", "ok"}, []string{"ok"}, []keys.Skip{{Key: "a\x00b", Reason: keys.Control}, {Key: "a\nb", Reason: keys.Control}, {Key: "a\x7fb", Reason: keys.Control}, {Key: "a\u0085b", Reason: keys.Control}}},
		"no UTF-8":                  {[]string{"a\xffb", "ok"}, []string{"ok"}, []keys.Skip{{Key: "a\xffb", Reason: keys.Control}}},
		"too long":                  {[]string{long, "a/" + long + "/b", long[1:]}, []string{long[1:]}, []keys.Skip{{Key: "a/" + long + "/b", Reason: keys.TooLong}, {Key: long, Reason: keys.TooLong}}},
		"file and folder":           {[]string{"a", "a/b"}, []string{"a/b"}, []keys.Skip{{Key: "a", Reason: keys.Folder}}},
		"file and folder, apart":    {[]string{"a", "a-b", "a.py", "a/b", "a0"}, []string{"a-b", "a.py", "a/b", "a0"}, []keys.Skip{{Key: "a", Reason: keys.Folder}}},
		"three deep":                {[]string{"a", "a/b", "a/b/c"}, []string{"a/b/c"}, []keys.Skip{{Key: "a", Reason: keys.Folder}, {Key: "a/b", Reason: keys.Folder}}},
		"a hostile key is no child": {[]string{"a", "a/../b"}, []string{"a"}, []keys.Skip{{Key: "a/../b", Reason: keys.Dots}}},
		"a prefix is no parent":     {[]string{"a", "ab/c"}, []string{"a", "ab/c"}, nil},
		"case twins":                {[]string{"A.py", "a.py", "b.py"}, []string{"A.py", "b.py"}, []keys.Skip{{Key: "a.py", Reason: keys.Twin}}},
		"case twins, Unicode":       {[]string{"\u212a.py", "k.py"}, []string{"k.py"}, []keys.Skip{{Key: "\u212a.py", Reason: keys.Twin}}},
		"nothing":                   {nil, []string{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			kept, skipped := keys.Select(listing(row.keys...))
			require.Equal(t, row.kept, names(kept))
			require.Equal(t, row.skipped, skipped)
		})
	}
}

func TestSelectByAttributes(t *testing.T) {
	kept, skipped := keys.Select([]bucket.Object{
		{Key: "", ETag: "e"}, // the prefix itself, which consoles create
		{Key: "cold.py", ETag: "e", Archived: true},
		{Key: "odd.py", ETag: "a\nb"},
		{Key: "warm.py", ETag: "e"},
	})
	require.Equal(t, []string{"warm.py"}, names(kept))
	require.Equal(t, []keys.Skip{{Key: "cold.py", Reason: keys.Archived}, {Key: "odd.py", Reason: keys.UnfitETag}}, skipped)

	_, skipped = keys.Select([]bucket.Object{{Key: "", ETag: "e", Size: 1}})
	require.Equal(t, []keys.Skip{{Key: "", Reason: keys.Marker}}, skipped, "a prefix with content is reported")
}

// Of any number of twins the newest one stays, wherever it stands in the order.
func TestNewestOfSeveralTwins(t *testing.T) {
	at := func(second int64) time.Time { return time.Unix(second, 0) }
	for _, row := range []struct {
		times  [3]int64
		newest string
	}{
		{[3]int64{1, 2, 3}, "aa.py"}, {[3]int64{1, 3, 2}, "Aa.py"}, {[3]int64{3, 1, 2}, "AA.py"}, {[3]int64{2, 2, 2}, "AA.py"}, {[3]int64{1, 2, 2}, "Aa.py"},
	} {
		kept, skipped := keys.Select([]bucket.Object{
			{Key: "AA.py", ETag: "e", Modified: at(row.times[0])}, {Key: "Aa.py", ETag: "e", Modified: at(row.times[1])}, {Key: "aa.py", ETag: "e", Modified: at(row.times[2])},
		})
		require.Equal(t, []string{row.newest}, names(kept))
		require.Len(t, skipped, 2)
	}
}

// FuzzSelect: whatever the keys are, what is kept can be made as files, and
// each key is either kept or named.
func FuzzSelect(f *testing.F) {
	f.Add("a\na/b\n../x\nA\n/etc\nb//c\nd/\x00\n\xff")
	f.Add("dags/x.py\ndags\ndags/\nDags/x.py")
	f.Add(strings.Repeat("a/", 300) + "b\n" + strings.Repeat("y", 300))
	f.Fuzz(func(t *testing.T, text string) {
		all := strings.Split(text, "\n")
		slices.Sort(all)
		all = slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
		kept, skipped := keys.Select(listing(all...))
		require.Equal(t, len(all), len(kept)+len(skipped))
		require.True(t, slices.IsSortedFunc(kept, func(a, b bucket.Object) int { return strings.Compare(a.Key, b.Key) }))
		folders := map[string]bool{}
		for i, o := range kept {
			for _, other := range kept[:i] {
				require.False(t, strings.EqualFold(o.Key, other.Key), "twins: %q", o.Key)
			}
			segments := strings.Split(o.Key, "/")
			for i, s := range segments {
				require.NotContains(t, []string{"", ".", ".."}, s, "%q", o.Key)
				require.LessOrEqual(t, len(s), 255)
				require.NotContains(t, s, "\x00")
				if i > 0 {
					folders[strings.Join(segments[:i], "/")] = true
				}
			}
		}
		for _, o := range kept {
			require.False(t, folders[o.Key], "%q is a file and a folder", o.Key)
		}
		for _, s := range skipped {
			require.NotEmpty(t, s.Reason)
			require.Contains(t, all, s.Key)
		}
	})
}
