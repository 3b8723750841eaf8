package configdoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// object is a JSON Schema, or a part of one.
type object = map[string]any

// schemaWriter knows of each setting what Pulumi.yaml says, by its path.
type schemaWriter struct {
	descriptions map[string]string
	required     map[string]bool
	names        map[string][]string
}

// Schema returns the JSON Schema (draft 7, which editors read) of a stack's
// file: the settings of a type with config tags, with the descriptions and
// defaults of the project file (Pulumi.yaml). names are those that the map at a
// path takes. Limits of values are not in it.
func Schema(projectFile []byte, settings reflect.Type, names map[string][]string) ([]byte, error) {
	groups, err := Read(projectFile)
	if err != nil {
		return nil, err
	}
	var project struct {
		Config map[string]struct{ Default, Value any }
	}
	if err := yaml.Unmarshal(projectFile, &project); err != nil {
		return nil, fmt.Errorf("configdoc: %w", err)
	}
	w := schemaWriter{descriptions: map[string]string{}, required: map[string]bool{}, names: names}
	for _, group := range groups {
		for _, setting := range group.Settings {
			w.describe(setting.Path, setting.Description)
		}
		w.describe(group.Name, group.Description)
	}
	const region = "aws:region"
	properties := object{region: object{"type": "string", "description": "The AWS region."}}
	required := []string{}
	if project.Config[region].Value == nil {
		required = append(required, region)
	}
	for _, field := range fieldsOf(settings) {
		properties["airflow:"+field.name] = w.topLevel(field, project.Config[field.name].Default)
		if w.required[field.name] {
			required = append(required, "airflow:"+field.name)
		}
	}
	config := object{
		"type": "object", "properties": properties, "required": required,
		// Other programs and providers may have settings in the file.
		"propertyNames": object{"anyOf": []any{object{"enum": slices.Sorted(maps.Keys(properties))}, object{"not": object{"pattern": "^(airflow|aws):"}}}},
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err = encoder.Encode(object{
		"$schema": "http://json-schema.org/draft-07/schema#", "title": "Settings of a stack, written by make golden",
		"type": "object", "properties": object{"config": config}, "required": []string{"config"},
	})
	return text.Bytes(), err
}

// describe notes a description. What it calls required is so with all that it lies in.
func (w schemaWriter) describe(path, description string) {
	w.descriptions[path] = description
	if !strings.HasPrefix(description, "Required.") {
		return
	}
	w.required[path] = true
	if holder, _, nested := strings.Cut(path, "."); nested {
		w.required[holder] = true
	}
}

// field is a setting of a struct, by its config tag.
type field struct {
	name     string
	of       reflect.Type
	optional bool // where it is an element of a list
}

// fieldsOf returns the settings of a struct, of embedded ones too, by name.
func fieldsOf(settings reflect.Type) []field {
	var fields []field
	for i := range settings.NumField() {
		member := settings.Field(i)
		if member.Anonymous {
			fields = append(fields, fieldsOf(member.Type)...)
		} else if name, option, _ := strings.Cut(member.Tag.Get("config"), ","); name != "" {
			fields = append(fields, field{name, member.Type, option == "optional"})
		}
	}
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return fields
}

// topLevel is the schema of a top-level setting. The engine hands a text to the
// program whatever YAML takes it for, so a number is one too. A struct without
// settings stands for a secret.
func (w schemaWriter) topLevel(setting field, fallback any) object {
	if setting.of.Kind() == reflect.Struct && len(fieldsOf(setting.of)) == 0 {
		return object{"description": w.descriptions[setting.name], "anyOf": []any{object{"const": ""}, object{
			"type": "object", "properties": object{"secure": object{"type": "string"}}, "required": []string{"secure"}, "additionalProperties": false,
		}}}
	}
	schema := w.value(setting.name, setting.of, fallback)
	if setting.of.Kind() == reflect.String {
		schema["type"] = []string{"string", "integer"}
	}
	return schema
}

// value is the schema of the value at a path, with its default.
func (w schemaWriter) value(path string, of reflect.Type, fallback any) object {
	schema := object{}
	if description := w.descriptions[path]; description != "" {
		schema["description"] = description
	}
	if entries, nested := fallback.(map[string]any); fallback != nil && !w.required[path] && (!nested || len(entries) == 0) {
		schema["default"] = fallback
	}
	switch of.Kind() {
	case reflect.Pointer:
		return w.value(path, of.Elem(), fallback)
	case reflect.Struct:
		if _, short := reflect.PointerTo(of).MethodByName("Shorthand"); short {
			whole := object{}
			w.members(whole, path, of, fallback)
			schema["anyOf"] = []any{object{"type": "string"}, whole}
			break
		}
		w.members(schema, path, of, fallback)
	case reflect.Map:
		schema["type"], schema["additionalProperties"] = "object", w.value(path+".*", of.Elem(), nil)
		if names := w.names[path]; names != nil {
			schema["propertyNames"] = object{"enum": names}
		}
	case reflect.Slice:
		schema["type"], schema["items"] = "array", w.value(path+"[]", of.Elem(), nil)
	case reflect.String:
		schema["type"] = "string"
		if _, long := reflect.PointerTo(of).MethodByName("Longhand"); long {
			schema["type"] = []string{"string", "object"}
		}
	case reflect.Bool:
		schema["type"] = "boolean"
	case reflect.Int:
		schema["type"] = "integer"
	default:
		panic(fmt.Sprintf("configdoc: no schema for %s at %s", of, path))
	}
	return schema
}

// members adds a struct's settings. Elements of lists have no defaults: what
// isn't optional is required there.
func (w schemaWriter) members(schema object, path string, of reflect.Type, fallback any) {
	defaults, _ := fallback.(map[string]any)
	properties, required := object{}, []string{}
	for _, field := range fieldsOf(of) {
		below := path + "." + field.name
		properties[field.name] = w.value(below, field.of, defaults[field.name])
		if w.required[below] || strings.HasSuffix(path, "[]") && !field.optional {
			required = append(required, field.name)
		}
	}
	schema["type"], schema["properties"], schema["additionalProperties"] = "object", properties, false
	if len(required) > 0 {
		schema["required"] = required
	}
}
