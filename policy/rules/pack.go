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

// NoticeName is the policy under which a plan lists what exceptions let
// through. It isn't a rule, and the only policy that stops no deployment.
const (
	NoticeName        = "exceptions-in-force"
	NoticeDescription = "What exceptions let through is visible in every plan."
)

// All returns every rule, by family.
func All() []Rule {
	return slices.Concat(
		noWayOut(), openDoors(), atRest(), buckets(), inTransit(), identity(), containers(), completeness(), guards(),
		[]Rule{settingsRule(), staleExceptions()},
	)
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
	// Policy is the rule's name, or [NoticeName].
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
	byType map[string][]*Rule
	stacks []*Rule

	mu sync.Mutex
	// inputs are what the program gave each resource, by URN. The engine gives
	// stack rules outputs, in which a provider may have filled in defaults.
	inputs map[string]func() property.Map
	// excused holds what exceptions let through.
	excused []excuse
}

// New returns a pack with all rules.
func New(options Options) *Pack {
	p := &Pack{options: options, byType: map[string][]*Rule{}, inputs: map[string]func() property.Map{}}
	p.settings, p.faults = loadSettings(options.Config, options.Now())
	all := All()
	for i := range all {
		rule := &all[i]
		if rule.Stack != nil {
			p.stacks = append(p.stacks, rule)
		}
		for t := range rule.On {
			p.byType[t] = append(p.byType[t], rule)
		}
	}
	return p
}

// Analyze asks the rules about one resource, whose properties are its inputs.
func (p *Pack) Analyze(given Resource) []Finding {
	properties := sync.OnceValue(given.Properties)
	p.mu.Lock()
	p.inputs[given.URN] = properties
	p.mu.Unlock()
	rules := p.byType[given.Type]
	if len(rules) == 0 {
		return nil
	}
	res := resource{Type: given.Type, Name: given.Name, URN: given.URN, properties: properties}
	var found []Finding
	for _, rule := range rules {
		rule.On[given.Type](res, p.report(rule, res.URN, &found))
	}
	return found
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
	found = append(found, s.leadsElsewhere()...)
	for _, e := range p.excuses() {
		found = append(found, Finding{Policy: NoticeName, Description: NoticeDescription, URN: e.urn, Message: e.String()})
	}
	return found
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
	for _, g := range given {
		res := &resource{Type: g.Type, Name: g.Name, URN: g.URN, outputs: sync.OnceValue(g.Properties), deps: g.Dependencies}
		res.properties, res.met = p.inputs[g.URN]
		if !res.met {
			// Left out of a targeted update.
			res.properties = res.outputs
		}
		s.resources = append(s.resources, res)
		s.byURN[res.URN] = res
		s.byType[res.Type] = append(s.byType[res.Type], res)
	}
	return s
}

// report adds what a rule finds to found, unless an exception excuses it.
func (p *Pack) report(rule *Rule, urn string, found *[]Finding) report {
	return report{
		rule: rule, urn: urn, preview: p.options.Preview, settings: p.settings, stack: p.options.Stack,
		add: func(urn, message string) {
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
