package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDomainsOfNoPublicCA(t *testing.T) {
	for host, domain := range map[string]string{
		"airflow.pathwai.internal": "internal", "airflow.local": "local", "a.localdomain": "localdomain", "a.localhost": "localhost",
		"airflow.lan": "lan", "airflow.home": "home", "nas.home.arpa": "home.arpa", "airflow.corp": "corp", "a.intranet": "intranet",
		"a.private": "private", "a.test": "test", "idp.corp.example": "example", "a.invalid": "invalid", "corp": "corp",
		// Of these only the beginning or the end of a label reads like one.
		"internal.pathwai.com": "", "airflow.pathwaiinternal": "", "a.corp.com": "", "example.com": "", "a.arpa": "", "airflow.dev.pathwai.com": "",
	} {
		require.Equal(t, domain, privateDomain(host), host)
	}
}
