package aws

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// container is a container definition, as far as it is looked at.
type container struct {
	Name         string `json:"name"`
	Image        string `json:"image"`
	CPU          int    `json:"cpu"`
	Memory       int    `json:"memory"`
	MemoryLow    int    `json:"memoryReservation"`
	Essential    any    `json:"essential"`
	StopTimeout  int    `json:"stopTimeout"`
	Privileged   bool   `json:"privileged"`
	PortMappings []struct {
		ContainerPort int    `json:"containerPort"`
		HostPort      int    `json:"hostPort"`
		Protocol      string `json:"protocol"`
	} `json:"portMappings"`
	Environment []pair       `json:"environment"`
	Secrets     []pair       `json:"secrets"`
	DependsOn   []dependency `json:"dependsOn"`
	MountPoints []struct {
		SourceVolume  string `json:"sourceVolume"`
		ContainerPath string `json:"containerPath"`
	} `json:"mountPoints"`
	HealthCheck *struct {
		Command     []string `json:"command"`
		Interval    *int     `json:"interval"`
		Timeout     *int     `json:"timeout"`
		Retries     *int     `json:"retries"`
		StartPeriod *int     `json:"startPeriod"`
	} `json:"healthCheck"`
	LogConfiguration *struct {
		LogDriver string            `json:"logDriver"`
		Options   map[string]string `json:"options"`
	} `json:"logConfiguration"`
	LinuxParameters *struct {
		Capabilities struct {
			Add []string `json:"add"`
		} `json:"capabilities"`
	} `json:"linuxParameters"`
}

type pair struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	ValueFrom string `json:"valueFrom"`
}

type dependency struct {
	ContainerName string `json:"containerName"`
	Condition     string `json:"condition"`
}

func (c container) essential() bool { return truthy(c.Essential, true) }

// fargate are the memory sizes (MiB) by CPU units: lowest, highest, step
// (ECS developer guide, Fargate task sizes).
var fargate = map[int][3]int{
	256: {512, 2048, 0}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

// checkTaskDefinition applies what RegisterTaskDefinition refuses.
func checkTaskDefinition(s *subject) {
	onFargate := s.onFargate()
	cpu, memory := s.units("cpu"), s.units("memory")
	if onFargate {
		s.fargateTask(cpu, memory)
	}
	volumes := s.taskVolumes()
	if !s.known("containerDefinitions") {
		return
	}
	doc, ok := document(s.get("containerDefinitions"))
	if !ok {
		return // said already
	}
	var list []container
	text, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		s.client("%v", err)
		return
	}
	t := task{subject: s, containers: list, volumes: volumes, fargate: onFargate}
	t.check(cpu, memory)
}

// client notes a fault as ECS words it.
func (s *subject) client(format string, args ...any) {
	s.fail("containerDefinitions", "ClientException: "+format, args...)
}

func (s *subject) onFargate() bool {
	kinds, _ := simcloud.Strings(s.get("requiresCompatibilities"))
	return slices.Contains(kinds, "FARGATE")
}

// units reads a size that is a number in a string; 0 when not known.
func (s *subject) units(name string) int {
	n, err := strconv.Atoi(plain(s.get(name)))
	if err != nil {
		return 0
	}
	return n
}

func (s *subject) fargateTask(cpu, memory int) {
	for _, k := range []string{"cpu", "memory"} {
		if !s.given(k) {
			s.fail(k, "missing: a Fargate task needs it")
		}
	}
	if s.known("networkMode") && s.text("networkMode") != "awsvpc" || !s.given("networkMode") {
		s.fail("networkMode", "ClientException: Fargate needs the network mode awsvpc")
	}
	if mode := s.text("pidMode"); mode != "" && mode != "task" {
		s.fail("pidMode", "ClientException: on Fargate containers share a process namespace within their task alone (task), not %q", mode)
	}
	if cpu != 0 && memory != 0 {
		sizes, ok := fargate[cpu]
		fits := ok && memory >= sizes[0] && memory <= sizes[1] &&
			(sizes[2] == 0 && has("512 1024 2048", strconv.Itoa(memory)) || sizes[2] != 0 && (memory-sizes[0])%sizes[2] == 0)
		if !fits {
			s.fail("memory", "ClientException: No Fargate configuration exists for given values: %d CPU, %d memory", cpu, memory)
		}
	}
	for _, e := range s.list("ephemeralStorage") {
		if n, ok := simcloud.Number(e["sizeInGib"]); ok && (n < 21 || n > 200) {
			s.fail("ephemeralStorage", "%v GiB: Fargate has 21 to 200", n)
		}
	}
	for _, r := range s.list("runtimePlatform") {
		if a := plain(r["cpuArchitecture"]); a != "" && !has("X86_64 ARM64", a) {
			s.fail("runtimePlatform", "%q is none of X86_64, ARM64", a)
		}
	}
}

