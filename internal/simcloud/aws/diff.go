package aws

import (
	"encoding/json"
	"reflect"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// compare finds the inputs that differ, and those among them that replace the
// resource. state is what the outputs were.
func compare(kind *Type, state, olds, news resource.PropertyMap) *pulumirpc.DiffResponse {
	d := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	replaced := map[string]bool{}
	if kind.Replaces != nil {
		for _, k := range kind.Replaces(olds, news) {
			replaced[k] = true
		}
	}
	for _, k := range union(olds, news) {
		key := resource.PropertyKey(k)
		before, after := before(kind, key, state, olds, news)
		if strings.HasPrefix(k, "__") || equal(kind, k, before, after) {
			continue
		}
		d.Changes = pulumirpc.DiffResponse_DIFF_SOME
		d.Diffs = append(d.Diffs, k)
		change := pulumirpc.PropertyDiff_UPDATE
		switch {
		case before.V == nil:
			change = pulumirpc.PropertyDiff_ADD
		case after.V == nil:
			change = pulumirpc.PropertyDiff_DELETE
		}
		if replaced[k] || forces(kind, k, before, after) {
			change++ // each kind is followed by the one that replaces
			d.Replaces = append(d.Replaces, k)
		}
		d.DetailedDiff[resource.PropertyPath{k}.String()] = &pulumirpc.PropertyDiff{Kind: change}
	}
	return d
}

// before gives the two values of an input to compare. Where AWS chooses what a
// program leaves out, leaving it out is no change, and saying what AWS chose is
// none either.
func before(kind *Type, key resource.PropertyKey, state, olds, news resource.PropertyMap) (before, after resource.PropertyValue) {
	before, after = olds[key], news[key]
	if _, chosen := kind.Outputs[string(key)]; chosen || has(kind.Later, string(key)) {
		if !simcloud.Given(before) {
			before = state[key]
		}
		if !simcloud.Given(after) {
			after = before
		}
	}
	return before, after
}

func union(a, b resource.PropertyMap) []string {
	keys := map[string]bool{}
	for k := range a {
		keys[string(k)] = true
	}
	for k := range b {
		keys[string(k)] = true
	}
	list := make([]string, 0, len(keys))
	for k := range keys {
		list = append(list, k)
	}
	sort.Strings(list)
	return list
}

// equal compares two values of an input: JSON documents by their meaning, and
// nothing equals an empty list or map.
func equal(kind *Type, name string, a, b resource.PropertyValue) bool {
	if empty(a) && empty(b) || simcloud.Same(a, b) {
		return true
	}
	if !has(kind.JSON, name) {
		return false
	}
	x, okX := document(a)
	y, okY := document(b)
	return okX && okY && reflect.DeepEqual(x, y)
}

func empty(v resource.PropertyValue) bool {
	v = simcloud.Bare(v)
	switch {
	case v.V == nil || v.IsNull():
		return true
	case v.IsArray():
		return len(v.ArrayValue()) == 0
	case v.IsObject():
		return len(v.ObjectValue()) == 0
	}
	return false
}

// document parses a JSON document, given as text or as an object.
func document(v resource.PropertyValue) (any, bool) {
	v = simcloud.Bare(v)
	if simcloud.Unknown(v) {
		return nil, false
	}
	if !v.IsString() {
		return v.MapRepl(nil, mapBare), v.IsObject() || v.IsArray()
	}
	var doc any
	err := json.Unmarshal([]byte(v.StringValue()), &doc)
	return doc, err == nil
}

// mapBare lets secrets be compared by what they hold.
func mapBare(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() {
		return simcloud.Bare(v).MapRepl(nil, mapBare), true
	}
	return nil, false
}

// setDocument turns a document that was given as an object into text.
func setDocument(out resource.PropertyMap, name string) {
	key := resource.PropertyKey(name)
	v := out[key]
	if bare := simcloud.Bare(v); !bare.IsObject() && !bare.IsArray() {
		return
	}
	if simcloud.Unknown(v) {
		out[key] = unknown()
		return
	}
	doc, _ := document(v)
	text, err := json.Marshal(doc)
	if err != nil {
		return // what came off the wire as JSON goes back as such
	}
	out[key] = resource.NewStringProperty(string(text))
	if v.ContainsSecrets() {
		out[key] = resource.MakeSecret(out[key])
	}
}

// forces tells whether a change of an input replaces the resource.
func forces(kind *Type, name string, before, after resource.PropertyValue) bool {
	for _, f := range strings.Fields(kind.ForceNew) {
		if f == name {
			return true
		}
		root, rest, nested := strings.Cut(f, ".")
		if !nested || root != name {
			continue
		}
		if simcloud.Unknown(before) || simcloud.Unknown(after) {
			return true
		}
		if !reflect.DeepEqual(leaves(before, rest), leaves(after, rest)) {
			return true
		}
	}
	return false
}

// leaves lists the values at the end of a path, in all elements of the lists on
// the way. A list that became shorter has fewer.
func leaves(v resource.PropertyValue, path string) (list []any) {
	v = simcloud.Bare(v)
	if v.IsArray() {
		for _, e := range v.ArrayValue() {
			list = append(list, leaves(e, path)...)
		}
		return list
	}
	if path == "" {
		return append(list, v.MapRepl(nil, mapBare))
	}
	if !v.IsObject() {
		return nil
	}
	name, rest, _ := strings.Cut(path, ".")
	return leaves(v.ObjectValue()[resource.PropertyKey(name)], rest)
}
