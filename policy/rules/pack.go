package rules

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// Name and Version identify the pack in the engine's output.
const (
	Name    = "nat-free-aws"
	Version = "1.0.0"
)

// Options is what a pack knows about the run it takes part in.
type Options struct {
	// Stack is the name of the stack, such as "prod".
	Stack string
	// Preview is true when nothing will be created, so that values may still
	// be unknown for good reasons.
	Preview bool
	// Now tells the time by which exceptions expire.
	Now func() time.Time
}

// All returns every rule, in the order in which they are asked: the settings
// first, and last what all the others made of the exceptions.
func All() []Rule {
	return slices.Concat(
		[]Rule{settingsRule},
		noWayOut(), openDoors(), atRest(), buckets(), inTransit(), identity(), containers(), completeness(),
		[]Rule{staleExceptions()},
	)
}

// Pack is one instance of the rules, for one preview or update.
type Pack struct {
	options Options
	rules   []Rule

	mu sync.Mutex
	// settings stay at their defaults until the first resource brings the
	// configuration.
	settings *settings
	// inputs are what the program gave each resource, by URN. The engine gives
	// stack rules outputs, in which a provider may have filled in defaults.
	inputs map[string]property.Map
	// excused holds what exceptions let through.
	excused []excuse
}

// New returns a pack with all rules.
func New(options Options) *Pack {
	return &Pack{options: options, rules: All(), settings: defaultSettings(), inputs: map[string]property.Map{}}
}

// PolicyPack returns the pack in the form that the engine asks for.
func (p *Pack) PolicyPack() (policyx.PolicyPack, error) {
	return policyx.NewPolicyPack(Name, semver.MustParse(Version), policyx.EnforcementLevelMandatory, p.Policies())
}

// Policies returns one policy per rule, all mandatory, and a notice that lists
// what is excused. The policy that reads the settings comes first, since the
// engine asks in this order.
func (p *Pack) Policies() []policyx.Policy {
	policies := make([]policyx.Policy, 0, len(p.rules)+1)
	for i := range p.rules {
		policies = append(policies, p.policy(&p.rules[i]))
	}
	return append(policies, p.notice())
}

func (p *Pack) policy(rule *Rule) policyx.Policy {
	if rule.Stack != nil {
		return policyx.NewStackValidationPolicy(rule.Name, policyx.StackValidationPolicyArgs{
			Description:      rule.Description,
			EnforcementLevel: policyx.EnforcementLevelMandatory,
			ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
				rule.Stack(p.stack(args.Resources), p.report(rule, "", args.Manager))
				return nil
			},
		})
	}
	resourceArgs := policyx.ResourceValidationPolicyArgs{
		Description:      rule.Description,
		EnforcementLevel: policyx.EnforcementLevelMandatory,
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			if c, ok := rule.On[args.Resource.Type]; ok {
				res := resource{Type: args.Resource.Type, Name: args.Resource.Name, URN: args.Resource.URN, Props: args.Resource.Properties}
				c(res, p.report(rule, res.URN, args.Manager))
			}
			return nil
		},
	}
	if rule.Name == settingsRule.Name {
		resourceArgs.ConfigSchema = settingsSchema()
		resourceArgs.ValidateResource = func(_ context.Context, args policyx.ResourceValidationArgs) error {
			p.meet(args)
			return nil
		}
	}
	return policyx.NewResourceValidationPolicy(rule.Name, resourceArgs)
}

// meet notes a resource's inputs, and takes in the configuration when it is
// the first one.
func (p *Pack) meet(args policyx.ResourceValidationArgs) {
	p.mu.Lock()
	first := len(p.inputs) == 0
	p.inputs[args.Resource.URN] = args.Resource.Properties
	if !first {
		p.mu.Unlock()
		return
	}
	loaded, faults := loadSettings(args.Config, p.options.Now())
	p.settings = loaded
	p.mu.Unlock()
	r := p.report(&settingsRule, args.Resource.URN, args.Manager)
	for _, fault := range faults {
		r.fault("%s", fault)
	}
}

func (p *Pack) stack(analyzed []policyx.AnalyzerResource) *stack {
	p.mu.Lock()
	defer p.mu.Unlock()
	resources := make([]resource, 0, len(analyzed))
	outputs := make(map[string]property.Map, len(analyzed))
	for _, res := range analyzed {
		outputs[res.URN] = res.Properties
		props, met := p.inputs[res.URN]
		if !met {
			// Left out of a targeted update.
			props = res.Properties
		}
		resources = append(resources, resource{
			Type: res.Type, Name: res.Name, URN: res.URN, Props: props, deps: res.PropertyDependencies,
		})
	}
	s := newStack(resources, outputs)
	s.name, s.excused = p.options.Stack, slices.Clone(p.excused)
	s.met = func(urn string) bool { _, met := p.inputs[urn]; return met }
	return s
}

// report sends what a rule finds to the engine, unless an exception excuses it.
func (p *Pack) report(rule *Rule, urn string, manager policyx.PolicyManager) report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return report{
		rule: rule, urn: urn, preview: p.options.Preview, settings: p.settings, stack: p.options.Stack,
		add: func(rule *Rule, urn, message string) {
			p.mu.Lock()
			exception := p.settings.excuse(rule.Name, urn)
			if exception != nil {
				p.excused = append(p.excused, excuse{exception: exception, urn: urn})
			}
			p.mu.Unlock()
			if exception == nil {
				manager.ReportViolation(message, urn)
			}
		},
	}
}

// notice lists what exceptions let through, so that whoever reads a plan sees
// it. It isn't a rule, and the only policy that doesn't stop a deployment.
func (p *Pack) notice() policyx.Policy {
	return policyx.NewStackValidationPolicy(noticeName, policyx.StackValidationPolicyArgs{
		Description:      "What exceptions let through is visible in every plan.",
		EnforcementLevel: policyx.EnforcementLevelAdvisory,
		ValidateStack: func(_ context.Context, args policyx.StackValidationArgs) error {
			p.mu.Lock()
			excused := slices.Clone(p.excused)
			p.mu.Unlock()
			for _, e := range excused {
				args.Manager.ReportViolation(e.String(), e.urn)
			}
			return nil
		},
	})
}

const noticeName = "exceptions-in-force"
