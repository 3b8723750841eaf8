package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Notice is a policy that isn't a rule: it tells, and stops no deployment.
// Configuration can't silence it.
type Notice struct{ Name, Description string }

// The notices that there are.
const (
	NoticeName    = "exceptions-in-force"
	PostponedName = "judged-at-update"
	WeakenedName  = "rules-weakened"
	UnreadName    = "types-unread"
	JoinsName     = "what-leads-elsewhere"
)

// Notices lists them for the engine.
func Notices() []Notice {
	return []Notice{
		{NoticeName, "What exceptions let through is visible in every plan."},
		{PostponedName, "What a preview cannot see yet, the update judges before it creates it."},
		{WeakenedName, "Rules that configuration doesn't enforce are visible in every plan."},
		{UnreadName, "Types of AWS that no rule reads are visible in every plan."},
		{JoinsName, joinsDescription},
	}
}

const joinsDescription = "What leads to networks, services and accounts of others is visible in every plan."

// notices tells, at the end, what was let through, what wasn't seen and what
// wasn't asked.
func (p *Pack) notices(s *stack) []Finding {
	var found []Finding
	tell := func(name, urn, message string) {
		all := Notices()
		i := slices.IndexFunc(all, func(n Notice) bool { return n.Name == name })
		found = append(found, Finding{Policy: name, Description: all[i].Description, URN: urn, Message: message})
	}
	for _, e := range p.excuses() {
		tell(NoticeName, e.urn, e.String())
	}
	if later := p.laterLine(s); later != "" {
		tell(PostponedName, s.root(), later)
	}
	for _, level := range []string{"disabled", "advisory"} {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(p.options.Weakened)) {
			if p.options.Weakened[name] == level {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			tell(WeakenedName, s.root(), fmt.Sprintf("%s by configuration, without an owner, a reason or a date: %s.", level, strings.Join(names, ", ")))
		}
	}
	if unread := p.unreadTypes(s); len(unread) > 0 {
		tell(UnreadName, s.root(), "nothing in this pack reads "+strings.Join(unread, ", ")+".")
	}
	return append(found, s.leadsElsewhere()...)
}

// laterLine lists in one line what the update will judge; "" if it's nothing.
func (p *Pack) laterLine(s *stack) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, urn := range slices.Sorted(maps.Keys(p.postponed)) {
		if s.byURN[urn] != nil {
			all = append(all, fmt.Sprintf("%s (%s: %s)", s.byURN[urn].Name, typeOf(urn), strings.Join(p.postponed[urn], ", ")))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("not known before the update, which judges it then: %s.", strings.Join(all, "; "))
}
