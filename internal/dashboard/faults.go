package dashboard

import "fmt"

// Columns is the width of CloudWatch's grid.
const Columns = 24

// Faults says what is wrong with a dashboard: widgets outside of the grid or
// upon each other, and ones that show nothing or don't say what.
func (b *Board) Faults() []string {
	var faults []string
	report := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for i, w := range b.Widgets {
		if w.X < 0 || w.Y < 0 || w.Width < 1 || w.Height < 1 || w.X+w.Width > Columns {
			report("%s lies outside of the grid's %d columns: x %d, y %d, %d × %d", w.name(), Columns, w.X, w.Y, w.Width, w.Height)
		}
		for _, other := range b.Widgets[:i] {
			if w.over(other) {
				report("%s and %s lie upon each other", other.name(), w.name())
			}
		}
		if missing := w.missing(); missing != "" {
			report("%s has no %s", w.name(), missing)
		}
	}
	return faults
}

// over tells whether two widgets share a cell of the grid.
func (w Widget) over(o Widget) bool {
	return w.X < o.X+o.Width && o.X < w.X+w.Width && w.Y < o.Y+o.Height && o.Y < w.Y+w.Height
}

// missing is what a widget lacks to be understood.
func (w Widget) missing() string {
	switch {
	case w.Type == textWidget && w.Markdown == "":
		return "text"
	case w.Type != textWidget && w.Title == "":
		return "title"
	case w.Type == alarmWidget && len(w.Alarms) == 0:
		return "alarms"
	case w.Type == metricWidget && len(w.Metrics) == 0:
		return "metrics"
	}
	return ""
}

// name is how a fault calls the widget.
func (w Widget) name() string {
	if w.Title != "" {
		return fmt.Sprintf("%q", w.Title)
	}
	return fmt.Sprintf("the %s widget at %d, %d", w.Type, w.X, w.Y)
}
