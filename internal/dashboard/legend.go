package dashboard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// line is a line of text in a panel.
type line struct {
	class, text string
	// color is that of the metric that the line names; empty means no swatch.
	color string
	// indent is the distance from the panel's edge, in pixels.
	indent float64
	// aside is more of the line, from asideAt on.
	aside   string
	asideAt float64
}

// palette is CloudWatch's: lines get its colours in their order.
var palette = []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"}

// byChance is the end of a name that AWS makes up: it differs from account to
// account, and so isn't drawn.
var byChance = regexp.MustCompile(`[0-9a-f]{16,}$`)

// caption says what is the same for all metrics of a widget.
func (w Widget) caption(width float64) []line {
	how := fmt.Sprintf("%s over %d s", w.Statistic, w.Period)
	if w.Axis.Label != "" {
		how += ", in " + w.Axis.Label
	}
	if w.Stacked {
		how += ", stacked"
	}
	if !w.overTime() {
		how += ", shown as " + w.View
	}
	lines := wrap(line{class: "note", text: how}, width)
	if all := w.common().words(); all != "" {
		lines = append(lines, wrap(line{class: "zone", text: all}, width)...)
	}
	return lines
}

// legend names each line with what the caption doesn't say: beside its label
// where all of them fit, else below it.
func (w Widget) legend(width float64) []line {
	shared := w.common()
	beside, widest := 0.0, 0.0
	for _, m := range w.Metrics {
		beside = max(beside, swatchWidth+textWidth(m.title(), "port")+gap)
		widest = max(widest, textWidth(m.own(shared), "zone"))
	}
	var lines []line
	for i, m := range w.Metrics {
		label := line{class: "port", text: m.title(), color: m.Color, indent: swatchWidth}
		if label.color == "" {
			label.color = palette[i%len(palette)]
		}
		own := m.own(shared)
		if beside+widest <= width {
			label.aside, label.asideAt = own, beside
			lines = append(lines, label)
			continue
		}
		lines = append(lines, wrap(label, width)...)
		if own != "" {
			lines = append(lines, wrap(line{class: "zone", text: own, indent: swatchWidth}, width)...)
		}
	}
	for _, alarm := range w.Alarms {
		lines = append(lines, wrap(line{class: "port", text: "threshold of alarm " + alarm}, width)...)
	}
	return lines
}

// shared is what the metrics of a widget have in common.
type shared struct {
	// name is the metric's with its namespace, empty when there are several.
	name       string
	dimensions []Dimension
	// by is the one dimension in which metrics of one name differ, if so.
	by string
}

func (w Widget) common() shared {
	var s shared
	for i, m := range w.Metrics {
		if i == 0 {
			s.name, s.dimensions = m.full(), slices.Clone(m.Dimensions)
			continue
		}
		if m.full() != s.name {
			s.name = ""
		}
		s.dimensions = slices.DeleteFunc(s.dimensions, func(d Dimension) bool { return !slices.Contains(m.Dimensions, d) })
	}
	if s.name == "" {
		return s
	}
	for i, m := range w.Metrics {
		others := m.without(s.dimensions)
		if len(others) != 1 || i > 0 && others[0].Name != s.by {
			s.by = ""
			return s
		}
		s.by = others[0].Name
	}
	return s
}

func (s shared) words() string {
	all := words(s.name, s.dimensions)
	if s.by != "" {
		all += between + "by " + s.by
	}
	return all
}

// title is what CloudWatch calls the line: its label, or the metric's name.
func (m Metric) title() string {
	switch {
	case m.Label != "":
		return m.Label
	case m.Expression != "":
		return m.Expression
	}
	return m.Name
}

// full is the metric's name with its namespace; an expression stands for itself.
func (m Metric) full() string {
	if m.Expression != "" {
		return m.Expression
	}
	return m.Namespace + " " + m.Name
}

// without are the metric's dimensions that aren't among others.
func (m Metric) without(others []Dimension) []Dimension {
	return slices.DeleteFunc(slices.Clone(m.Dimensions), func(d Dimension) bool { return slices.Contains(others, d) })
}

// own is what a metric has apart from what all have, and from its title.
func (m Metric) own(s shared) string {
	full, others := m.full(), m.without(s.dimensions)
	if full == s.name || full == m.title() {
		full = ""
	}
	said := words(full, others)
	if s.by != "" {
		said = others[0].shown()
	}
	if said == m.title() {
		said = ""
	}
	parts := []string{said, m.Statistic}
	if m.ID != "" {
		parts = append(parts, "called "+m.ID)
	}
	if m.Hidden {
		parts = append(parts, "not drawn")
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// shown is the dimension's value without what AWS makes up.
func (d Dimension) shown() string { return byChance.ReplaceAllString(d.Value, "…") }

// words is a metric's name and its dimensions.
func words(name string, dimensions []Dimension) string {
	var parts []string
	if name != "" {
		parts = append(parts, name)
	}
	for _, d := range dimensions {
		parts = append(parts, d.Name+" "+d.shown())
	}
	return strings.Join(parts, between)
}

// plain is Markdown as text: one line for each of its own, without its marks,
// headlines in the class name.
func plain(markdown string) []line {
	var lines []line
	for text := range strings.Lines(markdown) {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		class := "note"
		if head := strings.TrimLeft(text, "#"); head != text {
			class, text = "head", strings.TrimSpace(head)
		}
		text = link.ReplaceAllString(text, "$1")
		lines = append(lines, line{class: class, text: strings.NewReplacer("**", "", "`", "", "~~", "").Replace(text)})
	}
	return lines
}

// link is a link of Markdown, of which the picture shows the words.
var link = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)

// between stands between the parts of a description.
const between = " · "

// wrap breaks a line where it is wider than width: between its parts, and
// between the words of a part that is too wide by itself. Only the first line
// has the swatch.
func wrap(l line, width float64) []line {
	var lines []line
	current := l
	current.text = ""
	add := func(separator, text string) bool {
		longer := text
		if current.text != "" {
			longer = current.text + separator + text
		}
		if l.indent+textWidth(longer, l.class) > width {
			return false
		}
		current.text = longer
		return true
	}
	next := func() {
		if current.text != "" {
			lines = append(lines, current)
			current.text, current.color = "", ""
		}
	}
	for part := range strings.SplitSeq(l.text, between) {
		if add(between, part) {
			continue
		}
		next()
		for word := range strings.FieldsSeq(part) {
			if !add(" ", word) {
				next()
				current.text = word
			}
		}
	}
	return append(lines, current)
}

// sizes are the heights of the classes' letters, in pixels.
var sizes = map[string]float64{"title": 19, "head": 16, "name": 14, "note": 12, "port": 12, "zone": 11}

// textWidth is about the width of a text in a wide typeface: SVG has no measure
// before it is shown.
func textWidth(text, class string) float64 { return 0.6 * sizes[class] * float64(len([]rune(text))) }
