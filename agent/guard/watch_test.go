package guard

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
	"github.com/pathwai/airflow-on-fargate/agent/internal/loopback"
)

// A broker that can't be reached from the first look on is told of, once.
func TestABrokerThatWasNeverThereIsNamed(t *testing.T) {
	broker := "redis://" + loopback.Address(t) + "/0"
	client, err := celery.Open(broker, name)
	require.NoError(t, err)
	defer func() { _ = client.Close(t.Context()) }() // nobody is there
	var log bytes.Buffer
	g := newGuard(settings{broker: broker, worker: name, interval: 20 * time.Millisecond, patience: time.Minute}, client, slog.New(slog.NewJSONHandler(&log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); g.watch(ctx) }()
	for range 3 {
		looked := g.looked.Load()
		celerytest.Eventually(t, "the guard looks", func() bool { return g.looked.Load() != looked })
	}
	cancel()
	<-ended
	require.Equal(t, 1, strings.Count(log.String(), "the worker's state is unknown"), "%s", log.String())
	require.NotContains(t, log.String(), "the broker answers")
	require.Error(t, g.ready())
}
