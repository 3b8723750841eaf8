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
// MIN, SUM, AVG, CEIL, FLOOR and ABS. It is evaluated for one data point.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
type expression func(in scope) (point, error)

// point is a scalar, or what a time series has at one time.
type point struct {
	value float64 // NaN: there is no data point
	// series tells a time series from a scalar; empty is one without any data
	// point in the whole time that is looked at.
	series, empty bool
}

func (p point) missing() bool { return math.IsNaN(p.value) }

// dialect is what AWS's documents leave open, or what people have seen
// otherwise: the rule must work with either.
type dialect struct {
	// zeroMissing: "Missing values in a time series are treated as 0" by
	// + - * / when the other series has a value. Graphs seem to drop such points.
	zeroMissing bool
	// fillsEmpty: FILL makes values for a series that has none at all. The
	// document says "fills the missing values of a time series", no more.
	fillsEmpty bool
}

// scope is where an expression is evaluated.
type scope struct {
	dialect
	value func(id string) (point, error)
}

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
			left = apply(operator, left, right)
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

// apply joins two operands. Of two series of which one has a value, the other
// counts as 0: always in a comparison, by the dialect in arithmetic. A scalar
// has a value at no time of its own, and so brings none to a series.
func apply(operator string, left, right expression) expression {
	f := operators[operator]
	arithmetic := strings.ContainsAny(operator, "+-*/")
	return func(in scope) (point, error) {
		a, err := left(in)
		if err != nil {
			return point{}, err
		}
		b, err := right(in)
		if err != nil {
			return point{}, err
		}
		zero := in.zeroMissing || !arithmetic
		result := point{series: a.series || b.series, empty: a.empty || b.empty}
		if zero && a.series && b.series {
			result.empty = a.empty && b.empty
			if a.missing() && !b.missing() {
				a.value = 0
			}
			if b.missing() && !a.missing() {
				b.value = 0
			}
		}
		if result.value = math.NaN(); !a.missing() && !b.missing() {
			result.value = f(a.value, b.value)
		}
		return result, nil
	}
}

func (p *parser) unary() (expression, error) {
	if p.accept("-") != "" {
		e, err := p.unary()
		if err != nil {
			return nil, err
		}
		return apply("-", constant(0), e), nil
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
		return func(in scope) (point, error) { return in.value(name) }, nil
	}
	return p.function(name)
}

func constant(v float64) expression {
	return func(scope) (point, error) { return point{value: v}, nil }
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
	return func(in scope) (point, error) {
		values := make([]point, len(arguments))
		for i, a := range arguments {
			v, err := a(in)
			if err != nil {
				return point{}, err
			}
			values[i] = v
		}
		return f.compute(in.dialect, values), nil
	}, nil
}

type function struct {
	least, most int
	compute     func(d dialect, v []point) point
}

var functions = map[string]function{
	"IF":    {2, 3, choose},
	"FILL":  {2, 2, fill},
	"MAX":   {1, 10, fold(math.Max)},
	"MIN":   {1, 10, fold(math.Min)},
	"SUM":   {1, 10, fold(sum)},
	"AVG":   {1, 10, average},
	"CEIL":  {1, 1, each(math.Ceil)},
	"FLOOR": {1, 1, each(math.Floor)},
	"ABS":   {1, 1, each(math.Abs)},
}

// choose is IF. "Has the value of 0, if the corresponding data point of metric1
// is TRUE and the corresponding data point does not exist in metric2"; is
// dropped in all other cases of something missing.
func choose(_ dialect, v []point) point {
	nothing := point{value: math.NaN(), series: true, empty: v[0].empty}
	switch {
	case v[0].missing():
		return nothing
	case v[0].value != 0 && v[1].missing():
		return point{series: true}
	case v[0].value != 0:
		return point{value: v[1].value, series: true}
	case len(v) == 3:
		return point{value: v[2].value, series: true, empty: v[2].empty}
	}
	return nothing
}

func fill(d dialect, v []point) point {
	if v[0].missing() && (d.fillsEmpty || !v[0].empty) {
		return point{value: v[1].value, series: true}
	}
	return v[0]
}

// fold computes over arrays of series. What it makes of one that has no value
// is said of AVG alone: the worst is assumed, none.
func fold(f func(a, b float64) float64) func(dialect, []point) point {
	return func(_ dialect, v []point) point {
		result := v[0]
		for _, x := range v[1:] {
			result.value = f(result.value, x.value) // NaN stays NaN in all of them
			result.series, result.empty = result.series || x.series, result.empty || x.empty
		}
		return result
	}
}

func sum(a, b float64) float64 { return a + b }

func average(d dialect, v []point) point {
	result := fold(sum)(d, v)
	result.value /= float64(len(v))
	return result
}

func each(f func(float64) float64) func(dialect, []point) point {
	return func(_ dialect, v []point) point {
		v[0].value = f(v[0].value)
		return v[0]
	}
}
