package scaling

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// expression is the part of CloudWatch's metric math that the stack uses:
// numbers, ids, + - * /, comparisons, AND, OR, and the functions IF, FILL, MAX,
// MIN, SUM, AVG, CEIL, FLOOR and ABS. It is evaluated for one data point; a
// missing value is NaN, and whatever is computed from it is missing too, but
// for FILL.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
type expression func(value func(id string) (float64, error)) (float64, error)

func parseExpression(text string) (expression, error) {
	p := &parser{text: text}
	p.next()
	e, err := p.or()
	if err == nil && p.token != "" {
		err = fmt.Errorf("unexpected %q", p.token)
	}
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	return e, nil
}

type parser struct {
	text  string
	token string // "" at the end
}

func (p *parser) next() {
	p.text = strings.TrimLeftFunc(p.text, unicode.IsSpace)
	n := 0
	word := func(r byte) bool {
		return r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	switch {
	case p.text == "":
	case word(p.text[0]):
		for n < len(p.text) && word(p.text[n]) {
			n++
		}
	case len(p.text) > 1 && slices.Contains([]string{">=", "<=", "==", "!=", "&&", "||"}, p.text[:2]):
		n = 2
	default:
		n = 1
	}
	p.token, p.text = p.text[:n], p.text[n:]
}

func (p *parser) accept(tokens ...string) string {
	for _, t := range tokens {
		if p.token == t {
			p.next()
			return t
		}
	}
	return ""
}

func (p *parser) expect(token string) error {
	if p.accept(token) == "" {
		return fmt.Errorf("%q wanted before %q", token, p.token+p.text)
	}
	return nil
}

func (p *parser) or() (expression, error) {
	return p.binary(func() (expression, error) {
		return p.binary(p.comparison, "AND", "&&")
	}, "OR", "||")
}

func (p *parser) comparison() (expression, error) {
	return p.binary(func() (expression, error) {
		return p.binary(func() (expression, error) {
			return p.binary(p.unary, "*", "/")
		}, "+", "-")
	}, ">=", "<=", "==", "!=", ">", "<")
}

func (p *parser) binary(operand func() (expression, error), tokens ...string) (expression, error) {
	left, err := operand()
	for err == nil {
		operator := p.accept(tokens...)
		if operator == "" {
			return left, nil
		}
		var right expression
		if right, err = operand(); err == nil {
			left = apply(operators[operator], left, right)
		}
	}
	return nil, err
}

var operators = map[string]func(a, b float64) float64{
	"+": func(a, b float64) float64 { return a + b },
	"-": func(a, b float64) float64 { return a - b },
	"*": func(a, b float64) float64 { return a * b },
	// CloudWatch yields no data point for a division by zero.
	"/": func(a, b float64) float64 {
		if b == 0 {
			return math.NaN()
		}
		return a / b
	},
	">":   func(a, b float64) float64 { return truth(a > b) },
	"<":   func(a, b float64) float64 { return truth(a < b) },
	">=":  func(a, b float64) float64 { return truth(a >= b) },
	"<=":  func(a, b float64) float64 { return truth(a <= b) },
	"==":  func(a, b float64) float64 { return truth(a == b) },
	"!=":  func(a, b float64) float64 { return truth(a != b) },
	"AND": func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"&&":  func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"OR":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
	"||":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func apply(f func(a, b float64) float64, left, right expression) expression {
	return func(value func(string) (float64, error)) (float64, error) {
		a, err := left(value)
		if err != nil {
			return 0, err
		}
		b, err := right(value)
		if err != nil {
			return 0, err
		}
		if math.IsNaN(a) || math.IsNaN(b) {
			return math.NaN(), nil
		}
		return f(a, b), nil
	}
}

func (p *parser) unary() (expression, error) {
	if p.accept("-") != "" {
		e, err := p.unary()
		if err != nil {
			return nil, err
		}
		return apply(operators["-"], constant(0), e), nil
	}
	if p.accept("(") != "" {
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	}
	name := p.token
	if name == "" || strings.ContainsAny(name[:1], ")],+*/<>=&|![") {
		return nil, fmt.Errorf("a value wanted before %q", p.token+p.text)
	}
	p.next()
	if number, err := strconv.ParseFloat(name, 64); err == nil {
		return constant(number), nil
	}
	if p.accept("(") == "" {
		return func(value func(string) (float64, error)) (float64, error) { return value(name) }, nil
	}
	return p.function(name)
}

func constant(v float64) expression {
	return func(func(string) (float64, error)) (float64, error) { return v, nil }
}

// function reads the arguments; an array counts as its elements.
func (p *parser) function(name string) (expression, error) {
	f, known := functions[name]
	if !known {
		return nil, fmt.Errorf("the function %s is not simulated", name)
	}
	var arguments []expression
	array := p.accept("[") != ""
	for {
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, e)
		if p.accept(",") == "" {
			break
		}
	}
	if array {
		if err := p.expect("]"); err != nil {
			return nil, err
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if len(arguments) < f.least || len(arguments) > f.most {
		return nil, fmt.Errorf("%s has %d arguments", name, len(arguments))
	}
	return func(value func(string) (float64, error)) (float64, error) {
		values := make([]float64, len(arguments))
		for i, a := range arguments {
			v, err := a(value)
			if err != nil {
				return 0, err
			}
			values[i] = v
		}
		return f.compute(values), nil
	}, nil
}

type function struct {
	least, most int
	compute     func(v []float64) float64
}

var functions = map[string]function{
	"IF": {2, 3, func(v []float64) float64 {
		switch {
		case math.IsNaN(v[0]):
			return math.NaN()
		case v[0] != 0:
			return v[1]
		case len(v) == 3:
			return v[2]
		}
		return math.NaN()
	}},
	"FILL": {2, 2, func(v []float64) float64 {
		if math.IsNaN(v[0]) {
			return v[1]
		}
		return v[0]
	}},
	"MAX":   {1, 10, fold(math.Max)},
	"MIN":   {1, 10, fold(math.Min)},
	"SUM":   {1, 10, sum},
	"AVG":   {1, 10, func(v []float64) float64 { return sum(v) / float64(len(v)) }},
	"CEIL":  {1, 1, func(v []float64) float64 { return math.Ceil(v[0]) }},
	"FLOOR": {1, 1, func(v []float64) float64 { return math.Floor(v[0]) }},
	"ABS":   {1, 1, func(v []float64) float64 { return math.Abs(v[0]) }},
}

// sum adds up.
func sum(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s
}

func fold(f func(a, b float64) float64) func([]float64) float64 {
	return func(v []float64) float64 {
		result := v[0]
		for _, x := range v[1:] {
			result = f(result, x) // NaN stays NaN in all of them
		}
		return result
	}
}
