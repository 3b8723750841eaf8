package schema

import (
	"regexp"
	"strings"
	"sync"
)

// Shape is what a property is about, whatever type it belongs to.
type Shape string

// The shapes.
const (
	// Document is an IAM or resource policy.
	Document Shape = "document"
	// Public is a flag that makes its resource public when it is true, or a word
	// or list that may.
	Public Shape = "public"
	// Private is a flag that keeps its resource private when it is true.
	Private Shape = "private"
	// Shared names who else may use the resource: accounts, principals, groups.
	Shared Shape = "shared"
	// Range is a CIDR block of those who are let in, or of where a way leads.
	Range Shape = "range"
	// Key is a KMS key of data at rest.
	Key Shape = "key"
	// Encrypted is a switch that encrypts data at rest.
	Encrypted Shape = "encrypted"
	// Unencrypted is a switch that doesn't.
	Unencrypted Shape = "unencrypted"
	// Cipher is a word for how data at rest is encrypted.
	Cipher Shape = "cipher"
	// TLS is a switch that demands TLS.
	TLS Shape = "tls"
	// Plain is a switch that does without.
	Plain Shape = "plain"
	// Protocol is a word for the oldest TLS that is taken, or for whether it is.
	Protocol Shape = "protocol"
	// Secret is a credential itself, not the name of one.
	Secret Shape = "secret"
	// Address is a URL or host that a service of AWS calls, or delivers to.
	Address Shape = "address"
	// Definition is JSON or YAML in the form of another API: a job, a state machine, the input of a call.
	Definition Shape = "definition"
	// Given is what something that runs is given: variables, arguments, a script.
	Given Shape = "given"
	// Template holds resources of its own, or says where they stand.
	Template Shape = "template"
)

// named says which shape a property has by its name. The pattern is matched
// against the dotted path, kinds are those that the shape may have.
type named struct {
	shape Shape
	path  *regexp.Regexp
	kinds string
}

func by(shape Shape, kinds, path string) named {
	return named{shape, regexp.MustCompile(path), kinds}
}

// leaf starts a pattern for a property's own name.
const leaf = `(?:^|\.)`

