package random

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/bcrypt"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// The letters of each class, as the random provider has them.
const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	special = "!@#$%&*()-_=+[]{}<>:?"
)

// bcryptMax is the longest password that bcrypt takes.
const bcryptMax = 72

var kinds = map[string]*kind{
	"random:index/randomPassword:RandomPassword": {
		required: []string{"length"}, defaults: letterDefaults, check: checkText,
		outputs: []string{"result", "bcryptHash"}, secret: true, make: makePassword,
	},
	"random:index/randomString:RandomString": {
		required: []string{"length"}, defaults: letterDefaults, check: checkText,
		outputs: []string{"result"}, make: makeString,
	},
	"random:index/randomBytes:RandomBytes": {
		required: []string{"length"}, check: positive("length"),
		outputs: []string{"base64", "hex"}, secret: true, make: makeBytes,
	},
	"random:index/randomId:RandomId": {
		required: []string{"byteLength"}, check: positive("byteLength"),
		outputs: []string{"b64Std", "b64Url", "dec", "hex"}, make: makeID,
	},
	"random:index/randomInteger:RandomInteger": {
		required: []string{"min", "max"}, check: checkRange,
		outputs: []string{"result"}, make: makeInteger,
	},
	"random:index/randomUuid:RandomUuid": {outputs: []string{"result"}, make: makeUUID},
}

var letterDefaults = map[string]any{
	"lower": true, "upper": true, "numeric": true, "special": true,
	"minLower": 0, "minUpper": 0, "minNumeric": 0, "minSpecial": 0,
}

func number(props resource.PropertyMap, name string) int {
	n, _ := simcloud.Number(props[resource.PropertyKey(name)])
	return int(n)
}

func positive(name string) func(resource.PropertyMap) string {
	return func(props resource.PropertyMap) string {
		if number(props, name) < 1 {
			return fmt.Sprintf("%s: %d is below 1", name, number(props, name))
		}
		return ""
	}
}

func checkRange(props resource.PropertyMap) string {
	if number(props, "max") < number(props, "min") {
		return fmt.Sprintf("max (%d) is below min (%d)", number(props, "max"), number(props, "min"))
	}
	return ""
}

// class is a set of letters, and how many of them there must be.
type class struct {
	letters string
	least   int
}

// classes are the letters that a text may have.
func classes(props resource.PropertyMap) (list []class) {
	signs := special
	if s, ok := simcloud.Text(props["overrideSpecial"]); ok && s != "" {
		signs = s
	}
	numeric, _ := simcloud.Flag(props["numeric"])
	if old, given := simcloud.Flag(props["number"]); given {
		numeric = old
	}
	for _, c := range []struct {
		name, least, letters string
		on                   bool
	}{
		{"lower", "minLower", lower, flag(props, "lower")}, {"upper", "minUpper", upper, flag(props, "upper")},
		{"numeric", "minNumeric", digits, numeric}, {"special", "minSpecial", signs, flag(props, "special")},
	} {
		if c.on {
			list = append(list, class{letters: c.letters, least: number(props, c.least)})
		}
	}
	return list
}

func flag(props resource.PropertyMap, name string) bool {
	f, _ := simcloud.Flag(props[resource.PropertyKey(name)])
	return f
}

func checkText(props resource.PropertyMap) string {
	length, least := number(props, "length"), 0
	list := classes(props)
	for _, c := range list {
		least += c.least
	}
	switch {
	case length < 1:
		return fmt.Sprintf("length: %d is below 1", length)
	case len(list) == 0:
		return "lower, upper, numeric and special are all off: nothing is left to choose from"
	case least > length:
		return fmt.Sprintf("length (%d) is below the sum of the least numbers (%d)", length, least)
	}
	return ""
}

// below gives a random number from 0 to n-1.
func below(n int) (int, error) {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		return 0, fmt.Errorf("read random bytes: %w", err)
	}
	return int(i.Int64()), nil
}

// letters makes a random text with the least number of each class.
func letters(props resource.PropertyMap) (string, error) {
	list, all := classes(props), ""
	var text []byte
	pick := func(from string) error {
		i, err := below(len(from))
		if err == nil {
			text = append(text, from[i])
		}
		return err
	}
	for _, c := range list {
		all += c.letters
		for range c.least {
			if err := pick(c.letters); err != nil {
				return "", err
			}
		}
	}
	for len(text) < number(props, "length") {
		if err := pick(all); err != nil {
			return "", err
		}
	}
	for i := len(text) - 1; i > 0; i-- { // so that the least ones aren't in front
		j, err := below(i + 1)
		if err != nil {
			return "", err
		}
		text[i], text[j] = text[j], text[i]
	}
	return string(text), nil
}

func makePassword(props resource.PropertyMap) (map[string]any, string, error) {
	text, err := letters(props)
	if err != nil {
		return nil, "", err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(text[:min(len(text), bcryptMax)]), bcrypt.DefaultCost)
	if err != nil {
		return nil, "", fmt.Errorf("hash the password: %w", err)
	}
	return map[string]any{"result": text, "bcryptHash": string(hash)}, "none", nil
}

func makeString(props resource.PropertyMap) (map[string]any, string, error) {
	text, err := letters(props)
	return map[string]any{"result": text}, text, err
}

func randomBytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	return b, nil
}

func makeBytes(props resource.PropertyMap) (map[string]any, string, error) {
	b, err := randomBytes(number(props, "length"))
	return map[string]any{"base64": base64.StdEncoding.EncodeToString(b), "hex": hex.EncodeToString(b)}, "none", err
}

func makeID(props resource.PropertyMap) (map[string]any, string, error) {
	b, err := randomBytes(number(props, "byteLength"))
	if err != nil {
		return nil, "", err
	}
	prefix, _ := simcloud.Text(props["prefix"])
	id := base64.RawURLEncoding.EncodeToString(b)
	return map[string]any{
		"b64Std": prefix + base64.StdEncoding.EncodeToString(b), "b64Url": prefix + id,
		"dec": prefix + new(big.Int).SetBytes(b).String(), "hex": prefix + hex.EncodeToString(b),
	}, id, nil
}

func makeInteger(props resource.PropertyMap) (map[string]any, string, error) {
	low, high := number(props, "min"), number(props, "max")
	n, err := below(high - low + 1)
	return map[string]any{"result": float64(low + n)}, strconv.Itoa(low + n), err
}

func makeUUID(resource.PropertyMap) (map[string]any, string, error) {
	b, err := randomBytes(16)
	if err != nil {
		return nil, "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	uuid := h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	return map[string]any{"result": uuid}, uuid, nil
}
