package config

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// FromFile reads a stack's file (Pulumi.<stack>.yaml) in the form in which the
// engine hands it to a program. Encrypted values stay as they are.
func FromFile(path, stack string) (Values, error) {
	values := Values{Stack: stack, Project: "airflow", Config: map[string]string{}}
	data, err := os.ReadFile(path)
	if err != nil {
		return values, fmt.Errorf("config: %w", err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return values, fmt.Errorf("config: %s: %w", path, err)
	}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			values.Config[key] = text
			continue
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			return values, fmt.Errorf("config: %s: %s: %w", path, key, err)
		}
		values.Config[key] = string(encoded)
	}
	return values, nil
}

// Lookup returns one setting of a stack, such as "network.cidr" or "region",
// with the default where the stack has none. Texts come as they are, anything
// else as JSON.
func Lookup(projectFile []byte, values Values, path string) (string, error) {
	if path == "region" {
		path = "aws:region"
	}
	defaults, err := projectDefaults(projectFile)
	if err != nil {
		return "", err
	}
	name, rest, _ := strings.Cut(path, ".")
	value, known := defaults[name]
	full := values.Project + ":" + name
	if strings.Contains(name, ":") {
		full = name
	}
	if text, given := values.Config[full]; given {
		var over any = text
		if parsed, err := decodeJSON([]byte(text)); err == nil {
			over = parsed
		}
		value, known = merge(value, over), true
	}
	for rest != "" && known {
		name, rest, _ = strings.Cut(rest, ".")
		entries, _ := value.(map[string]any)
		value, known = entries[name]
	}
	if !known {
		return "", fmt.Errorf("config: no setting %q", path)
	}
	if text, ok := value.(string); ok {
		return text, nil
	}
	encoded, err := json.Marshal(value)
	return string(encoded), err
}
