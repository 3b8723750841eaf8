package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/configdoc"
)

// Every setting is described in Pulumi.yaml, and docs/configuration.md says the same.
func TestDocsOfTheConfiguration(t *testing.T) {
	groups, err := configdoc.Read(projectFile)
	require.NoError(t, err)
	checkGenerated(t, "docs/configuration.md", configdoc.Markdown(groups, config.ReservedOptions()))
}
