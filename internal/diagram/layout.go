package diagram

import (
	"slices"
	"strings"
)

// Distances of the picture, in pixels.
const (
	margin      = 24.0
	titleHeight = 62.0
	inset       = 18.0
	headHeight  = 62.0
	networkGap  = 74.0
	lineHeight  = 17.0
	boxPad      = 10.0
	rowHeight   = 66.0
	rowGap      = 12.0
	columnGap   = 20.0
	trackGap    = 26.0
	// nearTrack is the space for a port's number before an arrow's end.
	nearTrack = 52.0
	// dropHeight is the space between the last service and the stores.
	dropHeight  = 56.0
	panelGap    = 34.0
	zoneChip    = 17.0
	textSize    = 13.0
	titleSize   = 14.0
	smallSize   = 12.0
	panelLine   = 18.0
	legendWidth = 330.0
)

// scene is a picture whose nodes have places.
type scene struct {
	*Picture
	width, height float64
	// vpcX, vpcY, vpcW, vpcH are the VPC's frame.
	vpcX, vpcY, vpcW, vpcH float64
	// panels are outside of the VPC, one for each door that leads somewhere.
	panels []panel
	tracks []track
	// other are the edges that no line shows; they are listed as text.
	other []*edge
}

// panel lists what an endpoint leads to.
type panel struct {
	door       *node
	x, y, w, h float64
}

// track is a vertical line left of the services: all edges of one node that
// are drawn there.
type track struct {
	node  *node
	edges []*edge
	x     float64
}

// arrange gives everything a place. The services stand below each other; what
// they reach stands below them, each with a line of its own, so that a dot says
// "this service reaches that".
func (p *Picture) arrange() *scene {
	s := &scene{Picture: p}
	s.sort()
	s.vpcX, s.vpcY = margin, margin+titleHeight
	networkWidth := widest(p.networks)
	if len(p.networks) > 0 {
		s.vpcX += networkWidth + networkGap
	}
	top := s.vpcY + headHeight + inset
	balancerWidth := widest(p.balancers)
	x := s.vpcX + inset
	servicesX := x + balancerWidth + nearTrack + float64(len(s.tracks))*trackGap + nearTrack/2
	serviceWidth := widest(p.services)
	for i, n := range p.services {
		n.x, n.y, n.w, n.h = servicesX, top+float64(i)*(rowHeight+rowGap), serviceWidth, rowHeight
	}
	for i := range s.tracks {
		s.tracks[i].x = servicesX - nearTrack - float64(i)*trackGap
	}
	for i, n := range p.balancers {
		n.x, n.y, n.w, n.h = x, top+float64(i)*(2*rowHeight+rowGap), balancerWidth, boxHeight(n)
	}
	for i, n := range p.networks {
		n.x, n.y, n.w, n.h = margin, top+float64(i)*(2*rowHeight), networkWidth, boxHeight(n)
	}
	right, bottom := s.columns(servicesX+serviceWidth, top+float64(len(p.services))*(rowHeight+rowGap)+dropHeight)
	s.vpcW, s.vpcH = right+inset-s.vpcX, bottom+inset-s.vpcY
	s.below()
	return s
}

// sort finds out which edges are drawn where.
func (s *scene) sort() {
	add := func(n *node, e *edge) {
		i := slices.IndexFunc(s.tracks, func(t track) bool { return t.node == n })
		if i < 0 {
			i = len(s.tracks)
			s.tracks = append(s.tracks, track{node: n})
		}
		s.tracks[i].edges = append(s.tracks[i].edges, e)
	}
	is := slices.Contains[[]*node]
	for _, e := range s.edges {
		switch {
		case is(s.services, e.from) && is(s.services, e.to):
			add(e.from, e)
		case is(s.services, e.from) && is(s.balancers, e.to):
			add(e.to, e)
		case is(s.balancers, e.from) && is(s.services, e.to), is(s.networks, e.from) && is(s.balancers, e.to),
			is(s.balancers, e.from) && is(s.networks, e.to):
		case is(s.services, e.from) && (is(s.stores, e.to) || is(s.doors, e.to)):
		case is(s.services, e.from) && is(s.networks, e.to): // said place by place
		default:
			s.other = append(s.other, e)
		}
	}
}