// taskVolumes lists the names of the task's volumes and looks at those of EFS.
func (s *subject) taskVolumes() map[string]bool {
	names := map[string]bool{}
	for _, v := range s.list("volumes") {
		name := plain(v["name"])
		if names[name] {
			s.fail("volumes", "ClientException: the volume %q is there twice", name)
		}
		names[name] = true
		for _, efs := range objects(v["efsVolumeConfiguration"]) {
			s.efsVolume(name, efs)
		}
	}
	return names
}

func (s *subject) efsVolume(name string, efs resource.PropertyMap) {
	encrypted := plain(efs["transitEncryption"]) == "ENABLED" || simcloud.Unknown(efs["transitEncryption"])
	for _, a := range objects(efs["authorizationConfig"]) {
		if (simcloud.Given(a["accessPointId"]) || plain(a["iam"]) == "ENABLED") && !encrypted {
			s.fail("volumes", "ClientException: the volume %q needs transitEncryption for an access point or IAM", name)
		}
		if root := plain(efs["rootDirectory"]); simcloud.Given(a["accessPointId"]) && root != "" && root != "/" {
			s.fail("volumes", "ClientException: the volume %q has an access point, so rootDirectory is / or left out", name)
		}
	}
	if id := plain(efs["fileSystemId"]); id != "" && !identifiers["fileSystemId"].MatchString(id) {
		s.fail("volumes", "the volume %q: %q is no file system", name, id)
	}
}

// task is a task definition whose containers are known.
type task struct {
	*subject
	containers []container
	volumes    map[string]bool
	fargate    bool
}

func (t *task) check(cpu, memory int) {
	if len(t.containers) == 0 {
		t.client("a task has at least one container")
		return
	}
	names, essential, cpus, memories := map[string]*container{}, false, 0, 0
	for i := range t.containers {
		c := &t.containers[i]
		if c.Name == "" || c.Image == "" {
			t.client("container %d needs a name and an image", i+1)
			continue
		}
		if names[c.Name] != nil {
			t.client("the container %q is there twice", c.Name)
		}
		names[c.Name] = c
		essential = essential || c.essential()
		cpus, memories = cpus+c.CPU, memories+max(c.Memory, c.MemoryLow)
	}
	if !essential {
		t.client("at least one container must be essential")
	}
	if cpu != 0 && cpus > cpu {
		t.client("the containers ask for %d CPU units, the task has %d", cpus, cpu)
	}
	if memory != 0 && memories > memory {
		t.client("the containers ask for %d MiB, the task has %d", memories, memory)
	}
	for i := range t.containers {
		t.container(&t.containers[i], names)
	}
	t.cycle(names)
}

func (t *task) container(c *container, names map[string]*container) {
	t.environment(c)
	t.dependencies(c, names)
	t.health(c)
	for _, m := range c.MountPoints {
		if m.SourceVolume != "" && !t.volumes[m.SourceVolume] {
			t.client("the container %q mounts the volume %q, which the task doesn't have", c.Name, m.SourceVolume)
		}
	}
	for _, p := range c.PortMappings {
		if p.ContainerPort < 1 || p.ContainerPort > 65535 {
			t.client("the container %q maps the port %d", c.Name, p.ContainerPort)
		}
		if p.HostPort != 0 && p.HostPort != p.ContainerPort && t.text("networkMode") == "awsvpc" {
			t.client("the container %q: with awsvpc the host port is the container port", c.Name)
		}
	}
	if log := c.LogConfiguration; log != nil && log.LogDriver == "awslogs" {
		if log.Options["awslogs-group"] == "" || log.Options["awslogs-region"] == "" {
			t.client("the container %q: awslogs needs awslogs-group and awslogs-region", c.Name)
		}
		if t.fargate && log.Options["awslogs-stream-prefix"] == "" {
			t.client("the container %q: awslogs on Fargate needs awslogs-stream-prefix", c.Name)
		}
		t.needsRole(c, "the log driver awslogs")
	}
	if t.fargate {
		t.fargateLimits(c)
	}
}

