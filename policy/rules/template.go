package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
	"github.com/pathwai/airflow-on-fargate/policy/translate"
)

const (
	templateStackType  = "aws:cloudformation/stack:Stack"
	templateSetType    = "aws:cloudformation/stackSet:StackSet"
	cloudControlType   = "aws:cloudcontrol/resource:Resource"
	publishedStackType = "aws:serverlessrepository/cloudFormationStack:CloudFormationStack"
)

// inside separates the URN of a resource from the name of one that it holds.
const inside = "\x00"

// templates is about resources that hold others.
func templates() Rule {
	return Rule{
		Name: "no-unread-template", Family: NoWayOut,
		Description: "Templates of other tools stand in the program, where they can be read.",
		Why:         "a template makes whatever it says, a NAT gateway too, and what cannot be seen is not let through.",
		Fix:         "give the text of the template (templateBody, desiredState) rather than its address, without macros, or declare the resources themselves.",
		On: each(
			on(readTemplate, templateStackType, templateSetType, cloudControlType),
			on(func(_ resource, r report) {
				r.fault("an application of the Serverless Application Repository, whose template cannot be seen, is declared.")
			}, publishedStackType),
			on(func(res resource, r report) {
				unseenTemplates(res.get("provisioningArtifactParameters.templateUrl"), r)
			}, "aws:servicecatalog/product:Product"),
			on(func(res resource, r report) { unseenTemplates(res.get("templateUrl"), r) }, "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact"),
			on(func(_ resource, r report) {
				r.fault("a provisioned product, whose template cannot be seen, is declared.")
			}, "aws:servicecatalog/provisionedProduct:ProvisionedProduct"),
		),
	}
}

func unseenTemplates(v property.Value, r report) {
	if isSet(v) {
		r.fault("templateUrl is set: the template cannot be seen.")
	}
}

func readTemplate(res resource, r report) {
	path := "templateBody"
	if res.Type == cloudControlType {
		path = "desiredState"
		if res.get("typeName").IsComputed() {
			r.unseen("typeName")
			return
		}
	}
	unseenTemplates(res.get("templateUrl"), r)
	switch body, state := text(res.get(path)); {
	case state == unknown:
		r.unseen(path)
	case body == "":
		if !isSet(res.get("templateUrl")) {
			r.fault("%s is not set: the template cannot be seen.", path)
		}
	default:
		if _, err := held(res); err != nil {
			r.fault("%s %v: it cannot be read.", path, err)
		}
	}
}

// held returns the resources that a resource holds or stands for, translated
// into those of the AWS provider.
func held(res resource) ([]translate.Resource, error) {
	switch {
	case strings.HasPrefix(res.Type, "aws-native:") && strings.Count(res.Type, ":") == 2:
		props, _ := toPlain(property.New(res.properties())).(map[string]any)
		return translate.Native(res.Type, "", props), nil
	case res.Type == cloudControlType:
		return translate.CloudControl(knownText(res.get("typeName")), "", knownText(res.get("desiredState")))
	case res.Type == templateStackType || res.Type == templateSetType:
		if !isSet(res.get("templateBody")) || res.get("templateBody").IsComputed() {
			return nil, nil
		}
		parameters, _ := toPlain(res.get("parameters")).(map[string]any)
		return translate.Template(knownText(res.get("templateBody")), parameters)
	}
	return nil, nil
}

// deepest bounds templates within templates.
const deepest = 5

// translated makes resources of what a resource holds. Names come from the
// template, and findings are about the resource that is in the program.
func translated(given Resource) []Resource {
	all, err := held(resource{Type: given.Type, URN: given.URN, properties: given.Properties})
	if err != nil {
		return nil
	}
	var resources []Resource
	owner := ""
	for i, res := range all {
		urn := given.URN + inside + fmt.Sprintf("%d %s (%s)", i, res.Name, res.Type)
		if res.Name == "" || !strings.HasPrefix(res.Name, "#") {
			owner = urn
		}
		deps := map[string][]string{}
		for name := range res.Props {
			switch {
			case strings.HasPrefix(res.Name, "#"):
				deps[name] = []string{owner}
				if strings.HasPrefix(fmt.Sprint(res.Props[name]), translate.RefPrefix) {
					// With the other answer of a condition, what stands there has the same name.
					res.Props[name] = translate.Unknown{}
				}
			case given.Dependencies[name] != nil:
				deps[name] = given.Dependencies[name]
			default:
				for _, urns := range given.Dependencies {
					deps[name] = append(deps[name], urns...)
				}
			}
		}
		properties := fromTranslated(res.Props)
		one := Resource{
			Type: res.Type, Name: res.Name, URN: urn, Dependencies: deps,
			Properties: func() property.Map { return properties },
		}
		resources = append(resources, one)
		if holds(res.Type) && strings.Count(urn, inside) < deepest {
			resources = append(resources, translated(one)...)
		}
	}
	return resources
}

