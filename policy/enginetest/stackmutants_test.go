package enginetest

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/policy/rules"
)

// TestStackMutants takes what the repository's stacks declare, makes every
// property that concerns security worse, one at a time, and shows that the real
// CLI, with the real pack, refuses it. What isn't refused must have a reason in
// uncovered.csv. It prints a table and the score:
//
//	go test ./enginetest -run TestStackMutants -v
func TestStackMutants(t *testing.T) {
	tally := newTally(t)
	stacks := realStacks(t)
	e := newEngine(t, "")
	for _, name := range slices.Sorted(maps.Keys(stacks)) {
		tally.resources += len(stacks[name])
		cloned(t, e, name, stacks[name], tally)
		inPlace(t, e, name, stacks[name], tally)
	}
	tally.print()
	tally.conclude(t)
}

// cloned runs one preview of a stack with all its resources and, beside them,
// a clone per mutant, and one unchanged clone of each resource: what the rules
// have against that one is for being there twice, and doesn't count.
func cloned(t *testing.T, e *engine, stackName string, resources []declared, tally *tally) {
	t.Helper()
	controls, mutants := map[string]string{}, map[string]flip{}
	found, output, err := e.do(t, run{stack: stackName}, func(ctx *pulumi.Context) error {
		p := &program{ctx: ctx, made: map[string]*anything{}}
		for _, res := range resources {
			if err := p.declare(nameIn(res.URN), res); err != nil {
				return err
			}
		}
		for i, res := range resources {
			all := flips(res)
			tally.types[res.Type] += len(all)
			if len(all) == 0 {
				continue
			}
			control := fmt.Sprintf("control-%04d", i)
			if err := p.declare(control, res); err != nil {
				return err
			}
			for j, f := range all {
				name := fmt.Sprintf("mutant-%04d-%04d", i, j)
				controls[name], mutants[name] = control, f
				worse := f.of
				worse.Inputs = f.inputs
				if err := p.declare(name, worse); err != nil {
					return err
				}
			}
		}
		return nil
	})
	require.Error(t, err)
	require.Contains(t, output, "Policies:", output[max(0, len(output)-2000):])
	refused := map[string]map[string]bool{}
	for _, v := range found {
		if v.level != mandatory {
			continue
		}
		name := nameIn(v.urn)
		if refused[name] == nil {
			refused[name] = map[string]bool{}
		}
		refused[name][v.policy] = true
	}
	for _, name := range slices.Sorted(maps.Keys(mutants)) {
		var by []string
		for rule := range refused[name] {
			if !refused[controls[name]][rule] {
				by = append(by, rule)
			}
		}
		tally.add(mutants[name], by)
	}
}

