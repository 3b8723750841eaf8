package aws

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// maker works out the identifiers and outputs of one resource. What looks
// random is a hash of account, region, URN and generation, so that every run on
// every machine gives the same.
type maker struct {
	target
	cloud      cloud
	seen       *registry
	generation int
	inputs     resource.PropertyMap

	done  map[string]resource.PropertyValue
	state resource.PropertyMap // of an existing resource
}

func newMaker(p *Provider, t target, generation int, inputs resource.PropertyMap) *maker {
	return &maker{
		target: t, cloud: p.cloud, seen: p.seen, generation: generation, inputs: inputs,
		done: map[string]resource.PropertyValue{},
	}
}

// continues says that the resource exists already. Where AWS would choose a
// value, but was told another once, it keeps that when the program says no more
// about it. Such a value is known by differing from what AWS would have chosen.
func (m *maker) continues(id string, state, olds resource.PropertyMap) {
	before := *m
	before.inputs, before.done = olds, map[string]resource.PropertyValue{}
	for _, maker := range []*maker{m, &before} {
		maker.state = state
		maker.done["id"] = resource.NewStringProperty(id)
	}
	for k := range m.kind.Outputs {
		key := resource.PropertyKey(k)
		if simcloud.Given(m.inputs[key]) || !simcloud.Given(state[key]) {
			continue
		}
		if simcloud.Given(olds[key]) || !simcloud.Same(before.value(k), state[key]) {
			m.done[k] = state[key]
		}
	}
}

var (
	placeholder = regexp.MustCompile(`\{([A-Za-z0-9_]+)\}`)
	randomText  = regexp.MustCompile(`^(hex|num|alnum|ALNUM|site)([0-9]+)$`)
)

// id gives the resource's identifier.
func (m *maker) id() (string, error) {
	id, ok := simcloud.Text(m.value("id"))
	if !ok || id == "" {
		return "", simcloud.Refuse("the identifier of %s can't be told: an input that it is made of is not known", m.urn)
	}
	return id, nil
}

// outputs gives all outputs: the inputs and what AWS adds. Before the resource
// is made, what AWS adds is unknown.
func (m *maker) outputs(made bool) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, v := range m.inputs {
		if k != simcloud.DefaultsKey {
			out[k] = v
		}
	}
	for k := range m.kind.Outputs {
		m.add(out, k, made)
	}
	if m.kind.ARN != "" {
		m.add(out, "arn", made)
	}
	for _, k := range strings.Fields(m.kind.Later) {
		if key := resource.PropertyKey(k); !made && !simcloud.Given(out[key]) {
			out[key] = unknown()
		}
	}
	for _, k := range strings.Fields(m.kind.JSON) {
		setDocument(out, k)
	}
	for _, k := range strings.Fields(m.kind.Secret) {
		key := resource.PropertyKey(k)
		if v, ok := out[key]; ok && !v.IsSecret() {
			out[key] = resource.MakeSecret(v)
		}
	}
	if made {
		out[generationKey] = resource.NewNumberProperty(float64(m.generation))
	}
	return out
}

func (m *maker) add(out resource.PropertyMap, name string, made bool) {
	key := resource.PropertyKey(name)
	if simcloud.Given(out[key]) {
		return
	}
	if !made {
		out[key] = unknown()
		return
	}
	v := m.value(name)
	if v.V == nil {
		v = m.state[key] // what can't be told any more is as it was
	}
	if v.V != nil {
		out[key] = v
	}
}

// value gives what a placeholder stands for.
func (m *maker) value(name string) resource.PropertyValue {
	switch name {
	case "account":
		return resource.NewStringProperty(m.cloud.account)
	case "region":
		return resource.NewStringProperty(m.cloud.region)
	case "partition":
		return resource.NewStringProperty(m.cloud.partition())
	case "dns":
		return resource.NewStringProperty(m.cloud.dnsSuffix())
	case "regionShort":
		return resource.NewStringProperty(m.cloud.short())
	case "octet":
		return resource.NewStringProperty(strconv.Itoa(4 + int(m.hash("octet", 0)[0])%250))
	case "generation":
		return resource.NewStringProperty(strconv.Itoa(m.generation))
	}
	if v, ok := m.inputs[resource.PropertyKey(name)]; ok && simcloud.Given(v) {
		return v
	}
	if v, ok := m.done[name]; ok {
		return v
	}
	m.done[name] = resource.PropertyValue{} // ends a template that needs itself
	v := m.make(name)
	m.done[name] = v
	return v
}