// holds tells the types whose resources hold or stand for others.
func holds(token string) bool {
	return strings.HasPrefix(token, "aws-native:") || slices.Contains([]string{templateStackType, templateSetType, cloudControlType}, token)
}

// alias lets what refers to a resource that stands for another refer to that one too.
func (s *stack) alias() {
	twins := map[string]string{}
	for _, res := range s.resources {
		if owner, _, found := strings.Cut(res.URN, inside); found && twins[owner] == "" && !strings.HasPrefix(res.Name, "#") {
			twins[owner] = res.URN
		}
	}
	if len(twins) == 0 {
		return
	}
	for _, res := range s.resources {
		deps := make(map[string][]string, len(res.deps))
		for name, urns := range res.deps {
			for _, urn := range urns {
				deps[name] = append(deps[name], urn)
				if twin := twins[urn]; twin != "" {
					deps[name] = append(deps[name], twin)
				}
			}
		}
		res.deps = deps
	}
}

// ofProgram turns the URN of a resource in a template into that of the program,
// and says what it is there.
func ofProgram(urn string) (string, string) {
	urn, within, found := strings.Cut(urn, inside)
	if !found {
		return urn, ""
	}
	within = within[strings.LastIndex(within, inside)+1:]
	_, what, _ := strings.Cut(within, " ")
	return urn, strings.TrimSpace(strings.TrimPrefix(what, "#"))
}

// concealed is a secret on its way through the translation.
type concealed struct{ value any }

// toPlain turns a property into what the translation takes.
func toPlain(v property.Value) any {
	switch {
	case v.IsComputed():
		return translate.Unknown{}
	case v.IsMap():
		m := map[string]any{}
		for key, value := range v.AsMap().All {
			m[key] = toPlain(value)
		}
		return m
	case v.IsArray():
		list := []any{}
		for _, value := range v.AsArray().All {
			list = append(list, toPlain(value))
		}
		return list
	case v.Secret():
		return concealed{plain(v)}
	}
	return plain(v)
}

func fromTranslated(props map[string]any) property.Map {
	return toProperty(props, func(name string) string { return name }).AsMap()
}

// toProperty turns decoded JSON, or what the translation gives, into a property
// value; named writes the names of its properties.
func toProperty(v any, named func(string) string) property.Value {
	switch v := v.(type) {
	case translate.Unknown:
		return property.New(property.Computed)
	case concealed:
		return toProperty(v.value, named).WithSecret(true)
	case map[string]any:
		m := make(map[string]property.Value, len(v))
		for key, value := range v {
			m[named(key)] = toProperty(value, named)
		}
		return property.New(m)
	case []any:
		list := make([]property.Value, 0, len(v))
		for _, item := range v {
			list = append(list, toProperty(item, named))
		}
		return property.New(list)
	case string:
		return property.New(v)
	case bool:
		return property.New(v)
	case float64:
		return property.New(v)
	case int:
		return property.New(float64(v))
	}
	return property.New(property.Null)
}

// unreadTypes lists the types of a stack that no rule knows, and whose
// properties have no shape.
func (p *Pack) unreadTypes(s *stack) []string {
	var unread []string
	for token := range s.byType {
		switch {
		case !strings.HasPrefix(token, "aws:") && !foreign(token):
			continue
		case len(p.byType[token]) > 0 || stackRead(token):
			continue
		case strings.HasPrefix(token, "aws-native:"):
			// Its twin was read, unless it has none.
			if all := translate.Native(token, "", map[string]any{}); len(all) > 0 && all[0].Type != token {
				continue
			}
		case !foreign(token):
			if properties, known := schema.Of(token); known && len(properties) > 0 {
				continue
			}
		}
		unread = append(unread, token)
	}
	slices.Sort(unread)
	return unread
}

// stackRead tells types that only rules about the whole stack read.
func stackRead(token string) bool {
	if placements[token] != "" {
		return true
	}
	for _, types := range [][]string{
		bucketTypes, encryptionTypes, versioningTypes, loadBalancerTypes, parameterGroupTypes,
		{
			flowLogType, vpcType, clusterType, bucketPolicyType, "aws:redshift/logging:Logging", "aws:ec2/routeTableAssociation:RouteTableAssociation",
			"aws:ec2/subnet:Subnet", "aws:ecs/service:Service",
		},
	} {
		if slices.Contains(types, token) {
			return true
		}
	}
	return false
}
