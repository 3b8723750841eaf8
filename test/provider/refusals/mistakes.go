package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// mistake is a resource with one property that is wrong, or might be.
type mistake struct {
	// property is its path, with [] for elements of lists.
	property string
	// what was done to it.
	what   string
	inputs resource.PropertyMap
}

// texts and numbers are what takes a property's place: nearly nothing of AWS's
// takes all of them.
var (
	texts = map[string]resource.PropertyValue{
		"empty text":           resource.NewProperty(""),
		"text with a space":    resource.NewProperty("no such value"),
		"long text":            resource.NewProperty(strings.Repeat("x", 300)),
		"half of a JSON":       resource.NewProperty(`{"Statement": [`),
		"ARN of nothing":       resource.NewProperty("arn:aws:nothing"),
		"upper case":           resource.NewProperty("UPPER_Case"),
		"network out of bound": resource.NewProperty("10.300.0.0/99"),
	}
	numbers = map[string]resource.PropertyValue{
		"minus one": resource.NewProperty(-1.0),
		"zero":      resource.NewProperty(0.0),
		"a million": resource.NewProperty(1e6),
		"half":      resource.NewProperty(0.5),
	}
)

// mistakes returns one for each property at any depth and each way to get it wrong.
func mistakes(inputs resource.PropertyMap) []mistake {
	var list []mistake
	visit(resource.NewProperty(inputs), "", func(path string, value resource.PropertyValue, replace func(*resource.PropertyValue) resource.PropertyValue) {
		add := func(what string, by *resource.PropertyValue) {
			list = append(list, mistake{strings.TrimPrefix(path, "."), what, replace(by).ObjectValue()})
		}
		if path == "" {
			return
		}
		if !strings.HasSuffix(path, "[]") {
			add("left away", nil)
		}
		switch {
		case value.IsString():
			for what, by := range texts {
				add(what, &by)
			}
		case value.IsNumber():
			for what, by := range numbers {
				add(what, &by)
			}
		case value.IsArray():
			empty, twice := resource.NewProperty([]resource.PropertyValue{}), resource.NewProperty(append(append([]resource.PropertyValue{}, value.ArrayValue()...), value.ArrayValue()...))
			add("empty list", &empty)
			add("everything twice", &twice)
		}
	})
	sort.Slice(list, func(i, j int) bool {
		return list[i].property+list[i].what < list[j].property+list[j].what
	})
	return list
}

// visitor gets a value, and a function that returns the whole with the value
// replaced, or without it.
type visitor func(path string, value resource.PropertyValue, replace func(*resource.PropertyValue) resource.PropertyValue)

// visit shows all parts of a value; of a list only the first element, since
// the others are of its kind.
func visit(value resource.PropertyValue, path string, see visitor) {
	see(path, value, func(by *resource.PropertyValue) resource.PropertyValue { return *by })
	switch {
	case value.IsObject():
		object := value.ObjectValue()
		for key, inner := range object {
			visit(inner, path+"."+string(key), func(p string, v resource.PropertyValue, replace func(*resource.PropertyValue) resource.PropertyValue) {
				see(p, v, func(by *resource.PropertyValue) resource.PropertyValue {
					changed := object.Copy()
					if by == nil && p == path+"."+string(key) {
						delete(changed, key)
					} else {
						changed[key] = replace(by)
					}
					return resource.NewProperty(changed)
				})
			})
		}
	case value.IsArray() && len(value.ArrayValue()) > 0:
		visit(value.ArrayValue()[0], path+"[]", func(p string, v resource.PropertyValue, replace func(*resource.PropertyValue) resource.PropertyValue) {
			see(p, v, func(by *resource.PropertyValue) resource.PropertyValue {
				changed := append([]resource.PropertyValue{replace(by)}, value.ArrayValue()[1:]...)
				return resource.NewProperty(changed)
			})
		})
	}
}

func (m mistake) String() string { return fmt.Sprintf("%s: %s", m.property, m.what) }
