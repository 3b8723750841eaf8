package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
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
	return load(defaults, values)
}

// load is [Load] with the defaults read; it doesn't change them.
func load(defaults map[string]any, values Values) (*Config, error) {
	cfg := &Config{Environment: values.Stack}
	found := &faults{}
	found.read(cfg, defaults, values)
	// Values that could be read are still checked, so that one run shows all
	// faults; checks of unread ones would only repeat them.
	read := len(found.list)
	found.validate(cfg)
	found.list = append(found.list[:read:read], unrelated(found.list[read:], found.list[:read])...)
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
			if within(fault.Key, other.Key) || within(other.Key, fault.Key) && !ofElement(fault, other) {
				related = true
			}
		}
		if !related {
			kept = append(kept, fault)
		}
	}
	return kept
}

// ofElement tells a fault of one element of a list, which it shows, from an
// earlier one of another element: that one left an empty element behind.
func ofElement(fault, earlier Fault) bool {
	return strings.HasPrefix(earlier.Key, fault.Key+"[") && fault.Value != "" && fault.Value != `""` && fault.Value != "0" && !strings.ContainsAny(fault.Value[:1], "[{")
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
		f.known(full, namespace, fields)
	}
	cfg.Region, _ = f.plain(values, regionKey)
	for _, name := range known {
		full := namespace + name
		if name == secretKey {
			cfg.OIDCClientSecret = SecretPresence{Set: values.Config[full] != "", Encrypted: slices.Contains(values.SecretKeys, full)}
			continue
		}
		value, ok := defaults[name]
		if text, given := f.plain(values, full); given {
			value, ok = merge(value, parse(text, fields[name])), true
		}
		if !ok {
			f.add(full, nil, "required, but missing")
			continue
		}
		f.decode(value, fields[name], full)
	}
}

// known refuses keys that nobody reads: of this project, of the aws provider,
// which has its settings from the program and not from the stack, and of
// misspelled namespaces. Other programs and providers may have theirs.
func (f *faults) known(full, namespace string, fields map[string]reflect.Value) {
	if name, ours := strings.CutPrefix(full, namespace); ours {
		if _, ok := fields[name]; !ok {
			f.unknown(full, name, sortedKeys(fields))
		}
		return
	}
	space, _, _ := strings.Cut(full, ":")
	switch meant := nearest(space, []string{strings.TrimSuffix(namespace, ":"), "aws", "pulumi"}); {
	case space == "aws" && full != regionKey:
		f.addf(full, nil, "not read, %s is the only one: credentials and profiles come from the environment (AWS_PROFILE)", regionKey)
	case meant != "" && meant != space && space != "awsx":
		f.addf(full, nil, "unknown key, did you mean %q?", meant+strings.TrimPrefix(full, space))
	}
}

// plain returns a setting's text and whether the stack has it. An encrypted
// one is a fault: what is read here becomes part of names and plans.
func (f *faults) plain(values Values, full string) (string, bool) {
	if slices.Contains(values.SecretKeys, full) {
		f.add(full, nil, "encrypted, but no secret: plans and outputs would show it; set it without --secret")
		return "", false
	}
	text, given := values.Config[full]
	return text, given
}

// regionKey is the setting that the stack shares with the aws provider's own.
const regionKey = "aws:region"

// parse turns a setting's text into a JSON-like value. A text that is none
// stays a text, which [faults.decode] then refuses where something else belongs.
func parse(text string, target reflect.Value) any {
	if target.Kind() == reflect.String {
		return text
	}
	value, err := decodeJSON([]byte(text))
	if err != nil {
		return text
	}
	return value
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
