package platform

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/internal/alarmfeed"
	"github.com/pathwai/airflow-on-fargate/internal/dashboard"
)

// Widgets fill CloudWatch's grid without lying upon each other, and each line of
// theirs is a metric that somebody produces.
func TestDashboard(t *testing.T) {
	for _, stack := range bothStacks {
		t.Run(stack, func(t *testing.T) {
			declared := record(t, loadStack(t, stack))
			resource, err := declared.One(dashboard.Type, "dashboard")
			require.NoError(t, err)
			board, err := dashboard.Parse(resource.Plain()["dashboardBody"].(string))
			require.NoError(t, err)
			assert.Empty(t, board.Faults())
			feeds, lines := alarmFeeds(t, declared), 0
			for _, widget := range board.Widgets {
				for _, metric := range widget.Metrics {
					lines++
					_, err := feeds.By(alarmfeed.Metric(metric))
					assert.NoError(t, err, widget.Title)
				}
			}
			assert.Greater(t, lines, 30)
		})
	}
}
