package rules

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const taskDefinitionType = "aws:ecs/taskDefinition:TaskDefinition"

// container is a container definition, as far as rules read it. ECS takes the
// field names in any case, and so does encoding/json.
type container struct {
	Name             string
	Privileged       bool
	Environment      []pair
	Command          []string
	EntryPoint       []string
	User             string
	DockerLabels     map[string]string
	LogConfiguration *struct {
		LogDriver string
		Options   map[string]string
	}
	LinuxParameters *struct {
		Capabilities *struct{ Add []string }
		Devices      []any
	}
}

type pair struct{ Name, Value string }

// containers holds the rules about what runs in tasks.
func containers() []Rule {
	return []Rule{
		{
			Name: "no-plaintext-secret", Family: Identity,
			Description: "No secret stands in a container's definition, or in a function's environment.",
			Why:         "whoever may describe a task definition reads it, in every revision that ever was.",
			Fix:         "keep it in Secrets Manager and name it in the container's secrets[].valueFrom.",
			On: each(
				onContainers(plaintext),
				on(secretDefinition, taskDefinitionType),
				on(functionEnvironment, "aws:lambda/function:Function"),
			),
		},
		{
			Name: "container-definitions-known", Family: Identity,
			Description: "Container definitions that are not known at preview pin a secret's version, and nothing else.",
			Why:         "what a preview cannot see it cannot refuse; the versions of secrets exist only after their creation, and the update checks them before it creates the task definition.",
			Fix:         "build image addresses, host names and ARNs from configuration; only Secrets Manager, SSM parameters and images under construction may be unknown.",
			Stack:       definitionsKnown,
		},
		{
			Name: "no-privileged-container", Family: Identity,
			Description: "Containers share nothing with their host, and gain no rights.",
			Why:         "whoever breaks into such a container owns the host, and the roles of its neighbours.",
			Fix:         "remove privileged, added capabilities, devices, and host networkMode, pidMode and ipcMode.",
			On:          each(on(unprivileged, taskDefinitionType)),
		},
		{
			Name: "no-root-container", Family: Identity,
			Description: "Containers run as a user other than root.",
			Why:         "root inside a container may change every file in it, and needs one hole of the kernel less to leave it.",
			Fix:         "set user in the container's definition to a number other than 0.",
			On:          onContainers(rootUser),
		},
		{
			Name: "container-logs-declared", Family: Completeness,
			Description: "Containers log to a log group that is declared.",
			Why:         "a log group that the driver makes has neither retention nor a key, and a container without a driver leaves no trace.",
			Fix:         "declare aws:cloudwatch/logGroup:LogGroup, name it in awslogs-group, and leave awslogs-create-group out.",
			On:          onContainers(declaredLogs),
		},
		{
			Name: "task-roles-apart", Family: Identity,
			Description: "No two services share a task role or an execution role, and no task has one role for both.",
			Why:         "a shared role has the permissions of all who share it.",
			Fix:         "give each service an aws:iam/role:Role of its own, for its tasks and for their start.",
			Stack:       rolesApart,
		},
	}
}

// onContainers checks every container of task definitions that are known.
// About those that aren't, see container-definitions-known.
func onContainers(c func(c container, r report)) map[string]check {
	return on(func(res resource, r report) {
		list, state, err := parseContainers(res)
		switch {
		case state == unknown && !r.preview:
			r.unseen("containerDefinitions")
		case err != nil:
			r.fault("containerDefinitions cannot be read: %v.", err)
		}
		for _, found := range list {
			c(found, r)
		}
	}, taskDefinitionType)
}

func parseContainers(res resource) ([]container, state, error) {
	v := res.get("containerDefinitions")
	raw, state := text(v)
	if state != known {
		return nil, state, nil
	}
	var list []container
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return nil, known, err
	}
	return list, known, nil
}

var (
	// credentials are values that give themselves away: a URL with a password,
	// an AWS access key, a private key.
	credentials = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^/\s:@"']*:[^/\s@"']+@|\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY`)
	// secretWords end the names of variables that hold secrets.
	secretWords = []string{
		"password", "passwd", "pwd", "pass", "passphrase", "secret", "secrets", "token", "tokens", "key", "keys",
		"credential", "credentials", "apikey", "secretkey", "authtoken",
	}
	// A key by these names isn't one to a lock.
	publicWords = []string{"public", "partition", "sort", "prefix", "object", "primary"}
)

// soundsSecret reports whether a variable's name ends in a word for secrets.
func soundsSecret(name string) bool {
	words := splitWords(name)
	if len(words) == 0 || !slices.Contains(secretWords, words[len(words)-1]) {
		return false
	}
	return len(words) < 2 || !slices.Contains(publicWords, words[len(words)-2])
}

