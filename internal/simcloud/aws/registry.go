package aws

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// registry remembers what the engine told in this run: which resources there
// are, and which names they hold. It starts empty, as the truth is the stack's
// state. One provider process serves one account and region, so keys need
// neither.
type registry struct {
	mu     sync.Mutex
	claims map[string]claim
	things map[resource.URN]*thing
	ids    map[string]*thing
	latest map[resource.URN]int // highest generation seen
	unseen map[resource.URN]int // the same, of what exists but wasn't shown
}

// key is what may exist once.
type key struct {
	id   string
	name string // as a person reads it
}

// claim says who has a key.
type claim struct {
	urn  resource.URN
	live bool // it exists in the cloud, not only in the plan
}

// conflict is a key that another resource has, or the resource's predecessor.
type conflict struct {
	name   string
	urn    resource.URN // who wants it
	holder resource.URN
}

func (c *conflict) Error() string {
	if c.holder == c.urn {
		return fmt.Sprintf("AlreadyExists: %s %q exists already: it is this resource's predecessor, which has to go first (deleteBeforeReplace)",
			c.urn.Type().Name(), c.name)
	}
	return fmt.Sprintf("AlreadyExists: %s %q exists already: it is that of %s (%s)", c.urn.Type().Name(), c.name, c.holder.Name(), c.holder)
}

// thing is a resource as it is or, before it is made, as planned.
type thing struct {
	urn   resource.URN
	token string
	id    string // empty before it is made
	// generation counts from 1; 0 while planned.
	generation int
	inputs     resource.PropertyMap
	props      resource.PropertyMap
}

func newRegistry() *registry {
	return &registry{
		claims: map[string]claim{}, things: map[resource.URN]*thing{},
		ids: map[string]*thing{}, latest: map[resource.URN]int{}, unseen: map[resource.URN]int{},
	}
}

// plan claims keys for a resource that is going to be.
func (r *registry) plan(urn resource.URN, keys []key) *conflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.foreign(urn, keys); c != nil {
		return c
	}
	for _, k := range keys {
		if _, ok := r.claims[k.id]; !ok {
			r.claims[k.id] = claim{urn: urn}
		}
	}
	return nil
}

// foreign finds a key that another resource has; the lock is held.
func (r *registry) foreign(urn resource.URN, keys []key) *conflict {
	for _, k := range keys {
		if c, ok := r.claims[k.id]; ok && c.urn != urn {
			return &conflict{name: k.name, urn: urn, holder: c.urn}
		}
	}
	return nil
}

// exists records a resource that the state has.
func (r *registry) exists(t *thing, keys []key) *conflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(t)
	if c := r.foreign(t.urn, keys); c != nil {
		return c
	}
	r.claim(t.urn, keys, true)
	return nil
}

// claim gives keys to a resource; the lock is held.
func (r *registry) claim(urn resource.URN, keys []key, live bool) {
	for _, k := range keys {
		r.claims[k.id] = claim{urn: urn, live: live}
	}
}

// keep records a thing; the lock is held.
func (r *registry) keep(t *thing) {
	r.things[t.urn] = t
	if t.id != "" {
		r.ids[t.token+" "+t.id] = t
	}
	r.latest[t.urn] = max(r.latest[t.urn], t.generation)
}

// remember records a thing that is planned.
func (r *registry) remember(t *thing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(t)
}

// create records a new resource.
func (r *registry) create(t *thing, keys []key) *conflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		if c, ok := r.claims[k.id]; ok && (c.live || c.urn != t.urn) {
			return &conflict{name: k.name, urn: t.urn, holder: c.urn}
		}
	}
	r.claim(t.urn, keys, true)
	r.keep(t)
	return nil
}

// change records an updated resource, which lets go of keys it has no more.
func (r *registry) change(t *thing, olds, keys []key, live bool) *conflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.foreign(t.urn, keys); c != nil {
		return c
	}
	r.release(t.urn, olds)
	r.claim(t.urn, keys, live)
	r.keep(t)
	return nil
}

