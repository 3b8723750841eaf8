package emf

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

// MaxDimensionValue is CloudWatch's limit of a dimension's value, in characters.
const MaxDimensionValue = 1024

var namespaces = regexp.MustCompile(`^[A-Za-z0-9._/#-][A-Za-z0-9._/#:-]{0,254}$`)

// CheckNamespace says what is wrong with a namespace of metrics, by
// CloudWatch's rules (MetricDatum, PutMetricData).
func CheckNamespace(name string) error {
	if !namespaces.MatchString(name) || strings.HasPrefix(name, "AWS/") {
		return fmt.Errorf("namespace: %q is none of CloudWatch's: 1 to 255 of letters, digits and ._/#:-, no colon and no AWS/ in front", name)
	}
	return nil
}

// CheckStack says what is wrong with the value of the dimension Stack, which
// must be as it is written.
func CheckStack(name string) error {
	if DimensionValue(name) != name {
		return fmt.Errorf("--stack (AGENT_STACK): %q is no value of a CloudWatch dimension: printable ASCII without spaces and %%, no colon in front, at most %d", name, MaxDimensionValue)
	}
	return nil
}

// DimensionValue writes a text in the characters that CloudWatch takes in the
// value of a dimension: printable ASCII, no colon in front, at most
// MaxDimensionValue of them. Other bytes, spaces and the percent sign become
// %XX, as in URLs, so that two texts stay two; what is too long ends in a hash
// of the whole. A line with any other value is dropped without a word.
func DimensionValue(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c <= ' ', c >= 0x7f, c == '%', c == ':' && i == 0:
			_, _ = fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	value := b.String()
	if value == "" {
		return "%"
	}
	if len(value) > MaxDimensionValue {
		sum := fmt.Sprintf("%%%x", sha256.Sum256([]byte(text)))
		value = value[:MaxDimensionValue-len(sum)] + sum
	}
	return value
}
