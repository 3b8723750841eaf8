package translate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// serverless reads the types of SAM, which stand for several each.
func (d document) serverless(kind, name string, props map[string]any) []Resource {
	short := strings.TrimPrefix(kind, "AWS::Serverless::")
	if globals, ok := d.resolve(d.globals[short]).(map[string]any); ok {
		merged := maps.Clone(globals)
		maps.Copy(merged, props)
		props = merged
	}
	switch short {
	case "Function":
		return serverlessFunction(name, props)
	case "Api":
		endpoint := props["EndpointConfiguration"]
		if word, ok := endpoint.(string); ok {
			endpoint = map[string]any{"Type": word}
		}
		api := map[string]any{}
		if fields, ok := endpoint.(map[string]any); ok {
			api["EndpointConfiguration"] = map[string]any{"Types": fields["Type"]}
		}
		if body := props["DefinitionBody"]; body != nil {
			api["Body"] = body
		}
		auth, _ := props["Auth"].(map[string]any)
		if policy, ok := auth["ResourcePolicy"].(map[string]any); ok && policy["CustomStatements"] != nil {
			api["Policy"] = map[string]any{"Statement": policy["CustomStatements"]}
		}
		return twin("AWS::ApiGateway::RestApi", name, refName(name), api)
	case "HttpApi":
		return twin("AWS::ApiGatewayV2::Api", name, refName(name), map[string]any{})
	case "SimpleTable":
		return twin("AWS::DynamoDB::Table", name, refName(name), props)
	case "StateMachine":
		return twin("AWS::StepFunctions::StateMachine", name, refName(name), props)
	case "Application":
		return []Resource{{Type: "aws:serverlessrepository/cloudFormationStack:CloudFormationStack", Name: name, Props: camelMap(props)}}
	case "GraphQLApi":
		return twin("AWS::AppSync::GraphQLApi", name, refName(name), map[string]any{})
	}
	return []Resource{{Type: kind, Name: name, Props: camelMap(props)}}
}

func serverlessFunction(name string, props map[string]any) []Resource {
	all := twin("AWS::Lambda::Function", name, refName(name), props)
	if address, ok := props["FunctionUrlConfig"].(map[string]any); ok {
		all = append(all, twin("AWS::Lambda::Url", name+"Url", "", address)...)
	}
	events, _ := props["Events"].(map[string]any)
	for _, event := range slices.Sorted(maps.Keys(events)) {
		fields, _ := events[event].(map[string]any)
		own, _ := fields["Properties"].(map[string]any)
		switch {
		case fields["Type"] == "Api" && own["RestApiId"] == nil:
			all = append(all, twin("AWS::ApiGateway::RestApi", "ServerlessRestApi", "", map[string]any{})...)
		case fields["Type"] == "HttpApi" && own["ApiId"] == nil:
			all = append(all, twin("AWS::ApiGatewayV2::Api", "ServerlessHttpApi", "", map[string]any{})...)
		}
	}
	if trust := props["AssumeRolePolicyDocument"]; trust != nil {
		all = append(all, twin("AWS::IAM::Role", name+"Role", "", map[string]any{"AssumeRolePolicyDocument": trust})...)
	}
	policies, ok := props["Policies"].([]any)
	if !ok && props["Policies"] != nil {
		policies = []any{props["Policies"]}
	}
	for i, policy := range policies {
		at := fmt.Sprintf("%sPolicy%d", name, i)
		switch policy := policy.(type) {
		case string:
			if !strings.HasPrefix(policy, "arn:") {
				policy = "arn:aws:iam::aws:policy/" + policy
			}
			all = append(all, Resource{Type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", Name: at, Props: map[string]any{"policyArn": policy}})
		case map[string]any:
			if policy["Statement"] != nil {
				all = append(all, Resource{Type: "aws:iam/rolePolicy:RolePolicy", Name: at, Props: map[string]any{"policy": policyText(policy)}})
			}
		}
	}
	return all
}
