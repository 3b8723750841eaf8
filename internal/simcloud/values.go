package simcloud

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// DefaultsKey names the inputs that the provider chose, as in the official ones.
const DefaultsKey resource.PropertyKey = "__defaults"

// wire keeps unknowns, secrets and resource references as they are.
var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true, SkipNulls: true}

// Unmarshal reads properties from the wire; nil gives an empty map.
func Unmarshal(s *structpb.Struct) (resource.PropertyMap, error) {
	if s == nil {
		return resource.PropertyMap{}, nil
	}
	props, err := plugin.UnmarshalProperties(s, wire)
	if err != nil {
		return nil, fmt.Errorf("read properties: %w", err)
	}
	return props, nil
}

// Marshal puts properties on the wire.
func Marshal(props resource.PropertyMap) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(props, wire)
	if err != nil {
		return nil, fmt.Errorf("write properties: %w", err)
	}
	return s, nil
}

// Bare strips the wrappers of secrets and of outputs off a value.
func Bare(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput() && v.OutputValue().Known:
			v = v.OutputValue().Element
		default:
			return v
		}
	}
}

// Unknown tells whether a value is, or holds, something that only an update
// will know.
func Unknown(v resource.PropertyValue) bool { return v.ContainsUnknowns() }

// Given tells whether a program set a value, known or not.
func Given(v resource.PropertyValue) bool { return v.V != nil && !Bare(v).IsNull() }

// Text gives a known string.
func Text(v resource.PropertyValue) (string, bool) {
	if v = Bare(v); v.IsString() {
		return v.StringValue(), true
	}
	return "", false
}

// Number gives a known number.
func Number(v resource.PropertyValue) (float64, bool) {
	if v = Bare(v); v.IsNumber() {
		return v.NumberValue(), true
	}
	return 0, false
}

// Flag gives a known boolean.
func Flag(v resource.PropertyValue) (value, known bool) {
	if v = Bare(v); v.IsBool() {
		return v.BoolValue(), true
	}
	return false, false
}

// Same compares two values; secrets count by what they hold, and an unknown
// equals nothing.
func Same(a, b resource.PropertyValue) bool {
	a, b = strip(a), strip(b)
	if Unknown(a) || Unknown(b) {
		return false
	}
	return a.DeepEquals(b)
}

// strip takes the wrappers off at every depth.
func strip(v resource.PropertyValue) resource.PropertyValue {
	v = Bare(v)
	switch {
	case v.IsArray():
		out := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			out[i] = strip(e)
		}
		return resource.NewArrayProperty(out)
	case v.IsObject():
		out := resource.PropertyMap{}
		for k, e := range v.ObjectValue() {
			out[k] = strip(e)
		}
		return resource.NewObjectProperty(out)
	}
	return v
}

// Strings lists the known strings of a list; known is false when the list, or
// an element of it, is not known.
func Strings(v resource.PropertyValue) (list []string, known bool) {
	v = Bare(v)
	if !v.IsArray() {
		return nil, v.V == nil || v.IsNull()
	}
	known = true
	for _, e := range v.ArrayValue() {
		s, ok := Text(e)
		if !ok {
			known = false
			continue
		}
		list = append(list, s)
	}
	return list, known
}

// Failures turns faults into the answer of a Check. The engine prints the value
// of the property that a failure names, even of a secret one, so a secret one
// is named in the reason only.
func Failures(inputs resource.PropertyMap, faults []Fault) []*pulumirpc.CheckFailure {
	var list []*pulumirpc.CheckFailure
	for _, f := range faults {
		failure := &pulumirpc.CheckFailure{Property: f.Property, Reason: f.Reason}
		if f.Secret || inputs[resource.PropertyKey(f.Property)].ContainsSecrets() {
			failure.Property, failure.Reason = "", f.Property+": "+f.Reason
		}
		list = append(list, failure)
	}
	return list
}

// Fault is what is wrong with an input.
type Fault struct {
	// Property is the input, empty when the fault is of none alone.
	Property string
	// Reason says what is wrong and what would be right.
	Reason string
	// Secret says that the input is secret even if the program doesn't say so.
	Secret bool
}
