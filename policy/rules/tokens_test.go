package rules

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/internal/cases"
)

// awsSDK is the release of pulumi-aws that tokens and properties are held against.
const awsSDK = "github.com/pulumi/pulumi-aws/sdk/v6@v6.83.2"

// laterTypes are the names that pulumi-aws 7 gives types of 6.
var laterTypes = []string{
	"pulumi:providers:aws", // the engine's
	"aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
	"aws:s3/bucketVersioning:BucketVersioning",
	"aws:s3/bucketAcl:BucketAcl",
	"aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
	"aws:appsync/api:Api",
	"aws:quicksight/ipRestriction:IpRestriction",
}

// TestTokensAndPropertiesExist holds the rules and the fixtures against the
// real SDK's source: a rule for a misspelt type would never fire, and its
// misspelt mutant would hide that.
func TestTokensAndPropertiesExist(t *testing.T) {
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	sdk := filepath.Join(strings.TrimSpace(string(out)), awsSDK, "go", "aws")
	if _, err := os.Stat(sdk); err != nil {
		t.Skipf("SKIPPED: %s is not in the module cache: build the program at the root of the repository first", awsSDK)
	}
	for _, token := range knownTokens() {
		if !slices.Contains(laterTypes, token) && strings.HasPrefix(token, "aws:") {
			source, err := os.ReadFile(sourceOf(sdk, token))
			if assert.NoError(t, err) {
				assert.Contains(t, string(source), fmt.Sprintf("RegisterResource(%q", token))
			}
		}
	}
	checked := map[string]bool{}
	check := func(group cases.Group) {
		for _, res := range group {
			for _, path := range paths(res.Props, "") {
				if key := res.Type + " " + path; !checked[key] && !slices.Contains(laterTypes, res.Type) && strings.HasPrefix(res.Type, "aws:") {
					checked[key] = true
					assertProperty(t, sdk, res.Type, path)
				}
			}
		}
	}
	for _, group := range cases.Compliant() {
		check(group)
	}
	for _, m := range cases.Mutants() {
		check(m.Group)
	}
	assert.Greater(t, len(checked), 300, "the check looked at too little")
}

// knownTokens are all types that any rule or fixture names.
func knownTokens() []string {
	tokens := map[string]bool{}
	for _, rule := range All() {
		for token := range rule.On {
			tokens[token] = true
		}
	}
	for token := range placements {
		tokens[token] = true
	}
	for _, list := range [][]string{bucketTypes, encryptionTypes, versioningTypes, loadBalancerTypes, parameterGroupTypes} {
		for _, token := range list {
			tokens[token] = true
		}
	}
	for _, group := range cases.Compliant() {
		for _, res := range group {
			tokens[res.Type] = true
		}
	}
	var sorted []string
	for token := range tokens {
		sorted = append(sorted, token)
	}
	slices.Sort(sorted)
	return sorted
}

// sourceOf turns aws:ec2/natGateway:NatGateway into ec2/natGateway.go.
func sourceOf(sdk, token string) string {
	parts := strings.Split(token, ":")
	return filepath.Join(sdk, parts[1]+".go")
}

// freeForm are properties whose keys are the user's.
var freeForm = regexp.MustCompile(`^environment\.variables\.|^tags\.|^policy\.|^defaultArguments\.|^permissions\.(type|accountIds)`)

// paths lists the dotted paths of a value's properties, without list indices.
func paths(v any, prefix string) []string {
	var all []string
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			all = append(all, prefix+key)
			all = append(all, paths(value, prefix+key+".")...)
		}
	case []any:
		for _, item := range v {
			all = append(all, paths(item, prefix)...)
		}
	}
	return all
}

// assertProperty looks a top-level property up among the resource's arguments,
// and a nested one among the types of its module.
func assertProperty(t *testing.T, sdk, token, path string) {
	t.Helper()
	if freeForm.MatchString(path) {
		return
	}
	file := sourceOf(sdk, token)
	name := path[strings.LastIndex(path, ".")+1:]
	where := []string{file}
	if strings.Contains(path, ".") {
		more, err := filepath.Glob(filepath.Join(filepath.Dir(file), "pulumiTypes*.go"))
		require.NoError(t, err)
		where = more
	}
	for _, file := range where {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(source), fmt.Sprintf("`pulumi:%q`", name)) {
			return
		}
	}
	t.Errorf("%s has no property %s", token, path)
}
