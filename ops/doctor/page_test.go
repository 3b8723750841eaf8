package doctor

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var writePage = flag.Bool("write-page", false, "write docs/doctor.md")

const page = "../../docs/doctor.md"

// The page has the doctor's table and what it says of two accounts, as it says it.
func TestThePageIsWhatTheDoctorSays(t *testing.T) {
	a := newAccount(t)
	healthy := a.text()
	a.sicken()
	sick := a.text()

	var text strings.Builder
	text.WriteString(`# What the doctor looks at

Written by ` + "`go test ./doctor -run Page -write-page`" + ` in [ops](../ops). ` + "`make doctor STACK=dev CLOUD=aws`" + ` looks at what a plan
can't know, before the first ` + "`make up`" + ` and, in the pipeline, before each; ` + "`make up`" + ` itself doesn't ask. Every call only reads.
What moto lacks is answered by the test: quotas, offers of RDS, ElastiCache and endpoint services, cost allocation tags,
block public access.

Green is as it should be; after a warning up goes through; red stops up, or what it makes doesn't work. What couldn't be
looked at, for lack of a permission or of an answer, is unknown, never green. It ends with 4 when something is red; with
1 when nothing is, but a check is unknown at which up may stop; and with 0 otherwise. ` + "`ops doctor STACK --fix`" + ` makes the
service-linked roles that are missing (` + "`iam:CreateServiceLinkedRole`" + `), and nothing else.

| check | question | unknown ends with | actions |
|---|---|---|---|
`)
	for _, check := range a.Checks() {
		ends, actions := 0, ""
		if check.Stops {
			ends = 1
		}
		if len(check.Actions) > 0 {
			actions = "`" + strings.Join(check.Actions, "`, `") + "`"
		}
		fmt.Fprintf(&text, "| %s | %s | %d | %s |\n", check.Name, check.Asks, ends, actions)
	}
	text.WriteString("\n## A healthy account\n\n```\n" + healthy + "```\n\n## A sick one\n\n```\n" + sick + "```\n")
	if *writePage {
		require.NoError(t, os.WriteFile(page, []byte(text.String()), 0o600))
	}
	written, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, text.String(), string(written), "go test ./doctor -run Page -write-page")
}

func (a *account) text() string {
	a.t.Helper()
	found, err := a.Examine(a.t.Context())
	require.NoError(a.t, err)
	return tame(Text(found)) + fmt.Sprintf("doctor: %s\n", Judge(found))
}

// sicken plants faults of every kind at once.
func (a *account) sicken() {
	planted := map[string]bool{
		"service-linked-roles/one missing": true, "fargate-quotas/no room for one more task": true, "zones/the oldest one": true,
		"endpoint-services/not in the zone": true, "database-class/not with gp3": true, "certificate/near its end": true, "images/for X86_64": true,
		"buckets/another account's": true, "secrets/one that waits": true, "budget/a member of an Organization": true,
		"block-public-access/off": true, "hostname/unknown here": true, "backend/a passphrase": true,
	}
	for _, p := range plants() {
		if planted[p.check+"/"+p.name] {
			p.do(a)
		}
	}
	a.Fail("ListCostAllocationTags", 9, http.StatusBadRequest, "AccessDeniedException: Linked account doesn't have access to cost allocation tags.")
	a.Fail("DescribeCacheEngineVersions", 9, http.StatusForbidden, "AccessDenied: User is not authorized to perform elasticache:DescribeCacheEngineVersions")
}
