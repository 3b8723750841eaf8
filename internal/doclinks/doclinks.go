// Package doclinks finds links and mentions of documents that lead nowhere.
package doclinks

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

var (
	// mention is a document of the project by its path, in prose or code.
	mention = regexp.MustCompile(`\bdocs/(?:adr/[0-9]{4}\b|[a-z0-9/-]+\.md\b)`)
	scheme  = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)
)

// Check reads the Markdown and Go files below root and returns one sentence for
// each relative link to a file or heading that doesn't exist, and for each
// mentioned document that doesn't. Tests, folders called as skip, and hidden
// ones are left out. It also returns how many links and mentions it followed.
func Check(root string, skip ...string) (followed int, faults []string, err error) {
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); file != root && (strings.HasPrefix(name, ".") || slices.Contains(skip, name)) {
				return fs.SkipDir
			}
			return nil
		}
		extension := filepath.Ext(file)
		if extension != ".md" && extension != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		var targets []string
		if extension == ".md" {
			targets, _ = read(content)
		}
		for _, target := range targets {
			followed++
			if fault := follow(file, target); fault != "" {
				faults = append(faults, fmt.Sprintf("%s: %s: %s", name, target, fault))
			}
		}
		for _, document := range mention.FindAllString(string(content), -1) {
			followed++
			if !exists(root, document) {
				faults = append(faults, fmt.Sprintf("%s: %s: no such document", name, document))
			}
		}
		return nil
	})
	if err != nil {
		return 0, nil, fmt.Errorf("doclinks: %w", err)
	}
	return followed, faults, nil
}

// read returns a page's relative links, those of images among them, and the
// fragments of its headings as GitHub makes them: lower case, hyphens for
// spaces, no punctuation, and a number from the second one on.
func read(page []byte) (links, anchors []string) {
	seen, heading := map[string]int{}, ""
	link := func(target []byte, entering bool) {
		if entering && len(target) > 0 && !scheme.Match(target) {
			links = append(links, string(target))
		}
	}
	_ = ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(page)), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch node := node.(type) {
		case *ast.Link:
			link(node.Destination, entering)
		case *ast.Image:
			link(node.Destination, entering)
		case *ast.Text:
			if entering {
				heading += string(node.Value(page))
			}
		case *ast.Heading:
			if anchor := strings.Map(inAnchor, heading); !entering {
				if seen[anchor]++; seen[anchor] > 1 {
					anchor = fmt.Sprintf("%s-%d", anchor, seen[anchor]-1)
				}
				anchors = append(anchors, anchor)
			}
			heading = ""
		}
		return ast.WalkContinue, nil
	})
	return links, anchors
}

func inAnchor(r rune) rune {
	switch {
	case r == ' ':
		return '-'
	case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
		return unicode.ToLower(r)
	}
	return -1
}

// follow says what is wrong with a link of a page; empty if nothing is.
func follow(page, target string) string {
	relative, fragment, _ := strings.Cut(target, "#")
	relative, err := url.PathUnescape(relative)
	if err != nil {
		return err.Error()
	}
	to := page
	if relative != "" {
		to = filepath.Join(filepath.Dir(page), filepath.FromSlash(relative))
	}
	if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) {
		return "no such file"
	} else if err != nil {
		return err.Error()
	}
	if fragment == "" || filepath.Ext(to) != ".md" {
		return ""
	}
	content, err := os.ReadFile(to)
	if err != nil {
		return err.Error()
	}
	if _, anchors := read(content); !slices.Contains(anchors, fragment) {
		return "no such heading"
	}
	return ""
}

// exists says whether a mentioned document is there: docs/adr/0003 stands for
// the decision of that number.
func exists(root, document string) bool {
	path := filepath.Join(root, filepath.FromSlash(document))
	if filepath.Ext(path) == ".md" {
		_, err := os.Stat(path)
		return err == nil
	}
	found, err := filepath.Glob(path + "-*.md")
	return err == nil && len(found) > 0
}
