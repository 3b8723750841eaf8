package alarmfeed

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Agent adds what the agent's source in dir writes into namespace: in every
// package, each function that calls Write or WriteDistribution of an EMF
// writer gives its metrics the dimensions of its first argument.
func (f Feeds) Agent(dir, namespace string) error {
	packages := map[string][]*ast.File{}
	set := token.NewFileSet()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], file)
		return err
	})
	if err != nil {
		return fmt.Errorf("source of the agent: %w", err)
	}
	for folder, files := range packages {
		if !slices.ContainsFunc(files, importsEMF) {
			continue
		}
		p := readPackage(files)
		for name, function := range p.functions {
			for _, call := range p.writes(function) {
				dimensions := p.dimensions(call.Args[0])
				metrics := p.metrics(call, function)
				if len(dimensions) == 0 || len(metrics) == 0 {
					return fmt.Errorf("%s: %s writes metrics in a form that this check can't read", folder, name)
				}
				for _, metric := range metrics {
					f.Add(Metric{namespace, metric, dimensions}, "airflow-agent ("+strings.TrimPrefix(filepath.ToSlash(folder), "../")+")")
				}
			}
		}
	}
	return nil
}

func importsEMF(file *ast.File) bool {
	return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool {
		return strings.HasSuffix(spec.Path.Value, "/emf\"")
	})
}

// source is one package: its functions, and its tables of metric names.
type source struct {
	functions map[string]*ast.FuncDecl
	tables    map[string][]string
}

func readPackage(files []*ast.File) *source {
	p := &source{map[string]*ast.FuncDecl{}, map[string][]string{}}
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				p.functions[d.Name.Name] = d
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					value, ok := spec.(*ast.ValueSpec)
					if !ok || len(value.Values) != 1 {
						continue
					}
					if literal, ok := value.Values[0].(*ast.CompositeLit); ok {
						for _, element := range literal.Elts {
							if pair, ok := element.(*ast.KeyValueExpr); ok {
								p.tables[value.Names[0].Name] = append(p.tables[value.Names[0].Name], text(pair.Value)...)
							}
						}
					}
				}
			}
		}
	}
	return p
}

// writes are the calls whose first argument is a list of dimensions.
func (p *source) writes(function *ast.FuncDecl) []*ast.CallExpr {
	var calls []*ast.CallExpr
	ast.Inspect(function, func(node ast.Node) bool {
		if call, ok := node.(*ast.CallExpr); ok && len(call.Args) >= 2 {
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok &&
				(selector.Sel.Name == "Write" || selector.Sel.Name == "WriteDistribution") {
				calls = append(calls, call)
			}
		}
		return true
	})
	return calls
}

// dimensions are the names in an expression, or in the function that it calls.
func (p *source) dimensions(expression ast.Node) []string {
	var names []string
	ast.Inspect(expression, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.CallExpr:
			if selector, ok := n.Fun.(*ast.SelectorExpr); ok && p.functions[selector.Sel.Name] != nil {
				names = append(names, p.dimensions(p.functions[selector.Sel.Name].Body)...)
			}
		case *ast.CompositeLit:
			names = append(names, p.names(n)...)
		}
		return true
	})
	return names
}

// metrics are the names in a call's further arguments, and, when one is a
// variable, all that the function puts together.
func (p *source) metrics(call *ast.CallExpr, function *ast.FuncDecl) []string {
	var found []string
	collect := func(root ast.Node) {
		ast.Inspect(root, func(node ast.Node) bool {
			if node == call.Args[0] {
				return false
			}
			if literal, ok := node.(*ast.CompositeLit); ok {
				found = append(found, p.names(literal)...)
			}
			return true
		})
	}
	if call.Ellipsis.IsValid() {
		variable, ok := call.Args[len(call.Args)-1].(*ast.Ident)
		if !ok {
			return nil
		}
		ast.Inspect(function, func(node ast.Node) bool {
			if assign, ok := node.(*ast.AssignStmt); ok {
				if target, ok := assign.Lhs[0].(*ast.Ident); ok && target.Name == variable.Name {
					collect(assign.Rhs[0])
				}
			}
			return true
		})
		return found
	}
	for _, argument := range call.Args[1:] {
		collect(argument)
	}
	return found
}

// names are the values of the field Name of a literal; an index into a table
// stands for all of its values.
func (p *source) names(literal *ast.CompositeLit) []string {
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if key, ok := pair.Key.(*ast.Ident); !ok || key.Name != "Name" {
			continue
		}
		if index, ok := pair.Value.(*ast.IndexExpr); ok {
			if table, ok := index.X.(*ast.Ident); ok {
				return p.tables[table.Name]
			}
		}
		return text(pair.Value)
	}
	return nil
}

func text(expression ast.Expr) []string {
	if literal, ok := expression.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		if value, err := strconv.Unquote(literal.Value); err == nil {
			return []string{value}
		}
	}
	return nil
}
