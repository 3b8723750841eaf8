package plan

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Unknown stands for a value that the plan doesn't show: it is not known before
// `up`, or it is secret.
type Unknown struct{}

// Get returns what lies at a dotted path of the inputs, such as
// "networkConfiguration.subnets.0"; nil when nothing does, and [Unknown] when
// the plan doesn't show it.
func (r *Resource) Get(path string) any { return Lookup(r.Inputs, path) }

// Lookup is [Resource.Get] for any value of a plan.
func Lookup(v any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return v // nil or Unknown; a scalar has no parts
		}
	}
	return v
}

// Text returns the string at path, empty when there is none.
func (r *Resource) Text(path string) string { return Text(r.Get(path)) }

// Text is v as a string, empty when it is none.
func Text(v any) string {
	s, _ := v.(string)
	return s
}

// Number returns the number at path; numbers written as strings count. False
// when there is none.
func (r *Resource) Number(path string) (float64, bool) { return Number(r.Get(path)) }

// Number is v as a number.
func Number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	}
	return 0, false
}

// NumberOr returns the number at path, or a default.
func (r *Resource) NumberOr(path string, otherwise float64) float64 {
	if n, ok := r.Number(path); ok {
		return n
	}
	return otherwise
}

// True tells whether true lies at path.
func (r *Resource) True(path string) bool { return r.Get(path) == true }

// List returns the list at path, nil when there is none or it isn't known.
func (r *Resource) List(path string) []any { return List(r.Get(path)) }

// List is v as a list.
func List(v any) []any {
	list, _ := v.([]any)
	return list
}

// Texts returns the strings of the list at path.
func (r *Resource) Texts(path string) []string {
	var texts []string
	for _, element := range r.List(path) {
		if s, ok := element.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// Document parses the JSON text at path; nil when it isn't shown or isn't JSON.
func (r *Resource) Document(path string) map[string]any {
	var document map[string]any
	if json.Unmarshal([]byte(r.Text(path)), &document) != nil {
		return nil
	}
	return document
}

// Shown tells whether the plan shows what lies at path.
func (r *Resource) Shown(path string) bool {
	v := r.Get(path)
	_, unknown := v.(Unknown)
	return v != nil && !unknown
}