// splitWords splits NAMES_LIKE_THIS, names-like-this and namesLikeThis.
func splitWords(name string) []string {
	var spaced strings.Builder
	var last rune
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			spaced.WriteRune(' ')
		}
		spaced.WriteRune(r)
		last = r
	}
	return strings.FieldsFunc(strings.ToLower(spaced.String()), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func plaintext(c container, r report) {
	for _, variable := range c.Environment {
		plaintextVariable("container "+c.Name, variable.Name, variable.Value, r)
	}
	for _, argument := range slices.Concat(c.EntryPoint, c.Command) {
		if credentials.MatchString(argument) {
			r.fault("container %s: an argument of its command holds a credential.", c.Name)
		}
	}
	if c.LogConfiguration != nil {
		for name, value := range c.LogConfiguration.Options {
			plaintextVariable("container "+c.Name+", logConfiguration", name, value, r)
		}
	}
}

// plaintextVariable never repeats the value.
func plaintextVariable(where, name, value string, r report) {
	switch {
	case value == "":
	case soundsSecret(name):
		r.fault("%s: %s is set in plain text.", where, name)
	case credentials.MatchString(value):
		r.fault("%s: the value of %s holds a credential.", where, name)
	}
}

// secretDefinition sees at preview already that a secret value flows in, even
// if its value is unknown: the engine marks what is made from a secret.
func secretDefinition(res resource, r report) {
	if res.get("containerDefinitions").HasSecrets() {
		r.fault("a secret value went into containerDefinitions, where it would stand in plain text.")
	}
}

func functionEnvironment(res resource, r report) {
	variables := res.get("environment.variables")
	if !variables.IsMap() {
		return
	}
	for name, value := range variables.AsMap().AllStable {
		if value.HasSecrets() {
			r.fault("environment: a secret value went into %s.", name)
		} else {
			plaintextVariable("environment", name, knownText(value), r)
		}
	}
}

func unprivileged(res resource, r report) {
	for path, refused := range map[string][]string{
		"networkMode": {"host", "bridge"}, "pidMode": {"host"}, "ipcMode": {"host"},
	} {
		switch value, state := text(res.get(path)); {
		case state == unknown:
			r.unseen(path)
		case slices.Contains(refused, value):
			r.fault("%s is %s.", path, value)
		}
	}
	list, _, _ := parseContainers(res)
	for _, c := range list {
		if c.Privileged {
			r.fault("container %s is privileged.", c.Name)
		}
		if c.LinuxParameters == nil {
			continue
		}
		if capabilities := c.LinuxParameters.Capabilities; capabilities != nil && len(capabilities.Add) > 0 {
			r.fault("container %s gains %s.", c.Name, strings.Join(capabilities.Add, ", "))
		}
		if len(c.LinuxParameters.Devices) > 0 {
			r.fault("container %s is given devices of its host.", c.Name)
		}
	}
}

func declaredLogs(c container, r report) {
	switch {
	case c.LogConfiguration == nil:
		r.fault("container %s has no logConfiguration.", c.Name)
	case strings.EqualFold(c.LogConfiguration.Options["awslogs-create-group"], "true"):
		r.fault("container %s has its log group made by the driver.", c.Name)
	case c.LogConfiguration.LogDriver == "awslogs" && c.LogConfiguration.Options["awslogs-group"] == "":
		r.fault("container %s names no awslogs-group.", c.Name)
	}
}

// bornLate are the types whose versions or digests exist only after an update,
// so that a preview can't know what names them.
var bornLate = []string{"aws:secretsmanager/", "aws:ssm/parameter:", "awsx:ecr:Image", "awsx:ecr/", "docker-build:", "docker:"}

func definitionsKnown(s *stack, r report) {
	for _, task := range s.of(taskDefinitionType) {
		if !task.get("containerDefinitions").HasComputed() {
			continue
		}
		late := false
		var others []string
		for _, urn := range task.deps["containerDefinitions"] {
			switch source := s.byURN[urn]; {
			case source == nil:
			case slices.ContainsFunc(bornLate, func(prefix string) bool { return strings.HasPrefix(source.Type, prefix) }):
				late = true
			default:
				others = append(others, fmt.Sprintf("%s (%s)", source.Name, source.Type))
			}
		}
		switch {
		case !r.preview:
			r.at(task.URN).unseen("containerDefinitions")
		case len(others) > 0:
			r.at(task.URN).unseen("containerDefinitions, which is made from " + strings.Join(others, ", ") + ",")
		case !late:
			r.at(task.URN).unseen("containerDefinitions")
		}
	}
}

// roleUse says who runs under a role: services, or a task definition that no
// service names, such as a one-off task's.
type roleUse struct {
	at    string
	users []string
}

// rolesApart knows a role by its resource, or by its ARN if another stack made it.
func rolesApart(s *stack, r report) {
	uses := map[string]*roleUse{}
	var order []string
	for _, task := range s.of(taskDefinitionType) {
		names := s.servicesOf(task)
		if len(names) == 0 {
			names = []string{task.Name}
		}
		taskRole := s.roleOf(task, "taskRoleArn", r)
		executionRole := s.roleOf(task, "executionRoleArn", r)
		if taskRole != "" && taskRole == executionRole {
			r.at(task.URN).fault("the task role and the execution role are one: %s.", taskRole)
		}
		for _, role := range []string{taskRole, executionRole} {
			if role == "" {
				continue
			}
			if uses[role] == nil {
				uses[role] = &roleUse{at: task.URN}
				order = append(order, role)
				if s.byURN[role] != nil {
					uses[role].at = role
				}
			}
			uses[role].users = append(uses[role].users, names...)
		}
	}
	for _, role := range order {
		slices.Sort(uses[role].users)
		if users := slices.Compact(uses[role].users); len(users) > 1 {
			r.at(uses[role].at).fault("the role is shared by %s: %s.", strings.Join(users, ", "), role)
		}
	}
}

// roleOf returns the URN of the role that a task definition names, or its ARN;
// "" if it names none.
func (s *stack) roleOf(task *resource, path string, r report) string {
	if roles := s.refers(task, path, "aws:iam/role:Role"); len(roles) > 0 {
		return roles[0].URN
	}
	arn, state := text(task.get(path))
	if state == unknown {
		r.at(task.URN).unseen(path)
	}
	return arn
}

func (s *stack) servicesOf(task *resource) []string {
	var names []string
	for _, service := range s.of("aws:ecs/service:Service") {
		if slices.Contains(s.refers(service, "taskDefinition", taskDefinitionType), task) {
			names = append(names, service.Name)
		}
	}
	return names
}
