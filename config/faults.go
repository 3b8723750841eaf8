package config

import (
	"encoding/json"
	"fmt"
	"strings"
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

// add notes a fault. A nil value stands for a missing one. Control characters
// and length are tamed by quoting, so that a hostile value can't forge a line.
func (f *faults) add(key string, value any, allowed string) {
	f.list = append(f.list, Fault{Key: printable(key), Value: show(value), Allowed: allowed})
}

func (f *faults) addf(key string, value any, format string, args ...any) {
	f.add(key, value, fmt.Sprintf(format, args...))
}

func (f *faults) unknown(key string, value any, name string, known []string) {
	if meant := nearest(name, known); meant != "" {
		f.addf(key, value, "unknown key, did you mean %q?", meant)
		return
	}
	f.addf(key, value, "unknown key, known are: %s", strings.Join(known, ", "))
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return &Error{Faults: f.list}
}

const longestShownValue = 80

func show(value any) string {
	if value == nil {
		return ""
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(value))
	}
	text := printable(string(encoded))
	if runes := []rune(text); len(runes) > longestShownValue {
		return string(runes[:longestShownValue]) + "…"
	}
	return text
}

// printable replaces what a terminal would act on.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x2028 && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '�'
		}
		return r
	}, text)
}
