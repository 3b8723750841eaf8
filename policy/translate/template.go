// Package translate reads resources that other programs than Pulumi's declare:
// templates of CloudFormation and SAM, desired states of Cloud Control, and
// resources of aws-native. They come out as their twins in the AWS provider, so
// that the same rules read them. What has no twin keeps its own type.
package translate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Resource is what a template declares. Its properties are plain Go values, and
// [Unknown] where only the deployment will tell.
type Resource struct {
	Type, Name string
	Props      map[string]any
}

// Unknown stands for a value that a template doesn't have.
type Unknown struct{}

// errTransform is about templates that a macro makes something else of.
var errTransform = errors.New("is made by a macro, which may add anything")

// document is a template, as far as it is read.
type document struct {
	parameters map[string]any
	mappings   map[string]any
	resources  map[string]any
	globals    map[string]any
	// regions are those that mappings know.
	regions []string
	// reading is the one that is going on.
	reading reading
}

// Template reads a template of CloudFormation, in JSON or YAML. Parameters are
// the values that it is given. Where conditions decide, each comes out with both
// answers, beside others that are all true and all false; and what a table says by
// region for each.
func Template(text string, parameters map[string]any) ([]Resource, error) {
	root, err := decode(text)
	if err != nil {
		return nil, err
	}
	if err := transforms(root["Transform"]); err != nil {
		return nil, err
	}
	declared, ok := root["Resources"].(map[string]any)
	if !ok {
		return nil, errors.New("has no Resources")
	}
	d := document{parameters: map[string]any{}, resources: declared}
	d.mappings, _ = root["Mappings"].(map[string]any)
	d.regions = regionsIn(d.mappings)
	d.globals, _ = root["Globals"].(map[string]any)
	given, _ := root["Parameters"].(map[string]any)
	for name, parameter := range given {
		d.parameters[name] = Unknown{}
		if fields, ok := parameter.(map[string]any); ok && fields["Default"] != nil {
			d.parameters[name] = fields["Default"]
		}
	}
	maps.Copy(d.parameters, parameters)
	return d.read()
}

// decisive gathers the conditions that an Fn::If asks, and tells whether a table
// is asked.
func decisive(v any, found map[string]bool) bool {
	tables := false
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			tables = decisive(item, found) || tables
		}
	case map[string]any:
		if asked, ok := v["Fn::If"].([]any); ok && len(asked) > 0 {
			found[fmt.Sprint(asked[0])] = true
		}
		tables = v["Fn::FindInMap"] != nil
		for _, value := range v {
			tables = decisive(value, found) || tables
		}
	}
	return tables
}

// reading is which conditions are answered by no, while others are true, and
// where tables are looked up, if not in the usual region.
type reading struct {
	no     map[string]bool
	region string
}

// readings are those that a resource needs.
func (d document) readings(kind string, properties any) []reading {
	conditions := map[string]bool{}
	tables := decisive(properties, conditions)
	if strings.HasPrefix(kind, "AWS::Serverless::") {
		tables = decisive(d.globals, conditions) || tables
	}
	var all []reading
	for _, no := range answers(slices.Sorted(maps.Keys(conditions))) {
		all = append(all, reading{no: no})
	}
	if tables {
		for _, region := range d.regions {
			all = append(all, reading{region: region})
		}
	}
	return all
}

// answers are the ways to answer conditions that are read: all of them yes, all
// no, and each otherwise than the rest.
func answers(conditions []string) []map[string]bool {
	ways := []map[string]bool{nil}
	if len(conditions) == 0 {
		return ways
	}
	none := map[string]bool{}
	for _, condition := range conditions {
		none[condition] = true
	}
	ways = append(ways, none)
	if len(conditions) == 1 {
		return ways
	}
	for _, condition := range conditions {
		alone := maps.Clone(none)
		delete(alone, condition)
		ways = append(ways, map[string]bool{condition: true}, alone)
	}
	return ways
}

var regionName = regexp.MustCompile(`^[a-z]{2}(?:-[a-z]+)+-\d$`)

// IsRegion tells whether a text is the name of a region, as all of them are made.
func IsRegion(text string) bool { return regionName.MatchString(text) }

