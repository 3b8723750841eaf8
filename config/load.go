package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// Values are a stack's settings as the engine hands them to a program: full
// key ("airflow:network") to text, objects as JSON.
type Values struct {
	Stack   string
	Project string
	Config  map[string]string
	// SecretKeys names the encrypted ones.
	SecretKeys []string
}

// FromEnvironment reads the settings that the Pulumi engine passes to a
// program in PULUMI_CONFIG and its companions. The SDK's own accessors look up
// one key at a time, which can't show a key that nobody asks for.
func FromEnvironment() (Values, error) {
	v := Values{Stack: os.Getenv("PULUMI_STACK"), Project: os.Getenv("PULUMI_PROJECT")}
	if text := os.Getenv("PULUMI_CONFIG"); text != "" {
		if err := json.Unmarshal([]byte(text), &v.Config); err != nil {
			return v, errors.New("config: PULUMI_CONFIG is not a JSON map of texts")
		}
	}
	if text := os.Getenv("PULUMI_CONFIG_SECRET_KEYS"); text != "" {
		if err := json.Unmarshal([]byte(text), &v.SecretKeys); err != nil {
			return v, errors.New("config: PULUMI_CONFIG_SECRET_KEYS is not a JSON list of texts")
		}
	}
	return v, nil
}

// Load lays values over the defaults in the project file (the bytes of
// Pulumi.yaml), and returns the valid configuration or an [*Error] with all
// faults of it.
func Load(projectFile []byte, values Values) (*Config, error) {
	defaults, err := projectDefaults(projectFile)
	if err != nil {
		return nil, err
	}
	cfg := &Config{Environment: values.Stack, Region: values.Config["aws:region"]}
	if cfg.Region == "" {
		cfg.Region, _ = defaults["aws:region"].(string)
	}
	found := &faults{}
	found.read(cfg, defaults, values)
	if len(found.list) == 0 {
		found.validate(cfg)
	} else {
		// Values that could be read are still checked, so that one run shows
		// all faults; checks of unread ones would only repeat them.
		read := len(found.list)
		found.validate(cfg)
		found.list = append(found.list[:read:read], unrelated(found.list[read:], found.list[:read])...)
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// unrelated drops faults of keys that are, hold or lie in one that has a fault already.
func unrelated(list, earlier []Fault) []Fault {
	var kept []Fault
	for _, fault := range list {
		related := false
		for _, other := range earlier {
			if within(fault.Key, other.Key) || within(other.Key, fault.Key) {
				related = true
			}
		}
		if !related {
			kept = append(kept, fault)
		}
	}
	return kept
}

func within(key, holder string) bool {
	rest, ok := strings.CutPrefix(key, holder)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

const secretKey = "oidcClientSecret"

func (f *faults) read(cfg *Config, defaults map[string]any, values Values) {
	fields := settings(reflect.ValueOf(cfg).Elem())
	namespace := values.Project + ":"
	known := sortedKeys(fields)
	for _, full := range sortedKeys(values.Config) {
		name, ours := strings.CutPrefix(full, namespace)
		if _, ok := fields[name]; ours && !ok {
			f.unknown(full, nil, name, known)
		}
	}
	for _, name := range known {
		full := namespace + name
		text, given := values.Config[full]
		if name == secretKey {
			cfg.OIDCClientSecret = SecretPresence{Set: text != "", Encrypted: contains(values.SecretKeys, full)}
			continue
		}
		value, ok := defaults[name]
		if given {
			parsed, err := parse(text, fields[name])
			if err != nil {
				f.add(full, text, "a JSON value")
				continue
			}
			value, ok = merge(value, parsed), true
		}
		if !ok {
			f.add(full, nil, "required, but missing")
			continue
		}
		f.decode(value, fields[name], full)
	}
}

// parse turns a setting's text into a JSON-like value; texts are passed on as they are.
func parse(text string, target reflect.Value) (any, error) {
	if target.Kind() == reflect.String {
		return text, nil
	}
	return decodeJSON([]byte(text))
}

func decodeJSON(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("text after the value")
	}
	return value, nil
}

// projectDefaults reads the default (or fixed) value of each key in Pulumi.yaml.
func projectDefaults(projectFile []byte) (map[string]any, error) {
	var project struct {
		Config map[string]struct {
			Default any `yaml:"default"`
			Value   any `yaml:"value"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(projectFile, &project); err != nil {
		return nil, fmt.Errorf("config: Pulumi.yaml: %w", err)
	}
	defaults := map[string]any{}
	for key, entry := range project.Config {
		value := entry.Default
		if value == nil {
			value = entry.Value
		}
		if value == nil {
			continue
		}
		// Through JSON, so that defaults and stack values are of the same types.
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("config: Pulumi.yaml: default of %s: %w", key, err)
		}
		if defaults[key], err = decodeJSON(encoded); err != nil {
			return nil, fmt.Errorf("config: Pulumi.yaml: default of %s: %w", key, err)
		}
	}
	return defaults, nil
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}
