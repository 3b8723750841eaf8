package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// unknownMark is what the engine writes for a value that it doesn't know yet
// (pulumi, sdk/go/common/resource/plugin: UnknownStringValue).
const unknownMark = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// Marks of values in a stack's state (pulumi, sdk/go/common/resource/sig).
const (
	signatureKey    = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
	hiddenSecret    = "[secret]"
)

// file is either form of input.
type file struct {
	// Steps, ChangeSummary and Diagnostics are of `preview --json`.
	Steps         []step         `json:"steps"`
	ChangeSummary map[string]int `json:"changeSummary"`
	Diagnostics   []struct {
		Message  string `json:"message"`
		Severity string `json:"severity"`
	} `json:"diagnostics"`
	// Deployment is of `stack export`.
	Deployment *struct {
		Resources []state `json:"resources"`
	} `json:"deployment"`
}

type step struct {
	Op       string `json:"op"`
	URN      string `json:"urn"`
	NewState *state `json:"newState"`
}

type state struct {
	URN                  string              `json:"urn"`
	Custom               bool                `json:"custom"`
	Delete               bool                `json:"delete"`
	Parent               string              `json:"parent"`
	Inputs               map[string]any      `json:"inputs"`
	Dependencies         []string            `json:"dependencies"`
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
	Protect              bool                `json:"protect"`
}

// ReadFile reads the plan in a file, or from standard input for "-".
func ReadFile(path string) (*Plan, error) {
	if path == "-" {
		return Read(os.Stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("no plan to read: %w; make one with `pulumi preview --json --show-sames >%s`", err, path)
	}
	p, err := Read(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Read reads a plan in either form. It fails on a preview that failed, and on
// one that leaves out what stays the same: half a plan would have half a price.
func Read(r io.Reader) (*Plan, error) {
	var in file
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fmt.Errorf("not a plan: %w; expected the output of `pulumi preview --json --show-sames` or of `pulumi stack export`", err)
	}
	for _, d := range in.Diagnostics {
		if d.Severity == "error" {
			return nil, fmt.Errorf("the preview failed, so this is no plan: %s", strings.TrimSpace(d.Message))
		}
	}
	switch {
	case in.Deployment != nil:
		var states []state
		for _, s := range in.Deployment.Resources {
			if !s.Delete {
				states = append(states, s)
			}
		}
		return assemble(states)
	case len(in.Steps) > 0:
		states, err := finalStates(in)
		if err != nil {
			return nil, err
		}
		return assemble(states)
	}
	return nil, errors.New("not a plan: neither steps (`pulumi preview --json`) nor a deployment (`pulumi stack export`) in it")
}

// leaving are the operations after which a resource is gone.
var leaving = map[string]bool{
	"delete": true, "delete-replaced": true, "discard": true, "discard-replaced": true,
	"read-discard": true, "remove-pending-replace": true,
}

// finalStates are the states after all steps. A replacement has several steps
// for one URN, of which the last that leaves a state counts.
func finalStates(in file) ([]state, error) {
	var states []state
	at := map[string]int{}
	same := 0
	for _, s := range in.Steps {
		if s.Op == "same" {
			same++
		}
		if s.NewState == nil || leaving[s.Op] {
			continue
		}
		if i, again := at[s.URN]; again {
			states[i] = *s.NewState
			continue
		}
		at[s.URN] = len(states)
		states = append(states, *s.NewState)
	}
	// The stack itself is always listed.
	if all := in.ChangeSummary["same"]; all > same {
		return nil, fmt.Errorf("the preview lists %d of the %d resources that stay the same; run it with --show-sames", same, all)
	}
	return states, nil
}

func assemble(states []state) (*Plan, error) {
	var resources []*Resource
	var stack, project string
	for _, s := range states {
		inStack, inProject, token, name, err := parseURN(s.URN)
		if err != nil {
			return nil, err
		}
		if stack == "" {
			stack, project = inStack, inProject
		}
		resources = append(resources, &Resource{
			URN: s.URN, Type: token, Name: name, Parent: s.Parent, Custom: s.Custom,
			Inputs: open(s.Inputs).(map[string]any), Protect: s.Protect,
			Dependencies: s.Dependencies, PropertyDependencies: s.PropertyDependencies,
		})
	}
	if len(resources) == 0 {
		return nil, errors.New("the plan is of an empty stack")
	}
	return New(project, stack, resources)
}

// open turns marks into [Unknown].
func open(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return map[string]any{}
		}
		if v[signatureKey] == secretSignature {
			return Unknown{}
		}
		for key, element := range v {
			v[key] = open(element)
		}
	case []any:
		for i, element := range v {
			v[i] = open(element)
		}
	case string:
		if v == unknownMark || v == hiddenSecret {
			return Unknown{}
		}
	}
	return v
}
