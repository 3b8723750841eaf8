package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// AlarmDelayMinutes is how long after the start of the services alarms on
// their silence stay quiet: the database takes minutes to start, and the
// services wait for it. AlarmRecheckMinutes later than the start they are
// looked at anew (docs/adr/0015).
const (
	AlarmDelayMinutes   = 20
	AlarmRecheckMinutes = AlarmDelayMinutes + 2
)

// Later returns the cron expression of the same days, up to an hour later. It
// takes one minute, and hours that are numbers, lists or ranges where the hour
// changes; the day must not change.
func Later(expression string, minutes int) (string, error) {
	inner, isCron := strings.CutPrefix(expression, "cron(")
	fields := strings.Fields(strings.TrimSuffix(inner, ")"))
	if !isCron || len(fields) != 6 || minutes < 0 || minutes > 60 {
		return "", fmt.Errorf("%q can't be moved by %d minutes", expression, minutes)
	}
	minute, err := strconv.Atoi(fields[0])
	if err != nil {
		return "", fmt.Errorf("%q: more than one minute of the hour", expression)
	}
	fields[0] = strconv.Itoa((minute + minutes) % 60)
	if minute+minutes >= 60 {
		if fields[1], err = nextHours(fields[1]); err != nil {
			return "", fmt.Errorf("%q, %d minutes later: %w", expression, minutes, err)
		}
	}
	return "cron(" + strings.Join(fields, " ") + ")", nil
}

// nextHours moves each hour of a field of a cron expression by one.
func nextHours(field string) (string, error) {
	var hours []string
	for _, item := range strings.Split(field, ",") {
		first, last, isRange := strings.Cut(item, "-")
		from, err := strconv.Atoi(first)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(last)
		}
		if err != nil || from > to {
			return "", fmt.Errorf("the hours %q are neither numbers nor ranges", item)
		}
		for hour := from; hour <= to; hour++ {
			if hour >= 23 {
				return "", fmt.Errorf("it is another day")
			}
			hours = append(hours, strconv.Itoa(hour+1))
		}
	}
	return strings.Join(slices.Compact(hours), ","), nil
}
