package configdoc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const example = `
name: airflow
# About all settings.
config:
  aws:region:
    value: us-east-1
  org:
    type: string
    description: Owner of the <platform>.
    default: acme
  network:
    type: object
    description: The VPC.
    default:
      # Its block,
      # private.
      cidr: 10.0.0.0/16
      # Zones | of the region.
      zones: [a, b]
      # Prefix length.
      bits: 20
      # Whether.
      on: true
      # By name.
      sizes: {cpu: 256, memory: 512}
      # Quoted.
      version: "16"
  pools:
    type: array
    description: >-
      Worker
      pools.
    default:
      -
        # Its name.
        name: default
        # Its tasks.
        slots: 4
  tags:
    type: object
    description: Tags.
    default: {}
`

func TestRead(t *testing.T) {
	groups, err := Read([]byte(example))
	require.NoError(t, err)
	require.Equal(t, []Group{
		{"org", "Owner of the <platform>.", []Setting{{"org", "text", "acme", "Owner of the <platform>."}}},
		{"network", "The VPC.", []Setting{
			{"network.cidr", "text", "10.0.0.0/16", "Its block, private."},
			{"network.zones", "list", "[a, b]", "Zones | of the region."},
			{"network.bits", "whole number", "20", "Prefix length."},
			{"network.on", "true or false", "true", "Whether."},
			{"network.sizes", "map", "{cpu: 256, memory: 512}", "By name."},
			{"network.version", "text", `"16"`, "Quoted."},
		}},
		{"pools", "Worker pools.", []Setting{
			{"pools[].name", "text", "default", "Its name."},
			{"pools[].slots", "whole number", "4", "Its tasks."},
		}},
		{"tags", "Tags.", []Setting{{"tags", "map", "{}", "Tags."}}},
	}, groups)
}

func TestMarkdown(t *testing.T) {
	groups, err := Read([]byte(example))
	require.NoError(t, err)
	page := Markdown(groups, map[string]string{"core.b": "reason | b", "core.a": "reason a"})
	require.Contains(t, page, "\n## The stack as a whole\n\nSettings with nothing below them.\n\n| setting | type | default | meaning |\n|---|---|---|---|\n"+
		"| `org` | text | `acme` | Owner of the &lt;platform>. |\n| `tags` | map | `{}` | Tags. |\n")
	require.NotContains(t, page, "## org")
	require.Contains(t, page, "\n## network\n\nThe VPC.\n\n| setting | type | default | meaning |\n|---|---|---|---|\n| `network.cidr` | text | `10.0.0.0/16` | Its block, private. |\n")
	require.Contains(t, page, "| `network.zones` | list | `[a, b]` | Zones \\| of the region. |")
	require.Contains(t, page, "| `pools[].slots` | whole number | `4` | Its tasks. |")
	require.True(t, strings.HasSuffix(page, "| `core.a` | reason a |\n| `core.b` | reason \\| b |\n"))
}

func TestWhatIsNotDescribedIsAFault(t *testing.T) {
	for want, change := range map[string][2]string{
		"configdoc: org has no description":               {"    description: Owner of the <platform>.\n", ""},
		"configdoc: org has no default":                   {"    default: acme\n", ""},
		"configdoc: network.bits has no comment above it": {"      # Prefix length.\n", ""},
		"configdoc: pools[].name has no comment above it": {"        # Its name.\n", ""},
	} {
		broken := strings.Replace(example, change[0], change[1], 1)
		require.NotEqual(t, example, broken)
		_, err := Read([]byte(broken))
		require.EqualError(t, err, want)
	}
	_, err := Read([]byte("config: [1"))
	require.ErrorContains(t, err, "configdoc: ")
	broken := strings.NewReplacer("      # Prefix length.\n", "", "      # Whether.\n", "").Replace(example)
	_, err = Read([]byte(broken))
	require.EqualError(t, err, "configdoc: network.bits has no comment above it\nconfigdoc: network.on has no comment above it")
}
