package platform

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The output names every secret that there is, and none that there isn't.
func TestSecretsOutputIsComplete(t *testing.T) {
	t.Setenv("PULUMI_CONFIG", `{"airflow:oidcClientSecret":"of-a-test"}`)
	stacks := roleStacks()
	for _, name := range []string{"dev", "dev with a login at the IdP"} {
		cfg := stackOf(t, name, stacks[name])
		var declared []string
		for _, secret := range record(t, cfg).Of("aws:secretsmanager/secret:Secret") {
			declared = append(declared, secret.Plain()["name"].(string))
		}
		require.ElementsMatch(t, declared, secretNames(cfg), name)
	}
}
