package scaling

import (
	"fmt"
	"io"
	"strings"
)

// Panel sizes of a picture, in pixels.
const (
	pictureWidth = 900
	panelHeight  = 130
	marginLeft   = 60
	marginRight  = 20
	marginTop    = 46
	panelGap     = 34
	marginBottom = 52
)

// Colours that are told apart by people who see colours differently, and in
// grey.
const (
	colourBacklog = "#E69F00"
	colourReady   = "#56B4E9"
	colourDesired = "#000000"
	colourMark    = "#999999"
)

// Picture is a trace to draw. Marks are named spans that are shaded.
type Picture struct {
	Title string
	Trace *Trace
	Marks map[string]Span
}

// SVG draws the backlog above and the workers below, over one time axis.
func (p Picture) SVG(out io.Writer) error {
	points := p.Trace.Points
	end := points[len(points)-1].At
	height := marginTop + 2*panelHeight + panelGap + marginBottom
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		pictureWidth, height, pictureWidth, height)
	fmt.Fprintf(&b, `<title>%s</title><rect width="100%%" height="100%%" fill="#fff"/>`+"\n", escape(p.Title))
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="15" font-weight="bold">%s</text>`+"\n", marginLeft, escape(p.Title))

	x := func(at int) float64 {
		return marginLeft + float64(at)/float64(end)*(pictureWidth-marginLeft-marginRight)
	}
	top, bottom := marginTop, marginTop+panelHeight+panelGap
	for name, span := range p.Marks {
		fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="#ddd"/><text x="%.1f" y="%d" fill="#555" text-anchor="end">%s</text>`+"\n",
			x(span.From), top, x(min(span.To, end))-x(span.From), 2*panelHeight+panelGap, x(min(span.To, end))-4, top+14, escape(name))
	}
	most := func(value func(Point) int) int {
		m := 1
		for _, point := range points {
			m = max(m, value(point))
		}
		return m
	}
	backlog := func(q Point) int { return q.Backlog }
	ready := func(q Point) int { return q.Ready }
	desired := func(q Point) int { return q.Desired }
	high := max(most(ready), most(desired))
	b.WriteString(p.steps(x, top, most(backlog), backlog, colourBacklog, true))
	b.WriteString(p.steps(x, bottom, high, ready, colourReady, true))
	b.WriteString(p.steps(x, bottom, high, desired, colourDesired, false))
	axis(&b, top, most(backlog), "tasks queued or running")
	axis(&b, bottom, high, "workers: desired (line) and ready (area)")
	for at := 0; at <= end; at += tick(end) {
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="%s" stroke-width="0.5"/><text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n",
			x(at), top, x(at), bottom+panelHeight, colourMark, x(at), bottom+panelHeight+18, at/60)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">minutes</text>`+"\n</svg>\n", pictureWidth/2, bottom+panelHeight+38)
	_, err := io.WriteString(out, b.String())
	return err
}

// steps draws a value over time, as a line or as the area below it.
func (p Picture) steps(x func(int) float64, top, high int, value func(Point) int, colour string, area bool) string {
	y := func(v int) float64 { return float64(top+panelHeight) - float64(v)/float64(high)*panelHeight }
	var d strings.Builder
	fmt.Fprintf(&d, "M%.1f %.1f", x(0), y(0))
	last := 0
	for _, point := range p.Trace.Points {
		if v := value(point); v != last {
			fmt.Fprintf(&d, "H%.1fV%.1f", x(point.At), y(v))
			last = v
		}
	}
	fmt.Fprintf(&d, "H%.1f", x(p.Trace.Points[len(p.Trace.Points)-1].At))
	if area {
		return fmt.Sprintf(`<path d="%sV%.1fZ" fill="%s"/>`+"\n", d.String(), y(0), colour)
	}
	return fmt.Sprintf(`<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", d.String(), colour)
}

func axis(b *strings.Builder, top, high int, label string) {
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", marginLeft, top-6, escape(label))
	for _, v := range []int{0, high} {
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%d</text>`+"\n", marginLeft-6, top+panelHeight-v*panelHeight/high+4, v)
	}
	fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#000"/>`+"\n", marginLeft, top+panelHeight, pictureWidth-marginRight, top+panelHeight)
}

// tick is a distance of labels that leaves about ten of them.
func tick(seconds int) int {
	for _, t := range []int{60, 300, 600, 900, 1800, 3600} {
		if seconds/t <= 12 {
			return t
		}
	}
	return 7200
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
