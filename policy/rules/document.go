package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// document is an IAM or resource policy, as far as rules read it.
type document struct {
	Statement listOf[statement]
	// partial is true when something in it isn't known yet.
	partial bool
}

type statement struct {
	Sid          string
	Effect       string
	Principal    principal
	NotPrincipal any
	Action       listOf[string]
	NotAction    listOf[string]
	Resource     listOf[string]
	NotResource  listOf[string]
	// Condition maps operators to keys to values.
	Condition map[string]map[string]listOf[any]
}

// name says which statement a message is about.
func (s statement) name(i int) string {
	if s.Sid != "" {
		return fmt.Sprintf("statement %q", s.Sid)
	}
	return fmt.Sprintf("statement %d", i+1)
}

func (s statement) allows() bool { return s.Effect == "Allow" }

// listOf reads both forms that AWS takes for a list: the list, and its only element.
type listOf[T any] []T

func (l *listOf[T]) UnmarshalJSON(raw []byte) error {
	var many []T
	if err := json.Unmarshal(raw, &many); err == nil {
		*l = many
		return nil
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// principal is "*", or lists by kind: AWS, Service, Federated, CanonicalUser.
type principal map[string]listOf[string]

func (p *principal) UnmarshalJSON(raw []byte) error {
	var anyone string
	if err := json.Unmarshal(raw, &anyone); err == nil {
		*p = principal{"AWS": {anyone}}
		return nil
	}
	var kinds map[string]listOf[string]
	if err := json.Unmarshal(raw, &kinds); err != nil {
		return err
	}
	*p = kinds
	return nil
}

// anyone reports whether a principal stands for everybody.
func (p principal) anyone() bool {
	for _, names := range p {
		if slices.Contains(names, "*") {
			return true
		}
	}
	return false
}

// wild are the principals that have a wildcard in them.
func (p principal) wild() []string {
	var found []string
	for kind, names := range p {
		for _, name := range names {
			if kind != "Federated" && name != "*" && strings.ContainsAny(name, "*?") {
				found = append(found, name)
			}
		}
	}
	return found
}

// parseDocument reads a policy from its JSON text, or from a map, which some
// programs give instead. Of a map, what is known is read.
func parseDocument(v property.Value) (*document, state, error) {
	if v.IsComputed() {
		return nil, unknown, nil
	}
	var raw []byte
	switch {
	case v.IsString() && v.AsString() != "":
		raw = []byte(v.AsString())
	case v.IsMap():
		var err error
		if raw, err = json.Marshal(plain(v)); err != nil {
			return nil, known, err
		}
	default:
		return nil, absent, nil
	}
	d, err := decoded.document(string(raw))
	if err != nil {
		return nil, known, err
	}
	if v.HasComputed() {
		partial := *d
		partial.partial = true
		return &partial, known, nil
	}
	return d, known, nil
}

// decoded keeps the document that was read last: several rules read each. Nobody
// changes what is read.
var decoded lastDocument

type lastDocument struct {
	mu   sync.Mutex
	text string
	d    *document
	err  error
}

func (l *lastDocument) document(text string) (*document, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text != text || l.d == nil {
		l.text, l.d = text, &document{}
		l.err = json.Unmarshal([]byte(text), l.d)
	}
	return l.d, l.err
}

// notYetKnown stands for what is unknown in a document that is given as a map.
const notYetKnown = "arn:not:yet:known:000000000000:"

// plain turns a property value into what encoding/json writes.
func plain(v property.Value) any {
	switch {
	case v.IsMap():
		m := map[string]any{}
		for key, value := range v.AsMap().All {
			m[key] = plain(value)
		}
		return m
	case v.IsArray():
		list := []any{}
		for _, value := range v.AsArray().All {
			list = append(list, plain(value))
		}
		return list
	case v.IsBool():
		return v.AsBool()
	case v.IsNumber():
		return v.AsNumber()
	case v.IsString():
		return v.AsString()
	case v.IsComputed():
		return notYetKnown
	}
	return nil
}

// withDocument hands a property's policy to f, if it is there and readable. One
// that isn't known yet is left to the update.
func withDocument(v property.Value, path string, r report, f func(d *document)) {
	d, state, err := parseDocument(v)
	switch {
	case state == unknown:
		r.later(path)
	case err != nil:
		r.fault("%s is not a policy document: %v.", path, err)
	case state == known:
		if d.partial {
			r.later(path)
		}
		f(d)
	}
}
