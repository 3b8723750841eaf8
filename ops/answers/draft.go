// Package answers makes the file of a new stack: it begins with the values of
// another one, takes what the new one must answer, and judges every answer by
// the program's own validation.
package answers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// Draft is a stack's file that isn't written yet.
type Draft struct {
	root, stack   string
	project       []byte
	document      *yaml.Node
	open          map[string]bool // keys of the questions without an answer
	exampleZones  []string
	exampleBudget string
	taken         map[string]bool // networks of the other stacks
}

// Check fails when no new stack can have this name.
func Check(root, name string) error {
	if _, err := os.Lstat(stack.File(root, name)); err == nil {
		return fmt.Errorf("there is a stack %q already: %s is left as it is", name, filepath.Base(stack.File(root, name)))
	}
	return config.CheckStackName(name)
}

// Begin starts the file of stack name with the values of stack like, whose
// answers and secrets are left out. It fails when anything but the answers is
// wrong with the values.
func Begin(root, name, like string) (*Draft, error) {
	example, err := stack.Load(root, like)
	if err != nil {
		return nil, err
	}
	project, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(stack.File(root, like))
	if err != nil {
		return nil, err
	}
	d := &Draft{
		root: root, stack: name, project: project, document: &yaml.Node{}, open: map[string]bool{}, taken: map[string]bool{},
		exampleZones: example.Network.Zones, exampleBudget: fmt.Sprint(example.Budget.MonthlyUSD),
	}
	for _, other := range stack.Names(root) {
		if values, err := config.FromFile(stack.File(root, other), other); err == nil {
			cidr, _ := config.Lookup(project, values, "network.cidr")
			d.taken[fmt.Sprint(cidr)] = true
		}
	}
	if err := yaml.Unmarshal(text, d.document); err != nil {
		return nil, fmt.Errorf("%s: %w", stack.File(root, like), err)
	}
	d.strip(like)
	for _, q := range Questions {
		d.open[q.Key] = !q.optional
	}
	return d, d.Faults()
}

// Answer sets one setting, and returns the faults that it brings; whatever
// belongs to a question that is still open isn't one yet. An answer with faults
// is taken back.
func (d *Draft) Answer(key, answer string) error {
	before, wasOpen := copied(d.document), d.open[key]
	value, err := parsed(key, answer)
	if err != nil {
		return err
	}
	d.set(key, value)
	d.open[key] = false
	if key == "network.zones" {
		d.moveZones()
	}
	if err := d.Faults(); err != nil {
		d.document, d.open[key] = before, wasOpen
		return err
	}
	return nil
}

// parsed turns an answer into a value of its setting; one that isn't asked for
// is YAML.
func parsed(key, answer string) (*yaml.Node, error) {
	as := number
	if q := question(key); q != nil {
		as = q.kind
	}
	switch as {
	case text:
		return scalar(answer), nil
	case list:
		value := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, part := range strings.Split(strings.Trim(answer, "[]"), ",") {
			if part = strings.TrimSpace(part); part != "" {
				value.Content = append(value.Content, scalar(part))
			}
		}
		return value, nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(answer), &document); err != nil || len(document.Content) != 1 {
		return nil, &config.Error{Faults: []config.Fault{{Key: full(key), Value: fmt.Sprintf("%q", answer), Allowed: "a value in YAML"}}}
	}
	return document.Content[0], nil
}

// Suggestion is the answer that follows from those before it; empty where none does.
func (d *Draft) Suggestion(q Question) string {
	if q.suggest == nil {
		return ""
	}
	return q.suggest(d)
}

// Faults returns what is wrong with the draft beside the open questions.
func (d *Draft) Faults() error {
	text, err := d.YAML()
	if err != nil {
		return err
	}
	values, err := config.FromYAML(text, d.stack)
	if err != nil {
		return err
	}
	_, err = config.Load(d.project, values)
	var all *config.Error
	if !errors.As(err, &all) {
		return err
	}
	var own []config.Fault
	for _, fault := range all.Faults {
		if !d.ofOpen(fault.Key) {
			own = append(own, fault)
		}
	}
	if len(own) == 0 {
		return nil
	}
	return &config.Error{Faults: own}
}

func (d *Draft) ofOpen(key string) bool {
	for name, open := range d.open {
		if open && (key == full(name) || strings.HasPrefix(key, full(name)+"[")) {
			return true
		}
	}
	return false
}

// Write makes the stack's file and returns its path. One that came meanwhile
// stays as it is.
func (d *Draft) Write() (string, error) {
	text, err := d.YAML()
	if err != nil {
		return "", err
	}
	path := stack.File(d.root, d.stack)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}
