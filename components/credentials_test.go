package components

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

const (
	passwordToken = "random:index/randomPassword:RandomPassword"
	bytesToken    = "random:index/randomBytes:RandomBytes"
	versionToken  = "aws:secretsmanager/secretVersion:SecretVersion"
	secretToken   = "aws:secretsmanager/secret:Secret"
)

func runSecrets(t testing.TB, generations Generations, oidcSecret pulumi.StringInput) *recorder.Record {
	return run(t, func(ctx *pulumi.Context) error {
		_, err := newTestSecrets(ctx, generations, oidcSecret)
		return err
	})
}

func TestCredentialsNeedNoEscaping(t *testing.T) {
	record := runSecrets(t, firstGenerations, nil)
	for name, length := range map[string]float64{
		"database-password": 32, "metrics-password": 32, "dag-processor-password": 32, "triggerer-password": 32, "broker-token": 64, "jwt-secret-1": 96, "api-secret-key": 64,
	} {
		password := one(t, record, passwordToken, "credentials-"+name)
		require.Equal(t, length, password["length"], name)
		require.Equal(t, false, password["special"], "%s would need escaping in a URL", name)
		require.Equal(t, map[string]any{"generation": "1"}, password["keepers"])
	}
	require.GreaterOrEqual(t, jwtLength, 64, "HS512 wants 64 bytes")
	require.Equal(t, 32.0, one(t, record, bytesToken, "credentials-fernet-1")["length"], "Fernet takes 32 bytes")
}

// Raising one generation makes one new value and no other.
func TestCredentialsRotateOneByOne(t *testing.T) {
	rotated := firstGenerations
	rotated.BrokerToken = 2
	record := runSecrets(t, rotated, nil)
	for _, res := range record.Of(passwordToken) {
		want := "1"
		if res.Name == "credentials-broker-token" || res.Name == "credentials-jwt-secret-2" {
			want = "2" // of the JWT secrets the next one is there already
		}
		require.Equal(t, map[string]any{"generation": want}, res.Plain()["keepers"], res.Name)
	}
}

// The key of the generation before stays, under the name that it had: it is
// not made anew, and Airflow still reads what it encrypted.
func TestFernetRotationKeepsThePreviousKey(t *testing.T) {
	for generation, want := range map[int]struct {
		resources []string
		value     string
	}{
		1: {[]string{"credentials-fernet-1"}, "a-b_credentials-fernet-1"},
		2: {[]string{"credentials-fernet-1", "credentials-fernet-2"}, "a-b_credentials-fernet-2,a-b_credentials-fernet-1"},
		3: {[]string{"credentials-fernet-2", "credentials-fernet-3"}, "a-b_credentials-fernet-3,a-b_credentials-fernet-2"},
	} {
		generations := firstGenerations
		generations.FernetKey = generation
		record := runSecrets(t, generations, nil)
		require.Equal(t, want.resources, names(record, bytesToken))
		require.Equal(t, want.value, one(t, record, versionToken, "secrets-fernet-key")["secretString"],
			"the current key first, both URL-safe")
	}
}

// A secret is trusted before and after it signs: whichever task is replaced
// first, no token meets an api-server that doesn't know its key.
func TestJWTRotationOverlaps(t *testing.T) {
	for generation, want := range map[int]struct {
		resources []string
		kids      []string
	}{
		1: {[]string{"credentials-jwt-secret-1", "credentials-jwt-secret-2"}, []string{"1", "2", "not-used"}},
		2: {[]string{"credentials-jwt-secret-1", "credentials-jwt-secret-2", "credentials-jwt-secret-3"}, []string{"1", "2", "3", "not-used"}},
		5: {[]string{"credentials-jwt-secret-4", "credentials-jwt-secret-5", "credentials-jwt-secret-6"}, []string{"4", "5", "6", "not-used"}},
	} {
		generations := firstGenerations
		generations.JWTSecret = generation
		record := runSecrets(t, generations, nil)
		made := slices.DeleteFunc(names(record, passwordToken), func(name string) bool { return !strings.HasPrefix(name, "credentials-jwt-secret") })
		require.Equal(t, want.resources, made)
		current := fmt.Sprintf("credentials-jwt-secret-%d", generation)
		for _, name := range made {
			var before []string
			if name == current { // what a stack from before the generations had names signs with is kept
				before = []string{"credentials-jwt-secret"}
			}
			require.Equal(t, before, raw(t, record, passwordToken, name).Aliases, name)
		}

		var entry struct{ Sign, Trust string }
		require.NoError(t, json.Unmarshal([]byte(one(t, record, versionToken, "secrets-jwt-secret")["secretString"].(string)), &entry))
		require.Equal(t, "secret-"+current, entry.Sign)
		var set struct{ Keys []map[string]string }
		require.NoError(t, json.Unmarshal([]byte(entry.Trust), &set))
		var kids []string
		for _, key := range set.Keys {
			kids = append(kids, key["kid"])
			name := "credentials-jwt-secret-" + key["kid"]
			if key["kid"] == "not-used" {
				name = current
			}
			secret, err := base64.RawURLEncoding.DecodeString(key["k"])
			require.NoError(t, err)
			require.Equal(t, "secret-"+name, string(secret))
			require.Equal(t, []string{"oct", "HS512"}, []string{key["kty"], key["alg"]})
		}
		require.Equal(t, want.kids, kids)
	}
}

