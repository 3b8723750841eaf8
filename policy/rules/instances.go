package rules

import (
	"maps"
	"slices"
)

const metadataDefaultsType = "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"

// tokenWords say, by type, where it stands how an instance's metadata is asked for.
var tokenWords = map[string]string{
	"aws:ec2/instance:Instance":                                                "metadataOptions",
	"aws:ec2/spotInstanceRequest:SpotInstanceRequest":                          "metadataOptions",
	"aws:ec2/launchTemplate:LaunchTemplate":                                    "metadataOptions",
	"aws:ec2/launchConfiguration:LaunchConfiguration":                          "metadataOptions",
	"aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration": "instanceMetadataOptions",
}

func metadataTokens() Rule {
	return Rule{
		Name: "metadata-tokens", Family: Identity,
		Description: "Instances tell their credentials to those alone who ask with a token (IMDSv2).",
		Why:         "without one, whoever makes a program on the instance call an address of theirs, as by a forged URL, reads its role's credentials.",
		Fix:         "set metadataOptions.httpTokens to required, on the instance or in its launch template, or declare " + metadataDefaultsType + " with httpTokens required.",
		Stack:       tokensRequired,
	}
}

// tokensRequired takes the region's default for what says nothing itself.
func tokensRequired(s *stack, r report) {
	byDefault := false
	for _, defaults := range s.of(metadataDefaultsType) {
		switch word, state := text(defaults.get("httpTokens")); {
		case state == unknown:
			r.at(defaults.URN).unseen("httpTokens")
		case word == "required":
			byDefault = true
		default:
			r.at(defaults.URN).fault("httpTokens is %q, not required.", word)
		}
	}
	for _, token := range slices.Sorted(maps.Keys(tokenWords)) {
		for _, res := range s.of(token) {
			asksForToken(res, tokenWords[token], byDefault, r.at(res.URN))
		}
	}
	for _, notebook := range s.of("aws:sagemaker/notebookInstance:NotebookInstance") {
		const path = "instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion"
		if knownText(notebook.get(path)) == "1" {
			r.at(notebook.URN).faultFix(path+" is 1.", "set it to 2, or leave it out.")
		}
	}
}

func asksForToken(res *resource, path string, byDefault bool, r report) {
	words := []string{path, path + ".httpTokens"}
	if slices.ContainsFunc(words, func(word string) bool { return res.get(word).IsComputed() }) {
		r.unseen(words[1])
		return
	}
	word := knownText(res.get(words[1]))
	switch {
	case word == "required", knownText(res.get(path+".httpEndpoint")) == "disabled":
	case word != "":
		r.fault("%s is %s.", words[1], word)
	case !byDefault && !isSet(res.get("launchTemplate")):
		r.fault("%s is not set, and AWS's default answers without a token.", words[1])
	}
}
