package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// Fault is one wrong setting: its key, the value it has, and what is allowed.
type Fault struct {
	Key     string
	Value   string
	Allowed string
}

func (f Fault) String() string {
	if f.Value == "" {
		return fmt.Sprintf("%s: %s", f.Key, f.Allowed)
	}
	return fmt.Sprintf("%s is %s: %s", f.Key, f.Value, f.Allowed)
}

// Error holds every fault of a configuration.
type Error struct {
	Faults []Fault
}

func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	noun := "faults"
	if len(e.Faults) == 1 {
		noun = "fault"
	}
	lines = append(lines, fmt.Sprintf("the configuration has %d %s; nothing was planned:", len(e.Faults), noun))
	for _, fault := range e.Faults {
		lines = append(lines, "  "+fault.String())
	}
	return strings.Join(lines, "\n")
}

// faults collects what is wrong while a configuration is read.
type faults struct {
	list []Fault
}

// add notes a fault. A nil value stands for a missing one, and for one that
// might be a secret. All parts are tamed, so that a hostile value can neither
// forge a line nor drown the others.
func (f *faults) add(key string, value any, allowed string) {
	f.list = append(f.list, Fault{
		Key:     shorten(printable(key), longestShownKey),
		Value:   show(value),
		Allowed: shorten(printable(allowed), longestShownRule),
	})
}

func (f *faults) addf(key string, value any, format string, args ...any) {
	f.add(key, value, fmt.Sprintf(format, args...))
}

// unknown notes a key that doesn't exist. Its value isn't shown: it may be a
// secret that was put in the wrong place.
func (f *faults) unknown(key, name string, known []string) {
	if meant := nearest(name, known); meant != "" {
		f.addf(key, nil, "unknown key, did you mean %q?", meant)
		return
	}
	f.addf(key, nil, "unknown key, known are: %s", strings.Join(known, ", "))
}

// wrong says whether a setting, or something that holds or lies in it, has a
// fault already: a check that compares it with another would only repeat that.
func (f *faults) wrong(key string) bool {
	for _, fault := range f.list {
		if within(fault.Key, key) || within(key, fault.Key) {
			return true
		}
	}
	return false
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return &Error{Faults: f.list}
}

// Longest shown parts of a fault, in characters.
const (
	longestShownKey   = 160
	longestShownValue = 80
	longestShownRule  = 600
)

func show(value any) string {
	if value == nil {
		return ""
	}
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	return shorten(ascii(strings.TrimSuffix(encoded.String(), "\n")), longestShownValue)
}

func shorten(text string, longest int) string {
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// ascii writes other characters as \u0430, which shows a letter that only looks
// like the one that was meant.
func ascii(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// printable replaces what a terminal would act on: control characters, and
// those that change the direction of text or have no width.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, text)
}
