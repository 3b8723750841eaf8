package repository

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/doclinks"
)

// Links between documents, and mentions of documents in prose and code, lead somewhere.
func TestDocsLinks(t *testing.T) {
	followed, faults, err := doclinks.Check(root, "bin")
	require.NoError(t, err)
	require.Empty(t, strings.Join(faults, "\n"))
	require.Greater(t, followed, 200)
}
