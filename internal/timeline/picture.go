package timeline

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"

	"github.com/pathwai/airflow-on-fargate/internal/lines"
)

// Sizes of the picture, in pixels.
const (
	pictureWidth = 1060
	nameWidth    = 290
	chartRight   = 40
	rowHeight    = 22
	topHeight    = 96
	bottomHeight = 44
	// shownSeconds is the least duration of a bar off the critical path.
	shownSeconds = 10
)

const pictureStyle = `
text { font-family: "Helvetica Neue", Arial, sans-serif; font-size: 12px; fill: #232f3e; }
.title { font-size: 17px; font-weight: 600; }
.note, .axis { fill: #5f6b7a; }
.bar { fill: #9fb8d6; }
.critical { fill: #d9643a; }
.tasks { fill: #b7d3b0; }
.slow { fill: none; stroke: #8593a3; stroke-dasharray: 2 2; }
.grid { stroke: #e3e7ec; }
.end { stroke: #232f3e; stroke-dasharray: 4 3; }
.name.onpath { font-weight: 600; }
`

// Draw writes the timeline as an SVG: a bar for each resource of the critical
// path, and for those of a kind that start together and take 10 seconds or more.
func (r *Report) Draw(w io.Writer) error {
	out := &lines.Writer{W: w}
	bars := r.bars()
	height := topHeight + len(bars)*rowHeight + bottomHeight
	last := r.Running.Typical
	for _, t := range bars {
		last = max(last, t.task.Start+t.task.Slow)
	}
	scale := float64(pictureWidth-nameWidth-chartRight) / last
	at := func(seconds float64) float64 { return nameWidth + seconds*scale }

	out.Line(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">`, pictureWidth, height, pictureWidth, height)
	out.Line("<style>%s</style>", pictureStyle)
	out.Line(`<rect width="%d" height="%d" fill="#ffffff"/>`, pictureWidth, height)
	out.Line(`<text class="title" x="20" y="30">%s/%s: first deployment, from the plan</text>`, html.EscapeString(r.Project), html.EscapeString(r.Stack))
	out.Line(`<text class="note" x="20" y="50">up %s (slow %s); all tasks run after %s (slow %s). Shown: the critical path, and what takes %d s or more.</text>`,
		clock(r.Up.Typical), clock(r.Up.Slow), clock(r.Running.Typical), clock(r.Running.Slow), shownSeconds)
	legend(out)
	bottom := topHeight + len(bars)*rowHeight
	for minute := 0.0; minute*60 <= last; minute += tick(last) {
		x := at(minute * 60)
		out.Line(`<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x, x, topHeight-6, bottom)
		out.Line(`<text class="axis" x="%.1f" y="%d" text-anchor="middle">%g min</text>`, x, bottom+18, minute)
	}
	for i, b := range bars {
		b.draw(out, topHeight+i*rowHeight, at, scale)
	}
	out.Line(`<line class="end" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, at(r.Up.Typical), at(r.Up.Typical), topHeight-6, bottom)
	out.Line(`<text class="note" x="%.1f" y="%d" text-anchor="middle">up ends</text>`, at(r.Up.Typical), bottom+34)
	out.Line("</svg>")
	return out.Err
}

func legend(out *lines.Writer) {
	x := 20
	for _, entry := range []struct {
		class, text string
		width       int
	}{
		{"critical", "critical path", 110}, {"bar", "has slack", 95}, {"tasks", "tasks start (up doesn't wait)", 190}, {"slow", "when AWS is slow", 120},
	} {
		out.Line(`<rect class="%s" x="%d" y="64" width="14" height="12" rx="2"/>`, entry.class, x)
		out.Line(`<text class="note" x="%d" y="74">%s</text>`, x+20, html.EscapeString(entry.text))
		x += entry.width + 24
	}
}

// bar is one line of the picture.
type bar struct {
	task Task
	// count is how many of a kind it stands for.
	count int
}

func (b bar) draw(out *lines.Writer, y int, at func(float64) float64, scale float64) {
	t := b.task
	class, name := "bar", "name"
	if t.Tasks {
		class = "tasks"
	}
	if t.Critical {
		class, name = "critical", "name onpath"
	}
	out.Line(`<text class="%s" x="%d" y="%d" text-anchor="end">%s</text>`, name, nameWidth-10, y+15, html.EscapeString(b.caption()))
	out.Line(`<rect class="slow" x="%.1f" y="%d" width="%.1f" height="12" rx="2"/>`, at(t.Start), y+5, math.Max(1, t.Slow*scale))
	out.Line(`<rect class="%s" x="%.1f" y="%d" width="%.1f" height="12" rx="2"/>`, class, at(t.Start), y+5, math.Max(2, t.Typical*scale))
}

// caption is the name with its kind, since names repeat.
func (b bar) caption() string {
	switch {
	case b.task.Tasks && b.count > 1:
		return fmt.Sprintf("tasks of %d services run", b.count)
	case b.task.Tasks:
		return b.task.Name
	case b.count > 1:
		return fmt.Sprintf("%d × %s", b.count, kind(b.task.Type))
	}
	return b.task.Name + " · " + shortened(kind(b.task.Type))
}

// longestKind is what fits into the column of names.
const longestKind = 24

func shortened(kind string) string {
	if len(kind) > longestKind {
		return kind[:longestKind-1] + "…"
	}
	return kind
}

// bars are the tasks worth a line.
func (r *Report) bars() []bar {
	onPath := map[string]bool{}
	for _, t := range r.Path {
		onPath[t.Type] = true
	}
	var bars []bar
	for _, t := range r.Tasks {
		shown := t.Typical >= shownSeconds || t.Critical && onPath[t.Type]
		if !shown {
			continue
		}
		same := func(b bar) bool {
			return b.task.Type == t.Type && b.task.Tasks == t.Tasks && b.task.Critical == t.Critical &&
				b.task.Start == t.Start && b.task.Duration == t.Duration
		}
		if i := slices.IndexFunc(bars, same); i >= 0 {
			bars[i].count++
			continue
		}
		bars = append(bars, bar{t, 1})
	}
	return bars
}

// tick is the distance of the grid's lines, in minutes.
func tick(seconds float64) float64 {
	switch minutes := seconds / 60; {
	case minutes <= 12:
		return 1
	case minutes <= 30:
		return 2
	}
	return 5
}