func TestURLSafe(t *testing.T) {
	require.Equal(t, "-_-_aZ09=,", urlSafe("+/+/aZ09=,"))
}

// --- entries in Secrets Manager

func TestSecretsAreUnderTheirKey(t *testing.T) {
	record := runSecrets(t, firstGenerations, nil)
	want := []string{"api-secret-key", "broker-url", "dag-processor-url", "database-url", "fernet-key", "jwt-secret", "metrics-url", "server-url", "triggerer-url"}
	require.Len(t, record.Of(secretToken), len(want))
	for _, name := range want {
		secret := one(t, record, secretToken, "secrets-"+name)
		// A deleted secret's name is taken until its recovery days are over.
		require.Equal(t, "acme-airflow-test/"+name+"-secret-credentials-life", secret["name"])
		require.Equal(t, []string{"name"}, raw(t, record, secretToken, "secrets-"+name).IgnoreChanges, "an older stack would lose its secrets")
		require.Equal(t, secretsKeyARN, secret["kmsKeyId"])
		require.Equal(t, 9.0, secret["recoveryWindowInDays"])
		require.NotEmpty(t, secret["description"])
		version := raw(t, record, versionToken, "secrets-"+name)
		require.True(t, version.Inputs["secretString"].ContainsSecrets(), "%s is in clear in the state", name)
	}
}

func TestSecretsWithAnIdP(t *testing.T) {
	// A caller who forgets to mark it: the state must hold it encrypted all the same.
	record := runSecrets(t, firstGenerations, pulumi.String("from the IdP"))
	require.Contains(t, names(record, secretToken), "secrets-oidc-client-secret")
	version := raw(t, record, versionToken, "secrets-oidc-client-secret")
	require.True(t, version.Inputs["secretString"].ContainsSecrets())
	require.Equal(t, "from the IdP", version.Plain()["secretString"])
	require.False(t, slices.Contains(names(runSecrets(t, firstGenerations, nil), secretToken), "secrets-oidc-client-secret"))
}

// Each URL verifies the certificate; a driver that is told nothing verifies nothing.
func TestSecretURLs(t *testing.T) {
	record := runSecrets(t, firstGenerations, nil)
	for secret, user := range map[string]string{
		"database-url": "airflow:secret-credentials-database-password", "server-url": "airflow_server:secret-credentials-server-password",
		"metrics-url":       "airflow_metrics:secret-credentials-metrics-password",
		"dag-processor-url": "airflow_dag_processor:secret-credentials-dag-processor-password", "triggerer-url": "airflow_triggerer:secret-credentials-triggerer-password",
	} {
		server := user + "@db.test:5432/airflow"
		require.JSONEq(t, `{
			"sync": "postgresql+psycopg2://`+server+`?sslmode=verify-full",
			"async": "postgresql+asyncpg://`+server+`?ssl=verify-full",
			"libpq": "postgres://`+server+`?sslmode=verify-full"
		}`, one(t, record, versionToken, "secrets-"+secret)["secretString"].(string))
	}
	require.Equal(t, "rediss://:secret-credentials-broker-token@broker.test:6379/0?ssl_cert_reqs=required",
		one(t, record, versionToken, "secrets-broker-url")["secretString"])
	require.Equal(t, "secret-credentials-api-secret-key", one(t, record, versionToken, "secrets-api-secret-key")["secretString"])
}

// A user's two names take turns, so that the password before stays good while
// tasks that were given it are replaced; the owner has one, which RDS knows.
func TestDatabaseUsersTakeTurns(t *testing.T) {
	for generation, suffix := range map[int]string{1: "", 2: "_b", 3: "", 10: "_b"} {
		generations := firstGenerations
		generations.DatabasePassword = generation
		record := runSecrets(t, generations, nil)
		users := map[string]string{}
		for _, secret := range []string{"database-url", "server-url", "metrics-url", "dag-processor-url", "triggerer-url"} {
			var urls map[string]string
			require.NoError(t, json.Unmarshal([]byte(one(t, record, versionToken, "secrets-"+secret)["secretString"].(string)), &urls))
			parsed, err := url.Parse(urls["libpq"])
			require.NoError(t, err)
			users[secret] = parsed.User.Username()
		}
		require.Equal(t, map[string]string{
			"database-url": "airflow", "server-url": "airflow_server" + suffix, "metrics-url": "airflow_metrics" + suffix,
			"dag-processor-url": "airflow_dag_processor" + suffix, "triggerer-url": "airflow_triggerer" + suffix,
		}, users)
	}
}

// The stack's life is part of names: letters that all of them may hold.
func TestLife(t *testing.T) {
	record := runSecrets(t, firstGenerations, nil)
	require.Equal(t, map[string]any{"length": 6.0, "special": false, "upper": false},
		one(t, record, "random:index/randomString:RandomString", "credentials-life"))
}
