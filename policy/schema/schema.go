// Package schema knows, for every type of the AWS provider, the properties that
// rules by shape read: policy documents, public switches, keys, secrets.
//
// The table is written from the sources of pulumi-aws' Go SDK:
//
//	go run ./schema/generate
//
// After an upgrade of pulumi-aws the diff shows what is new.
package schema

import (
	_ "embed"
	"strings"
	"sync"
)

// SDK is the module that the table is written from. It must be the release
// that the programs of this repository use.
const SDK = "github.com/pulumi/pulumi-aws/sdk/v6"

// Property is a property of a type, and its shape.
type Property struct {
	// Path is dotted, without the indices of lists.
	Path  string
	Shape Shape
}

//go:embed shapes.txt
var text string

type table struct {
	version string
	types   map[string][]Property
}

// load reads shapes.txt: a type's token, and under it, indented, its properties.
var load = sync.OnceValue(func() table {
	t := table{types: make(map[string][]Property, 1600)}
	current := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "# "+SDK):
			_, t.version, _ = strings.Cut(line, "@")
		case line == "" || line[0] == '#':
		case line[0] == ' ':
			shape, path, _ := strings.Cut(strings.TrimSpace(line), " ")
			t.types[current] = append(t.types[current], Property{Path: path, Shape: Shape(shape)})
		default:
			current = line
			t.types[current] = nil
		}
	}
	return t
})

// Version is the release of the SDK that the table was written from.
func Version() string { return load().version }

// Of returns the properties of a type that have a shape, and whether the
// provider's release has the type at all.
func Of(token string) ([]Property, bool) {
	properties, known := load().types[token]
	return properties, known
}

// Types returns every type, with its properties.
func Types() map[string][]Property { return load().types }
