package guard

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pathwai/airflow-on-fargate/agent/internal/celerytest"
)

// BenchmarkGhosts prints what docs/adr/0045 is about: a worker with Celery's own
// pool and with the image's, through three restarts of the broker at times that
// are drawn, the same for both; then told to leave while one task runs.
func BenchmarkGhosts(b *testing.B) {
	for b.Loop() {
		fmt.Println("\n| draw | pool | tasks | ghosts | idle to released | leaves after | messages put back | tasks run twice |\n|---|---|---|---|---|---|---|---|")
		for draw := range uint64(3) {
			for _, pool := range []string{"prefork", "airflow_fargate.pool:TaskPool"} {
				b.Run(fmt.Sprintf("%d %s", draw+1, pool), func(b *testing.B) { ghosts(b, draw, pool) })
			}
		}
	}
}

var began = regexp.MustCompile(`Task app\.nap\[([0-9a-f-]+)\] received`)

func ghosts(b *testing.B, draw uint64, pool string) {
	random := rand.New(rand.NewPCG(draw, 14))
	// The broker keeps its data on disk, but in the last draw.
	args := []string{"--port", "PORT"}
	if draw < 2 {
		args = append(args, "--appendonly", "yes", "--appendfsync", "always")
	}
	redis := celerytest.StartRedis(b, args...)
	app := celerytest.NewApp(b, redis.URL())
	app.Pool, app.Environment = pool, []string{"TEST_SOFT_SHUTDOWN=10", "REMAP_SIGTERM=SIGQUIT"}
	e := startECS(b)
	w := app.StartWorker(name, "default", 4)
	startGuard(b, redis.URL(), e.url)
	tasks, longest := 0, time.Now()
	nap := func(n int, d time.Duration) {
		app.Nap("default", n, d)
		tasks += n
		if end := time.Now().Add(d); end.After(longest) {
			longest = end
		}
	}
	for restart := range 3 {
		nap(1+random.IntN(3), time.Duration(4+random.IntN(8))*time.Second)
		celerytest.Eventually(b, "a task runs", func() bool { return w.Running("sleep") > 0 })
		time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
		redis.Stop()
		time.Sleep(time.Duration(500+random.IntN(3000)) * time.Millisecond)
		redis.Start()
		celerytest.Eventually(b, "the worker is back", func() bool { return strings.Count(w.Log(), "Connected to redis") >= restart+2 })
	}
	time.Sleep(time.Until(longest))
	celerytest.Eventually(b, "all have ended, those that run again as well", func() bool { return w.Running("sleep") == 0 && queueLength(b, redis) == "0" })
	idle := time.Now()
	released := "not within a minute"
	for time.Since(idle) < time.Minute {
		if !e.isProtected() {
			released = fmt.Sprintf("%.0f s", time.Since(idle).Seconds())
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	list := "" // those that are active without anything running
	celerytest.Eventually(b, "the worker answers", func() bool { list = active(b, redis); return list != "" })
	before := len(began.FindAllString(w.Log(), -1))
	nap(1, time.Minute)
	celerytest.Eventually(b, "the last one runs", func() bool { return len(began.FindAllString(w.Log(), -1)) > before })
	told := time.Now()
	w.Signal(syscall.SIGTERM)
	celerytest.Eventually(b, "the worker leaves", w.Gone)
	left := time.Since(told)
	runs, twice := map[string]int{}, 0
	for _, match := range began.FindAllStringSubmatch(w.Log(), -1) {
		if runs[match[1]]++; runs[match[1]] == 2 {
			twice++
		}
	}
	fmt.Printf("| %d | %s | %d | %d | %s | %.0f s | %s | %d |\n", draw+1, pool, tasks, strings.Count(list, `"id"`), released, left.Seconds(), queueLength(b, redis), twice)
}
