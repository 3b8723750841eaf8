package cases

// Variant is one resource with a fault of a kind, or one that looks like it and
// is right. Mutants show each rule; variants show that a rule holds wherever its
// fault can stand.
type Variant struct {
	// Kind is a key of [KindNames].
	Kind, Title string
	Group       Group
	// Refused is false for what must pass.
	Refused bool
	// Config is the pack's settings; nil means none.
	Config map[string]any
}

// KindNames says what each kind of fault is about.
var KindNames = map[string]string{
	"A": "bypasses: templates, Cloud Control, aws-native", "B": "ways out", "C": "doors of managed services", "D": "given to everybody",
	"E": "what services deliver to others", "F": "policies, and conditions that narrow nothing", "G": "permissions", "H": "security groups", "I": "encryption at rest",
	"J": "encryption in transit", "K": "containers and secrets", "L": "completeness",
}

// KindRules are the rules, or families of rules, of which one at least must
// refuse what is of a kind; of kind A any.
var KindRules = map[string][]string{
	"B": {"no way out", "no-open-range"}, "C": {"no way out", "not-for-everybody", "no-open-range", "no-open-principal", "traffic-encrypted", "no-public-upstreams"},
	"D": {"not-for-everybody", "no-open-range", "no-open-principal", "bucket-no-public-acl", "bucket-access-block"},
	"E": {"no-delivery-outside", "delivery-own-account"}, "F": {"no-open-principal"}, "G": {"identity"}, "H": {"open doors"}, "I": {"encryption at rest", "cache-tls", "traffic-encrypted"}, "J": {"encryption in transit"},
	"K": {"no-plaintext-secret", "no-privileged-container", "no-root-container", "secret-encrypted", "no-plain-credential", "cache-tls"},
	"L": {"completeness", "cache-tls"},
}

type kinds struct{ all []Variant }

// Kinds returns every variant, by kind.
func Kinds() []Variant {
	k := &kinds{}
	k.bypassed()
	k.ways()
	k.entries()
	k.givenAway()
	k.delivered()
	k.conditions()
	k.permissions()
	k.kept()
	k.sent()
	k.secretsGiven()
	k.complete()
	k.complying()
	k.further()
	k.rare()
	k.switches()
	return k.all
}

func (k *kinds) add(kind, title, token string, props object, refused bool) {
	k.all = append(k.all, Variant{Kind: kind, Title: title, Group: one(token, "it", props), Refused: refused})
}

func (k *kinds) bad(kind, title, token string, props object) { k.add(kind, title, token, props, true) }
func (k *kinds) good(kind, title, token string, props object) {
	k.add(kind, title, token, props, false)
}

// badWith and goodWith are judged with settings of the pack.
func (k *kinds) badWith(kind, title, token string, props, settings object) {
	k.bad(kind, title, token, props)
	k.all[len(k.all)-1].Config = object{"pack-settings": settings}
}

func (k *kinds) goodWith(kind, title, token string, props, settings object) {
	k.good(kind, title, token, props)
	k.all[len(k.all)-1].Config = object{"pack-settings": settings}
}

// badBase and goodBase are judged under the baseline profile.
func (k *kinds) badBase(kind, title, token string, props object) {
	k.badWith(kind, title, token, props, object{"profile": "baseline"})
}

func (k *kinds) goodBase(kind, title, token string, props object) {
	k.goodWith(kind, title, token, props, object{"profile": "baseline"})
}

func template(kind string, props object) object {
	return object{"name": "s", "templateBody": text(object{"Resources": object{"X": object{"Type": kind, "Properties": props}}})}
}

// cfn and cfnGood are of CloudFormation.
func (k *kinds) cfn(token string, props object) {
	k.bad("A", token+" in a template", "aws:cloudformation/stack:Stack", template(token, props))
}

func (k *kinds) cfnGood(token string, props object) {
	k.good("A", token+" in a template", "aws:cloudformation/stack:Stack", template(token, props))
}

// goodCfnMany and badCfnMany are of several resources in one template.
func (k *kinds) goodCfnMany(title string, resources object) {
	k.good("A", title+", complying, in a template", "aws:cloudformation/stack:Stack", object{"name": "s", "templateBody": text(object{"Resources": resources})})
}

func (k *kinds) badCfnMany(title string, resources object) {
	k.bad("A", title+" in a template", "aws:cloudformation/stack:Stack", object{"name": "s", "templateBody": text(object{"Resources": resources})})
}

// goodGroup are several resources that refer to each other.
func (k *kinds) goodGroup(kind, title string, group Group) {
	k.all = append(k.all, Variant{Kind: kind, Title: title, Group: group})
}