// release gives keys back; the lock is held.
func (r *registry) release(urn resource.URN, keys []key) {
	for _, k := range keys {
		if c, ok := r.claims[k.id]; ok && c.urn == urn {
			delete(r.claims, k.id)
		}
	}
}

// remove forgets a resource. A conflict says that another one was made under
// its name meanwhile, which AWS would have refused.
func (r *registry) remove(t *thing, keys []key) *conflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		if c, ok := r.claims[k.id]; ok && c.urn != t.urn && c.live {
			return &conflict{name: k.name, urn: c.urn, holder: t.urn}
		}
	}
	r.release(t.urn, keys)
	delete(r.ids, t.token+" "+t.id)
	if now := r.things[t.urn]; now != nil && now.id == t.id {
		delete(r.things, t.urn)
	}
	r.latest[t.urn] = max(r.latest[t.urn], t.generation)
	return nil
}

// generation is the one that a new resource gets: 1, or one more than the
// highest that its URN had.
func (r *registry) generation(urn resource.URN) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.latest[urn]; n > 0 {
		return n + 1
	}
	return r.unseen[urn] + 1
}

// predecessor notes that a resource exists under the URN. The engine may
// replace it without showing it (--replace), so that its generation is never
// known: the engine's random seed makes one that it can't have had.
func (r *registry) predecessor(urn resource.URN, seed []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := sha256.Sum256(seed)
	r.unseen[urn] = 1000 + int(binary.BigEndian.Uint16(sum[:]))
}

// byID finds a resource of this run by type and identifier.
func (r *registry) byID(token, id string) *thing {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[token+" "+id]
}

// all lists the resources of a type, in the order of their URNs.
func (r *registry) all(token string) (list []*thing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.things {
		if t.token == token {
			list = append(list, t)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].urn < list[j].urn })
	return list
}

// scope tells VPCs apart, known or not: a key for the one that a value names,
// and its name. Both are empty when it can't be told.
func (r *registry) scope(v resource.PropertyValue) (id, name string) {
	if t := r.vpc(v); t != nil {
		return string(t.urn), t.urn.Name()
	}
	if id, ok := simcloud.Text(v); ok {
		return id, id
	}
	return "", ""
}

// vpc finds the VPC that a value names. An unknown one is the VPC of this run,
// when there is only one. Nil when it can't be told.
func (r *registry) vpc(v resource.PropertyValue) *thing {
	if id, ok := simcloud.Text(v); ok {
		return r.byID(vpcToken, id)
	}
	if vpcs := r.all(vpcToken); simcloud.Unknown(v) && len(vpcs) == 1 {
		return vpcs[0]
	}
	return nil
}

// keys are the claims of a resource with these properties. A key with an
// unknown part is left out: it can be judged when it is known.
func (r *registry) keys(token string, kind *Type, props resource.PropertyMap) (keys []key) {
	for _, template := range strings.Fields(kind.Unique) {
		k, known := key{id: token + " "}, true
		for _, part := range strings.SplitAfter(template, "}") {
			literal, name, ok := strings.Cut(part, "{")
			k.id, k.name = k.id+literal, k.name+literal
			if !ok {
				continue
			}
			name, optional := strings.CutSuffix(strings.TrimSuffix(name, "}"), "?")
			v := props[resource.PropertyKey(name)]
			id, text := plain(v), plain(v)
			if v.ContainsSecrets() {
				text = "[secret]"
			}
			switch {
			case !simcloud.Given(v):
				known = known && optional
			case name == "vpcId":
				id, text = r.scope(v)
				known = known && id != ""
			default:
				known = known && !simcloud.Unknown(v)
			}
			k.id, k.name = k.id+id, k.name+text
		}
		if known {
			keys = append(keys, k)
		}
	}
	return keys
}
