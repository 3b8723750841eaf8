package aws

// keys holds KMS.
var keys = map[string]*Type{
	"aws:kms/key:Key": {
		ID:       "{keyId}",
		ARN:      "kms:{region}:{account}:key/{keyId}",
		ForceNew: "customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId",
		JSON:     "policy",
		Defaults: Props{
			"bypassPolicyLockoutSafetyCheck": false, "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
			"enableKeyRotation": false, "isEnabled": true, "keyUsage": "ENCRYPT_DECRYPT",
		},
		Outputs: Props{
			"description": "", "keyId": "{uuid}", "multiRegion": false, "policy": defaultKeyPolicy,
			"rotationPeriodInDays": rotationPeriod,
		},
		Rules: Rules{
			"deletionWindowInDays": between(7, 30),
			"rotationPeriodInDays": between(90, 2560),
			"policy":               resourcePolicy(32768),
			"description":          text(0, 8192, ``, ""),
		},
		Check: checkKey,
	},
	"aws:kms/keyPolicy:KeyPolicy": {
		ID:       "{keyId}",
		Unique:   "{keyId}",
		Required: "keyId policy",
		JSON:     "policy",
		Defaults: Props{"bypassPolicyLockoutSafetyCheck": false},
		Rules: Rules{
			"policy": resourcePolicy(32768),
		},
		Check:    checkKeyPolicy,
		Untagged: true,
	},
	"aws:kms/alias:Alias": {
		ID:   "{name}",
		ARN:  "kms:{region}:{account}:{name}",
		Name: "name", NameMax: 256,
		Unique:   "{name}",
		Required: "targetKeyId",
		ForceNew: "name namePrefix",
		Outputs:  Props{"targetKeyArn": aliasTarget},
		Later:    "name namePrefix",
		Rules: Rules{
			"name": text(7, 256, `^alias/[A-Za-z0-9/_-]+$`, "aliases begin with alias/"),
		},
		Check:    checkAlias,
		Untagged: true,
	},
	"aws:kms/grant:Grant": {
		ID:       "{keyId}:{grantId}",
		Required: "granteePrincipal keyId operations",
		ForceNew: "constraints grantCreationTokens granteePrincipal keyId name operations retireOnDelete retiringPrincipal",
		Secret:   "grantToken",
		Defaults: Props{"retireOnDelete": false},
		Outputs:  Props{"grantId": "{hex64}", "grantToken": "{hex64}"},
		Rules: Rules{
			"operations": each(1, 20, anything),
		},
		Untagged: true,
	},
}
