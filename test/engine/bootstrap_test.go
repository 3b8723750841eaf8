package engine

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBootstrapUnderThePolicyPack: it passes with what bootstrap/exceptions.json excuses,
// and each of these excuses something. A second run changes nothing.
func TestBootstrapUnderThePolicyPack(t *testing.T) {
	environment := []string{"SIM_HOME=" + t.TempDir()}
	printed, err := engine(t, environment, "scripts/bootstrap")
	require.NoError(t, err, printed)
	assert.Regexp(t, `Resources:\n +\+ \d+ created\n`, printed)
	printed, err = engine(t, environment, "scripts/bootstrap")
	require.NoError(t, err, printed)
	assert.Regexp(t, `Resources:\n +\d+ unchanged\n`, printed)
}

// TestBootstrapMakesWhatAWSWouldMakeTooLate: service-linked roles come before the
// first stack; those that the account has are no fault, any other answer is one.
func TestBootstrapMakesWhatAWSWouldMakeTooLate(t *testing.T) {
	home := newScriptsHome(t, map[string]string{
		"pulumi": `case "$*" in
*"config get accountId"*) echo 381492153064 ;;
*"config get stateBucket"*) echo pathwai-airflow-state ;;
esac`,
		"aws": `case "$1 $2" in
"sts get-caller-identity") echo 381492153064 ;;
"s3api head-bucket") echo "An error occurred (404): Not Found" >&2; exit 254 ;;
"iam get-open-id-connect-provider") exit 254 ;;
"iam create-service-linked-role")
    echo "$4" >>"$CALLS"
    case $4 in
    rds.*) echo "InvalidInput: Service role name AWSServiceRoleForRDS has been taken in this account, please try a different suffix." >&2; exit 254 ;;
    elasticache.*) [ -z "${REFUSED-}" ] || { echo "AccessDenied: $4" >&2; exit 254; } ;;
    esac ;;
*) echo "aws $*: not expected" >&2; exit 2 ;;
esac`,
	})
	for _, file := range []string{"go.mod", "go.sum", "bootstrap/Pulumi.yaml", "bootstrap/Pulumi.bootstrap.yaml"} {
		data, err := os.ReadFile(root + "/" + file)
		require.NoError(t, err)
		home.write(file, string(data), 0o644)
	}
	said, called, err := home.run("bootstrap")
	require.NoError(t, err, said)
	assert.Equal(t, "ecs.amazonaws.com\nelasticloadbalancing.amazonaws.com\nrds.amazonaws.com\nelasticache.amazonaws.com\necs.application-autoscaling.amazonaws.com\n", called)
	home.environment = append(home.environment, "REFUSED=yes")
	said, _, err = home.run("bootstrap")
	require.Error(t, err)
	assert.Contains(t, said, "bootstrap: the service-linked role of elasticache.amazonaws.com can't be made: AccessDenied: elasticache.amazonaws.com\n")
}
