// Package cost prices a plan: a table per resource and in total per month, low
// and high where AWS bills by use, against the stack's budget, with what a NAT
// gateway would cost instead and what could be saved (docs/adr/0071).
//
// Prices, assumed use and free types are data (prices.yaml, usage.yaml,
// free.yaml). A type that no data and no code here knows is reported as not
// priced.
package cost

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"math"
	"slices"

	"gopkg.in/yaml.v3"
)

//go:embed prices.yaml
var pricesFile []byte

//go:embed usage.yaml
var usageFile []byte

//go:embed free.yaml
var freeFile []byte

// Range is dollars a month, or an amount of use.
type Range struct {
	Low  float64 `json:"low" yaml:"low"`
	High float64 `json:"high" yaml:"high"`
}

func exactly(v float64) Range { return Range{v, v} }

// Plus adds two ranges end by end.
func (r Range) Plus(other Range) Range { return Range{r.Low + other.Low, r.High + other.High} }

// Minus subtracts end by end: the difference of two states at the same use.
func (r Range) Minus(other Range) Range { return Range{r.Low - other.Low, r.High - other.High} }

// Times scales both ends.
func (r Range) Times(factor float64) Range { return Range{r.Low * factor, r.High * factor} }

// Middle is halfway.
func (r Range) Middle() float64 { return (r.Low + r.High) / 2 }

// zero tells whether both ends are below half a cent.
func (r Range) zero() bool { return math.Abs(r.Low) < 0.005 && math.Abs(r.High) < 0.005 }

// Price is one price of AWS.
type Price struct {
	USD    float64 `json:"usd" yaml:"usd"`
	Per    string  `json:"per" yaml:"per"`
	Source string  `json:"source" yaml:"source"`
	// Status is "retrieved" or "common knowledge".
	Status string `json:"status" yaml:"status"`
}

// prices is prices.yaml.
type prices struct {
	Region        string
	Date          string
	HoursPerMonth float64 `yaml:"hoursPerMonth"`
	Sources       map[string]string
	Prices        map[string]Price
}

// Assumption is an amount of use that nobody can read from a plan.
type Assumption struct {
	Name  string `json:"name" yaml:"-"`
	Range `yaml:",inline"`
	Unit  string `json:"unit" yaml:"unit"`
}

// usage is usage.yaml.
type usage struct {
	Default     map[string]Assumption
	OfficeHours float64 `yaml:"officeHours"`
	Stacks      map[string]struct{ Usage map[string]Range }
}

// book holds the data, and remembers what an estimate took from it.
type book struct {
	prices
	free map[string]string
	use  map[string]Assumption
	// officeShare is the share of a week of an office-hours schedule.
	officeShare float64

	usedPrices map[string]bool
	usedUse    map[string]bool
}

// newBook reads the data for a stack; unknown stacks have default use.
func newBook(stack string) (*book, error) {
	b := &book{free: map[string]string{}, usedPrices: map[string]bool{}, usedUse: map[string]bool{}}
	if err := strict(pricesFile, &b.prices); err != nil {
		return nil, fmt.Errorf("prices.yaml: %w", err)
	}
	for name, price := range b.Prices {
		if price.Status != "retrieved" && price.Status != "common knowledge" {
			return nil, fmt.Errorf("prices.yaml: %s: status is %q; it must be retrieved or common knowledge", name, price.Status)
		}
		if b.Sources[price.Source] == "" {
			return nil, fmt.Errorf("prices.yaml: %s: no source is called %q", name, price.Source)
		}
	}
	var u usage
	if err := strict(usageFile, &u); err != nil {
		return nil, fmt.Errorf("usage.yaml: %w", err)
	}
	b.use, b.officeShare = u.Default, u.OfficeHours/(7*24)
	for name, amount := range u.Stacks[stack].Usage {
		assumption, known := b.use[name]
		if !known {
			return nil, fmt.Errorf("usage.yaml: stack %s: %s has no default", stack, name)
		}
		assumption.Range = amount
		b.use[name] = assumption
	}
	var groups []struct {
		Why   string
		Types []string
	}
	if err := strict(freeFile, &groups); err != nil {
		return nil, fmt.Errorf("free.yaml: %w", err)
	}
	for _, group := range groups {
		for _, token := range group.Types {
			b.free[token] = group.Why
		}
	}
	return b, nil
}

func strict(data []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	return decoder.Decode(into)
}

// price returns a price that prices.yaml must hold.
func (b *book) price(name string) float64 {
	p, ok := b.find(name)
	if !ok {
		panic("prices.yaml has no " + name)
	}
	return p
}

// find returns the price of a thing that prices.yaml may lack.
func (b *book) find(name string) (float64, bool) {
	p, ok := b.Prices[name]
	if ok {
		b.usedPrices[name] = true
	}
	return p.USD, ok
}

// monthly is a price by the hour, for a month.
func (b *book) monthly(name string) float64 { return b.price(name) * b.HoursPerMonth }

// assume returns an assumed use, which usage.yaml must hold.
func (b *book) assume(name string) Range {
	a, ok := b.use[name]
	if !ok {
		panic("usage.yaml has no " + name)
	}
	b.usedUse[name] = true
	return a.Range
}

// assumptions are those that the estimate is built on.
func (b *book) assumptions() []Assumption {
	var list []Assumption
	for _, name := range slices.Sorted(maps.Keys(b.usedUse)) {
		a := b.use[name]
		a.Name = name
		list = append(list, a)
	}
	return list
}
