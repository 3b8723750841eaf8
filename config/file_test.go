package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// fileWith is dev's file with more settings, as text.
func fileWith(t *testing.T, more string) string {
	t.Helper()
	data, err := os.ReadFile("../Pulumi.dev.yaml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(path, append(data, more...), 0o600))
	return path
}

// A file as `pulumi config set --secret` leaves it is as valid as what the
// engine makes of it, and an encrypted setting that is no secret as wrong.
func TestAFileWithEncryptedValues(t *testing.T) {
	login, err := yaml.Marshal(changed(t, withIdP("alb", nil)).Config["airflow:login"])
	require.NoError(t, err)
	path := fileWith(t, "  airflow:login: "+string(login)+"  airflow:oidcClientSecret:\n    secure: AAABAExample\n")
	values, err := FromFile(path, "dev")
	require.NoError(t, err)
	require.Equal(t, []string{"airflow:oidcClientSecret"}, values.SecretKeys)
	cfg, err := Load(project(t), values)
	require.NoError(t, err)
	require.Equal(t, SecretPresence{Set: true, Encrypted: true}, cfg.OIDCClientSecret)

	path = fileWith(t, "  airflow:oidcClientSecret: in-clear\n")
	values, err = FromFile(path, "dev")
	require.NoError(t, err)
	require.Empty(t, values.SecretKeys)
}

func TestWhatIsEncryptedInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Pulumi.x.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`config:
  airflow:tags: {Owner: {secure: AAABAExample}}
  airflow:workerPools: [{name: default, queues: [{secure: AAABAExample}]}]
  airflow:login: {secure: not the engine's form, mode: none}
  airflow:schedule: {secure: {timezone: UTC}}
  airflow:org: secure
`), 0o600))
	values, err := FromFile(path, "x")
	require.NoError(t, err)
	require.Equal(t, []string{"airflow:tags", "airflow:workerPools"}, values.SecretKeys)
	require.Equal(t, `{"Owner":{"secure":"AAABAExample"}}`, values.Config["airflow:tags"])
}

// A null in a file is to the engine what an empty text is: no answer.
func TestANullInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Pulumi.x.yaml")
	require.NoError(t, os.WriteFile(path, []byte("config:\n  airflow:org: null\n  airflow:network:\n    cidr: ~\n"), 0o600))
	values, err := FromFile(path, "x")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"airflow:org": "", "airflow:network": `{"cidr":null}`}, values.Config)
}
