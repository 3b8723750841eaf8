// Package lines writes text line by line.
package lines

import (
	"fmt"
	"io"
)

// Writer writes lines and remembers the first error; after one it writes nothing.
type Writer struct {
	W   io.Writer
	Err error
}

// Line writes a formatted line.
func (w *Writer) Line(format string, args ...any) {
	if w.Err == nil {
		_, w.Err = fmt.Fprintf(w.W, format+"\n", args...)
	}
}