// guardsOf says which rule misses a resource that guards another one ("none"
// does for some), and in which property it names that one.
var guardsOf = map[string]struct{ rule, property string }{
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {"bucket-policy-declared", "bucket"},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {"bucket-access-block-declared", "bucket"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {"bucket-versioned", "bucket"},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {"bucket-encrypted", "bucket"},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {"none", "bucket"},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       {"none", "bucket"},
	"aws:efs/fileSystemPolicy:FileSystemPolicy":                                                  {"efs-policy-declared", "fileSystemId"},
	"aws:efs/backupPolicy:BackupPolicy":                                                          {"none", "fileSystemId"},
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":                                          {"default-security-group-declared", "vpcId"},
	"aws:ec2/flowLog:FlowLog":                                                                    {"flow-log-declared", "vpcId"},
	"aws:ec2/vpcEndpoint:VpcEndpoint":                                                            {"endpoints-present", "vpcId"},
	"aws:rds/parameterGroup:ParameterGroup":                                                      {"database-parameters-declared", ""},
}

// wanted is a mutant whose finding is on another resource.
type wanted struct {
	flip
	rule, at, says string
}

// inPlace runs one preview of a stack without what guards its resources, and
// with roles shared: faults that concern more than one resource. Each is told
// from the others by its rule, its resource and its message.
func inPlace(t *testing.T, e *engine, stackName string, resources []declared, tally *tally) {
	t.Helper()
	rest, all := withoutGuards(resources)
	rest, shared := sharedRoles(rest)
	all = append(all, shared...)
	found, _, err := e.do(t, run{stack: stackName}, func(ctx *pulumi.Context) error {
		p := &program{ctx: ctx, made: map[string]*anything{}}
		for _, res := range rest {
			if err := p.declare(nameIn(res.URN), res); err != nil {
				return err
			}
		}
		return nil
	})
	require.Error(t, err)
	for _, w := range all {
		var by []string
		if slices.ContainsFunc(found, func(v violation) bool {
			return v.level == mandatory && v.policy == w.rule && (w.at == "" || nameIn(v.urn) == w.at) && strings.Contains(v.message, w.says)
		}) {
			by = []string{w.rule}
		}
		tally.add(w.flip, by)
	}
}

func withoutGuards(resources []declared) ([]declared, []wanted) {
	var rest []declared
	var all []wanted
	for _, res := range resources {
		guard, known := guardsOf[res.Type]
		if !known {
			rest = append(rest, res)
			continue
		}
		w := wanted{flip: flip{of: res, property: "(the resource)", change: "left out"}, rule: guard.rule}
		if sources := res.PropertyDependencies[guard.property]; len(sources) > 0 {
			w.at = nameIn(sources[0])
		}
		if service, ok := res.Inputs["serviceName"].(string); ok {
			w.says = " endpoint for " + strings.SplitN(service, ".", 4)[3] + "."
		}
		all = append(all, w)
	}
	return rest, all
}

// sharedRoles gives every other task definition one role for both uses, and
// the ones between the role of their neighbour.
func sharedRoles(resources []declared) ([]declared, []wanted) {
	const task, execution = "taskRoleArn", "executionRoleArn"
	var all []wanted
	var before declared
	give := func(to *declared, property string, from declared, source string) {
		inputs, deps := maps.Clone(to.Inputs), maps.Clone(to.PropertyDependencies)
		inputs[property], deps[property] = from.Inputs[source], from.PropertyDependencies[source]
		to.Inputs, to.PropertyDependencies = inputs, deps
	}
	changed := slices.Clone(resources)
	for i := range changed {
		res := &changed[i]
		if res.Type != "aws:ecs/taskDefinition:TaskDefinition" {
			continue
		}
		if before.Type == "" {
			before = *res
			give(res, execution, *res, task)
			all = append(all, wanted{flip: flip{of: *res, property: execution, change: "the task role"}, rule: "task-roles-apart", at: nameIn(res.URN), says: "are one"})
			continue
		}
		give(res, task, before, task)
		all = append(all, wanted{flip: flip{of: *res, property: task, change: "another service's"}, rule: "task-roles-apart", at: nameIn(before.PropertyDependencies[task][0]), says: "shared by"})
		before = declared{}
	}
	return changed, all
}

// reason says why a mutant isn't refused. Its columns are patterns.
type reason struct {
	// kind is "uncovered", or "harmless" for a change that makes nothing worse.
	kind, why string
	match     *regexp.Regexp
	used      bool
}

// row is what became of one change of one property, over all resources.
type row struct {
	count, refused int
	by             map[string]bool
	reason         *reason
}

type tally struct {
	resources int
	reasons   []*reason
	rows      map[string]*row
	// types counts mutants by type.
	types map[string]int
}

func newTally(t *testing.T) *tally {
	t.Helper()
	file, err := os.Open("uncovered.csv")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	lines, err := reader.ReadAll()
	require.NoError(t, err)
	all := &tally{rows: map[string]*row{}, types: map[string]int{}}
	for _, line := range lines[1:] {
		require.Len(t, line, 5)
		require.Contains(t, []string{"uncovered", "harmless"}, line[0])
		require.NotEmpty(t, line[4], line)
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.Join(line[1:4], "\t")), `\*`, ".*")
		all.reasons = append(all.reasons, &reason{kind: line[0], why: line[4], match: regexp.MustCompile("^" + pattern + "$")})
	}
	return all
}

