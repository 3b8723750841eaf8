// Package svg writes pictures as SVG.
package svg

import (
	"fmt"
	"html"
	"io"
)

// Canvas writes SVG and remembers the first error; after one it writes nothing.
type Canvas struct {
	W   io.Writer
	Err error
}

// Line writes a formatted line. Its arguments must be safe in SVG.
func (c *Canvas) Line(format string, args ...any) {
	if c.Err == nil {
		_, c.Err = fmt.Fprintf(c.W, format+"\n", args...)
	}
}

// Text writes a text, escaped, at a point.
func (c *Canvas) Text(class string, x, y float64, anchor, text string) {
	c.Line(`<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}
