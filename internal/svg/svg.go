// Package svg writes pictures as SVG.
package svg

import (
	"html"
	"io"

	"github.com/pathwai/airflow-on-fargate/internal/lines"
)

// Canvas writes SVG. The arguments of its Line must be safe in SVG.
type Canvas struct{ lines.Writer }

// New returns a canvas that writes to w.
func New(w io.Writer) Canvas { return Canvas{lines.Writer{W: w}} }

// Text writes a text, escaped, at a point.
func (c *Canvas) Text(class string, x, y float64, anchor, text string) {
	c.Line(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}
