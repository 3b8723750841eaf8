package rules

import (
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// state says how much is known of a value.
type state int

const (
	absent state = iota
	unknown
	known
)

// get follows a dotted path through nested maps. It returns null when
// something on the way is missing, and an unknown when something on the way is
// unknown. Secrets read like other values.
func get(m property.Map, path string) property.Value {
	first, rest, more := strings.Cut(path, ".")
	value := m.Get(first)
	if !more || value.IsComputed() {
		return value
	}
	// A list of one stands for the map in it: providers differ there.
	if value.IsArray() && value.AsArray().Len() == 1 {
		value = value.AsArray().Get(0)
	}
	if value.IsComputed() {
		return value
	}
	if !value.IsMap() {
		return property.New(property.Null)
	}
	return get(value.AsMap(), rest)
}

// truth reads a flag, which some properties hold as text.
func truth(v property.Value) (bool, state) {
	switch {
	case v.IsComputed():
		return false, unknown
	case v.IsBool():
		return v.AsBool(), known
	case v.IsString() && v.AsString() != "":
		value, err := strconv.ParseBool(strings.ToLower(v.AsString()))
		return value && err == nil, known
	}
	return false, absent
}

// text reads a string, or a number as text.
func text(v property.Value) (string, state) {
	switch {
	case v.IsComputed():
		return "", unknown
	case v.IsString():
		return v.AsString(), known
	case v.IsNumber():
		return strconv.FormatFloat(v.AsNumber(), 'f', -1, 64), known
	case v.IsBool():
		return strconv.FormatBool(v.AsBool()), known
	}
	return "", absent
}

// knownText reads a string and takes anything else for "".
func knownText(v property.Value) string {
	value, _ := text(v)
	return value
}

// isSet reports whether a value is there; an unknown one counts.
func isSet(v property.Value) bool {
	switch {
	case v.IsNull():
		return false
	case v.IsString():
		return v.AsString() != ""
	case v.IsArray():
		return v.AsArray().Len() > 0
	case v.IsMap():
		return v.AsMap().Len() > 0
	}
	return true
}

// items reads a list; a lone map is a list of one.
func items(v property.Value) ([]property.Value, state) {
	switch {
	case v.IsComputed():
		return nil, unknown
	case v.IsArray():
		return v.AsArray().AsSlice(), known
	case v.IsNull():
		return nil, absent
	}
	return []property.Value{v}, known
}

// eachMap calls f for every map in a list, and unseen when the list or an
// element can't be seen.
func eachMap(v property.Value, f func(m property.Map), unseen func()) {
	list, state := items(v)
	if state == unknown {
		unseen()
		return
	}
	for _, item := range list {
		switch {
		case item.IsMap():
			f(item.AsMap())
		case !item.IsNull():
			// Unknown, or of another kind than AWS's.
			unseen()
		}
	}
}