// columns places stores and doors side by side, and returns their right and
// bottom ends.
func (s *scene) columns(x, y float64) (right, bottom float64) {
	x += 2 * columnGap
	all := slices.Concat(s.stores, s.doors)
	tallest := 0.0
	for _, n := range all {
		tallest = max(tallest, boxHeight(n))
	}
	for _, n := range all {
		n.x, n.y, n.w, n.h = x, y, boxWidth(n), tallest
		x += n.w + columnGap
	}
	return x - columnGap, y + tallest
}

// below places the panels under the VPC, from the right, and finds the size.
func (s *scene) below() {
	y := s.vpcY + s.vpcH + panelGap
	right := s.vpcX + s.vpcW
	deepest := y
	for _, door := range slices.Backward(s.doors) {
		if len(door.behind) == 0 {
			continue
		}
		w := 0.0
		for _, line := range door.behind {
			w = max(w, textWidth(line, textSize, false))
		}
		p := panel{door: door, w: w + 3*boxPad, h: float64(len(door.behind))*panelLine + boxPad + 4, y: y}
		p.x = right - p.w
		right = p.x - columnGap
		deepest = max(deepest, p.y+p.h)
		s.panels = append(s.panels, p)
	}
	legend := y + float64(len(s.notes())+legendLines)*panelLine + boxPad
	s.width = s.vpcX + s.vpcW + margin
	s.height = max(deepest, legend) + margin
}

// notes is what the picture says in words.
func (s *scene) notes() []string {
	var notes []string
	if len(s.beside) > 0 {
		notes = append(notes, wrap("Also in the stack: "+strings.Join(s.beside, ", "), s.noteWidth())...)
	}
	for _, place := range s.beyond {
		notes = append(notes, "Also allowed: "+place)
	}
	for _, e := range s.other {
		notes = append(notes, "Also allowed: "+e.from.title+" → "+e.to.title+" "+ports(e))
	}
	return notes
}

// noteWidth is what the panels leave free.
func (s *scene) noteWidth() float64 {
	left := s.vpcX + s.vpcW
	for _, p := range s.panels {
		left = min(left, p.x)
	}
	return max(legendWidth, left-margin-3*columnGap) // what is mostly narrow letters is wider than estimated
}

func widest(nodes []*node) float64 {
	w := 0.0
	for _, n := range nodes {
		w = max(w, boxWidth(n))
	}
	return w
}

func boxWidth(n *node) float64 {
	chips := 0.0
	if len(n.zones) > 0 {
		chips = float64(len(n.zones))*(zoneChip+2) + 8
	}
	w := textWidth(n.title, titleSize, true) + chips
	for _, line := range n.lines {
		w = max(w, textWidth(line, textSize, false))
	}
	return w + 2*boxPad
}

func boxHeight(n *node) float64 { return 30 + float64(len(n.lines))*lineHeight + 4 }

// textWidth estimates the width of text, for the widest of the fonts that
// viewers have (DejaVu Sans): in the others a box has some room left.
func textWidth(text string, size float64, bold bool) float64 {
	w := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("iljtfrI.,:;|·-()/ ", r):
			w += 0.37
		case strings.ContainsRune("mwMW→–%", r), r >= 'A' && r <= 'Z':
			w += 0.82
		default:
			w += 0.62
		}
	}
	if bold {
		w *= 1.12
	}
	return w * size
}

// wrap breaks text into lines of at most width.
func wrap(text string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if longer := strings.TrimSpace(line + " " + word); textWidth(longer, textSize, false) <= width {
			line = longer
			continue
		}
		lines = append(lines, line)
		line = word
	}
	return append(lines, line)
}
