package translate

import (
	"encoding/json"
	"fmt"
)

// classicBalancer has its scheme in a word, and its logs by other names.
func classicBalancer(own *Resource, _ string) []Resource {
	switch scheme := own.Props["scheme"].(type) {
	case Unknown:
		own.Props["internal"] = scheme
	default:
		own.Props["internal"] = scheme == "internal"
	}
	if logs := in(own.Props, "accessLoggingPolicy"); len(logs) > 0 {
		rename(logs, "s3BucketName", "bucket")
		own.Props["accessLogs"] = logs
	}
	for _, item := range list(own.Props["listeners"]) {
		if listener, ok := item.(map[string]any); ok {
			rename(listener, "protocol", "lbProtocol")
		}
	}
	return nil
}

func beanstalk(own *Resource, _ string) []Resource {
	settings := list(own.Props["optionSettings"])
	for _, item := range settings {
		if setting, ok := item.(map[string]any); ok {
			rename(setting, "optionName", "name")
		}
	}
	own.Props["settings"] = settings
	own.Props["tier"] = in(own.Props, "tier")["name"]
	return nil
}

func nodes(own *Resource, _ string) []Resource {
	rename(in(own.Props, "remoteAccess"), "sourceSecurityGroups", "sourceSecurityGroupIds")
	return nil
}

// topic has its subscriptions within it, the provider beside it.
func topic(own *Resource, called string) []Resource {
	var beside []Resource
	for i, item := range list(own.Props["subscription"]) {
		if one, ok := item.(map[string]any); ok {
			one["topicArn"] = called
			beside = append(beside, Resource{Type: "aws:sns/topicSubscription:TopicSubscription", Name: fmt.Sprintf("#subscription%d", i), Props: one})
		}
	}
	delete(own.Props, "subscription")
	return beside
}

// catalogued says where its templates stand, which cannot be read.
func catalogued(own *Resource, _ string) []Resource {
	own.Props["provisioningArtifactParameters"] = map[string]any{"templateUrl": Unknown{}}
	return nil
}

func permissionSet(own *Resource, _ string) []Resource {
	var beside []Resource
	if policy := own.Props["inlinePolicy"]; policy != nil {
		beside = append(beside, Resource{Type: "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", Name: "#policy", Props: map[string]any{"inlinePolicy": policy}})
	}
	for i, arn := range list(own.Props["managedPolicies"]) {
		beside = append(beside, Resource{
			Type: "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment", Name: fmt.Sprintf("#attachment%d", i), Props: map[string]any{"managedPolicyArn": arn},
		})
	}
	return beside
}

// busPolicy has one statement, or, as it was once written, its parts.
func busPolicy(own *Resource, _ string) []Resource {
	statement, said := own.Props["statement"]
	if !said {
		own.Type = "aws:cloudwatch/eventPermission:EventPermission"
		return nil
	}
	if text, ok := statement.(string); ok {
		var decoded any
		if json.Unmarshal([]byte(text), &decoded) == nil {
			statement = decoded
		}
	}
	own.Props["policy"] = policyText(map[string]any{"Statement": []any{statement}})
	return nil
}

// job has containers as objects, the provider as JSON text.
func job(own *Resource, _ string) []Resource {
	for _, name := range []string{"containerProperties", "nodeProperties", "ecsProperties"} {
		if own.Props[name] != nil {
			own.Props[name] = jsonText(own.Props[name])
		}
	}
	return nil
}

func machine(own *Resource, _ string) []Resource {
	if _, written := own.Props["definition"].(string); !written && own.Props["definition"] != nil {
		own.Props["definition"] = jsonText(own.Props["definition"])
	}
	return nil
}

func emrSecurity(own *Resource, _ string) []Resource {
	if _, written := own.Props["configuration"].(string); !written {
		own.Props["configuration"] = jsonText(own.Props["configuration"])
	}
	return nil
}

// jsonText writes an object, without what isn't known of it.
func jsonText(v any) any {
	if v == (Unknown{}) {
		return v
	}
	raw, err := json.Marshal(known(v))
	if err != nil {
		return Unknown{}
	}
	return string(raw)
}
