package componentdoc

import (
	"errors"
	"fmt"
	"go/doc/comment"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// Decision is a page of docs/adr.
type Decision struct{ File, Title string }

var (
	decisionFile  = regexp.MustCompile(`^([0-9]{4})-.+\.md$`)
	decisionTitle = regexp.MustCompile(`(?m)^# [0-9]{4}\. (.+)$`)
)

// Decisions reads the titles of a folder of decisions, by number.
func Decisions(folder string) (map[string]Decision, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil {
		return nil, fmt.Errorf("componentdoc: %w", err)
	}
	decisions := map[string]Decision{}
	for _, file := range files {
		number := decisionFile.FindStringSubmatch(filepath.Base(file))
		if number == nil {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("componentdoc: %w", err)
		}
		if title := decisionTitle.FindStringSubmatch(string(text)); title != nil {
			decisions[number[1]] = Decision{filepath.Base(file), title[1]}
		}
	}
	return decisions, nil
}

// pages writes the pages of a package.
type pages struct {
	*Package
	decisions map[string]Decision
	// at is where each type is described: cluster.md, or README.md#scope.
	at     map[string]string
	faults []error
}

// Pages returns what docs/components holds, by file name. A cited decision
// that doesn't exist is a fault; all are reported together.
func Pages(pkg *Package, decisions map[string]Decision) (map[string]string, error) {
	p := &pages{Package: pkg, decisions: decisions, at: map[string]string{}}
	for _, t := range pkg.Shared {
		p.at[t.Name] = "README.md#" + strings.ToLower(t.Name)
	}
	for _, c := range pkg.Components {
		p.at[c.Name] = page(c.Name)
		p.at[c.Args.Name] = page(c.Name) + "#arguments"
		for _, t := range c.Types {
			p.at[t.Name] = page(c.Name) + "#" + strings.ToLower(t.Name)
		}
	}
	files := map[string]string{"README.md": p.index()}
	for _, c := range pkg.Components {
		files[page(c.Name)] = p.component(c)
	}
	return files, errors.Join(p.faults...)
}

// page is the file of a component: load-balancer.md for LoadBalancer.
func page(name string) string {
	var b strings.Builder
	for i, letter := range name {
		if unicode.IsUpper(letter) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(letter))
	}
	return b.String() + ".md"
}

func (p *pages) index() string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("\n| component | what it is |\n|---|---|\n")
	for _, c := range p.Components {
		fmt.Fprintf(&b, "| [%s](%s) | %s |\n", c.Name, page(c.Name), p.cell(p.doc.Synopsis(c.Doc)))
	}
	if len(p.Shared) > 0 {
		b.WriteString("\n## Shared types\n\nWhat several components are given or return.\n")
	}
	for _, t := range p.Shared {
		p.describe(&b, "###", t)
	}
	return b.String()
}

func (p *pages) component(c Component) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nWritten by `make golden` from [components/%s](../../components/%s). [All components](README.md)\n\n%s",
		c.Name, c.File, c.File, p.text(c.Doc))
	fmt.Fprintf(&b, "\n%s\n    %s\n", p.text(c.ConstructorDoc), c.Signature)
	p.describe(&b, "## Arguments:", c.Args)
	b.WriteString("\n## Outputs\n\n")
	if len(c.Outputs)+len(c.Methods) == 0 {
		b.WriteString("None: nothing else needs to know it.\n")
	}
	p.fields(&b, c.Outputs)
	if len(c.Methods) > 0 {
		if len(c.Outputs) > 0 {
			b.WriteString("\n")
		}
		b.WriteString("| method | meaning |\n|---|---|\n")
		for _, m := range c.Methods {
			fmt.Fprintf(&b, "| `%s` | %s |\n", m.Signature, p.cell(m.Doc))
		}
	}
	if len(c.Types) > 0 {
		b.WriteString("\n## Types\n")
	}
	for _, t := range c.Types {
		p.describe(&b, "###", t)
	}
	b.WriteString("\n## Resources\n\nWhat it can create; what a stack does create is in testdata/golden.\n\n")
	for _, token := range c.Resources {
		fmt.Fprintf(&b, "- `%s`\n", token)
	}
	if len(c.Decisions) > 0 {
		b.WriteString("\n## Decisions\n\n")
	}
	for _, number := range c.Decisions {
		decision, exists := p.decisions[number]
		if !exists {
			p.faults = append(p.faults, fmt.Errorf("componentdoc: %s cites docs/adr/%s, which doesn't exist", c.Name, number))
			continue
		}
		fmt.Fprintf(&b, "- [%s](../adr/%s) %s\n", number, decision.File, decision.Title)
	}
	return b.String()
}