// names are asked in order: the first that fits counts. Most plans have no type that
// must be asked for, and needn't wait for the patterns.
var names = sync.OnceValue(func() []named {
	return []named{
		by(Template, "string", leaf+`(?:templateBody|templateUrl)$`),
		by(Address, "string", `(?i)`+leaf+`(?:invocationEndpoint|apiEndpoint|hecEndpoint|accountUrl|(?:httpEndpoint|endpoint)Configuration\.url|https?\.url|https?\.confirmationUrl|webUrl|httpConfig\.endpoint|`+
			`httpsNotificationConfiguration\.endpoint|instanceUrl|applicationHostUrl|databaseUrl|serverHostname|serverName|containerUrl|nameNodes\.hostname|xksProxyUriEndpoint|endpointUri|`+
			`kafkaSettings\.broker|clusterJdbcurl|oauth(?:Parameters)?\.authorizationEndpoint|integrationUri|[\w-]*integration\.uri|identityProviderDetails\.url|pinecone\w*\.connectionString|`+
			`(?:redisEnterpriseCloud|mongoDbAtlas)Configuration\.endpoint)$|^(?:url|uri)$`),
		by(Given, "string object", leaf+`(?:environmentVariables|runtimeEnvironmentVariables|environments?|envs|variables|stageVariables|airflowConfigurationOptions|connectionProperties|`+
			`defaultArguments|nonOverridableArguments|providerDetails|propertyMap|configurations\.properties|hadoopJarStep\.properties|actions\.configuration|provisioningParameters|`+
			`(?:runCommand|automation)Parameters\.parameters|userData|userDataBase64|[bB]uildspec|buildSpec|onCreate|onStart|studioLifecycleConfigContent|inputTemplate|customJson|`+
			`configurationsJson|extraConnectionAttributes|args|arguments|commands|entryPoints|startCommand|buildCommand)$`),
		by(Given, "string", `^parameters$`),
		by(Definition, "string", leaf+`(?:containerProperties|ecsProperties|nodeProperties|definition|definitionString|input)$`),
		by(Secret, "string object", leaf+`(?:[a-zA-Z0-9]*[pP]asswords?|[a-z]+Passphrase|clientSecret|clientSecretValue|secretKey|secretAccessKey|apiKey|apiSecretKey|apiToken|accessToken|refreshToken|jwtToken|oauthToken|authToken|hecToken|secretToken|sharedSecret|bgpAuthKey|privateKey|certificatePrivateKey|domainSigningPrivateKey|basicAuthCredentials|hostKey|platformCredential|tokenKey|authorizationApiKeyValue|tunnel[12]PresharedKey|keyMaterial|keyMaterialBase64|secretString|secretBinary|snmpCommunity|customerKey)$`),
		by(TLS, "bool string", `(?i)`+leaf+`(?:requireTls|requireSsl|enforceHttps|enforceTls|tlsEnabled|sslEnabled|enableSsl|tlsRequired|transitEncryptionEnabled|transitEncryption|inTransitEncryption|inTransitEncryptionEnabled|enableInterContainerTrafficEncryption|nodeToNodeEncryption\.enabled|encryptionInTransit\.inCluster|requireEncryption|clusterEndpointEncryptionType|kafkaClusterEncryptionInTransit\.encryptionType|tls\.enforce)$`),
		by(Plain, "bool", `(?i)`+leaf+`(?:disableSsl|disableTls|skipTlsVerify|insecureSkipVerif(?:y|ication)|insecureSsl(?:Verification)?|ignoreClientCertificateExpiry|clientAuthentication\.unauthenticated)$`),
		by(Protocol, "string", `(?i)`+leaf+`(?:sslPolicy|securityPolicy|securityPolicyName|tlsSecurityPolicy|tlsPolicy|minimumProtocolVersion|viewerProtocolPolicy|originProtocolPolicy|originSslProtocols|sslMode|clientBroker|httpsPolicy|transitEncryptionMode|sslSecurityProtocol|securityProtocol|serverProtocol|tls\.mode)$`),
		by(Document, "string object", leaf+`(?:policy|policyDocument|policyText|accessPolicy|accessPolicies|resourcePolicy|assumeRolePolicy|assumeRolePolicyDocument|inlinePolicy|deliveryDestinationPolicy|policyBody|permissionPolicy|repositoryPolicy|basePolicyDocument|delegatedPolicy|keyPolicy|fileSystemPolicy)$`),
		by(Private, "bool string", leaf+`(?:blockPublicAcls|blockPublicPolicy|ignorePublicAcls|restrictPublicBuckets|blockPublicSecurityGroupRules|sourceDestCheck|internal)$`),
		by(Public, "bool string", `(?i)`+leaf+`(?:publiclyAccessible|isPubliclyAccessible|associatePublicIpAddress|associateCarrierIpAddress|assignPublicIp|mapPublicIpOnLaunch|mapCustomerOwnedIpOnLaunch|assignIpv6AddressOnCreation|createPublicIp|autoAssignPublicIps|autoAssignElasticIps|publicConnectivity|endpointPublicAccess|enableInternetAccess|enableDefaultInternetAccess|anonymousAuthEnabled|allowUnauthenticatedIdentities|publiclyAdvertisable|publicAccess\.type|allowExternalPrincipals|autoAcceptSharedAttachments|autoAcceptSharedAssociations|allowAssociationToShareableServiceNetwork|directInternetAccess|webserverAccessMode|appNetworkAccessType|projectVisibility|visibility|acl|cannedAcl|objectAcl|s3ObjectAcl|cannedAclForObjects|s3AclOption|readAccess|internetGatewayBlockMode|internetGatewayExclusionMode|publicAddressAllocationIds|elasticIp|authType|authorizationType|functionUrlAuthType|endpointType|endpointConfiguration\.types|firewallFailOpen|networkAccessType|addressAllocationIds|networkConfiguration\.networkMode|publicIp)$`),
		by(Shared, "string object", leaf+`(?:principals?|principalArn|allowedPrincipals|granteePrincipal|userGroups?|group|sharedAccounts|targetAccounts|grantee|granteeIdentifier|consumerIdentifier|accountIds|dataLakePrincipalIdentifier|permissions\.accountIds|organizationArns)$`),
		by(Range, "string", `(?i)`+leaf+`(?:publicAccessCidrs|portInfos\.cidrs|portInfos\.ipv6Cidrs|ec2InboundPermissions\.ipRange|ipRules\.ipRange|rules\.source|sourceIpConfig\.cidrs|whitelistRules\.cidr|targetNetworkCidr|allowedIpRange|destinationCidrBlock|cidrAllowLists|cidrIp|cidrIpv6|cidrBlocks|ipv6CidrBlocks|cidrIpv4|readAccessCidrs|clientLists)$`),
		by(Unencrypted, "bool", leaf+`encryptionDisabled$`),
		by(Encrypted, "bool string", leaf+`(?:encrypted|storageEncrypted|kmsEncrypted|atRestEncryptionEnabled|cacheDataEncrypted|rootVolumeEncryptionEnabled|userVolumeEncryptionEnabled|returnConnectionPasswordEncrypted|cloudWatchEncryptionEnabled|s3BucketEncryptionEnabled|(?:encryptAtRest|serverSideEncryption|sseSpecification|serverSideEncryptionConfiguration)\.(?:enabled|sseEnabled))$`),
		by(Cipher, "string", `(?i)`+leaf+`(?:encryptionOption|encryptionMode|sseAlgorithm|s3SseAlgorithm|serverSideEncryption|ebsEncryption|encryptionType|s3EncryptionMode|cloudwatchEncryptionMode|jobBookmarksEncryptionMode|catalogEncryptionMode)$`),
		by(Key, "string", `(?i)`+leaf+`(?:kms(?:key|master)?(?:id|arn|keyid|keyarn|keyidentifier|identifier)|kmsKey|kmsEncryptionKey|kmsArn|cmkArn|awsKmsKey(?:Id|Arn)|sseAwsKmsKeyId|encryptionKey(?:Arn)?|customerEncryptionKeyArn|defaultEncryptionKey|volumeEncryptionKey|ebsEncryptionKeyArn|[a-z0-9]*KmsKey(?:Id|Arn|Identifier)|kmsMasterKeyId)$`),
	}
})

// Named returns the shape of a property by its dotted path and kind (string,
// bool, number, object), or "".
func Named(path, kind string) Shape {
	key := [2]string{path, kind}
	if shape, asked := answers.Load(key); asked {
		return shape.(Shape)
	}
	shape := byName(path, kind)
	answers.Store(key, shape)
	return shape
}

// answers are kept: plans have few names, many times.
var answers sync.Map

func byName(path, kind string) Shape {
	for _, n := range names() {
		if strings.Contains(n.kinds, kind) && n.path.MatchString(path) {
			return n.shape
		}
	}
	return ""
}