// needsRole wants an execution role for what the agent does before the start.
func (t *task) needsRole(c *container, what string) {
	if t.fargate && !t.given("executionRoleArn") {
		t.client("Fargate requires an execution role for %s (container %q)", what, c.Name)
	}
}

func (t *task) fargateLimits(c *container) {
	if c.StopTimeout > 120 {
		t.client("the container %q: Fargate waits at most 120 s for a stop, not %d", c.Name, c.StopTimeout)
	}
	if c.Privileged {
		t.client("the container %q: Fargate has no privileged containers", c.Name)
	}
	if c.LinuxParameters != nil {
		for _, add := range c.LinuxParameters.Capabilities.Add {
			if add != "SYS_PTRACE" {
				t.client("the container %q: Fargate adds no capability but SYS_PTRACE, so not %s", c.Name, add)
			}
		}
	}
}

func (t *task) environment(c *container) {
	seen := map[string]bool{}
	for _, e := range append(slices.Clone(c.Environment), c.Secrets...) {
		if e.Name == "" {
			t.client("the container %q has an environment variable without a name", c.Name)
		} else if seen[e.Name] {
			t.client("the container %q has %s twice, in environment or secrets", c.Name, e.Name)
		}
		seen[e.Name] = true
	}
	for _, e := range c.Secrets {
		reason := secretRef(e.ValueFrom)
		if e.ValueFrom == "" {
			reason = "valueFrom is missing"
		}
		if reason != "" {
			t.client("the container %q, secret %s: %s", c.Name, e.Name, reason)
		}
		t.needsRole(c, "secrets")
	}
}

func (t *task) dependencies(c *container, names map[string]*container) {
	for _, d := range c.DependsOn {
		other := names[d.ContainerName]
		switch {
		case other == nil || other == c:
			t.client("the container %q depends on %q, which is no other container of the task", c.Name, d.ContainerName)
		case !has("START COMPLETE SUCCESS HEALTHY", d.Condition):
			t.client("the container %q waits for the condition %q; there are START, COMPLETE, SUCCESS, HEALTHY", c.Name, d.Condition)
		case has("COMPLETE SUCCESS", d.Condition) && other.essential():
			t.client("the container %q waits for %s of %q, which is essential: it would end the task", c.Name, d.Condition, other.Name)
		case d.Condition == "HEALTHY" && other.HealthCheck == nil:
			t.client("the container %q waits for the health of %q, which has no healthCheck", c.Name, other.Name)
		}
	}
}

// cycle refuses containers that wait for each other.
func (t *task) cycle(names map[string]*container) {
	state := map[string]int{} // 1 on the way, 2 done
	var visit func(name string) bool
	visit = func(name string) bool {
		if state[name] != 0 {
			return state[name] == 1
		}
		state[name] = 1
		if c := names[name]; c != nil {
			for _, d := range c.DependsOn {
				if visit(d.ContainerName) {
					return true
				}
			}
		}
		state[name] = 2
		return false
	}
	for _, c := range t.containers {
		if visit(c.Name) {
			t.client("containers wait for each other in a circle, %q among them", c.Name)
			return
		}
	}
}

func (t *task) health(c *container) {
	h := c.HealthCheck
	if h == nil {
		return
	}
	if len(h.Command) == 0 || !has("CMD CMD-SHELL NONE", h.Command[0]) {
		t.client("the container %q: a health check's command begins with CMD or CMD-SHELL", c.Name)
	}
	for _, limit := range []struct {
		name      string
		value     *int
		low, high int
	}{
		{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 60},
		{"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300},
	} {
		if limit.value != nil && (*limit.value < limit.low || *limit.value > limit.high) {
			t.client("the container %q: the health check's %s is %d; ECS takes %d to %d", c.Name, limit.name, *limit.value, limit.low, limit.high)
		}
	}
}