// describe writes a section on a type.
func (p *pages) describe(b *strings.Builder, heading string, t Type) {
	if title, alone := strings.CutSuffix(heading, ":"); alone {
		fmt.Fprintf(b, "\n%s\n\n", title)
	} else {
		fmt.Fprintf(b, "\n%s %s\n\n", heading, t.Name)
	}
	b.WriteString(p.text(t.Doc))
	if t.Definition != "" {
		fmt.Fprintf(b, "\n    type %s %s\n", t.Name, t.Definition)
	}
	if len(t.Fields) > 0 {
		b.WriteString("\n")
		p.fields(b, t.Fields)
	}
	if len(t.Values) > 0 {
		b.WriteString("\n| constant | value | meaning |\n|---|---|---|\n")
	}
	for _, value := range t.Values {
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", value.Name, value.Literal, p.cell(value.Doc))
	}
}

func (p *pages) fields(b *strings.Builder, fields []Field) {
	if len(fields) == 0 {
		return
	}
	b.WriteString("| field | type | meaning |\n|---|---|---|\n")
	for _, field := range fields {
		types := "`" + strings.Join(field.Types, "`, `") + "`"
		if at := p.at[field.Refers]; at != "" {
			types = "[" + types + "](" + at + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", strings.Join(field.Names, "`, `"), types, p.cell(field.Doc))
	}
}

// text is a comment in Markdown, with links to what it names.
func (p *pages) text(text string) string {
	printer := comment.Printer{
		HeadingLevel: 3,
		HeadingID:    func(*comment.Heading) string { return "" },
		DocLinkURL: func(link *comment.DocLink) string {
			name := link.Name
			if link.Recv != "" {
				name = link.Recv
			}
			if link.ImportPath != "" {
				return ""
			}
			return p.at[name]
		},
	}
	return p.linked(string(printer.Markdown(p.doc.Parser().Parse(text))))
}

// cell is a comment in one line of a table.
func (p *pages) cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(p.text(text)), " "), "|", `\|`)
}

var mentioned = regexp.MustCompile(`docs/adr/([0-9]{4})[a-z0-9-]*(?:\.md)?|docs/([a-z0-9/-]+\.md)`)

// linked turns paths of documents into links from docs/components.
func (p *pages) linked(text string) string {
	return mentioned.ReplaceAllStringFunc(text, func(name string) string {
		match := mentioned.FindStringSubmatch(name)
		if match[1] == "" {
			return fmt.Sprintf("[%s](%s)", name, path.Join("..", match[2]))
		}
		if decision, exists := p.decisions[match[1]]; exists {
			return fmt.Sprintf("[decision %s](../adr/%s)", match[1], decision.File)
		}
		return name // a fault of the component that cites it
	})
}

const introduction = `# Components

Written by ` + "`make golden`" + ` from the comments in [components](../../components) and from what its code
creates; a test compares the pages, and refuses an argument without a comment. Each component is made by
` + "`NewX(ctx, name, args, opts...)`" + `: its resources are called after name and are its children. It returns an error,
which says what it was about to create, when the arguments contradict each other or Pulumi refuses a resource; what AWS
refuses shows at ` + "`pulumi up`" + `. Types with Input or Output in their names are Pulumi's: values that may be known
only after something was created. Settings with their defaults and limits are checked before:
[configuration.md](../configuration.md).

Who may talk to whom belongs to no component: ` + "`Allow`" + ` of
[components/securitygroup.go](../../components/securitygroup.go) makes the security-group rules of a list of edges.
`
