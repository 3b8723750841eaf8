package runbooks

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// A command is one simple command of a fenced block or of inline code.
type command struct {
	file  string
	line  int
	words []string
}

var inlineCode = regexp.MustCompile(`^(make|aws|pulumi) `)

// commands returns what a page tells people to run, fenced blocks marked sh
// and inline code that begins with make, aws or pulumi, and one sentence for
// each script that no shell would read.
func commands(file, page string) (found []command, faults []string) {
	source := []byte(page)
	add := func(script []byte, from int) {
		line := 1 + bytes.Count(source[:from], []byte("\n"))
		list, err := parse(file, line, script)
		if found = append(found, list...); err != nil {
			faults = append(faults, fmt.Sprintf("%s:%d: %v", file, line, err))
		}
	}
	_ = ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.FencedCodeBlock:
			if lines := n.Lines(); entering && string(n.Language(source)) == "sh" && lines.Len() > 0 {
				add(lines.Value(source), lines.At(0).Start)
			}
		case *ast.CodeSpan:
			var code []byte
			for child := n.FirstChild(); child != nil; child = child.NextSibling() {
				code = append(code, child.(*ast.Text).Value(source)...)
			}
			if entering && inlineCode.Match(code) {
				add(code, n.FirstChild().(*ast.Text).Segment.Start)
			}
		}
		return ast.WalkContinue, nil
	})
	return found, faults
}

// parse returns a script's simple commands, those inside $(…) among them.
// What stands for an expansion begins with a dollar.
func parse(file string, line int, script []byte) ([]command, error) {
	parsed, err := syntax.NewParser().Parse(bytes.NewReader(script), "")
	if err != nil {
		return nil, err
	}
	unexpanded := &expand.Config{
		Env:      expand.FuncEnviron(func(name string) string { return "$" + name }),
		CmdSubst: func(w io.Writer, _ *syntax.CmdSubst) error { _, err := io.WriteString(w, "$"); return err },
	}
	var found []command
	syntax.Walk(parsed, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 || err != nil {
			return true
		}
		c := command{file: file, line: line + int(call.Pos().Line()) - 1}
		for _, word := range call.Args {
			literal, fault := expand.Literal(unexpanded, word)
			if fault != nil {
				err = fault
			}
			c.words = append(c.words, literal)
		}
		found = append(found, c)
		return true
	})
	return found, err
}
