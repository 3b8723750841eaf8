// Package runbooks reads what the documentation tells people to run and says
// what can't work: a make target that doesn't exist, an AWS operation or
// parameter that AWS doesn't have, a resource that the plan doesn't have.
package runbooks

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// operation is what the AWS CLI takes for one of its commands.
type operation struct {
	Parameters []string `json:"parameters"`
	Required   []string `json:"required"`
}

// awsFile is written by operations.py from botocore's service models, for the
// operations that the pages use.
//
//go:embed aws.json
var awsFile []byte

// Checker knows which commands exist.
type Checker struct {
	targets map[string]bool
	aws     map[string]map[string]operation
}

var (
	target     = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
	assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
)

// NewChecker reads the targets from the given makefiles.
func NewChecker(makefiles ...string) (*Checker, error) {
	c := &Checker{targets: map[string]bool{}}
	for _, file := range makefiles {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("make targets: %w", err)
		}
		for _, match := range target.FindAllStringSubmatch(string(text), -1) {
			c.targets[match[1]] = true
		}
	}
	if err := json.Unmarshal(awsFile, &c.aws); err != nil {
		return nil, fmt.Errorf("aws.json: %w", err)
	}
	return c, nil
}

// subCommands are those of other programs that pages may use. Programs of
// every Unix stand with no list.
var subCommands = map[string][]string{
	"pulumi": {"cancel", "config get", "config set", "destroy", "import", "login", "preview", "refresh", "stack export", "stack history", "stack import", "stack init", "stack output", "stack rm", "stack select", "up"},
	"git":    {"add", "commit", "diff", "log", "push", "revert", "status"},
	"docker": {"buildx", "login"},
	"gh":     {"variable set"},
	"cd":     nil, "date": nil, "echo": nil, "read": nil, "rm": nil, "sed": nil, "umask": nil, "python3": nil,
}

// Commands checks every command of a page, and returns how many it read and
// one sentence for each fault.
func (c *Checker) Commands(file, page string) (int, []string) {
	list, faults := commands(file, page)
	for _, command := range list {
		if fault := c.check(command.words); fault != "" {
			faults = append(faults, fmt.Sprintf("%s:%d: %s (%s)", command.file, command.line, fault, strings.Join(command.words, " ")))
		}
	}
	return len(list), faults
}

func (c *Checker) check(words []string) string {
	switch words[0] {
	case "make":
		for _, word := range words[1:] {
			if !assignment.MatchString(word) && word != "…" && !c.targets[word] {
				return fmt.Sprintf("there is no make target %q", word)
			}
		}
		return ""
	case "aws":
		return c.checkAWS(words[1:])
	}
	known, ok := subCommands[words[0]]
	if !ok {
		return fmt.Sprintf("%s is no program that runbooks use", words[0])
	}
	rest := strings.Join(words[1:], " ") + " "
	if known != nil && !slices.ContainsFunc(known, func(sub string) bool { return strings.HasPrefix(rest, sub+" ") }) {
		return fmt.Sprintf("%s has no such sub-command that runbooks use", words[0])
	}
	return ""
}

// global are the AWS CLI's options for every command.
var global = []string{"region", "query", "output", "profile", "cli-input-json", "no-cli-pager", "no-paginate"}

func (c *Checker) checkAWS(words []string) string {
	var path, options []string
	for _, word := range words {
		if option, is := strings.CutPrefix(word, "--"); is {
			name, _, _ := strings.Cut(option, "=")
			options = append(options, name)
		} else if len(options) == 0 {
			path = append(path, word)
		}
	}
	if len(path) < 2 {
		return "aws needs a service and an operation"
	}
	name := path[1]
	if name == "wait" && len(path) > 2 {
		name += " " + path[2]
	}
	op, ok := c.aws[path[0]][name]
	if !ok {
		return fmt.Sprintf("aws %s has no operation %q in aws.json: misspelt, or renew it with operations.py", path[0], name)
	}
	for _, option := range options {
		if !slices.Contains(op.Parameters, option) && !slices.Contains(op.Parameters, strings.TrimPrefix(option, "no-")) && !slices.Contains(global, option) {
			return fmt.Sprintf("aws %s %s has no parameter --%s", path[0], name, option)
		}
	}
	for _, required := range op.Required {
		if !slices.Contains(options, required) && !slices.Contains(options, "no-"+required) && !slices.Contains(options, "cli-input-json") {
			return fmt.Sprintf("aws %s %s needs --%s", path[0], name, required)
		}
	}
	return ""
}

// Names are the names with the stack's prefix in a text.
func Names(prefix, text string) []string {
	pattern := regexp.MustCompile(`/?` + regexp.QuoteMeta(prefix) + `[A-Za-z0-9_/-]*`)
	var names []string
	for _, name := range pattern.FindAllString(text, -1) {
		names = append(names, strings.TrimRight(name, "/-"))
	}
	return names
}

// made are the options whose value is a name that a runbook makes itself.
var made = []string{"--target-db-instance-identifier", "--new-db-instance-identifier"}

// restored is the command that makes an instance under the option by which
// others find one.
const restored = "restore-db-instance-from-db-snapshot"

// UnknownNames are the names of a page that are neither in the plan nor made
// by one of its own commands.
func UnknownNames(prefix, file, page string, planned map[string]bool) []string {
	own := map[string]bool{}
	list, _ := commands(file, page) // what can't be read is Commands' to tell
	for _, command := range list {
		for i, word := range command.words[1:] {
			if slices.Contains(made, command.words[i]) || command.words[i] == "--db-instance-identifier" && slices.Contains(command.words, restored) {
				own[word] = true
			}
		}
	}
	var unknown []string
	for _, name := range Names(prefix, page) {
		if !planned[name] && !own[name] {
			unknown = append(unknown, fmt.Sprintf("%s: the plan has no %s", file, name))
		}
	}
	return unknown
}
