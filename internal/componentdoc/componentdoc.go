// Package componentdoc writes a page for each Pulumi component of a Go package
// from its source: what stands in the comments of its type, its constructor
// and their fields, and the resources that its code creates.
package componentdoc

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Component is a type that embeds pulumi.ResourceState, and NewX for it.
type Component struct {
	Name, Doc string
	// File declares it, and holds the constructor called "New" and Name.
	File string
	// Signature is the constructor's, ConstructorDoc its comment.
	Signature, ConstructorDoc string
	// Args is the type of what the constructor is given.
	Args Type
	// Outputs are the exported fields, Methods the exported methods.
	Outputs []Field
	Methods []Method
	// Types are those that args and outputs are made of, by name; without
	// components, and without what other components' are made of as well.
	Types []Type
	// Resources are the tokens of what it can create, sorted.
	Resources []string
	// Decisions are the numbers that its comments cite (docs/adr/NNNN), sorted.
	Decisions []string
}

// Type is a type that a page describes.
type Type struct {
	Name, Doc string
	// Fields are a struct's; another type has its Definition, and Values if
	// it is a choice.
	Fields     []Field
	Definition string
	Values     []Value
}

// Field is one row: fields that one comment is about share it.
type Field struct {
	Names, Types []string
	Doc          string
	// Refers is the first type of the package that the types name; empty if none.
	Refers string
}

// Method is an exported method of a component.
type Method struct{ Name, Signature, Doc string }

// Value is a constant of a type.
type Value struct{ Name, Literal, Doc string }

// Package is what [Read] found.
type Package struct {
	Components []Component
	// Shared are types that args or outputs of several components are made of.
	Shared []Type

	doc *doc.Package
}

// reader holds a package while it is read.
type reader struct {
	*source
	doc       *doc.Package
	types     map[string]*doc.Type
	described map[string]Type
	faults    []error
}

// Read reads the Go files of a folder. Every exported argument and output must
// be described: a missing comment is a fault, and all are reported together.
func Read(folder string) (*Package, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("componentdoc: %w", err)
	}
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	if len(files) == 0 {
		return nil, fmt.Errorf("componentdoc: no Go file in %s: %w", folder, fs.ErrNotExist)
	}
	// go/doc takes its syntax trees apart; the source keeps whole ones.
	positions := token.NewFileSet()
	var whole, apart []*ast.File
	for _, file := range files {
		for _, list := range []*[]*ast.File{&whole, &apart} {
			parsed, err := parser.ParseFile(positions, file, nil, parser.ParseComments)
			if err != nil {
				return nil, fmt.Errorf("componentdoc: %w", err)
			}
			*list = append(*list, parsed)
		}
	}
	pkg, err := doc.NewFromFiles(positions, apart, folder)
	if err != nil {
		return nil, fmt.Errorf("componentdoc: %w", err)
	}
	r := &reader{source: newSource(positions, whole), doc: pkg, types: map[string]*doc.Type{}, described: map[string]Type{}}
	for _, t := range pkg.Types {
		r.types[t.Name] = t
	}
	result := r.read()
	return result, errors.Join(r.faults...)
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("componentdoc: "+format, args...))
}

func (r *reader) read() *Package {
	result := &Package{doc: r.doc}
	made := map[string][]string{} // types that each component is made of
	users := map[string]int{}
	for _, t := range r.doc.Types {
		constructor := r.constructor(t)
		if constructor == nil {
			continue
		}
		c := r.component(t, constructor)
		made[c.Name] = r.madeOf(c)
		for _, name := range made[c.Name] {
			users[name]++
		}
		result.Components = append(result.Components, c)
	}
	for i := range result.Components {
		c := &result.Components[i]
		about := []string{c.Name, c.Args.Name}
		for _, name := range made[c.Name] {
			described := r.describe(r.types[name])
			if users[name] == 1 {
				c.Types = append(c.Types, described)
				about = append(about, name)
			} else if !slices.ContainsFunc(result.Shared, func(t Type) bool { return t.Name == name }) {
				result.Shared = append(result.Shared, described)
			}
		}
		c.Resources, c.Decisions = r.reach(c.Name, about)
	}
	slices.SortFunc(result.Shared, func(a, b Type) int { return strings.Compare(a.Name, b.Name) })
	return result
}

// constructor is the component's NewX; nil if t is none.
func (r *reader) constructor(t *doc.Type) *doc.Func {
	structure, is := spec(t).Type.(*ast.StructType)
	if !is || !slices.ContainsFunc(structure.Fields.List, func(f *ast.Field) bool {
		return len(f.Names) == 0 && r.code(f.Type) == "pulumi.ResourceState"
	}) {
		return nil
	}
	for _, f := range t.Funcs {
		if f.Name == "New"+t.Name && f.Decl.Type.Params.NumFields() >= 3 {
			return f
		}
	}
	r.fault("%s is a component without New%s(ctx, name, args)", t.Name, t.Name)
	return nil
}

