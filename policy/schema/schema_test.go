package schema

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCamel(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]string{
		"SubnetId": "subnetId", "KMSMasterKeyID": "kmsMasterKeyId", "VPCZoneIdentifier": "vpcZoneIdentifier", "ARN": "arn", "DBInstanceIdentifier": "dbInstanceIdentifier",
		"TemplateURL": "templateURL", "SSESpecification": "sseSpecification", "": "", "already": "already", "PrincipalOrgID": "principalOrgId", "EnforceHTTPS": "enforceHttps",
	} {
		assert.Equal(t, want, Camel(from), from)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, kind string
		want       Shape
	}{
		{"policy", "string", Document}, {"policy", "bool", ""}, {"spec.inlinePolicy", "string", Document}, {"policyArn", "string", ""},
		{"publiclyAccessible", "bool", Public}, {"networkConfiguration.assignPublicIp", "bool", Public}, {"publicKey", "string", ""},
		{"endpointDetails.addressAllocationIds", "string", Public}, {"sourceDestCheck", "bool", Private}, {"internal", "bool", Private},
		{"allowedPrincipals", "string", Shared}, {"rules.source", "string", Range}, {"clientLists", "string", Range}, {"kmsKeyId", "string", Key}, {"volumeKmsKeyId", "string", Key},
		{"ebs.encrypted", "bool", Encrypted}, {"encryptionDisabled", "bool", Unencrypted}, {"sseAlgorithm", "string", Cipher}, {"requireTls", "bool", TLS}, {"tls.enforce", "bool", TLS},
		{"enforce", "bool", ""}, {"tlsConfig.insecureSkipVerification", "bool", Plain}, {"sslPolicy", "string", Protocol}, {"spec.listeners.tls.mode", "string", Protocol},
		{"masterPassword", "string", Secret}, {"passwordLength", "number", ""}, {"definition", "string", Definition}, {"templateUrl", "string", Template},
		{"runConfig.environmentVariables", "string", Given}, {"parameters", "string", Given}, {"parameters", "object", ""}, {"storageDescriptor.parameters", "string", ""}, {"userData", "string", Given},
	} {
		assert.Equal(t, c.want, Named(c.path, c.kind), "%s, a %s", c.path, c.kind)
	}
}

// TestTable reads what the table says of a type, and of one that it doesn't know.
func TestTable(t *testing.T) {
	t.Parallel()
	assert.Regexp(t, `^v6\.\d+\.\d+$`, Version())
	properties, known := Of("aws:rds/proxy:Proxy")
	require.True(t, known)
	assert.Equal(t, []Property{{Path: "requireTls", Shape: TLS}}, properties)
	properties, known = Of("aws:vpc/nothing:Nothing")
	assert.False(t, known)
	assert.Empty(t, properties)
	bare, known := Of("aws:ec2/internetGateway:InternetGateway")
	assert.True(t, known)
	assert.Empty(t, bare)
	assert.Greater(t, len(Types()), 1500)
	for token, properties := range Types() {
		assert.False(t, slices.ContainsFunc(properties, func(p Property) bool { return p.Path == "" || p.Shape == "" }), token)
	}
}
