package config

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// FromFile reads a stack's file (Pulumi.<stack>.yaml) in the form in which the
// engine hands it to a program. Encrypted values stay as they are, and a key
// that is or holds one is named in SecretKeys, as by the engine.
func FromFile(path, stack string) (Values, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Values{Stack: stack}, fmt.Errorf("config: %w", err)
	}
	values, err := FromYAML(text, stack)
	if err != nil {
		return values, fmt.Errorf("config: %s: %w", path, err)
	}
	return values, nil
}

// FromYAML is [FromFile] with the file's text at hand.
func FromYAML(text []byte, stack string) (Values, error) {
	values := Values{Stack: stack, Project: "airflow", Config: map[string]string{}}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return values, err
	}
	for key, value := range file.Config {
		if text, ok := value.(string); ok || value == nil { // the engine takes a null for an empty text
			values.Config[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			return values, fmt.Errorf("%s: %w", key, err)
		}
		values.Config[key] = string(encoded)
		if holdsSecret(value) {
			values.SecretKeys = append(values.SecretKeys, key)
		}
	}
	slices.Sort(values.SecretKeys)
	return values, nil
}

// holdsSecret finds what `pulumi config set --secret` writes, {secure: <ciphertext>},
// at any depth of a value.
func holdsSecret(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		if _, encrypted := value["secure"].(string); encrypted && len(value) == 1 {
			return true
		}
		for _, inner := range value {
			if holdsSecret(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, holdsSecret)
	}
	return false
}

// Lookup returns one setting of a stack, such as "network.cidr" or "region",
// with the default where the stack has none, as JSON decodes it.
func Lookup(projectFile []byte, values Values, path string) (any, error) {
	if path == "region" {
		path = "aws:region"
	}
	defaults, err := projectDefaults(projectFile)
	if err != nil {
		return nil, err
	}
	name, rest, _ := strings.Cut(path, ".")
	value, known := defaults[name]
	full := values.Project + ":" + name
	if strings.Contains(name, ":") {
		full = name
	}
	if text, given := values.Config[full]; given {
		var over any = text
		if _, isText := value.(string); !isText {
			if parsed, err := decodeJSON([]byte(text)); err == nil {
				over = parsed
			}
		}
		value, known = merge(value, over), true
	}
	for rest != "" && known {
		name, rest, _ = strings.Cut(rest, ".")
		entries, _ := value.(map[string]any)
		value, known = entries[name]
	}
	if !known {
		return nil, fmt.Errorf("config: no setting %q", path)
	}
	return value, nil
}
