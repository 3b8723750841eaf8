package sdk

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Property is an input of a resource type, at whatever depth.
type Property struct {
	// Path is dotted, without the indices of lists.
	Path string
	// Kind is string, bool, number or object; a list or map is what it holds.
	Kind string
}

// ResourceType is a type of the provider with all its inputs.
type ResourceType struct {
	Token      string
	Properties []Property
}

// deepest bounds the paths: visuals of QuickSight and rules of WAF nest without end.
const deepest = 7

// module is one folder of the SDK.
type module struct {
	structs map[string]*ast.StructType
	// tokens are the resource types by the name of their argument struct.
	tokens map[string]string
}

var (
	registered = regexp.MustCompile(`RegisterResource\("(aws:[^"]+)", name, args, &resource`)
	// inputs is in the resource's file; its name differs from the token's in case, for some.
	inputs = regexp.MustCompile(`(?m)^type ([a-z]\w*Args) struct`)
	quoted = regexp.MustCompile(`"([^"]+)"`)
)

// Read reads every resource type from the Go sources of pulumi-aws.
func Read(root string) ([]ResourceType, error) {
	folders, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var all []ResourceType
	for _, folder := range folders {
		if !folder.IsDir() || folder.Name() == "internal" {
			continue
		}
		m, err := readModule(filepath.Join(root, folder.Name()))
		if err != nil {
			return nil, err
		}
		for args, token := range m.tokens {
			t := ResourceType{Token: token}
			m.walk(args, "", nil, &t.Properties)
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b ResourceType) int { return strings.Compare(a.Token, b.Token) })
	return all, nil
}

func readModule(folder string) (*module, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	m := &module{structs: map[string]*ast.StructType{}, tokens: map[string]string{}}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, declaration := range parsed.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				if named, ok := spec.(*ast.TypeSpec); ok {
					if fields, ok := named.Type.(*ast.StructType); ok {
						m.structs[named.Name.Name] = fields
					}
				}
			}
		}
		if found := registered.FindSubmatch(source); found != nil {
			args := inputs.FindSubmatch(source)
			if args == nil {
				return nil, fmt.Errorf("%s: no struct of %s's arguments", file, found[1])
			}
			m.tokens[string(args[1])] = string(found[1])
		}
	}
	return m, nil
}

// walk lists the properties of a struct, and of the structs in it.
func (m *module) walk(name, prefix string, above []string, found *[]Property) {
	fields := m.structs[name]
	if fields == nil || slices.Contains(above, name) || len(above) == deepest {
		return
	}
	for _, field := range fields.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag := quoted.FindStringSubmatch(field.Tag.Value)
		if tag == nil {
			continue
		}
		base := element(field.Type)
		p := Property{Path: prefix + tag[1]}
		switch base {
		case "string", "bool":
			p.Kind = base
		case "int", "float64":
			p.Kind = "number"
		default:
			p.Kind = "object"
			if m.structs[base] == nil {
				// Enumerations, types of other modules, anything.
				p.Kind = "string"
			}
		}
		*found = append(*found, p)
		if p.Kind == "object" {
			m.walk(base, p.Path+".", append(slices.Clone(above), name), found)
		}
	}
}

// element returns the name of a type, or of what a list or map holds.
func element(kind ast.Expr) string {
	switch kind := kind.(type) {
	case *ast.ArrayType:
		return element(kind.Elt)
	case *ast.MapType:
		return element(kind.Value)
	case *ast.StarExpr:
		return element(kind.X)
	case *ast.Ident:
		return kind.Name
	}
	return "string"
}
