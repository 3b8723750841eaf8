package rules

import (
	"slices"
	"strings"
)

var (
	// requestTags say what a thing is called as it is made.
	requestTags = keys{"aws:requesttag/": isNamed}
	// createActions say in which act a thing is tagged: its making.
	createActions = keys{"ec2:createaction": func(value string) bool { return literal([]string{value}) }}
	// ownTags tie a statement to what carries a tag or alias, in whichever account.
	ownTags = keys{
		"aws:resourcetag/": isNamed, "ec2:resourcetag/": isNamed, "secretsmanager:resourcetag/": isNamed, "ecs:resourcetag/": isNamed, "ssm:resourcetag/": isNamed,
		"autoscaling:resourcetag/": isNamed, "rds:db-tag/": isNamed, "iam:resourcetag/": isNamed, "kms:resourcealiases": isNamedAlias,
	}
)

// tagsWhatItMakes tells whether a statement is about making things, tied by the
// tags that they get. It doesn't count for an action that may tag, or change,
// what is there: there the caller chooses the tag.
func (s statement) tagsWhatItMakes(arn string, actions []string) bool {
	if s.narrowed(createActions) {
		return !slices.ContainsFunc(actions, func(action string) bool { return !strings.EqualFold(action, "ec2:CreateTags") })
	}
	return s.narrowed(requestTags) && !slices.ContainsFunc(actions, func(action string) bool { return !makes(action, arn) })
}

// makers begin the names of actions that make something.
var makers = []string{"create", "run", "register", "allocate", "request", "import", "copy"}

// madeBeside are types that actions make whose names don't say so.
var madeBeside = map[string][]string{
	"security-group-rule": {"authorizesecuritygroupingress", "authorizesecuritygroupegress"},
	"instance":            {"runinstances"}, "volume": {"runinstances"}, "network-interface": {"runinstances"},
	"vpc-flow-log": {"createflowlogs"},
}

// makes tells whether an action makes what an ARN is about: CreateSubnet makes
// subnet/*, and is about a vpc/* that is there.
func makes(action, arn string) bool {
	_, name, _ := strings.Cut(strings.ToLower(action), ":")
	if strings.Contains(name, "tag") {
		return false
	}
	verb := slices.ContainsFunc(makers, func(verb string) bool { return strings.HasPrefix(name, verb) })
	if arn == "*" {
		return verb
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return false
	}
	kind, _, _ := strings.Cut(strings.ToLower(parts[5]), "/")
	kind, _, _ = strings.Cut(kind, ":")
	return slices.Contains(madeBeside[kind], name) || verb && kind != "" && strings.HasSuffix(name, strings.ReplaceAll(kind, "-", ""))
}

// ofOwn tells whether a statement about everything is tied to what carries a tag
// of one's own: in one's own account, where others may admit it to theirs.
func (s statement) ofOwn(actions []string) bool {
	crosses := slices.ContainsFunc(actions, func(action string) bool {
		service, _, _ := strings.Cut(strings.ToLower(action), ":")
		return service == "s3" || slices.Contains(shared, service)
	})
	return s.narrowed(ownTags) && (!crosses || s.narrowed(ownerKeys))
}
