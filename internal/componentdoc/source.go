package componentdoc

import (
	"bytes"
	"go/ast"
	"go/printer"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// source is the code of a package, with the bodies of its functions.
type source struct {
	positions *token.FileSet
	files     []*ast.File
	functions map[string]*ast.FuncDecl
	// methods are by name, whatever their receiver is.
	methods map[string][]*ast.FuncDecl
	types   map[string]*ast.GenDecl
	// imports are each file's: the name in the code to the path.
	imports map[*ast.File]map[string]string
}

func newSource(positions *token.FileSet, files []*ast.File) *source {
	s := &source{
		positions: positions, files: files,
		functions: map[string]*ast.FuncDecl{}, methods: map[string][]*ast.FuncDecl{},
		types: map[string]*ast.GenDecl{}, imports: map[*ast.File]map[string]string{},
	}
	for _, file := range files {
		s.imports[file] = map[string]string{}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser refuses it before
			}
			name := path.Base(imported)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			s.imports[file][name] = imported
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					s.functions[decl.Name.Name] = decl
				} else {
					s.methods[decl.Name.Name] = append(s.methods[decl.Name.Name], decl)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if t, is := spec.(*ast.TypeSpec); is {
						s.types[t.Name.Name] = decl
					}
				}
			}
		}
	}
	return s
}

// reach returns what the constructor and the exported methods of a component
// create, in whatever functions of the package they call, and the decisions
// that the comments there, and those of the types named about, cite. A method
// is found by its name alone: code that makes two of one name, of which one
// creates resources, would list too much.
func (s *source) reach(component string, about []string) (resources, decisions []string) {
	tokens, cited, seen := map[string]bool{}, map[string]bool{}, map[ast.Decl]bool{}
	var visit func(decl ast.Decl)
	visit = func(decl ast.Decl) {
		if seen[decl] {
			return
		}
		seen[decl] = true
		file := s.fileOf(decl)
		for _, number := range s.cited(file, decl) {
			cited[number] = true
		}
		if _, function := decl.(*ast.FuncDecl); !function {
			return
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, is := n.X.(*ast.Ident); is {
					if imported := s.imports[file][x.Name]; imported != "" {
						if token := resource(imported, n.Sel.Name); token != "" {
							tokens[token] = true
						}
						return false
					}
				}
				for _, method := range s.methods[n.Sel.Name] {
					visit(method)
				}
			case *ast.Ident:
				if function := s.functions[n.Name]; function != nil {
					visit(function)
				}
			}
			return true
		})
	}
	for _, name := range about {
		if decl := s.types[name]; decl != nil {
			visit(decl)
		}
	}
	if constructor := s.functions["New"+component]; constructor != nil {
		visit(constructor)
	}
	for _, methods := range s.methods {
		for _, method := range methods {
			receiver := strings.TrimPrefix(s.code(method.Recv.List[0].Type), "*")
			if method.Name.IsExported() && receiver == component {
				visit(method)
			}
		}
	}
	return slices.Sorted(maps.Keys(tokens)), slices.Sorted(maps.Keys(cited))
}

func (s *source) fileOf(decl ast.Decl) *ast.File {
	for _, file := range s.files {
		if file.FileStart <= decl.Pos() && decl.Pos() < file.FileEnd {
			return file
		}
	}
	return nil
}

var decision = regexp.MustCompile(`docs/adr/([0-9]{4})`)

// cited are the decisions that comments of a declaration name.
func (s *source) cited(file *ast.File, decl ast.Decl) []string {
	start := decl.Pos()
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Doc != nil {
			start = decl.Doc.Pos()
		}
	case *ast.GenDecl:
		if decl.Doc != nil {
			start = decl.Doc.Pos()
		}
	}
	var numbers []string
	for _, comment := range file.Comments {
		if start <= comment.Pos() && comment.Pos() < decl.End() {
			for _, match := range decision.FindAllStringSubmatch(comment.Text(), -1) {
				numbers = append(numbers, match[1])
			}
		}
	}
	return numbers
}

var provider = regexp.MustCompile(`^github\.com/pulumi/pulumi-[a-z]+/sdk/(?:v[0-9]+/)?go/([a-z]+)(?:/([a-z0-9]+))?$`)

// resource is the token of what a function of a provider's package creates:
// aws:ec2/vpc:Vpc for ec2.NewVpc; empty if it creates nothing.
func resource(imported, function string) string {
	match := provider.FindStringSubmatch(imported)
	kind, creates := strings.CutPrefix(function, "New")
	if match == nil || !creates {
		return ""
	}
	if match[1] == "awsx" { // a component of another language: no name for the file
		return "awsx:" + match[2] + ":" + kind
	}
	module := match[2]
	if module == "" {
		module = "index"
	}
	first := []rune(kind)
	first[0] = unicode.ToLower(first[0])
	return match[1] + ":" + module + "/" + string(first) + ":" + kind
}

// code writes syntax in one line.
func (s *source) code(node any) string {
	var text bytes.Buffer
	if err := printer.Fprint(&text, s.positions, node); err != nil {
		return ""
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// signature is a function's without its receiver and body.
func (s *source) signature(decl *ast.FuncDecl) string {
	return decl.Name.Name + strings.TrimPrefix(s.code(decl.Type), "func")
}
