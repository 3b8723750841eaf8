// Package configdoc writes the reference of the settings from Pulumi.yaml:
// types, defaults and descriptions stand there and nowhere else.
package configdoc

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Setting is one row of the reference.
type Setting struct {
	// Path is the name within the project's namespace: network.cidr, or
	// workerPools[].name for an element of a list.
	Path string
	// Type is text, whole number, true or false, list or map.
	Type string
	// Default is in YAML's flow form; empty for what only groups others.
	Default     string
	Description string
}

// Group is a top-level key with the settings below it.
type Group struct {
	Name        string
	Description string
	// Settings are in the order of the project file; a key without any below
	// it has one of its own name.
	Settings []Setting
}

// Read returns the groups of a project file (Pulumi.yaml), in its order. Keys
// of other namespaces are left out. Every key must say what it is for: a
// missing description is a fault, and all are reported together.
func Read(projectFile []byte) ([]Group, error) {
	var project struct {
		Config yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(projectFile, &project); err != nil {
		return nil, fmt.Errorf("configdoc: %w", err)
	}
	var groups []Group
	var faults []error
	for name, entry := range pairs(&project.Config) {
		if strings.Contains(name.Value, ":") {
			continue
		}
		group, err := readGroup(name.Value, entry)
		faults = append(faults, err)
		groups = append(groups, group)
	}
	return groups, errors.Join(faults...)
}

func readGroup(name string, entry *yaml.Node) (Group, error) {
	group := Group{Name: name}
	var fallback *yaml.Node
	for key, value := range pairs(entry) {
		switch key.Value {
		case "description":
			group.Description = strings.TrimSpace(value.Value)
		case "default":
			fallback = value
		}
	}
	var faults []error
	if group.Description == "" {
		faults = append(faults, fmt.Errorf("configdoc: %s has no description", name))
	}
	if fallback == nil {
		return group, errors.Join(append(faults, fmt.Errorf("configdoc: %s has no default", name))...)
	}
	path, settings := name, fallback
	if fallback.Kind == yaml.SequenceNode && len(fallback.Content) > 0 && fallback.Content[0].Kind == yaml.MappingNode {
		path, settings = name+"[]", fallback.Content[0]
	}
	for key, value := range pairs(settings) {
		setting := Setting{Path: path + "." + key.Value, Type: typeOf(value), Default: flow(value), Description: comment(key.HeadComment)}
		if setting.Description == "" {
			faults = append(faults, fmt.Errorf("configdoc: %s has no comment above it", setting.Path))
		}
		group.Settings = append(group.Settings, setting)
	}
	if len(group.Settings) == 0 {
		group.Settings = []Setting{{Path: name, Type: typeOf(fallback), Default: flow(fallback), Description: group.Description}}
	}
	return group, errors.Join(faults...)
}

// pairs yields the keys and values of a mapping.
func pairs(mapping *yaml.Node) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if mapping.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], mapping.Content[i+1]) {
				return
			}
		}
	}
}

// comment joins the lines of a comment above a key. Lines before an empty one
// are about something else.
func comment(lines string) string {
	parts := strings.Split(lines, "\n\n")
	var words []string
	for _, line := range strings.Split(parts[len(parts)-1], "\n") {
		words = append(words, strings.TrimSpace(strings.TrimPrefix(line, "#")))
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

func typeOf(value *yaml.Node) string {
	switch value.Kind {
	case yaml.SequenceNode:
		return "list"
	case yaml.MappingNode:
		return "map"
	}
	switch value.Tag {
	case "!!int":
		return "whole number"
	case "!!bool":
		return "true or false"
	default:
		return "text"
	}
}

// flow writes a value as it would stand in one line of a stack file.
func flow(value *yaml.Node) string {
	switch value.Kind {
	case yaml.SequenceNode:
		var list []string
		for _, element := range value.Content {
			list = append(list, flow(element))
		}
		return "[" + strings.Join(list, ", ") + "]"
	case yaml.MappingNode:
		var list []string
		for key, element := range pairs(value) {
			list = append(list, key.Value+": "+flow(element))
		}
		return "{" + strings.Join(list, ", ") + "}"
	}
	if value.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 || value.Value == "" {
		return fmt.Sprintf("%q", value.Value)
	}
	return value.Value
}

// Markdown writes the reference, with the Airflow options that a stack can't
// set (section.key to reason).
func Markdown(groups []Group, reserved map[string]string) string {
	var b strings.Builder
	b.WriteString(introduction)
	table := func(title, about string, settings []Setting) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| setting | type | default | meaning |\n|---|---|---|---|\n", title, text(about))
		for _, setting := range settings {
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", setting.Path, setting.Type, cell(setting.Default), cell(text(setting.Description)))
		}
	}
	var alone []Setting
	for _, group := range groups {
		if len(group.Settings) == 1 && group.Settings[0].Path == group.Name {
			alone = append(alone, group.Settings[0])
		}
	}
	table("The stack as a whole", "Settings with nothing below them.", alone)
	for _, group := range groups {
		if group.Settings[0].Path != group.Name {
			table(group.Name, group.Description, group.Settings)
		}
	}
	b.WriteString("\n## Airflow options that a stack can't set\n\n" +
		"`airflow.options` refuses these, and secrets in any option.\n\n| option | because |\n|---|---|\n")
	for _, option := range slices.Sorted(maps.Keys(reserved)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", option, cell(reserved[option]))
	}
	return b.String()
}

// text keeps <placeholders> from being taken for HTML.
func text(description string) string { return strings.ReplaceAll(description, "<", "&lt;") }

// cell keeps text from ending a table's cell.
func cell(content string) string { return strings.ReplaceAll(content, "|", `\|`) }

const introduction = `# Configuration

Written by ` + "`make golden`" + ` from Pulumi.yaml, where every setting stands with its
default; a stack file names only what differs. Maps are merged key by key, lists
are replaced. All faults of a stack are reported at once, before anything is
planned; a key that doesn't exist is one of them, and so is one of the required
settings without an answer. ` + "`make init STACK=name`" + ` asks for them and writes the file.

    pulumi config set --path 'airflow:database.multiAz' true
    pulumi config set --secret airflow:oidcClientSecret

` + "`aws:region`" + `, required, is the only setting of the aws provider that is
read: the platform uses one provider of its own, for one account.
`
