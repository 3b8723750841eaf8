package metrics

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/emf"
)

// Airflow's names of what only the scheduler itself knows
// (AIRFLOW__METRICS__STATSD_PREFIX is "airflow").
const (
	statsdLoop  = "airflow.scheduler.scheduler_loop_duration"
	statsdSlots = "airflow.executor.open_slots"
)

// heard is what the scheduler said since it was last published.
type heard struct {
	loop  *float64 // seconds of the longest loop
	slots *float64 // the last number
}

// hear publishes what the scheduler beside this agent says by StatsD, whoever
// publishes for the database: each scheduler has loops and slots of its own.
func (p *publisher) hear(ctx context.Context, conn net.PacketConn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	packet := make([]byte, 64<<10)
	for {
		var h heard
		if err := conn.SetReadDeadline(time.Now().Add(p.interval)); err != nil && ctx.Err() == nil {
			return err
		}
		for {
			n, _, err := conn.ReadFrom(packet)
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return err
			}
			h.take(packet[:n])
		}
		if err := p.publishHeard(h); err != nil {
			return err
		}
	}
}

// take reads a packet: a line a metric, name:value|type. What isn't one of
// ours, or no number, is left out.
func (h *heard) take(packet []byte) {
	for line := range bytes.Lines(packet) {
		name, rest, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		text, kind, _ := bytes.Cut(rest, []byte("|"))
		value, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsNaN(value) || value < 0 || value > math.MaxInt32 { // CloudWatch drops lines with values without measure
			continue
		}
		switch string(name) + "|" + string(kind) {
		case statsdLoop + "|ms":
			if seconds := value / 1000; h.loop == nil || seconds > *h.loop {
				h.loop = &seconds
			}
		case statsdSlots + "|g":
			h.slots = &value
		}
	}
}

func (p *publisher) publishHeard(h heard) error {
	var metrics []emf.Metric
	if h.loop != nil {
		metrics = append(metrics, emf.Metric{Name: "SchedulerLoopSeconds", Unit: emf.Seconds, Value: *h.loop})
	}
	if h.slots != nil {
		metrics = append(metrics, emf.Metric{Name: "ExecutorOpenSlots", Unit: emf.Count, Value: *h.slots})
	}
	if err := p.out.Write(p.stackDimension(), metrics...); err != nil {
		return &outputError{err}
	}
	return nil
}
