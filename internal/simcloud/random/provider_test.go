package random

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

type bag = map[string]any

func urn(name string) string {
	token := "random:index/" + strings.ToLower(name[:1]) + name[1:] + ":" + name
	return string(resource.NewURN("dev", "test", "", tokens.Type(token), "a"))
}

// check gives the checked inputs, or what is wrong with them.
func check(t *testing.T, name string, inputs bag) (*pulumirpc.CheckResponse, string) {
	t.Helper()
	news, err := simcloud.Marshal(resource.NewPropertyMapFromMap(inputs))
	require.NoError(t, err)
	res, err := New().Check(context.Background(), &pulumirpc.CheckRequest{Urn: urn(name), News: news})
	if err != nil {
		return nil, err.Error()
	}
	text := ""
	for _, f := range res.Failures {
		text += f.Property + ": " + f.Reason + "\n"
	}
	return res, text
}

func create(t *testing.T, name string, inputs bag, preview bool) (string, resource.PropertyMap) {
	t.Helper()
	checked, faults := check(t, name, inputs)
	require.Empty(t, faults)
	res, err := New().Create(context.Background(), &pulumirpc.CreateRequest{Urn: urn(name), Properties: checked.Inputs, Preview: preview})
	require.NoError(t, err)
	out, err := simcloud.Unmarshal(res.Properties)
	require.NoError(t, err)
	return res.Id, out
}

func text(t *testing.T, props resource.PropertyMap, name resource.PropertyKey) string {
	t.Helper()
	s, ok := simcloud.Text(props[name])
	require.True(t, ok, "%s is no known string", name)
	return s
}

func TestPassword(t *testing.T) {
	_, a := create(t, "RandomPassword", bag{"length": 30, "minUpper": 5, "minNumeric": 5, "minSpecial": 5, "lower": false, "overrideSpecial": "-_"}, false)
	pw := text(t, a, "result")
	require.Regexp(t, `^[A-Z0-9_-]{30}$`, pw)
	for _, class := range []string{upper, digits, "-_"} {
		n := 0
		for _, r := range pw {
			if strings.ContainsRune(class, r) {
				n++
			}
		}
		require.GreaterOrEqual(t, n, 5, class)
	}
	require.True(t, a["result"].IsSecret())
	require.True(t, a["bcryptHash"].IsSecret())
	require.NoError(t, bcrypt.CompareHashAndPassword([]byte(text(t, a, "bcryptHash")), []byte(pw)))
	_, b := create(t, "RandomPassword", bag{"length": 30}, false)
	require.NotEqual(t, pw, text(t, b, "result"))
}

func TestPreviewKnowsNothingButThatItIsSecret(t *testing.T) {
	id, out := create(t, "RandomPassword", bag{"length": 30}, true)
	require.Empty(t, id)
	require.True(t, out["result"].IsSecret())
	require.True(t, simcloud.Unknown(out["result"]))
	_, out = create(t, "RandomString", bag{"length": 30}, true)
	require.False(t, out["result"].IsSecret())
	require.True(t, simcloud.Unknown(out["result"]))
}

func TestOtherKinds(t *testing.T) {
	_, out := create(t, "RandomBytes", bag{"length": 64}, false)
	raw, err := base64.StdEncoding.DecodeString(text(t, out, "base64"))
	require.NoError(t, err)
	require.Len(t, raw, 64)
	require.Equal(t, hex.EncodeToString(raw), text(t, out, "hex"))
	require.True(t, out["base64"].IsSecret())

	id, out := create(t, "RandomId", bag{"byteLength": 8, "prefix": "p-"}, false)
	require.Equal(t, "p-"+id, text(t, out, "b64Url"))
	n, ok := new(big.Int).SetString(strings.TrimPrefix(text(t, out, "dec"), "p-"), 10)
	require.True(t, ok)
	require.Equal(t, strings.TrimPrefix(text(t, out, "hex"), "p-"), hex.EncodeToString(n.FillBytes(make([]byte, 8))))

	id, out = create(t, "RandomUuid", nil, false)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, text(t, out, "result"))
	require.Equal(t, id, text(t, out, "result"))

	_, out = create(t, "RandomInteger", bag{"min": 3, "max": 3}, false)
	require.Equal(t, 3.0, out["result"].NumberValue())
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		inputs bag
		want   string
	}{
		{"RandomPassword", bag{}, "length: missing"},
		{"RandomPassword", bag{"length": 0}, "below 1"},
		{"RandomPassword", bag{"length": 1.5}, "no whole number"},
		{"RandomPassword", bag{"length": 4, "minLower": 3, "minUpper": 2}, "below the sum of the least numbers (5)"},
		{"RandomString", bag{"length": 4, "lower": false, "upper": false, "numeric": false, "special": false}, "all off"},
		{"RandomInteger", bag{"min": 2, "max": 1}, "below min"},
		{"RandomPet", bag{}, "no such type as random:index/randomPet:RandomPet"},
	} {
		_, faults := check(t, c.name, c.inputs)
		require.Contains(t, faults, c.want, c.name)
	}
}

// TestKeepers: any change is a new value, the same inputs are none.
func TestKeepers(t *testing.T) {
	diff := func(olds, news bag) *pulumirpc.DiffResponse {
		a, err := simcloud.Marshal(resource.NewPropertyMapFromMap(olds))
		require.NoError(t, err)
		b, err := simcloud.Marshal(resource.NewPropertyMapFromMap(news))
		require.NoError(t, err)
		d, err := New().Diff(context.Background(), &pulumirpc.DiffRequest{Urn: urn("RandomPassword"), OldInputs: a, News: b})
		require.NoError(t, err)
		return d
	}
	one := bag{"length": 8, "keepers": bag{"generation": "1"}}
	require.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, diff(one, one).Changes)
	d := diff(one, bag{"length": 8, "keepers": bag{"generation": "2"}})
	require.Equal(t, []string{"keepers"}, d.Replaces)
	d = diff(one, bag{"length": 8, "keepers": bag{"generation": resource.MakeComputed(resource.NewStringProperty(""))}})
	require.Equal(t, []string{"keepers"}, d.Replaces, "an unknown keeper may be another")
}
