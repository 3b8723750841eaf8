package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// shorthand is an object that a text stands for as well.
type shorthand interface{ Shorthand(text string) }

// longhand is a text that an object stands for as well.
type longhand interface{ Longhand(object map[string]any) }

// decode copies a JSON-like value into target and notes a fault for every
// value of a wrong type and every key that target doesn't know. Nothing is
// coerced: a number with a fraction is not an integer, and "3" is not 3.
func (f *faults) decode(value any, target reflect.Value, key string) {
	if text, ok := value.(string); ok {
		if short, ok := target.Addr().Interface().(shorthand); ok {
			short.Shorthand(text)
			return
		}
	}
	if object, ok := value.(map[string]any); ok {
		if long, ok := target.Addr().Interface().(longhand); ok {
			long.Longhand(object)
			return
		}
	}
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		f.decode(value, target.Elem(), key)
	case reflect.Struct:
		f.decodeStruct(value, target, key)
	case reflect.Map:
		entries, ok := value.(map[string]any)
		if !ok {
			f.add(key, value, "a map of names to values")
			return
		}
		target.Set(reflect.MakeMap(target.Type()))
		for _, name := range sortedKeys(entries) {
			element := reflect.New(target.Type().Elem()).Elem()
			f.decode(entries[name], element, key+"."+name)
			target.SetMapIndex(reflect.ValueOf(name), element)
		}
	case reflect.Slice:
		elements, ok := value.([]any)
		if !ok {
			f.add(key, value, "a list")
			return
		}
		target.Set(reflect.MakeSlice(target.Type(), len(elements), len(elements)))
		for i, element := range elements {
			f.decode(element, target.Index(i), fmt.Sprintf("%s[%d]", key, i))
		}
	default:
		f.decodeScalar(value, target, key)
	}
}

func (f *faults) decodeScalar(value any, target reflect.Value, key string) {
	switch target.Kind() {
	case reflect.String:
		if text, ok := value.(string); ok {
			target.SetString(text)
			return
		}
		f.add(key, value, "text (in quotes)")
	case reflect.Bool:
		if flag, ok := value.(bool); ok {
			target.SetBool(flag)
			return
		}
		f.add(key, value, "true or false")
	case reflect.Int:
		if number, ok := value.(json.Number); ok {
			if whole, err := number.Int64(); err == nil {
				target.SetInt(whole)
				return
			}
		}
		f.add(key, value, "a whole number")
	default:
		panic(fmt.Sprintf("config: no decoding for %s at %s", target.Type(), key))
	}
}

func (f *faults) decodeStruct(value any, target reflect.Value, key string) {
	entries, ok := value.(map[string]any)
	if !ok {
		f.add(key, value, "a map of settings")
		return
	}
	fields := settings(target)
	known := sortedKeys(fields)
	for _, name := range sortedKeys(entries) {
		if field, ok := fields[name]; ok {
			f.decode(entries[name], field, key+"."+name)
			continue
		}
		f.unknown(key+"."+name, name, known)
	}
	for _, name := range known {
		if _, ok := entries[name]; !ok && !optional(target.Type(), name) {
			f.add(key+"."+name, nil, "required, but missing")
		}
	}
}

// settings maps the names in a struct's config tags to its fields, embedded
// structs included.
func settings(target reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range target.NumField() {
		field := target.Type().Field(i)
		if field.Anonymous {
			for name, value := range settings(target.Field(i)) {
				fields[name] = value
			}
		} else if name, _, _ := strings.Cut(field.Tag.Get("config"), ","); name != "" {
			fields[name] = target.Field(i)
		}
	}
	return fields
}

// optional says whether a struct's setting may be left away, which only
// elements of lists need: everything else has a default in Pulumi.yaml.
func optional(target reflect.Type, name string) bool {
	for i := range target.NumField() {
		field := target.Field(i)
		if field.Anonymous && optional(field.Type, name) || field.Tag.Get("config") == name+",optional" {
			return true
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// nearest returns the candidate with the smallest edit distance to name, or ""
// when none is near enough to be meant.
func nearest(name string, candidates []string) string {
	if len(name) > longestShownValue {
		return ""
	}
	best, bestDistance := "", len(name)/2+1
	for _, candidate := range candidates {
		if d := editDistance(strings.ToLower(name), strings.ToLower(candidate)); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = slices.Min([]int{substitution, row[j] + 1, diagonal + 1})
		}
	}
	return row[len(b)]
}

// merge lays over on base: maps key by key, anything else replaced.
func merge(base, over any) any {
	baseMap, ok := base.(map[string]any)
	overMap, ok2 := over.(map[string]any)
	if !ok || !ok2 {
		return over
	}
	merged := make(map[string]any, len(baseMap))
	for key, value := range baseMap {
		merged[key] = value
	}
	for key, value := range overMap {
		if old, ok := merged[key]; ok {
			value = merge(old, value)
		}
		merged[key] = value
	}
	return merged
}
