package config

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is reserved under a name that no line has keeps nobody from anything.
func TestReservedOptionsAreAirflows(t *testing.T) {
	for name := range ReservedOptions() {
		known := slices.ContainsFunc(airflowLines, func(line any) bool {
			list, ok := optionsOf(line.(string))
			section, _ := list.split(name)
			return ok && (slices.Contains(list.names, name) || list.open[section])
		})
		require.True(t, known, "%s is reserved, and no line of Airflow has it", name)
	}
}

// A line without a list would take any name.
func TestEachLineHasItsOptions(t *testing.T) {
	for _, line := range airflowLines {
		list, ok := optionsOf(line.(string))
		require.True(t, ok, line)
		require.Greater(t, len(list.names), 300, line)
		for _, name := range []string{"core.parallelism", "celery.worker_concurrency", "fab.config_file"} {
			require.Contains(t, list.names, name, line)
		}
		for old, now := range list.moved {
			require.NotContains(t, list.names, old, line)
			require.Contains(t, list.names, now, line)
		}
	}
	_, ok := optionsOf("2.10")
	require.False(t, ok)
}
