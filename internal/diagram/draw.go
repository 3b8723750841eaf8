package diagram

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/lines"
)

const style = `
text { font-family: Helvetica, Arial, sans-serif; font-size: 13px; fill: #232f3e; }
.title { font-size: 19px; font-weight: 600; }
.note { fill: #5f6b7a; }
.vpc { fill: #f6f9fc; stroke: #7b91aa; stroke-dasharray: 6 4; }
.box { fill: #ffffff; stroke: #b8c4d1; }
.name { font-size: 14px; font-weight: 600; }
.chip { fill: #e6edf5; stroke: #b8c4d1; }
.zone { font-size: 11px; fill: #44586e; }
.row { stroke: #c9d3de; stroke-width: 1.5; }
.line { fill: none; stroke-width: 2; }
.port { font-size: 12px; }
.half { fill: #ffffff; stroke: #d13212; stroke-width: 2; }
.alarm { fill: #d13212; font-weight: 600; }
`

// legendLines is the number of lines of the legend.
const legendLines = 3

// Draw writes the picture as an SVG. The same plan makes the same bytes.
func (p *Picture) Draw(w io.Writer) error {
	s := p.arrange()
	c := &canvas{lines.Writer{W: w}}
	c.Line(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`, s.width, s.height, s.width, s.height)
	c.Line("<style>%s</style>", style)
	c.Line(`<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	s.frame(c)
	s.drops(c)
	s.leftSide(c)
	s.doorways(c)
	for _, n := range slices.Concat(s.networks, s.balancers, s.services, s.stores, s.doors) {
		c.box(n)
	}
	s.words(c)
	c.Line("</svg>")
	return c.Err
}

// frame draws title and VPC.
func (s *scene) frame(c *canvas) {
	c.Text("title", margin, margin+18, "start", s.title)
	c.Text("note", margin, margin+40, "start", "Drawn from the plan; every line is a pair of security-group rules.")
	c.Line(`<rect class="vpc" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="10"/>`, s.vpcX, s.vpcY, s.vpcW, s.vpcH)
	var subnets []string
	for _, n := range s.subnets {
		subnets = append(subnets, n.letter+" "+n.cidr)
	}
	c.Text("name", s.vpcX+inset, s.vpcY+27, "start", "VPC "+s.vpc)
	c.Text("note", s.vpcX+inset+textWidth("VPC "+s.vpc, titleSize, true)+14, s.vpcY+27, "start", "private subnets: "+strings.Join(subnets, " · "))
	c.Text("note", s.services[0].x, s.services[0].y-9, "start", "ECS services on Fargate")
	class, text := "note", "no internet gateway, no NAT gateway, no default route, no public address"
	if len(s.wayOut) > 0 {
		class, text = "alarm", "A WAY OUT OR IN: "+strings.Join(s.wayOut, ", ")
	}
	c.Text(class, s.vpcX+s.vpcW-inset, s.vpcY+27, "end", text)
}

// drops draws the lines from the services to what they reach.
func (s *scene) drops(c *canvas) {
	targets := slices.Concat(s.stores, s.doors)
	for _, service := range s.services {
		last := 0.0
		for _, target := range targets {
			if s.between(service, target) != nil {
				last = target.middle()
			}
		}
		if last > 0 {
			c.Line(`<line class="row" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, service.x+service.w, last, service.center(), service.center())
		}
	}
	for _, target := range targets {
		var from []*edge
		for _, service := range s.services {
			if e := s.between(service, target); e != nil {
				from = append(from, e)
			}
		}
		if len(from) == 0 {
			continue
		}
		x := target.middle()
		c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fV%.1f"/>`, target.color, x, from[0].from.center(), target.y-9)
		c.arrow(x, target.y, "down", target.color)
		c.Text("port", x+10, target.y-12, "start", ports(from...))
		for _, e := range from {
			c.dot(x, e.from.center(), target.color, e.half)
		}
	}
}

// leftSide draws what happens between people, load balancer and services.
func (s *scene) leftSide(c *canvas) {
	ends := s.ends()
	for _, e := range s.edges {
		switch {
		case slices.Contains(s.networks, e.from) && slices.Contains(s.balancers, e.to):
			c.level(e.from.x+e.from.w, e.to.x, e.from.y+e.from.h/2)
			c.Text("port", e.from.x+e.from.w+8, e.from.y+e.from.h/2-6, "start", ports(e))
		case slices.Contains(s.balancers, e.from) && slices.Contains(s.networks, e.to):
			y := e.to.y + e.to.h/2
			c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fV%.1fH%.1f"/>`, balancerColor, e.from.middle(), e.from.y+e.from.h, y, e.to.x+e.to.w+9)
			c.arrow(e.to.x+e.to.w, y, "left", balancerColor)
			c.Text("port", e.to.x+e.to.w+12, y-6, "start", ports(e))
		case slices.Contains(s.balancers, e.from) && slices.Contains(s.services, e.to):
			c.level(e.from.x+e.from.w, e.to.x, ends[end{e.to, e}])
			c.Text("port", e.to.x-12, ends[end{e.to, e}]-6, "end", ports(e))
		}
	}
	for _, t := range s.tracks {
		if slices.Contains(s.balancers, t.node) {
			s.toBalancer(c, t, ends)
		} else {
			s.fromService(c, t, ends)
		}
	}
}

// end is where a line meets the left side of a service; edge is nil for the
// one line that all edges from a service to others share.
type end struct {
	service *node
	edge    *edge
}

// ends spreads the ends of lines over the left sides of services, what comes in
// above what goes out, and returns their heights.
func (s *scene) ends() map[end]float64 {
	heights := map[end]float64{}
	for _, service := range s.services {
		var in, out []end
		for _, e := range s.edges {
			from, to := slices.Contains(s.balancers, e.from), slices.Contains(s.balancers, e.to)
			switch {
			case e.to == service && (from || slices.Contains(s.services, e.from)):
				in = append(in, end{service, e})
			case e.from == service && to:
				out = append(out, end{service, e})
			}
		}
		if slices.ContainsFunc(s.tracks, func(t track) bool { return t.node == service }) {
			in = append(in, end{service, nil})
		}
		all := slices.Concat(in, out)
		for i, at := range all {
			heights[at] = service.y + service.h*float64(i+1)/float64(len(all)+1)
		}
	}
	return heights
}

// toBalancer draws edges from services up to a load balancer.
func (s *scene) toBalancer(c *canvas, t track, ends map[end]float64) {
	y := t.node.y + t.node.h - 14
	lowest := y
	for _, e := range t.edges {
		at := ends[end{e.from, e}]
		lowest = max(lowest, at)
		c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fH%.1f"/>`, t.node.color, e.from.x, at, t.x)
		if len(t.edges) > 1 {
			c.dot(t.x, at, t.node.color, e.half)
		}
	}
	right := t.node.x + t.node.w
	c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fV%.1fH%.1f"/>`, t.node.color, t.x, lowest, y, right+9)
	c.arrow(right, y, "left", t.node.color)
	c.Text("port", right+12, y-6, "start", ports(t.edges...))
}

// fromService draws edges from a service to others.
func (s *scene) fromService(c *canvas, t track, ends map[end]float64) {
	start := ends[end{t.node, nil}]
	first, last := start, start
	for _, e := range t.edges {
		at := ends[end{e.to, e}]
		first, last = min(first, at), max(last, at)
		c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fH%.1f"/>`, logColor, t.x, at, e.to.x-9)
		c.arrow(e.to.x, at, "right", logColor)
		c.Text("port", e.to.x-12, at-5, "end", ports(e))
	}
	c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fH%.1fM%.1f %.1fV%.1f"/>`, logColor, t.node.x, start, t.x, t.x, first, last)
}

// doorways draws the panels outside of the VPC and their connections.
func (s *scene) doorways(c *canvas) {
	for _, p := range s.panels {
		from := p.door.y + p.door.h
		turn := s.vpcY + s.vpcH + panelGap/2
		to := p.x + p.w/2
		if x := p.door.middle(); x > p.x && x < p.x+p.w {
			to = x
		}
		c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fV%.1fH%.1fV%.1f"/>`, p.door.color, p.door.middle(), from, turn, to, p.y-9)
		c.arrow(to, p.y, "down", p.door.color)
		c.Line(`<rect class="box" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6" style="stroke:%s"/>`, p.x, p.y, p.w, p.h, p.door.color)
		for i, line := range p.door.behind {
			class := "plain"
			if strings.HasPrefix(line, " ") {
				class = "note"
			}
			indent := textWidth(line[:len(line)-len(strings.TrimLeft(line, " "))], textSize, false)
			c.Text(class, p.x+boxPad+indent, p.y+20+float64(i)*panelLine, "start", strings.TrimSpace(line))
		}
	}
}

// words draws legend and notes.
func (s *scene) words(c *canvas) {
	y := s.vpcY + s.vpcH + panelGap + 14
	c.Line(`<path class="row" d="M%.1f %.1fH%.1f"/>`, margin, y-4, margin+34)
	c.dot(margin+17, y-4, storeColors[0], false)
	c.Text("note", margin+44, y, "start", "the service may open connections to what is below the dot")
	c.Line(`<rect class="chip" x="%.1f" y="%.1f" width="%.1f" height="15" rx="3"/>`, margin+9, y+6, zoneChip)
	c.Text("zone", margin+9+zoneChip/2, y+17, "middle", "a")
	c.Text("note", margin+44, y+panelLine, "start", "has network interfaces in zone a")
	for i, note := range s.notes() {
		c.Text("note", margin, y+float64(i+legendLines)*panelLine, "start", note)
	}
}

// canvas writes SVG. The arguments of its Line must be safe in SVG.
type canvas struct{ lines.Writer }

// Text writes a text, escaped, at a point.
func (c *canvas) Text(class string, x, y float64, anchor, text string) {
	c.Line(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

func (c *canvas) dot(x, y float64, color string, half bool) {
	if half {
		c.Line(`<circle class="half" cx="%.1f" cy="%.1f" r="5.5"/>`, x, y)
		return
	}
	c.Line(`<circle cx="%.1f" cy="%.1f" r="5.5" fill="%s"/>`, x, y, color)
}

// arrow draws an arrow's head that ends at x, y.
func (c *canvas) arrow(x, y float64, direction, color string) {
	points := map[string]string{
		"down":  fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", x, y-1, x-5, y-11, x+5, y-11),
		"left":  fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", x+1, y, x+11, y-5, x+11, y+5),
		"right": fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", x-1, y, x-11, y-5, x-11, y+5),
	}[direction]
	c.Line(`<polygon points="%s" fill="%s"/>`, points, color)
}

// level draws a horizontal arrow to the right.
func (c *canvas) level(from, to, y float64) {
	c.Line(`<path class="line" stroke="%s" d="M%.1f %.1fH%.1f"/>`, balancerColor, from, y, to-9)
	c.arrow(to, y, "right", balancerColor)
}

func (c *canvas) box(n *node) {
	c.Line(`<rect class="box" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6"/>`, n.x, n.y, n.w, n.h)
	if n.color != "" {
		c.Line(`<rect x="%.1f" y="%.1f" width="%.1f" height="4" rx="2" fill="%s"/>`, n.x, n.y, n.w, n.color)
	}
	c.Text("name", n.x+boxPad, n.y+22, "start", n.title)
	for i, line := range n.lines {
		c.Text("plain", n.x+boxPad, n.y+22+float64(i+1)*lineHeight, "start", line)
	}
	x := n.x + n.w - boxPad - float64(len(n.zones))*(zoneChip+2) + 2
	for _, letter := range n.zones {
		c.Line(`<rect class="chip" x="%.1f" y="%.1f" width="%.1f" height="15" rx="3"/>`, x, n.y+10, zoneChip)
		c.Text("zone", x+zoneChip/2, n.y+21, "middle", letter)
		x += zoneChip + 2
	}
}

func (n *node) middle() float64 { return n.x + n.w/2 }
func (n *node) center() float64 { return n.y + n.h/2 }

// ports lists the ports of edges, each once.
func ports(edges ...*edge) string {
	var all []int
	for _, e := range edges {
		all = append(all, e.ports...)
	}
	slices.Sort(all)
	var list []string
	for _, port := range slices.Compact(all) {
		list = append(list, fmt.Sprint(port))
	}
	return strings.Join(list, ", ")
}
