package dashboard

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"

	"github.com/pathwai/airflow-on-fargate/internal/svg"
)

// Sizes of the picture, in pixels.
const (
	columnWidth = 56
	margin      = 24
	topHeight   = 72
	footHeight  = 44
	gap         = 8
	pad         = 12
	titleLine   = 22
	textLine    = 15
	swatchWidth = 16
	plotHeight  = 64
	leastRow    = 30
	axisLeft    = 26
	axisBottom  = 20
	alarmWidth  = 240
)

// thresholdColor is CloudWatch's for annotations that have none.
const thresholdColor = "#d62728"

const style = `
text { font-family: Helvetica, Arial, sans-serif; font-size: 12px; fill: #232f3e; }
.title { font-size: 19px; font-weight: 600; }
.head { font-size: 16px; font-weight: 600; }
.name { font-size: 14px; font-weight: 600; }
.note, .zone { fill: #5f6b7a; }
.zone { font-size: 11px; }
.panel { fill: #ffffff; stroke: #c9d3de; }
.axis { fill: none; stroke: #8593a3; }
.threshold { stroke-width: 1.5; stroke-dasharray: 6 4; }
.alarm { fill: none; stroke: #5f6b7a; stroke-width: 1.5; }
`

// Draw writes the picture as an SVG. The same definition makes the same bytes.
func (b *Board) Draw(w io.Writer) error {
	rows, graphs, lines := 0, 0, 0
	unit := float64(leastRow)
	for _, widget := range b.Widgets {
		rows = max(rows, widget.Y+widget.Height)
		if widget.Type == metricWidget {
			graphs++
		}
		lines += len(widget.Metrics)
		unit = max(unit, (widget.need()+gap)/float64(widget.Height))
	}
	width, height := Columns*columnWidth+2*margin, topHeight+float64(rows)*unit+footHeight
	c := &canvas{svg.New(w)}
	c.Line(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %d %.0f">`, width, height, width, height)
	c.Line("<style>%s</style>", style)
	c.Line(`<rect width="100%%" height="100%%" fill="#f6f9fc"/>`)
	c.Text("title", margin+gap/2, 36, "start", "CloudWatch dashboard "+b.Name)
	c.Text("note", margin+gap/2, 56, "start", fmt.Sprintf("%d graphs of %d lines, on CloudWatch's grid of %d columns", graphs, lines, Columns))
	for _, widget := range b.Widgets {
		box{
			x: margin + float64(widget.X)*columnWidth + gap/2, y: topHeight + float64(widget.Y)*unit + gap/2,
			w: float64(widget.Width)*columnWidth - gap, h: float64(widget.Height)*unit - gap,
		}.draw(c, widget)
	}
	c.Text("note", margin+gap/2, height-18, "start", "No data: drawn from its definition. “…” is an end of a name that AWS makes up.")
	c.Line("</svg>")
	return c.Err
}

// box is where a widget is drawn.
type box struct{ x, y, w, h float64 }

func (b box) draw(c *canvas, w Widget) {
	if w.Type == textWidget {
		lines := w.text(b.w)
		c.lines(b.x, b.y+b.h-pad/2-height(lines), lines)
		return
	}
	c.Line(`<rect class="panel" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="4"/>`, b.x, b.y, b.w, b.h)
	c.Text("name", b.x+pad, b.y+pad+12, "start", w.Title)
	inner := b.w - 2*pad
	y := b.y + pad + titleLine
	if w.Type == alarmWidget {
		b.alarms(c, w, y)
		return
	}
	caption, legend := w.caption(inner), w.legend(inner)
	c.lines(b.x+pad, y, caption)
	legendTop := b.y + b.h - pad - height(legend)
	c.lines(b.x+pad, legendTop, legend)
	plot := box{x: b.x + pad + axisLeft, y: y + height(caption) + pad, w: inner - axisLeft}
	plot.h = legendTop - axisBottom - plot.y
	if w.overTime() {
		plot.axes(c, w)
	}
}

// axes draws a graph's axes and thresholds: no curves, for there is no data.
func (b box) axes(c *canvas, w Widget) {
	low, high := w.span()
	c.Line(`<path class="axis" d="M%.1f %.1fV%.1fH%.1f"/>`, b.x, b.y, b.y+b.h, b.x+b.w)
	if w.Axis.Min != nil {
		c.Text("zone", b.x-6, b.y+b.h+4, "end", number(low))
	}
	if w.Axis.Max != nil {
		c.Text("zone", b.x-6, b.y+8, "end", number(high))
	}
	c.Text("zone", b.x+b.w, b.y+b.h+14, "end", "time")
	for i, t := range slices.SortedFunc(slices.Values(w.Thresholds), func(a, b Threshold) int { return cmp.Compare(a.Value, b.Value) }) {
		y := b.y + b.h*(high-t.Value)/(high-low)
		c.Line(`<line class="threshold" stroke="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, html.EscapeString(cmp.Or(t.Color, thresholdColor)), b.x, b.x+b.w, y, y)
		label := number(t.Value)
		if t.Label != "" {
			label = t.Label + ": " + label
		}
		// Neighbours' labels stand at different ends, so that both can be read.
		x, anchor := b.x+b.w, "end"
		if i%2 == 1 {
			x, anchor = b.x+4, "start"
		}
		c.Text("zone", x, y-4, anchor, label)
	}
}

// span is what the axis reaches: as defined, or so that all thresholds are seen.
func (w Widget) span() (low, high float64) {
	low, high = 0, 1
	for i, t := range w.Thresholds {
		if i == 0 {
			low, high = min(0, t.Value), t.Value
		}
		low, high = min(low, t.Value), max(high, t.Value*1.3)
	}
	if w.Axis.Min != nil {
		low = *w.Axis.Min
	}
	if w.Axis.Max != nil {
		high = *w.Axis.Max
	}
	if high <= low {
		high = low + 1
	}
	return low, high
}

// alarms draws the names of an alarm widget, each with a box for its state.
func (b box) alarms(c *canvas, w Widget, top float64) {
	columns := alarmColumns(b.w)
	for i, name := range w.Alarms {
		x, y := b.x+pad+float64(i%columns)*alarmWidth, top+float64(i/columns)*textLine
		c.Line(`<rect class="alarm" x="%.1f" y="%.1f" width="8" height="8"/>`, x, y+3)
		c.Text("port", x+swatchWidth, y+11, "start", name)
	}
}

// alarmColumns is how many names stand beside each other.
func alarmColumns(width float64) int { return max(1, int((width-2*pad)/alarmWidth)) }

// need is the height that a widget needs for all its words.
func (w Widget) need() float64 {
	width := float64(w.Width)*columnWidth - gap
	switch w.Type {
	case textWidget:
		return height(w.text(width)) + pad
	case alarmWidget:
		columns := alarmColumns(width)
		return 2*pad + titleLine + float64((len(w.Alarms)+columns-1)/columns)*textLine
	}
	inner := width - 2*pad
	return 3*pad + titleLine + height(w.caption(inner)) + plotHeight + axisBottom + height(w.legend(inner))
}

// text is what a text widget says, in lines that fit.
func (w Widget) text(width float64) []line {
	var lines []line
	for _, l := range plain(w.Markdown) {
		lines = append(lines, wrap(l, width)...)
	}
	return lines
}

// height is that of lines below each other.
func height(lines []line) float64 { return textLine * float64(len(lines)) }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// canvas is what this picture draws on.
type canvas struct{ svg.Canvas }

// lines writes lines below each other, with a metric's colour before its name.
func (c *canvas) lines(x, y float64, lines []line) {
	for i, l := range lines {
		top := y + float64(i)*textLine
		if l.color != "" {
			c.Line(`<rect x="%.1f" y="%.1f" width="10" height="4" fill="%s"/>`, x, top+5, html.EscapeString(l.color))
		}
		c.Text(l.class, x+l.indent, top+11, "start", l.text)
		if l.aside != "" {
			c.Text("zone", x+l.asideAt, top+11, "start", l.aside)
		}
	}
}
