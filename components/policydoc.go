package components

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Document is an IAM or resource policy. Its parts are plain strings, so that
// it is known at preview.
type Document []Statement

// Statement is one statement of a [Document]. Principal is left out in identity policies.
type Statement struct {
	// Sid is the statement's name: letters and digits, unique in its document.
	Sid string
	// Effect is Allow or Deny.
	Effect    string
	Principal Principal
	// Actions must be one at least, such as s3:GetObject.
	Actions []string
	// Resources are ARNs; none in a trust policy, which is about its role.
	Resources []string
	// Conditions must all hold.
	Conditions Conditions
}

// Principal says who a resource policy is about; at most one kind is set.
type Principal struct {
	// Anyone is "*", which only conditions narrow.
	Anyone bool
	// AWS are ARNs of accounts and roles, Services such as ecs.amazonaws.com
	// (see [AWSService]).
	AWS      []string
	Services []string
}

// Conditions map an operator to condition keys to values.
type Conditions map[string]map[string][]string

const (
	allow = "Allow"
	deny  = "Deny"
)

// documentVersion is the version of the policy language that AWS recommends.
const documentVersion = "2012-10-17"

// sidForm is what IAM takes (IAM user guide, "IAM JSON policy elements: Sid").
var sidForm = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// JSON returns the document as AWS takes it. It refuses statements that AWS
// would refuse or that would say more than they seem to: no action, an empty
// resource or principal, a control character, a Sid that stands twice.
func (d Document) JSON() (string, error) {
	statements := make([]map[string]any, 0, len(d))
	seen := map[string]bool{}
	for _, statement := range d {
		encoded, err := statement.encode()
		if err == nil && seen[statement.Sid] {
			err = errors.New("the Sid stands twice")
		}
		if err != nil {
			return "", fmt.Errorf("policy statement %q: %w", statement.Sid, err)
		}
		seen[statement.Sid] = true
		statements = append(statements, encoded)
	}
	if len(statements) == 0 {
		return "", fmt.Errorf("policy document without a statement")
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any{"Version": documentVersion, "Statement": statements}); err != nil {
		return "", fmt.Errorf("policy document: %w", err)
	}
	return strings.TrimSpace(text.String()), nil
}

func (s Statement) encode() (map[string]any, error) {
	if !sidForm.MatchString(s.Sid) {
		return nil, errors.New("a Sid has letters and digits only, and at least one")
	}
	if s.Effect != allow && s.Effect != deny {
		return nil, fmt.Errorf("effect %q is neither Allow nor Deny", s.Effect)
	}
	encoded := map[string]any{"Sid": s.Sid, "Effect": s.Effect}
	for element, values := range map[string][]string{"Action": s.Actions, "Resource": s.Resources} {
		if err := checkValues(values); err != nil {
			return nil, fmt.Errorf("%s: %w", element, err)
		}
		if len(values) > 0 {
			encoded[element] = single(values)
		}
	}
	if len(s.Actions) == 0 {
		return nil, fmt.Errorf("no action")
	}
	principal, err := s.Principal.encode()
	switch {
	case err != nil:
		return nil, err
	case principal != nil:
		encoded["Principal"] = principal
	case len(s.Resources) == 0:
		return nil, errors.New("neither a principal nor a resource")
	}
	if len(s.Conditions) > 0 {
		conditions := map[string]map[string]any{}
		for operator, keys := range s.Conditions {
			conditions[operator] = map[string]any{}
			for key, values := range keys {
				if err := checkValues(values); err != nil || len(values) == 0 {
					return nil, fmt.Errorf("condition %s %s: no usable value", operator, key)
				}
				conditions[operator][key] = single(values)
			}
		}
		encoded["Condition"] = conditions
	}
	return encoded, nil
}

func (p Principal) encode() (any, error) {
	kinds := map[string]any{}
	if len(p.AWS) > 0 {
		kinds["AWS"] = single(p.AWS)
	}
	if len(p.Services) > 0 {
		kinds["Service"] = single(p.Services)
	}
	if err := checkValues(append(append([]string{}, p.AWS...), p.Services...)); err != nil {
		return nil, fmt.Errorf("principal: %w", err)
	}
	if p.Anyone {
		if len(kinds) > 0 {
			return nil, fmt.Errorf("principal: anyone and somebody at once")
		}
		return "*", nil
	}
	if len(kinds) == 0 {
		return nil, nil
	}
	return kinds, nil
}

func checkValues(values []string) error {
	for _, value := range values {
		if value == "" {
			return fmt.Errorf("an empty value")
		}
		if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("a control character in %q", value)
		}
	}
	return nil
}

// single returns a lone value as itself, the form in which AWS hands documents
// back: a list of one would show as a difference for ever.
func single(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}

// trust returns the document of a role that an AWS service assumes on behalf
// of this account only, which shuts out the confused deputy
// (IAM user guide, "The confused deputy problem").
func (s Scope) trust(service string) Document {
	return Document{{
		Sid: "Assume", Effect: allow, Principal: Principal{Services: []string{AWSService(service)}},
		Actions:    []string{"sts:AssumeRole"},
		Conditions: Conditions{"StringEquals": {"aws:SourceAccount": {s.AccountID}}},
	}}
}

// denyPlaintext refuses requests without TLS.
func denyPlaintext(actions string, resources ...string) Statement {
	return Statement{
		Sid: "OnlyTLS", Effect: deny, Principal: Principal{Anyone: true},
		Actions: []string{actions}, Resources: resources,
		Conditions: Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
}
