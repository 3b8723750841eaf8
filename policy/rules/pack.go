package rules

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Name and Version identify the pack in the engine's output.
const (
	Name    = "nat-free-aws"
	Version = "1.0.0"
)

// All returns every rule, by family.
func All() []Rule { return slices.Clone(every()) }

// every makes the rules once: their tables come from the provider's schema.
var every = sync.OnceValue(func() []Rule {
	return slices.Concat(
		noWayOut(), []Rule{templates()}, openDoors(), sharing(), atRest(), buckets(), inTransit(), identity(), containers(), completeness(), standing(), guards(),
		[]Rule{secretValues(), settingsRule(), staleExceptions()},
	)
})

// rulebook is the rules of a profile, by what they are asked about.
type rulebook struct {
	byType map[string][]*Rule
	// shapes are asked about every type of AWS, after those of the type itself.
	shapes []*Rule
	stacks []*Rule
}

var (
	strictBook   = sync.OnceValue(func() *rulebook { return newRulebook(func(Rule) bool { return true }) })
	baselineBook = sync.OnceValue(func() *rulebook { return newRulebook(Rule.Baseline) })
)

func newRulebook(holds func(Rule) bool) *rulebook {
	book := &rulebook{byType: map[string][]*Rule{}}
	all := every()
	for i := range all {
		rule := &all[i]
		if !holds(*rule) {
			continue
		}
		if rule.Stack != nil {
			book.stacks = append(book.stacks, rule)
		}
		if rule.Any != nil {
			book.shapes = append(book.shapes, rule)
		}
		for t := range rule.On {
			book.byType[t] = append(book.byType[t], rule)
		}
	}
	return book
}

// Resource is a resource as the engine describes it.
type Resource struct {
	Type, Name, URN string
	// Properties returns the resource's properties. It is asked at most once,
	// and not at all when no rule reads them.
	Properties func() property.Map
	// Dependencies holds, per top-level property, the URNs of the resources that
	// it was made from. Only stack rules need it.
	Dependencies map[string][]string
}

// Finding is what a rule has against a resource.
type Finding struct {
	// Policy is the name of the rule, or of the notice.
	Policy, Description string
	// URN is empty when the finding is about the stack as a whole.
	URN     string
	Message string
}

// Options is what a pack knows about the run it takes part in.
type Options struct {
	// Stack is the name of the stack, such as "prod".
	Stack string
	// Preview is true when nothing will be created, so that values may still be
	// unknown for good reasons.
	Preview bool
	// Config is the configuration by policy: see [SettingsSchema].
	Config map[string]map[string]any
	// Weakened says which rules configuration doesn't enforce, and how it has
	// them instead: advisory or disabled.
	Weakened map[string]string
	// Now tells the time by which exceptions expire.
	Now func() time.Time
}

// Pack is one instance of the rules, for one preview or update. Its methods may
// be called concurrently.
type Pack struct {
	options  Options
	settings *settings
	// faults are what is wrong with the settings.
	faults []string
	*rulebook

	mu sync.Mutex
	// inputs are what the program gave each resource, by URN. The engine gives
	// stack rules outputs, in which a provider may have filled in defaults.
	inputs map[string]func() property.Map
	// excused holds what exceptions let through, postponed what a preview can't see.
	excused   []excuse
	postponed map[string][]string
}

// New returns a pack with all rules.
func New(options Options) *Pack {
	p := &Pack{options: options, inputs: map[string]func() property.Map{}, postponed: map[string][]string{}}
	p.settings, p.faults = loadSettings(options.Config, options.Now())
	p.rulebook = strictBook()
	if p.settings.Profile == Baseline {
		p.rulebook = baselineBook()
	}
	return p
}

// Analyze asks the rules about one resource, whose properties are its inputs.
func (p *Pack) Analyze(given Resource) []Finding {
	properties := sync.OnceValue(given.Properties)
	given.Type = today(given.Type)
	p.mu.Lock()
	p.inputs[given.URN] = properties
	p.mu.Unlock()
	res := resource{Type: given.Type, Name: given.Name, URN: given.URN, properties: properties}
	var found []Finding
	var inner []Resource
	if holds(given.Type) {
		given.Properties = properties
		inner = translated(given)
	}
	// What stands for one twin is read as that.
	if len(inner) == 0 || !foreign(res.Type) {
		p.ask(res, &found)
	}
	for _, res := range inner {
		p.ask(resource{Type: res.Type, Name: res.Name, URN: res.URN, properties: res.Properties}, &found)
	}
	return compact(found)
}