func (a *tally) add(f flip, by []string) {
	key := strings.Join([]string{f.of.Type, f.property, f.change}, "\t")
	r := a.rows[key]
	if r == nil {
		r = &row{by: map[string]bool{}}
		a.rows[key] = r
	}
	r.count++
	if len(by) > 0 {
		r.refused++
		for _, rule := range by {
			r.by[rule] = true
		}
		return
	}
	if i := slices.IndexFunc(a.reasons, func(known *reason) bool { return known.match.MatchString(key) }); i >= 0 {
		r.reason = a.reasons[i]
		r.reason.used = true
	}
}

func (a *tally) print() {
	fmt.Printf("%-34s %-62s %-34s %8s  %s\n", "TYPE", "PROPERTY", "CHANGE", "REFUSED", "BY")
	for _, key := range slices.Sorted(maps.Keys(a.rows)) {
		r, parts := a.rows[key], strings.Split(key, "\t")
		by := slices.Sorted(maps.Keys(r.by))
		if r.refused < r.count {
			why := "NOBODY KNOWS WHY NOT"
			if r.reason != nil {
				why = r.reason.kind + ": " + r.reason.why
			}
			by = append(by, why)
		}
		short := parts[0][:strings.LastIndex(parts[0], ":")]
		fmt.Printf("%-34s %-62s %-34s %8s  %s\n", short, parts[1], parts[2], fmt.Sprintf("%d/%d", r.refused, r.count), strings.Join(by, ", "))
	}
}

// conclude prints the score, and fails for what has no reason, for reasons
// that nothing needs, and for rules that met no mutant of their types.
func (a *tally) conclude(t *testing.T) {
	t.Helper()
	refused, uncovered, unexplained, harmless, kinds, kindsRefused := 0, 0, 0, 0, 0, 0
	for key, r := range a.rows {
		left := r.count - r.refused
		refused += r.refused
		switch {
		case left == 0:
		case r.reason == nil:
			t.Errorf("%d of %d mutants are neither refused nor explained in uncovered.csv: %s", left, r.count, strings.ReplaceAll(key, "\t", ","))
			unexplained += left
		case r.reason.kind == "harmless":
			harmless += left
		default:
			uncovered += left
		}
		if r.reason == nil || r.reason.kind != "harmless" || r.refused > 0 {
			kinds++
			if r.refused == r.count {
				kindsRefused++
			}
		}
	}
	for _, known := range a.reasons {
		assert.True(t, known.used, "uncovered.csv explains what doesn't happen: %s: %s", known.match, known.why)
	}
	total := refused + uncovered + unexplained
	require.GreaterOrEqual(t, total, 60)
	maps.DeleteFunc(a.types, func(_ string, mutants int) bool { return mutants > 0 })
	fmt.Printf("types without a property that a mutant is made of: %s\n", strings.Join(slices.Sorted(maps.Keys(a.types)), ", "))
	fmt.Printf("not counted: %d changes that make nothing worse\n", harmless)
	fmt.Printf("the stacks' own %d resources: %d mutants, %d refused, %d uncovered with a reason, %d without; score %.1f %% (%d of %d kinds of change are always refused; %d rules met one)\n",
		a.resources, total, refused, uncovered, unexplained, 100*float64(refused)/float64(cmp.Or(total, 1)), kindsRefused, kinds, a.rulesMet())
}

func (a *tally) rulesMet() int {
	met := map[string]bool{}
	for _, r := range a.rows {
		maps.Copy(met, r.by)
	}
	for name := range met {
		if !slices.ContainsFunc(rules.All(), func(rule rules.Rule) bool { return rule.Name == name }) {
			delete(met, name)
		}
	}
	return len(met)
}
