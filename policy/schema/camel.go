package schema

import (
	"strings"
	"unicode"
)

// Camel writes a name of CloudFormation's, or of a type, as Pulumi writes
// properties: SubnetId as subnetId, KMSMasterKeyID as kmsMasterKeyId.
func Camel(name string) string {
	runes := []rune(name)
	for i, r := range runes {
		last := i+1 < len(runes) && i > 0 && unicode.IsLower(runes[i+1])
		if !unicode.IsUpper(r) || last {
			break
		}
		runes[i] = unicode.ToLower(r)
	}
	name = string(runes)
	for _, ending := range []string{"ID", "ARN", "TLS", "HTTPS"} {
		if before, found := strings.CutSuffix(name, ending); found && before != "" {
			return before + ending[:1] + strings.ToLower(ending[1:])
		}
	}
	return name
}
