package componentdoc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const scopeFile = `package parts

// Scope is what names start with (docs/adr/0002).
type Scope struct {
	// Prefix is <org>-<stack>.
	Prefix string
}

// Mode is a choice.
type Mode string

const (
	// Fast is quick.
	Fast Mode = "fast"
	Slow Mode = "slow" // Slow | steady.
)
`

const netFile = `package parts

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ecr"
	randomly "github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TwoNetsArgs describes [TwoNets].
type TwoNetsArgs struct {
	Scope Scope
	// Size is how many, see docs/alarms.md; Names are what they are called.
	Size  int
	Names []string
	// Door is of the network; nil makes none.
	Door   *Door
	hidden int
}

// Door is a way in.
type Door struct {
	// Mode is how.
	Mode Mode
}

// TwoNets are networks (docs/adr/0001-first.md).
//
// They stand alone.
type TwoNets struct {
	pulumi.ResourceState

	// ID is the first one's.
	ID pulumi.IDOutput

	ready []pulumi.Resource
}

// NewTwoNets creates them.
func NewTwoNets(ctx *pulumi.Context, name string, args *TwoNetsArgs, opts ...pulumi.ResourceOption) (*TwoNets, error) {
	n := &TwoNets{}
	if _, err := ec2.NewVpc(ctx, name, &ec2.VpcArgs{}); err != nil {
		return nil, err
	}
	return n, n.more(ctx)
}

// more is called by name. docs/adr/0003
func (n *TwoNets) more(ctx *pulumi.Context) error {
	_, err := randomly.NewRandomBytes(ctx, "x", nil)
	return err
}

// Open is the door to [Scope].
func (n *TwoNets) Open(mode Mode) error { return push() }

func push() error {
	_, err := ecr.NewImage(nil, "", nil)
	return err
}

func unused() { ec2.NewSubnet(nil, "", nil) }
`

const diskFile = `package parts

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Disk keeps.
type Disk struct {
	pulumi.ResourceState
}

// DiskArgs describes a disk.
type DiskArgs struct {
	Scope Scope
	// Nets are where it is.
	Nets *TwoNets
}

// NewDisk creates it.
func NewDisk(ctx *pulumi.Context, name string, args DiskArgs) (*Disk, error) { return &Disk{}, nil }
`

// folder writes the example with a change.
func folder(t *testing.T, change ...string) string {
	t.Helper()
	dir := t.TempDir()
	replace := strings.NewReplacer(change...)
	for name, text := range map[string]string{
		"scope.go": scopeFile, "nets.go": netFile, "disk.go": diskFile,
		"nets_test.go": "package parts\n\ntype brokenTest struct{",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(replace.Replace(text)), 0o644))
	}
	return dir
}

var decisions = map[string]Decision{"0001": {"0001-first.md", "First"}, "0002": {"0002-second.md", "Second"}, "0003": {"0003-third.md", "Third"}}

func TestPages(t *testing.T) {
	pkg, err := Read(folder(t))
	require.NoError(t, err)
	files, err := Pages(pkg, decisions)
	require.NoError(t, err)
	require.Len(t, files, 3)
	require.Equal(t, `# TwoNets

Written by `+"`make golden`"+` from [components/nets.go](../../components/nets.go). [All components](README.md)

TwoNets are networks ([decision 0001](../adr/0001-first.md)).

They stand alone.

NewTwoNets creates them.

    NewTwoNets(ctx *pulumi.Context, name string, args *TwoNetsArgs, opts ...pulumi.ResourceOption) (*TwoNets, error)

## Arguments

TwoNetsArgs describes [TwoNets](two-nets.md).

| field | type | meaning |
|---|---|---|
| `+"`Scope` | [`Scope`](README.md#scope)"+` | Scope is what names start with ([decision 0002](../adr/0002-second.md)). |
| `+"`Size`, `Names` | `int`, `[]string`"+` | Size is how many, see [docs/alarms.md](../alarms.md); Names are what they are called. |
| `+"`Door` | [`*Door`](two-nets.md#door)"+` | Door is of the network; nil makes none. |

## Outputs

| field | type | meaning |
|---|---|---|
| `+"`ID` | `pulumi.IDOutput`"+` | ID is the first one's. |

| method | meaning |
|---|---|
| `+"`Open(mode Mode) error`"+` | Open is the door to [Scope](README.md#scope). |

## Types

### Door

Door is a way in.

| field | type | meaning |
|---|---|---|
| `+"`Mode` | [`Mode`](two-nets.md#mode)"+` | Mode is how. |

### Mode

Mode is a choice.

    type Mode string

| constant | value | meaning |
|---|---|---|
| `+"`Fast` | `\"fast\"`"+` | Fast is quick. |
| `+"`Slow` | `\"slow\"`"+` | Slow \| steady. |

## Resources

What it can create; what a stack does create is in testdata/golden.

- `+"`aws:ec2/vpc:Vpc`\n- `awsx:ecr:Image`\n- `random:index/randomBytes:RandomBytes`"+`

## Decisions

- [0001](../adr/0001-first.md) First
- [0003](../adr/0003-third.md) Third
`, files["two-nets.md"])
	require.Contains(t, files["disk.md"], "| `Nets` | [`*TwoNets`](two-nets.md) | Nets are where it is. |\n\n## Outputs\n\nNone: nothing else needs to know it.\n\n## Resources\n")
	require.NotContains(t, files["disk.md"], "## Decisions")
	require.Contains(t, files["README.md"], "| [Disk](disk.md) | Disk keeps. |\n| [TwoNets](two-nets.md) | TwoNets are networks ([decision 0001](../adr/0001-first.md)). |\n\n## Shared types\n")
	require.True(t, strings.HasSuffix(files["README.md"], "### Scope\n\nScope is what names start with ([decision 0002](../adr/0002-second.md)).\n\n"+
		"| field | type | meaning |\n|---|---|---|\n| `Prefix` | `string` | Prefix is \\<org>-\\<stack>. |\n"))
}

