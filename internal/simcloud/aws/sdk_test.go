package aws

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sdkType is what the source of the pulumi-aws SDK says of a type.
type sdkType struct {
	required, secret []string
	inputs, outputs  map[string]bool
}

// sdkFolder is where the module cache has the SDK.
func sdkFolder(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6").Output()
	dir := string(bytes.TrimSpace(out))
	if err != nil || dir == "" {
		t.Skipf("SKIPPED: the module cache has no pulumi-aws SDK to hold the table against (go list: %v)", err)
	}
	return filepath.Join(dir, "go", "aws")
}

var (
	registers   = regexp.MustCompile(`RegisterResource\("(aws:[^"]+)"`)
	requiredArg = regexp.MustCompile(`invalid value for required argument '([A-Za-z0-9]+)'`)
	secretsCall = regexp.MustCompile(`(?s)AdditionalSecretOutputs\(\[\]string\{(.*?)\}\)`)
	quoted      = regexp.MustCompile(`"([^"]+)"`)
	fieldTag    = regexp.MustCompile("pulumi:\"([A-Za-z0-9]+)\"")
)

// readSDK reads the source files of the types in the table.
func readSDK(t *testing.T) map[string]sdkType {
	t.Helper()
	found := map[string]sdkType{}
	folders := map[string]bool{}
	for tok := range types {
		folders[strings.Split(strings.SplitN(tok, ":", 3)[1], "/")[0]] = true
	}
	root := sdkFolder(t)
	for folder := range folders {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		require.NoError(t, err)
		for _, f := range files {
			src, err := os.ReadFile(f)
			require.NoError(t, err)
			m := registers.FindSubmatch(src)
			if m == nil || types[string(m[1])] == nil {
				continue
			}
			found[string(m[1])] = readType(t, f, src)
		}
	}
	return found
}

func readType(t *testing.T, name string, src []byte) sdkType {
	t.Helper()
	out := sdkType{inputs: map[string]bool{}, outputs: map[string]bool{}}
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	require.NoError(t, err)
	args := map[string]string{} // Go name to property
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		s, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		for _, f := range s.Fields.List {
			if f.Tag == nil || len(f.Names) == 0 {
				continue
			}
			m := fieldTag.FindStringSubmatch(f.Tag.Value)
			if m == nil {
				continue
			}
			if strings.HasSuffix(spec.Name.Name, "Args") {
				out.inputs[m[1]] = true
				args[f.Names[0].Name] = m[1]
			} else {
				out.outputs[m[1]] = true
			}
		}
		return true
	})
	for _, m := range requiredArg.FindAllSubmatch(src, -1) {
		out.required = append(out.required, args[string(m[1])])
	}
	if m := secretsCall.FindSubmatch(src); m != nil {
		for _, q := range quoted.FindAllSubmatch(m[1], -1) {
			if !strings.HasSuffix(string(q[1]), "Wo") {
				out.secret = append(out.secret, string(q[1]))
			}
		}
	}
	sort.Strings(out.required)
	sort.Strings(out.secret)
	return out
}

func sorted(words string) []string {
	list := strings.Fields(words)
	sort.Strings(list)
	return list
}

// TestTableAgreesWithSDK holds tokens, required inputs, secret outputs and every
// property name in the table against the SDK that programs use.
func TestTableAgreesWithSDK(t *testing.T) {
	sdk := readSDK(t)
	for tok, k := range types {
		s, ok := sdk[tok]
		if !ok {
			t.Errorf("%s: the SDK has no such type", tok)
			continue
		}
		if want := s.required; !reflect.DeepEqual(append([]string{}, want...), append([]string{}, sorted(k.Required)...)) {
			t.Errorf("%s: Required is %v, the SDK wants %v", tok, sorted(k.Required), want)
		}
		for _, name := range s.secret {
			if !has(k.Secret, name) {
				t.Errorf("%s: the SDK keeps %s secret, the table does not", tok, name)
			}
		}
		inputs := strings.Fields(k.Required + " " + k.ForceNew + " " + k.JSON + " " + k.Name)
		for name := range k.Defaults {
			inputs = append(inputs, name)
		}
		for name := range k.Rules {
			inputs = append(inputs, name)
		}
		for _, name := range inputs {
			root, _, _ := strings.Cut(name, ".")
			if !s.inputs[root] {
				t.Errorf("%s: the SDK has no input %s", tok, root)
			}
		}
		for name := range k.Outputs {
			if name != "id" && !s.outputs[name] {
				t.Errorf("%s: the SDK has no output %s", tok, name)
			}
		}
		for _, name := range strings.Fields(k.Later) {
			if !s.outputs[name] {
				t.Errorf("%s: the SDK has no output %s", tok, name)
			}
		}
		if k.ARN != "" && !s.outputs["arn"] {
			t.Errorf("%s: the SDK has no output arn", tok)
		}
		if tags := s.outputs["tagsAll"]; tags == k.Untagged {
			t.Errorf("%s: Untagged is %v, the SDK has tags: %v", tok, k.Untagged, tags)
		}
		for _, m := range placeholder.FindAllStringSubmatch(strings.ReplaceAll(k.Unique, "?", ""), -1) {
			if !s.outputs[m[1]] {
				t.Errorf("%s: Unique names %s, which the SDK doesn't have", tok, m[1])
			}
		}
	}
}

// TestTemplatesNameWhatExists holds every placeholder against what can fill it.
func TestTemplatesNameWhatExists(t *testing.T) {
	sdk := readSDK(t)
	builtin := "account region partition dns regionShort octet generation id arn uuid"
	for tok, k := range types {
		var templates []string
		collect(k.ID, &templates)
		collect(k.ARN, &templates)
		collect(k.Outputs, &templates)
		for _, text := range templates {
			for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
				name := m[1]
				if !has(builtin, name) && !randomText.MatchString(name) && !sdk[tok].outputs[name] && !sdk[tok].inputs[name] {
					t.Errorf("%s: nothing fills {%s} in %q", tok, name, text)
				}
			}
		}
		if k.ID == "" && k.Outputs["id"] == nil {
			t.Errorf("%s: has no ID", tok)
		}
	}
}

func collect(v any, out *[]string) {
	switch x := v.(type) {
	case string:
		*out = append(*out, x)
	case []any:
		for _, e := range x {
			collect(e, out)
		}
	case Props:
		for _, e := range x {
			collect(e, out)
		}
	}
}