func (r *reader) component(t *doc.Type, constructor *doc.Func) Component {
	c := Component{
		Name: t.Name, Doc: r.required(t.Name, t.Doc),
		File:           filepath.Base(r.positions.Position(constructor.Decl.Pos()).Filename),
		Signature:      r.signature(constructor.Decl),
		ConstructorDoc: r.required(constructor.Name, constructor.Doc),
		Outputs:        r.fields(t),
	}
	var params []ast.Expr // one for each name
	for _, field := range constructor.Decl.Type.Params.List {
		for range field.Names {
			params = append(params, field.Type)
		}
	}
	if args := r.types[r.refers(params[2])]; args != nil {
		c.Args = r.describe(args)
	} else {
		r.fault("%s: the type of its arguments is not of the package", constructor.Name)
	}
	for _, m := range t.Methods {
		c.Methods = append(c.Methods, Method{m.Name, r.signature(m.Decl), r.required(t.Name+"."+m.Name, m.Doc)})
	}
	return c
}

// required is a comment that must be there.
func (r *reader) required(name, comment string) string {
	if strings.TrimSpace(comment) == "" {
		r.fault("%s has no comment", name)
	}
	return comment
}

// describe reads a type once, so that its faults are told once.
func (r *reader) describe(t *doc.Type) Type {
	described, done := r.described[t.Name]
	if !done {
		described = r.newType(t)
		r.described[t.Name] = described
	}
	return described
}

func (r *reader) newType(t *doc.Type) Type {
	described := Type{Name: t.Name, Doc: r.required(t.Name, t.Doc)}
	if _, is := spec(t).Type.(*ast.StructType); is {
		described.Fields = r.fields(t)
		return described
	}
	described.Definition = r.code(spec(t).Type)
	for _, group := range t.Consts {
		for _, s := range group.Decl.Specs {
			constant := s.(*ast.ValueSpec)
			for i, name := range constant.Names {
				value := Value{Name: name.Name, Doc: r.required(name.Name, constant.Doc.Text()+constant.Comment.Text())}
				if i < len(constant.Values) {
					value.Literal = r.code(constant.Values[i])
				}
				described.Values = append(described.Values, value)
			}
		}
	}
	return described
}

// fields are the exported ones. A field without a comment of its own is
// described by the comment above it that names it, or else by its type's.
func (r *reader) fields(t *doc.Type) []Field {
	var rows []Field
	for _, f := range spec(t).Type.(*ast.StructType).Fields.List {
		var names []string
		for _, name := range f.Names {
			if name.IsExported() {
				names = append(names, name.Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		row := Field{Names: names, Types: []string{r.code(f.Type)}, Doc: f.Doc.Text() + f.Comment.Text(), Refers: r.refers(f.Type)}
		if row.Doc == "" && len(rows) > 0 {
			if last := &rows[len(rows)-1]; named(last.Doc, names) {
				last.Names = append(last.Names, names...)
				if !slices.Contains(last.Types, row.Types[0]) {
					last.Types = append(last.Types, row.Types[0])
				}
				continue
			}
		}
		if of := r.types[row.Refers]; row.Doc == "" && of != nil {
			row.Doc = r.doc.Synopsis(of.Doc)
		}
		r.required(t.Name+"."+strings.Join(names, ", "), row.Doc)
		rows = append(rows, row)
	}
	return rows
}

// named says whether a comment speaks of all the names.
func named(comment string, names []string) bool {
	for _, name := range names {
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(comment) {
			return false
		}
	}
	return true
}

// madeOf are the types of the package that a component's args and outputs
// consist of, sorted; components among them are described on their own pages.
func (r *reader) madeOf(c Component) []string {
	seen := map[string]bool{c.Name: true, c.Args.Name: true}
	var names []string
	var visit func(expr ast.Node)
	visit = func(expr ast.Node) {
		for _, name := range r.names(expr) {
			t := r.types[name]
			if seen[name] || r.isComponent(t) {
				continue
			}
			seen[name] = true
			names = append(names, name)
			visit(spec(t).Type)
		}
	}
	for _, name := range []string{c.Args.Name, c.Name} {
		if t := r.types[name]; t != nil {
			visit(spec(t).Type)
		}
	}
	slices.Sort(names)
	return names
}

func (r *reader) isComponent(t *doc.Type) bool {
	return slices.ContainsFunc(t.Funcs, func(f *doc.Func) bool { return f.Name == "New"+t.Name }) && r.constructor(t) != nil
}

// names are the types of the package that an expression names, in its order.
// Of a struct, only exported fields count.
func (r *reader) names(expr ast.Node) []string {
	var names []string
	ast.Inspect(expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			return false // another package's
		case *ast.Field:
			if len(n.Names) > 0 && !n.Names[0].IsExported() {
				return false
			}
			names = append(names, r.names(n.Type)...)
			return false
		case *ast.Ident:
			if r.types[n.Name] != nil {
				names = append(names, n.Name)
			}
		}
		return true
	})
	return names
}

func (r *reader) refers(expr ast.Expr) string {
	if names := r.names(expr); len(names) > 0 {
		return names[0]
	}
	return ""
}

func spec(t *doc.Type) *ast.TypeSpec { return t.Decl.Specs[0].(*ast.TypeSpec) }
