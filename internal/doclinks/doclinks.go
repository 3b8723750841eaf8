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
)

var (
	// link is [text](target), of an image as well, without a title.
	link = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	// mention is a document of the project by its path, in prose or code.
	mention = regexp.MustCompile(`\bdocs/(?:adr/[0-9]{4}\b|[a-z0-9/-]+\.md\b)`)
	fence   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	span    = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)
	inLink  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
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
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		var targets []string
		if extension == ".md" {
			for _, target := range link.FindAllStringSubmatch(prose(string(text)), -1) {
				if !scheme.MatchString(target[1]) {
					targets = append(targets, target[1])
				}
			}
		}
		for _, target := range targets {
			followed++
			if fault := follow(file, target); fault != "" {
				faults = append(faults, fmt.Sprintf("%s: %s: %s", name, target, fault))
			}
		}
		for _, document := range mention.FindAllString(string(text), -1) {
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

// prose is a page without what stands there as code.
func prose(page string) string {
	return span.ReplaceAllString(fence.ReplaceAllString(page, ""), "")
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
	text, err := os.ReadFile(to)
	if err != nil {
		return err.Error()
	}
	if !slices.Contains(anchors(string(text)), fragment) {
		return "no such heading"
	}
	return ""
}

// anchors are the fragments of a page's headings, as GitHub makes them: lower
// case, hyphens for spaces, no punctuation, and a number from the second one on.
func anchors(page string) []string {
	var list []string
	seen := map[string]int{}
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, inLink.ReplaceAllString(match[1], "$1"))
		if n := seen[anchor]; n > 0 {
			list = append(list, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			list = append(list, anchor)
		}
		seen[anchor]++
	}
	return list
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
