package main

import (
	"encoding/json"
	"path"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// parliament found that the deploy role, whose name is like the platform's
// roles, could give itself any policy.
func TestDeployRoleCannotChangeItself(t *testing.T) {
	s := settings{region: "us-east-1", account: "381492153064", org: "pathwai", bucket: "state", repository: "o/r"}
	var document struct {
		Statement []struct {
			Sid, Effect string
			Action      any
			Resource    any
			Condition   map[string]map[string]any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(permissions(s, "deploy")), &document))
	var refused []string
	for _, statement := range document.Statement {
		if statement.Effect != "Deny" {
			continue
		}
		refused = append(refused, statement.Sid)
		pattern, ok := statement.Resource.(string)
		require.True(t, ok)
		for _, purpose := range []string{"deploy", "preview"} {
			covered, err := path.Match(path.Base(pattern), path.Base(roleARN(s, purpose)))
			require.NoError(t, err)
			require.True(t, covered, "%s leaves out %s", statement.Sid, purpose)
		}
		if statement.Sid == "NoPoliciesOfAWS" {
			require.Equal(t, "arn:aws:iam::381492153064:policy/*", statement.Condition["ArnNotLike"]["iam:PolicyARN"])
		}
	}
	slices.Sort(refused)
	require.Equal(t, []string{"NoPoliciesOfAWS", "NotItself"}, refused)
	require.NotContains(t, string(permissions(s, "preview")), `"iam:`)
	require.Contains(t, string(permissions(s, "deploy")), `"iam:UpdateRoleDescription"`, "a role's changed description would be refused")
}