func TestWhatIsNotDescribedIsAFault(t *testing.T) {
	for want, change := range map[string][2]string{
		"TwoNets has no comment":                                   {"// TwoNets are networks (docs/adr/0001-first.md).\n//\n// They stand alone.\n", ""},
		"NewTwoNets has no comment":                                {"// NewTwoNets creates them.\n", ""},
		"TwoNetsArgs has no comment":                               {"// TwoNetsArgs describes [TwoNets].\n", ""},
		"TwoNetsArgs.Names has no comment":                         {"; Names are what", "; they are what"},
		"TwoNets.ID has no comment":                                {"	// ID is the first one's.\n", ""},
		"TwoNets.Open has no comment":                              {"// Open is the door to [Scope].\n", ""},
		"Scope.Prefix has no comment":                              {"	// Prefix is <org>-<stack>.\n", ""},
		"Slow has no comment":                                      {" // Slow | steady.", ""},
		"Disk is a component without NewDisk(ctx, name, args)":     {"func NewDisk(", "func MakeDisk("},
		"NewDisk: the type of its arguments is not of the package": {"args DiskArgs)", "args pulumi.Map)"},
	} {
		_, err := Read(folder(t, change[0], change[1]))
		require.EqualError(t, err, "componentdoc: "+want)
	}
	_, err := Read(folder(t, "	// ID is the first one's.\n", "", "// NewTwoNets creates them.\n", ""))
	require.EqualError(t, err, "componentdoc: NewTwoNets has no comment\ncomponentdoc: TwoNets.ID has no comment")
	_, err = Read(folder(t, "type Disk struct {", "type Disk struct"))
	require.ErrorContains(t, err, "componentdoc: ")
	_, err = Read(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestACitedDecisionMustExist(t *testing.T) {
	pkg, err := Read(folder(t))
	require.NoError(t, err)
	_, err = Pages(pkg, map[string]Decision{"0002": decisions["0002"], "0003": decisions["0003"]})
	require.EqualError(t, err, "componentdoc: TwoNets cites docs/adr/0001, which doesn't exist")
}

func TestDecisions(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"0001-first.md": "# 0001. First\n\n# 0009. Other\n", "0002-untitled.md": "text\n", "README.md": "# 0003. None\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	got, err := Decisions(dir)
	require.NoError(t, err)
	require.Equal(t, map[string]Decision{"0001": {"0001-first.md", "First"}}, got)
}

func TestResource(t *testing.T) {
	for function, want := range map[[2]string]string{
		{"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3", "NewBucketV2"}:          "aws:s3/bucketV2:BucketV2",
		{"github.com/pulumi/pulumi-random/sdk/v4/go/random", "NewRandomPassword"}: "random:index/randomPassword:RandomPassword",
		{"github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ecr", "NewRepository"}:     "awsx:ecr:Repository",
		{"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3", "BucketV2Args"}:         "",
		{"github.com/pulumi/pulumi/sdk/v3/go/pulumi", "NewContext"}:               "",
		{"fmt", "NewThing"}: "",
	} {
		require.Equal(t, want, resource(function[0], function[1]), function)
	}
}
