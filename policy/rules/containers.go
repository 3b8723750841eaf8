package rules

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const taskDefinitionType = "aws:ecs/taskDefinition:TaskDefinition"

// container is a container definition, as far as rules read it. ECS takes the
// field names in any case, and so does encoding/json.
type container struct {
	Name         string
	Privileged   bool
	Environment  []pair
	Command      []string
	EntryPoint   []string
	User         string
	DockerLabels map[string]string
	// DockerSecurityOptions take a profile of SELinux, AppArmor or seccomp away.
	DockerSecurityOptions []string
	// ReadonlyRootFilesystem and VersionConsistency are as ECS names them.
	ReadonlyRootFilesystem bool
	VersionConsistency     string
	HealthCheck            *struct{ Command []string }
	LogConfiguration       *struct {
		LogDriver string
		Options   map[string]string
	}
	LinuxParameters *struct {
		Capabilities *struct{ Add []string }
		Devices      []any
	}
}

const functionType = "aws:lambda/function:Function"

type pair struct{ Name, Value string }

// containers holds the rules about what runs in tasks.
func containers() []Rule {
	return []Rule{
		{
			Name: "no-plaintext-secret", Family: Identity,
			Description: "No secret stands in a container's definition, an override of one, a function's environment or an instance's user data.",
			Why:         "whoever may describe a task definition reads it, in every revision that ever was.",
			Fix:         "keep it in Secrets Manager and name it in the container's secrets[].valueFrom.",
			On: each(
				onContainers(plaintext),
				on(secretDefinition, taskDefinitionType),
				on(functionEnvironment, functionType),
				plaintextTypes(),
			),
			Any: plaintextGiven,
		},
		{
			Name: "no-privileged-container", Family: Identity,
			Description: "Containers share nothing with their host, and gain no rights.",
			Why:         "whoever breaks into such a container owns the host, and the roles of its neighbours.",
			Fix:         "remove privileged, added capabilities, devices, volumes of the host's paths, and host networkMode, pidMode and ipcMode.",
			On: each(on(unprivileged, taskDefinitionType), on(unprivilegedJob, jobDefinitionType),
				on(func(res resource, r report) { r.needNotTrue(res.properties(), "environment.privilegedMode") }, "aws:codebuild/project:Project")),
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
			Why:         "a log group that the driver makes has neither retention nor a key, and a container without a driver leaves no trace; one that waits for its driver stands still when CloudWatch Logs does.",
			Fix:         "declare aws:cloudwatch/logGroup:LogGroup, name it in awslogs-group, leave awslogs-create-group out, and set mode to non-blocking or leave it out.",
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

// onContainers checks every container of task definitions that are known; the
// others are left to the update.
func onContainers(c func(c container, r report)) map[string]check {
	return on(func(res resource, r report) {
		list, state, err := parseContainers(res)
		switch {
		case state == unknown:
			r.later("containerDefinitions")
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

func plaintext(c container, r report) {
	where := "container " + c.Name
	for _, variable := range c.Environment {
		plaintextVariable(where, variable.Name, variable.Value, r)
	}
	plaintextArguments(where, slices.Concat(c.EntryPoint, c.Command), r)
	if c.HealthCheck != nil {
		plaintextArguments(where+", healthCheck", c.HealthCheck.Command, r)
	}
	for _, name := range slices.Sorted(maps.Keys(c.DockerLabels)) {
		plaintextVariable(where+", dockerLabels", name, c.DockerLabels[name], r)
	}
	if c.LogConfiguration != nil {
		for _, name := range slices.Sorted(maps.Keys(c.LogConfiguration.Options)) {
			plaintextVariable(where+", logConfiguration", name, c.LogConfiguration.Options[name], r)
		}
	}
}

// plaintextArguments reads a command as one text: a flag and its value may be two arguments.
func plaintextArguments(where string, arguments []string, r report) {
	whole := strings.Join(arguments, " ")
	switch name := tellsSecret(whole, r.settings.SecretWords...); {
	case holdsCredential(whole):
		r.faultFix(where+": an argument of its command holds a credential.", commandFix)
	case name != "":
		r.faultFix(fmt.Sprintf("%s: its command gives %s in plain text.", where, name), commandFix)
	}
}

const commandFix = "keep it in Secrets Manager, name it in the container's secrets[].valueFrom, and let the program read the variable itself, or let a shell put it in."

// plaintextVariable never repeats the value.
func plaintextVariable(where, name, value string, r report) {
	words := r.settings.SecretWords
	switch told := tellsSecret(value, words...); {
	case value == "":
	case holdsSecret(name, value, words...):
		r.fault("%s: %s is set in plain text.", where, name)
	case holdsCredential(value):
		r.fault("%s: the value of %s holds a credential.", where, name)
	case told != "" && !placeholder.MatchString(value):
		r.fault("%s: the value of %s gives %s in plain text.", where, name, told)
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
	eachMap(res.get("volumes"), func(m property.Map) {
		if path := m.Get("hostPath"); isSet(path) {
			r.fault("volume %q is %s of its host.", knownText(m.Get("name")), cmp.Or(knownText(path), "a path"))
		}
		if device := knownText(get(m, "dockerVolumeConfiguration.driverOpts.device")); strings.HasPrefix(device, "/") {
			r.fault("volume %q is %s of its host.", knownText(m.Get("name")), device)
		}
	}, func() { r.later("volumes") })
	list, _, _ := parseContainers(res)
	for _, c := range list {
		c.unprivileged(r)
	}
}

func (c container) unprivileged(r report) {
	if c.Privileged {
		r.fault("container %s is privileged.", c.Name)
	}
	for _, option := range c.DockerSecurityOptions {
		if strings.Contains(option, "unconfined") || strings.Contains(option, "disable") {
			r.fault("container %s is unconfined: %s.", c.Name, option)
		}
	}
	if c.LinuxParameters == nil {
		return
	}
	if capabilities := c.LinuxParameters.Capabilities; capabilities != nil && len(capabilities.Add) > 0 {
		r.fault("container %s gains %s.", c.Name, strings.Join(capabilities.Add, ", "))
	}
	if len(c.LinuxParameters.Devices) > 0 {
		r.fault("container %s is given devices of its host.", c.Name)
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
	case c.LogConfiguration.Options["mode"] == "blocking":
		r.fault("container %s waits for its log driver (mode is blocking).", c.Name)
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
	services := s.servicesOfTasks()
	for _, task := range s.of(taskDefinitionType) {
		names := services[task]
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

// servicesOfTasks returns the names of the services by task definition.
func (s *stack) servicesOfTasks() map[*resource][]string {
	names := map[*resource][]string{}
	for _, service := range s.of("aws:ecs/service:Service") {
		for _, task := range s.refers(service, "taskDefinition", taskDefinitionType) {
			names[task] = append(names[task], service.Name)
		}
	}
	return names
}
