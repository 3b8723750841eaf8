package aws

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// text wants a string of a length, and of a form if there is one; hint says the
// form in words.
func text(low, high int, form, hint string) Rule {
	re := regexp.MustCompile(form)
	return func(v resource.PropertyValue) string {
		s, ok := simcloud.Text(v)
		switch {
		case !ok:
			return "is no string"
		case len(s) < low || len(s) > high:
			return fmt.Sprintf("%q has %d characters; AWS takes %d to %d", s, len(s), low, high)
		case !re.MatchString(s):
			return fmt.Sprintf("%q is not allowed: %s", s, hint)
		}
		return ""
	}
}

// oneOf wants one of several strings.
func oneOf(values ...string) Rule {
	return func(v resource.PropertyValue) string {
		if s, ok := simcloud.Text(v); !ok || !slices.Contains(values, s) {
			return fmt.Sprintf("%q is none of %s", plain(v), strings.Join(values, ", "))
		}
		return ""
	}
}

// between wants a whole number in a range, both ends included.
func between(low, high float64) Rule {
	return func(v resource.PropertyValue) string {
		if n, ok := simcloud.Number(v); !ok || n < low || n > high || n != math.Trunc(n) {
			return fmt.Sprintf("%s is no whole number from %v to %v", plain(v), low, high)
		}
		return ""
	}
}

// among wants one of several numbers.
func among(values ...float64) Rule {
	return func(v resource.PropertyValue) string {
		if n, ok := simcloud.Number(v); !ok || !slices.Contains(values, n) {
			return fmt.Sprintf("%s is none of %s", plain(v), strings.Trim(fmt.Sprint(values), "[]"))
		}
		return ""
	}
}

// each applies a rule to the elements of a list, of which there are low to high.
func each(low, high int, rule Rule) Rule {
	return func(v resource.PropertyValue) string {
		if !v.IsArray() {
			return "is no list"
		}
		if n := len(v.ArrayValue()); n < low || n > high {
			return fmt.Sprintf("has %d elements; AWS takes %d to %d", n, low, high)
		}
		for _, e := range v.ArrayValue() {
			if reason := rule(simcloud.Bare(e)); reason != "" {
				return reason
			}
		}
		return ""
	}
}

// anything is a rule for elements of which only the number counts.
func anything(resource.PropertyValue) string { return "" }

// cidr4 wants an IPv4 network with a prefix length in a range and no host bits.
func cidr4(low, high int) Rule {
	return func(v resource.PropertyValue) string {
		s, _ := simcloud.Text(v)
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil || !p.Addr().Is4():
			return fmt.Sprintf("%q is no IPv4 network such as 10.0.0.0/16", s)
		case p.Masked() != p:
			return fmt.Sprintf("%q has host bits set; the network is %s", s, p.Masked())
		case p.Bits() < low || p.Bits() > high:
			return fmt.Sprintf("%q: AWS takes prefix lengths from /%d to /%d", s, low, high)
		}
		return ""
	}
}

// port is a TCP or UDP port.
var port = between(0, 65535)

// Retention are the days that CloudWatch Logs can keep log events; 0 is for ever
// (API reference of PutRetentionPolicy).
var retention = among(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)

// schedule is an expression of EventBridge and of Application Auto Scaling.
var schedule = text(1, 256, `^(rate\([0-9]+ (minute|hour|day)s?\)|cron\(([^ ]+ ){4,5}[^ ]+\)|at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\))$`,
	"schedules are rate(5 minutes), cron(0 20 ? * MON-FRI *) or at(2030-01-31T20:00:00)")

// word is a name of letters, digits and a few signs.
func word(high int, signs string) Rule {
	return text(1, high, `^[A-Za-z0-9`+regexp.QuoteMeta(signs)+`-]+$`, "letters, digits, hyphens and "+signs)
}
