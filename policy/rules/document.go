package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// document is an IAM or resource policy, as far as rules read it.
type document struct {
	Statement listOf[statement]
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

// parseDocument reads a policy from its JSON text, or from a map, which some
// programs give instead.
func parseDocument(v property.Value) (*document, state, error) {
	if v.HasComputed() {
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
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, known, err
	}
	return &d, known, nil
}

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
	}
	return nil
}

// withDocument hands a property's policy to f, if it is there and readable.
func withDocument(v property.Value, path string, r report, f func(d *document)) {
	d, state, err := parseDocument(v)
	switch {
	case state == unknown:
		r.unseen(path)
	case err != nil:
		r.fault("%s is not a policy document: %v.", path, err)
	case state == known:
		f(d)
	}
}

// narrowingKeys are condition keys that tie a statement to callers, or to the
// resources that callers act for, whom the customer knows.
var narrowingKeys = map[string]bool{
	"aws:principalaccount": true, "aws:principalarn": true, "aws:principalorgid": true, "aws:principalorgpaths": true,
	"aws:sourceaccount": true, "aws:sourcearn": true, "aws:sourceorgid": true, "aws:sourceorgpaths": true,
	"aws:sourcevpc": true, "aws:sourcevpce": true, "aws:userid": true,
	"kms:calleraccount": true, "s3:dataaccesspointaccount": true,
}

// narrowed reports whether a condition restricts one of the given keys to
// values that are not wildcards. Operators that let a missing key pass
// (IfExists), and those that exclude instead of admitting, don't count.
func (s statement) narrowed(keys map[string]bool) bool {
	for operator, tests := range s.Condition {
		op := strings.ToLower(operator)
		if i := strings.IndexByte(op, ':'); i >= 0 {
			if op[:i] == "forallvalues" {
				// True for a request that lacks the key.
				continue
			}
			op = op[i+1:]
		}
		if !slices.Contains([]string{"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}, op) {
			continue
		}
		for key, values := range tests {
			if narrowsBy(key, keys) && len(values) > 0 && !slices.ContainsFunc(values, wildcard) {
				return true
			}
		}
	}
	return false
}

func narrowsBy(key string, keys map[string]bool) bool {
	key = strings.ToLower(key)
	if keys[key] {
		return true
	}
	// Keys with a tag's name in them.
	prefix, _, tagged := strings.Cut(key, "/")
	return tagged && keys[prefix+"/"]
}

// wildcard reports whether a condition value stands for anything.
func wildcard(v any) bool {
	value, ok := v.(string)
	return ok && strings.Trim(value, "*?:") == ""
}
