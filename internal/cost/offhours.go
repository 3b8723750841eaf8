package cost

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/plan"
)

// hours is the share of a month, 0 to 1, that things run.
type hours struct {
	// services by the ECS service's name; one that isn't there always runs.
	services map[string]float64
	database float64
}

// on is the share of the month that a service runs.
func (e *estimate) on(service *plan.Resource) float64 {
	if share, scheduled := e.hours.services[service.Text("name")]; scheduled {
		return share
	}
	return 1
}

// switching is a moment at which something goes on or off.
type switching struct {
	expression string
	on         bool
}

// schedule reads the plan's off-hours: EventBridge schedules whose input says
// what they turn the platform to. What can't be read counts as always on, and
// is reported. The minutes in which workers finish are left out.
func (e *estimate) schedule() hours {
	h := hours{services: map[string]float64{}, database: 1}
	var moments []switching
	var schedule *plan.Resource
	for _, r := range e.plan.Of("aws:scheduler/schedule:Schedule") {
		var input struct{ To string }
		if json.Unmarshal([]byte(r.Text("target.input")), &input) == nil && input.To != "" {
			moments = append(moments, switching{r.Text("scheduleExpression"), input.To == "on"})
			schedule = r
		}
	}
	if len(moments) == 0 {
		return h
	}
	share, err := shareOn(moments)
	if err != nil {
		e.unpriced(schedule, err.Error()+"; counted as always on")
		return h
	}
	for _, service := range e.plan.Of(plan.ServiceType) {
		h.services[service.Text("name")] = share
	}
	h.database = share
	return h
}

const weekMinutes = 7 * 24 * 60

// shareOn is the share of a week that something is on, which is switched at the
// given moments of every week.
func shareOn(moments []switching) (float64, error) {
	type event struct {
		minute int
		on     bool
	}
	var events []event
	for _, m := range moments {
		minutes, err := weekly(m.expression)
		if err != nil {
			return 0, err
		}
		for _, minute := range minutes {
			events = append(events, event{minute, m.on})
		}
	}
	if len(events) == 0 {
		return 1, nil
	}
	slices.SortFunc(events, func(a, b event) int { return a.minute - b.minute })
	total := 0
	for i, at := range events {
		next := events[(i+1)%len(events)].minute
		if i == len(events)-1 {
			next += weekMinutes
		}
		if at.on {
			total += next - at.minute
		}
	}
	return float64(total) / weekMinutes, nil
}

var weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// weekly returns the minutes of the week, from Sunday 00:00, that an AWS cron
// expression means: minute, hour, any day of month, any month, days of the
// week (1 is Sunday), any year.
func weekly(expression string) ([]int, error) {
	refuse := func() ([]int, error) {
		return nil, fmt.Errorf("the schedule %q isn't a weekly one that can be read, such as cron(0 20 ? * MON-FRI *)", expression)
	}
	inner, ok := strings.CutPrefix(expression, "cron(")
	fields := strings.Fields(strings.TrimSuffix(inner, ")"))
	if !ok || len(fields) != 6 || fields[3] != "*" || fields[5] != "*" || strings.Trim(fields[2], "?*") != "" {
		return refuse()
	}
	minute, errMinute := strconv.Atoi(fields[0])
	hour, errHour := strconv.Atoi(fields[1])
	days, known := daysOf(fields[4])
	if errMinute != nil || errHour != nil || !known {
		return refuse()
	}
	var minutes []int
	for _, day := range days {
		minutes = append(minutes, day*24*60+hour*60+minute)
	}
	return minutes, nil
}

// daysOf reads days of the week, 0 is Sunday: *, ?, MON, 2, MON-FRI, MON,WED.
func daysOf(field string) ([]int, bool) {
	if field == "*" || field == "?" {
		field = "SUN-SAT"
	}
	var days []int
	for _, part := range strings.Split(field, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, ok := dayOf(first)
		to := from
		if isRange && ok {
			to, ok = dayOf(last)
		}
		if !ok || to < from {
			return nil, false
		}
		for day := from; day <= to; day++ {
			days = append(days, day)
		}
	}
	return days, true
}

func dayOf(text string) (int, bool) {
	if i := slices.Index(weekdays, strings.ToUpper(text)); i >= 0 {
		return i, true
	}
	n, err := strconv.Atoi(text)
	return n - 1, err == nil && n >= 1 && n <= 7
}
