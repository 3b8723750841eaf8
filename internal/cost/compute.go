package cost

import (
	"fmt"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// freeDiskGB is the ephemeral storage that every Fargate task has.
const freeDiskGB = 20

// fargate prices a service's tasks: those that always run, those that
// autoscaling adds, and how they split between on demand and Spot.
func (e *estimate) fargate(r *plan.Resource) []Line {
	t, shown := e.plan.Tasks(r)
	if !shown {
		e.unpriced(r, "the plan doesn't show its task definition's size")
		return nil
	}
	architecture, label := "x86", "x86"
	if t.ARM {
		architecture, label = "arm", "ARM"
	}
	task := e.HoursPerMonth * (t.VCPU*e.price("fargate."+architecture+".vcpu") + t.GB*e.price("fargate."+architecture+".gb"))
	if disk := t.Definition.NumberOr("ephemeralStorage.sizeInGib", freeDiskGB); disk > freeDiskGB {
		task += e.monthly("fargate.disk") * (disk - freeDiskGB)
	}
	on := e.on(r)
	growth := e.assume("taskGrowth").Times(t.Max - t.Min)
	always := e.inOnDemandTasks(t, t.Min).Times(task * on)
	added := Range{
		Low:  e.inOnDemandTasks(t, t.Min+growth.Low).Low,
		High: e.inOnDemandTasks(t, t.Min+growth.High).High,
	}.Times(task * on).Minus(always)
	e.ceiling += e.inOnDemandTasks(t, t.Max).High*task*on - always.High - added.High

	size := fmt.Sprintf("%s of %g vCPU, %g GB, %s, %s", tasks(t.Min), t.VCPU, t.GB, label, describe(t))
	if on < 1 {
		size += fmt.Sprintf(", %.0f %% of the month", on*100)
	}
	return []Line{
		{What: size, Range: always},
		{What: fmt.Sprintf("%.2g to %.2g more on average, of up to %g", growth.Low, growth.High, t.Max), Range: added, ByUse: true},
	}
}

func tasks(n float64) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%g tasks", n)
}

// inOnDemandTasks is what n tasks cost, in tasks on demand.
func (e *estimate) inOnDemandTasks(t plan.Tasks, n float64) Range {
	onDemand, spot := t.Split(n)
	if spot == 0 {
		return exactly(onDemand)
	}
	return Range{
		Low:  onDemand + spot*(1-e.price("fargate.spot.most")),
		High: onDemand + spot*(1-e.price("fargate.spot.least")),
	}
}

// describe tells the capacity of the tasks that always run, and of those that
// are added.
func describe(t plan.Tasks) string {
	switch {
	case t.SpotShare == 0:
		return "on demand"
	case t.SpotShare == 1 && t.Base == 0:
		return "on Spot"
	case t.Base == 0:
		return fmt.Sprintf("%.0f %% on Spot", t.SpotShare*100)
	}
	return fmt.Sprintf("%g on demand, %.0f %% of the others on Spot", t.Base, t.SpotShare*100)
}