// today is a type's token as this provider has it: older ones called load
// balancers by other names, too.
func today(token string) string {
	for _, name := range []struct{ former, now string }{
		{"aws:applicationloadbalancing/", "aws:lb/"}, {"aws:elasticloadbalancingv2/", "aws:lb/"}, {"aws:elasticloadbalancing/", "aws:elb/"},
	} {
		if rest, found := strings.CutPrefix(token, name.former); found {
			return name.now + rest
		}
	}
	return token
}

// compact leaves out what was said already: a template with conditions is read
// in both their answers.
func compact(found []Finding) []Finding {
	var once []Finding
	said := make(map[Finding]bool, len(found))
	for _, f := range found {
		if !said[f] {
			said[f] = true
			once = append(once, f)
		}
	}
	return once
}

// ask puts the questions for a resource's type, and those by shape.
func (p *Pack) ask(res resource, found *[]Finding) {
	for _, rule := range p.byType[res.Type] {
		rule.On[res.Type](res, p.report(rule, res.URN, found))
	}
	if !hasShapes(res.Type) {
		return
	}
	for _, rule := range p.shapes {
		rule.Any(res, p.report(rule, res.URN, found))
	}
}

// AnalyzeStack asks the rules that look at all resources together. Their
// properties are outputs; where Analyze has seen a resource, its inputs count.
func (p *Pack) AnalyzeStack(given []Resource) []Finding {
	s := p.stack(given)
	var found []Finding
	for _, rule := range p.stacks {
		s.excused = p.excuses()
		rule.Stack(s, p.report(rule, "", &found))
	}
	return compact(append(found, p.notices(s)...))
}

func (p *Pack) excuses() []excuse {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.excused)
}

func (p *Pack) stack(given []Resource) *stack {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &stack{
		name: p.options.Stack, settingsFaults: p.faults,
		byURN: map[string]*resource{}, byType: map[string][]*resource{},
	}
	given = slices.Clone(given)
	slices.SortFunc(given, func(a, b Resource) int { return strings.Compare(a.URN, b.URN) })
	for i, g := range slices.Clone(given) {
		given[i].Type = today(g.Type)
		if holds(g.Type) {
			if inputs, met := p.inputs[g.URN]; met {
				g.Properties = inputs
			}
			given = append(given, translated(g)...)
		}
	}
	for _, g := range given {
		res := &resource{Type: g.Type, Name: g.Name, URN: g.URN, outputs: sync.OnceValue(g.Properties), deps: g.Dependencies}
		res.properties, res.met = p.inputs[g.URN]
		if strings.Contains(g.URN, inside) {
			res.met = true
		}
		if res.properties == nil {
			// Left out of a targeted update.
			res.properties = res.outputs
		}
		s.resources = append(s.resources, res)
		s.byURN[res.URN] = res
		s.byType[res.Type] = append(s.byType[res.Type], res)
	}
	s.alias()
	s.deliveries = sync.OnceValue(s.findDeliveries)
	return s
}

// report adds what a rule finds to found, unless an exception excuses it.
func (p *Pack) report(rule *Rule, urn string, found *[]Finding) report {
	return report{
		rule: rule, urn: urn, preview: p.options.Preview, settings: p.settings, stack: p.options.Stack,
		postpone: func(urn, what string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			if !slices.Contains(p.postponed[urn], what) {
				p.postponed[urn] = append(p.postponed[urn], what)
			}
		},
		add: func(urn, message string) {
			urn, within := ofProgram(urn)
			if within != "" {
				message = strings.Replace(message, "What: ", "What: "+within+": ", 1)
			}
			if exception := p.settings.excuse(rule.Name, urn); exception != nil {
				p.mu.Lock()
				p.excused = append(p.excused, excuse{exception: exception, urn: urn})
				p.mu.Unlock()
				return
			}
			*found = append(*found, Finding{Policy: rule.Name, Description: rule.Description, URN: urn, Message: message})
		},
	}
}
