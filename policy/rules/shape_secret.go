package rules

import (
	"regexp"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// providerType is that of the providers that a program declares itself.
const providerType = "pulumi:providers:aws"

// secretValues is about credentials in properties.
func secretValues() Rule {
	return Rule{
		Name: "no-plain-credential", Family: Identity,
		Description: "No credential is given to a resource in plain text.",
		Why:         "it stands in the program and in the state, where everybody who may deploy reads it.",
		Fix:         "take it from configuration with --secret, or let AWS make it (manageMasterUserPassword, a secret's ARN).",
		On: on(func(res resource, r report) {
			for _, path := range []string{"secretKey", "token"} {
				if v := res.get(path); isSet(v) && !v.HasSecrets() {
					r.faultFix(path+" is given in plain text.", "leave it out: the provider takes the credentials that the CLI has, and a role by assumeRoles.")
				}
			}
		}, providerType),
		Any: func(res resource, r report) {
			if strings.HasPrefix(res.Type, "aws:secretsmanager/") {
				return
			}
			for _, at := range places(res, schema.Secret) {
				for _, item := range elements(at.value) {
					if value := knownText(item); value != "" && !at.value.HasSecrets() && !reference.MatchString(value) {
						r.fault("%s is given in plain text.", at.path)
						break
					}
				}
			}
		},
	}
}

// reference tells the names of secrets from secrets: an ARN, a dynamic
// reference of CloudFormation's, a name in Secrets Manager or SSM, a path.
var reference = regexp.MustCompile(`^(?:arn:|\{\{resolve:|/|\$\{|https?://|secretsmanager:|ssm:)`)