// regionsIn are those that tables know.
func regionsIn(mappings map[string]any) []string {
	found := map[string]bool{}
	for _, table := range mappings {
		rows, _ := table.(map[string]any)
		for name := range rows {
			if IsRegion(name) {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// transforms lets those macros pass whose meaning is known.
func transforms(v any) error {
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	for _, name := range list {
		switch name {
		case "AWS::Serverless-2016-10-31", "AWS::LanguageExtensions", "AWS::SecretsManager-2020-07-23", "AWS::SecretsManager-2024-09-16", "AWS::CodeDeployBlueGreen":
		default:
			return fmt.Errorf("%w: %v", errTransform, name)
		}
	}
	return nil
}

func (d document) read() ([]Resource, error) {
	var all []Resource
	for _, name := range slices.Sorted(maps.Keys(d.resources)) {
		fields, ok := d.resources[name].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("has %s, which is no resource", name)
		}
		kind, _ := fields["Type"].(string)
		if kind == "" || strings.HasPrefix(name, "Fn::") || strings.HasSuffix(kind, "::MODULE") {
			return nil, fmt.Errorf("has %s, whose type cannot be seen", name)
		}
		seen := map[string]bool{}
		for _, d.reading = range d.readings(kind, fields["Properties"]) {
			props, ok := d.resolve(fields["Properties"]).(map[string]any)
			if !ok {
				props = map[string]any{}
			}
			raw, err := json.Marshal(props)
			if err != nil || seen[string(raw)] {
				continue
			}
			seen[string(raw)] = true
			all = append(all, d.translate(kind, name, props)...)
		}
	}
	return all, nil
}

func (d document) translate(kind, name string, props map[string]any) []Resource {
	if strings.HasPrefix(kind, "AWS::Serverless::") {
		return d.serverless(kind, name, props)
	}
	return twin(kind, name, refName(name), props)
}

// CloudControl reads the desired state that Cloud Control takes for a type of
// CloudFormation's.
func CloudControl(kind, name, desired string) ([]Resource, error) {
	root, err := decode(desired)
	if err != nil {
		return nil, err
	}
	return twin(kind, name, "", root), nil
}

// Native reads a resource of aws-native, whose type is aws-native:MODULE:NAME
// and whose properties are CloudFormation's but for their first letter.
func Native(token, name string, props map[string]any) []Resource {
	if token == "aws-native:index:ExtensionResource" {
		// Any type of CloudFormation's, by its own name.
		inner, _ := props["properties"].(map[string]any)
		kind, _ := props["type"].(string)
		return twin(kind, name, "", inner)
	}
	kind := "AWS" + strings.TrimPrefix(token, "aws-native")
	kind = strings.Replace(kind, ":", "::", 1)
	kind = kind[:strings.LastIndex(kind, ":")] + "::" + kind[strings.LastIndex(kind, ":")+1:]
	if all := twin(kind, name, "", props); len(all) > 0 && !strings.HasPrefix(all[0].Type, "AWS::") {
		return all
	}
	return []Resource{{Type: token, Name: name, Props: props}}
}

// decode reads JSON and YAML alike, with YAML's short forms of functions.
func decode(text string) (map[string]any, error) {
	var root map[string]any
	if json.Unmarshal([]byte(text), &root) == nil {
		return root, nil
	}
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		return nil, fmt.Errorf("is neither JSON nor YAML: %w", err)
	}
	if len(node.Content) == 0 {
		return nil, errors.New("is empty")
	}
	value, err := fromNode(node.Content[0], 0)
	if err != nil {
		return nil, err
	}
	root, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("is no map")
	}
	return root, nil
}

// deepest bounds aliases that contain each other.
const deepest = 100

func fromNode(node *yaml.Node, depth int) (any, error) {
	if depth > deepest {
		return nil, errors.New("is nested too deeply")
	}
	value, err := plainNode(node, depth)
	if err != nil || !strings.HasPrefix(node.Tag, "!") || strings.HasPrefix(node.Tag, "!!") {
		return value, err
	}
	name := strings.TrimPrefix(node.Tag, "!")
	if name == "GetAtt" {
		if text, ok := value.(string); ok {
			resource, attribute, _ := strings.Cut(text, ".")
			value = []any{resource, attribute}
		}
	}
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	return map[string]any{name: value}, nil
}

func plainNode(node *yaml.Node, depth int) (any, error) {
	switch node.Kind {
	case yaml.AliasNode:
		return fromNode(node.Alias, depth+1)
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			value, err := fromNode(node.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			if inner, ok := value.(map[string]any); ok && node.Content[i].Value == "<<" {
				maps.Copy(m, inner)
				continue
			}
			m[node.Content[i].Value] = value
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			value, err := fromNode(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		return node.Value, nil
	}
	var scalar any
	if err := node.Decode(&scalar); err != nil {
		return nil, fmt.Errorf("line %d: %w", node.Line, err)
	}
	switch scalar := scalar.(type) {
	case int:
		return float64(scalar), nil
	case string, bool, float64, nil:
		return scalar, nil
	}
	// Dates, such as a policy's version.
	return node.Value, nil
}
