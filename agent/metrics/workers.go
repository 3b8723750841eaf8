package metrics

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/celery"
	"github.com/pathwai/airflow-on-fargate/agent/emf"
)

// answerTime is how long workers have to answer. Whoever listens and is silent
// for longer consumes nothing.
const answerTime = 10 * time.Second

// countWorkers publishes, while this one is the publisher, how many workers
// take work from each queue. Without a broker URL it does nothing.
func (p *publisher) countWorkers(ctx context.Context) error {
	if p.broker == "" {
		<-ctx.Done()
		return nil
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	client, err := celery.Open(p.broker, "metrics "+host)
	if err != nil {
		return err
	}
	defer func() {
		farewell, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = client.Close(farewell) // the broker may be gone: it forgets us then
	}()
	ticker := time.NewTicker(p.workersInterval)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if !p.leading.Load() {
			continue
		}
		err := p.publishWorkers(ctx, client)
		var gone *outputError
		if errors.As(err, &gone) {
			return err
		}
		if err != nil && !failing && ctx.Err() == nil {
			p.log.Warn("workers can't be counted: their number is not published", "error", err.Error())
		}
		failing = err != nil
	}
}

func (p *publisher) publishWorkers(ctx context.Context, client *celery.Client) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	count, err := client.Consumers(ctx)
	if err != nil {
		return err
	}
	for _, name := range p.queues {
		err := p.out.Write(p.queueDimensions(name), emf.Metric{Name: "Workers", Unit: emf.Count, Value: float64(count[name])})
		if err != nil {
			return &outputError{err}
		}
	}
	return nil
}