func (m *maker) make(name string) resource.PropertyValue {
	if spec, ok := m.kind.Outputs[name]; ok {
		return m.expand(spec, name)
	}
	switch name {
	case "id":
		return m.expand(m.kind.ID, "id")
	case "arn":
		return m.expand("arn:{partition}:"+m.kind.ARN, "arn")
	}
	return resource.PropertyValue{}
}

// expand fills in a specification of a value.
func (m *maker) expand(spec any, label string) resource.PropertyValue {
	switch s := spec.(type) {
	case string:
		return m.fill(s, label)
	case bool:
		return resource.NewBoolProperty(s)
	case int:
		return resource.NewNumberProperty(float64(s))
	case []any:
		list := make([]resource.PropertyValue, len(s))
		for i, e := range s {
			list[i] = m.expand(e, fmt.Sprintf("%s.%d", label, i))
		}
		return resource.NewArrayProperty(list)
	case Props:
		object := resource.PropertyMap{}
		for k, e := range s {
			object[resource.PropertyKey(k)] = m.expand(e, label+"."+k)
		}
		return resource.NewObjectProperty(object)
	case func(*maker) any:
		if made := s(m); made != nil {
			return m.expand(made, label)
		}
		return resource.PropertyValue{}
	case resource.PropertyValue:
		return s
	}
	panic(fmt.Sprintf("the table holds a %T at %s", spec, label))
}

// fill replaces the placeholders of a template. A secret part makes the whole
// secret, an unknown one the whole unknown.
func (m *maker) fill(template, label string) resource.PropertyValue {
	secret, open := false, false
	text := placeholder.ReplaceAllStringFunc(template, func(s string) string {
		name := s[1 : len(s)-1]
		if r := randomText.FindStringSubmatch(name); r != nil {
			n, _ := strconv.Atoi(r[2])
			return m.random(label, r[1], n)
		}
		if name == "uuid" {
			h := m.random(label, "hex", 32)
			return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
		}
		v := m.value(name)
		secret = secret || v.ContainsSecrets()
		open = open || simcloud.Unknown(v)
		return plain(v)
	})
	v := resource.NewStringProperty(text)
	if open {
		v = unknown()
	}
	if secret {
		v = resource.MakeSecret(v)
	}
	return v
}

// plain writes a value into a template; lists give their first element.
func plain(v resource.PropertyValue) string {
	v = simcloud.Bare(v)
	switch {
	case v.IsString():
		return v.StringValue()
	case v.IsNumber():
		return strconv.FormatFloat(v.NumberValue(), 'f', -1, 64)
	case v.IsBool():
		return strconv.FormatBool(v.BoolValue())
	case v.IsArray() && len(v.ArrayValue()) > 0:
		return plain(v.ArrayValue()[0])
	}
	return ""
}

var alphabets = map[string]string{
	"hex": "0123456789abcdef", "num": "0123456789",
	"alnum": "abcdefghijklmnopqrstuvwxyz0123456789", "site": "abcdefghijklmnopqrstuvwxyz0123456789",
	"ALNUM": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
}

// random gives n characters that depend on the resource and the label alone; of
// the alphabet "site", on account and region alone.
func (m *maker) random(label, alphabet string, n int) string {
	letters := alphabets[alphabet]
	if alphabet == "site" {
		m = &maker{cloud: m.cloud}
		label = ""
	}
	var out strings.Builder
	for block := 0; out.Len() < n; block++ {
		sum := m.hash(label, block)
		for i := 0; i+2 <= len(sum) && out.Len() < n; i += 2 {
			out.WriteByte(letters[int(binary.BigEndian.Uint16(sum[i:]))%len(letters)])
		}
	}
	return out.String()
}

func (m *maker) hash(label string, block int) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d|%s|%d", m.cloud.account, m.cloud.region, m.urn, m.generation, label, block))
}
