package translate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Account stands for the account that a template is deployed to.
const Account = "123456789012"

// pseudo are the parameters that every template has. The account is an example:
// a template can't name another one by them.
var pseudo = map[string]any{
	"AWS::AccountId": Account, "AWS::Region": "us-east-1", "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com",
	"AWS::StackName": "stack", "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/stack/0", "AWS::NoValue": nil,
}

// RefPrefix begins what a resource of a template is called by in another of it.
const RefPrefix = "ref-"

func refName(logical string) string { return RefPrefix + logical }

// absentValue marks a property that AWS::NoValue takes away.
type absentValue struct{}

// resolve evaluates the functions of CloudFormation in a value.
func (d document) resolve(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			if item = d.resolve(item); item != (absentValue{}) {
				list = append(list, item)
			}
		}
		return list
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return d.function(name, argument)
				}
			}
		}
		m := map[string]any{}
		for key, value := range v {
			if strings.HasPrefix(key, "Fn::") {
				// Fn::Transform and Fn::ForEach among properties: they add anything.
				m[key] = Unknown{}
				continue
			}
			if value = d.resolve(value); value != any(absentValue{}) {
				m[key] = value
			}
		}
		return m
	}
	return v
}

func (d document) function(name string, argument any) any {
	list, _ := argument.([]any)
	switch name {
	case "Ref":
		return d.ref(fmt.Sprint(argument))
	case "Fn::GetAtt":
		if text, ok := argument.(string); ok {
			logical, attribute, _ := strings.Cut(text, ".")
			list = []any{logical, attribute}
		}
		if len(list) > 0 {
			return attributeOf(fmt.Sprint(list[0]), fmt.Sprint(list[1:]...))
		}
	case "Fn::If":
		if len(list) == 3 {
			if d.reading.no[fmt.Sprint(list[0])] {
				return d.resolve(list[2])
			}
			return d.resolve(list[1])
		}
	case "Fn::Base64":
		return d.resolve(argument)
	case "Fn::Sub":
		return d.substitute(argument, list)
	case "Fn::Join":
		return d.join(list)
	case "Fn::Select":
		if len(list) == 2 {
			if from, ok := d.resolve(list[1]).([]any); ok {
				if at, err := strconv.Atoi(fmt.Sprint(d.resolve(list[0]))); err == nil && at >= 0 && at < len(from) {
					return from[at]
				}
			}
		}
	case "Fn::FindInMap":
		return d.inMap(list)
	case "Fn::GetAZs":
		return []any{"us-east-1a"}
	case "Fn::Split":
		if len(list) == 2 {
			if text, ok := d.resolve(list[1]).(string); ok {
				parts := []any{}
				for _, part := range strings.Split(text, fmt.Sprint(list[0])) {
					parts = append(parts, part)
				}
				return parts
			}
		}
	}
	return Unknown{}
}

func (d document) ref(name string) any {
	if value, known := pseudo[name]; known {
		if value == nil {
			return absentValue{}
		}
		return value
	}
	if value, known := d.parameters[name]; known {
		return value
	}
	if _, known := d.resources[name]; known {
		return refName(name)
	}
	return Unknown{}
}

// attributeOf makes up an ARN where one is meant: whom it names is plain.
func attributeOf(logical, attribute string) any {
	if strings.HasSuffix(attribute, "Arn") {
		return "arn:aws:stack:us-east-1:123456789012:" + refName(logical)
	}
	return refName(logical)
}

var variable = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

func (d document) substitute(argument any, list []any) any {
	text, ok := argument.(string)
	given := map[string]any{}
	if !ok && len(list) == 2 {
		text, _ = list[0].(string)
		given, _ = d.resolve(list[1]).(map[string]any)
	}
	unknown := false
	result := variable.ReplaceAllStringFunc(text, func(match string) string {
		name := strings.TrimSpace(match[2 : len(match)-1])
		value, there := given[name]
		if !there {
			if logical, attribute, dotted := strings.Cut(name, "."); dotted {
				value = attributeOf(logical, attribute)
			} else {
				value = d.ref(name)
			}
		}
		if value == (Unknown{}) {
			unknown = true
		}
		return fmt.Sprint(value)
	})
	if unknown {
		return Unknown{}
	}
	return strings.ReplaceAll(result, "${!", "${")
}

func (d document) join(list []any) any {
	if len(list) != 2 {
		return Unknown{}
	}
	parts, ok := d.resolve(list[1]).([]any)
	if !ok {
		return Unknown{}
	}
	texts := make([]string, 0, len(parts))
	for _, part := range parts {
		if part == any(Unknown{}) {
			return Unknown{}
		}
		texts = append(texts, fmt.Sprint(part))
	}
	return strings.Join(texts, fmt.Sprint(list[0]))
}

// inMap finds the value if both keys are known, or if all values are alike.
func (d document) inMap(list []any) any {
	if len(list) < 3 {
		return Unknown{}
	}
	top, _ := d.mappings[fmt.Sprint(d.resolve(list[0]))].(map[string]any)
	row := fmt.Sprint(d.resolve(list[1]))
	if row == pseudo["AWS::Region"] && d.reading.region != "" {
		row = d.reading.region
	}
	second, _ := top[row].(map[string]any)
	if value, known := second[fmt.Sprint(d.resolve(list[2]))]; known {
		return value
	}
	return Unknown{}
}
