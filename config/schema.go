package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/configdoc"
)

// object is a JSON Schema, or a part of one.
type object = map[string]any

// schemaWriter knows what Pulumi.yaml says of each setting by its path:
// network.cidr, or workerPools[].name for an element of a list.
type schemaWriter struct {
	descriptions map[string]string
	required     map[string]bool
}

// Schema returns the JSON Schema (draft 7, which editors read) of a stack's
// file: the settings of [Config] with the descriptions and defaults of the
// project file (the bytes of Pulumi.yaml). It refuses what [Load] refuses for
// its name or type; limits of values stay with Load.
func Schema(projectFile []byte) ([]byte, error) {
	groups, err := configdoc.Read(projectFile)
	if err != nil {
		return nil, err
	}
	defaults, err := projectDefaults(projectFile)
	if err != nil {
		return nil, err
	}
	w := schemaWriter{descriptions: map[string]string{}, required: map[string]bool{}}
	for _, group := range groups {
		for _, setting := range group.Settings {
			w.describe(setting.Path, setting.Description)
		}
		w.describe(group.Name, group.Description)
	}
	properties := object{regionKey: object{"type": "string", "description": "The AWS region."}}
	names, required := []string{regionKey}, []string{}
	if _, given := defaults[regionKey]; !given {
		required = append(required, regionKey)
	}
	fields := settings(reflect.ValueOf(&Config{}).Elem())
	for _, name := range sortedKeys(fields) {
		full := "airflow:" + name
		properties[full] = w.setting(name, fields[name].Type(), defaults[name])
		names = append(names, full)
		if w.required[name] {
			required = append(required, full)
		}
	}
	config := object{
		"type": "object", "properties": properties,
		// Other programs and providers may have settings in the file.
		"propertyNames": object{"anyOf": []any{object{"enum": names}, object{"not": object{"pattern": "^(airflow|aws):"}}}},
	}
	if len(required) > 0 {
		config["required"] = required
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

// setting is the schema of a top-level setting. The engine hands a text to the
// program whatever YAML takes it for, so a number is one too.
func (w schemaWriter) setting(path string, target reflect.Type, fallback any) object {
	if target == reflect.TypeFor[SecretPresence]() {
		return object{"description": w.descriptions[path], "anyOf": []any{object{"const": ""}, object{
			"type": "object", "properties": object{"secure": object{"type": "string"}}, "required": []string{"secure"}, "additionalProperties": false,
		}}}
	}
	schema := w.of(path, target, fallback)
	if target.Kind() == reflect.String {
		schema["type"] = []string{"string", "integer"}
	}
	return schema
}

// of is the schema of the value at a path, with its default.
func (w schemaWriter) of(path string, target reflect.Type, fallback any) object {
	schema := object{}
	if description := w.descriptions[path]; description != "" {
		schema["description"] = description
	}
	if entries, nested := fallback.(map[string]any); fallback != nil && (!nested || len(entries) == 0) {
		schema["default"] = fallback
	}
	switch target.Kind() {
	case reflect.Struct:
		w.fields(schema, path, target, fallback)
	case reflect.Map:
		schema["type"], schema["additionalProperties"] = "object", w.of(path+".*", target.Elem(), nil)
		if path == "images.digests" { // the one map whose names are known
			schema["propertyNames"] = object{"enum": ImageNames}
		}
	case reflect.Slice:
		schema["type"], schema["items"] = "array", w.of(path+"[]", target.Elem(), nil)
	case reflect.String:
		schema["type"] = "string"
	case reflect.Bool:
		schema["type"] = "boolean"
	case reflect.Int:
		schema["type"] = "integer"
	default:
		panic(fmt.Sprintf("config: no schema for %s at %s", target, path))
	}
	return schema
}

// fields adds a struct's settings. Elements of lists have no defaults: what
// isn't optional is required there.
func (w schemaWriter) fields(schema object, path string, target reflect.Type, fallback any) {
	defaults, _ := fallback.(map[string]any)
	properties, required := object{}, []string{}
	fields := settings(reflect.New(target).Elem())
	for _, name := range sortedKeys(fields) {
		properties[name] = w.of(path+"."+name, fields[name].Type(), defaults[name])
		if w.required[path+"."+name] || strings.HasSuffix(path, "[]") && !optional(target, name) {
			required = append(required, name)
		}
	}
	schema["type"], schema["properties"], schema["additionalProperties"] = "object", properties, false
	if len(required) > 0 {
		schema["required"] = required
	}
}
