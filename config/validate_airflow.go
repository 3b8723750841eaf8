package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // so that a time zone is checked alike on every machine
)

// cronForm is a cron expression of EventBridge Scheduler, as CreateSchedule
// takes it: six fields, and a question mark in exactly one of the two for days.
var cronForm = func() *regexp.Regexp {
	field := func(number, special string) string {
		item := fmt.Sprintf(`(\*(/[0-9]{1,2})?|(%[1]s)(-(%[1]s))?(/[0-9]{1,2})?%[2]s)`, number, special)
		return item + "(," + item + ")*"
	}
	const (
		month = `0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC`
		day   = `0?[1-9]|[12][0-9]|3[01]`
		week  = `[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT`
	)
	days := field(day, `|(%[1]s)W|LW?`)
	days = strings.ReplaceAll(days, "%[1]s", day)
	weekdays := strings.ReplaceAll(field(week, `|(%[1]s)(L|#[1-5])|L`), "%[1]s", week)
	return regexp.MustCompile(`^cron\((` + field(`[0-5]?[0-9]`, "") + `) (` + field(`[01]?[0-9]|2[0-3]`, "") + `) ` +
		`((` + days + `) (` + field(month, "") + `) \?|\? (` + field(month, "") + `) (` + weekdays + `)) ` +
		`(` + field(`19[7-9][0-9]|2[01][0-9]{2}`, "") + `)\)$`)
}()

// timezoneForm keeps out names that only some machines have, such as posix/….
var timezoneForm = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+/-]{0,63}$`)

func (f *faults) validateSchedule(c *Config) {
	s := c.Schedule
	if (s.Stop == "") != (s.Start == "") {
		f.add(key("schedule"), map[string]string{"stop": s.Stop, "start": s.Start}, "both stop and start, or neither")
	}
	f.cron(key("schedule.stop"), s.Stop)
	f.cron(key("schedule.start"), s.Start)
	f.between(key("schedule.drainMinutes"), s.DrainMinutes, 0, 720)
	if _, err := time.LoadLocation(s.Timezone); err != nil || !timezoneForm.MatchString(s.Timezone) || s.Timezone == "Local" {
		f.add(key("schedule.timezone"), s.Timezone, "an IANA time zone such as Europe/Berlin or UTC")
	}
}

func (f *faults) cron(key, expression string) {
	if expression != "" && (len(expression) > 256 || !cronForm.MatchString(expression)) {
		f.add(key, expression, "cron(minutes hours day-of-month month day-of-week year) with a question mark for one of the days, such as cron(0 20 ? * MON-FRI *)")
	}
}

var (
	sectionForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	optionForm  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,127}$`)
	// sensitiveForm names options that hold a secret, as Airflow's own
	// (sensitive_config_values) do.
	sensitiveForm = regexp.MustCompile(`passw|secret|token|credential|private_key|fernet|basic_auth|_dsn$|backend_kwargs|_conn$|broker_url|result_backend`)
	// withLogin is a URL that holds a password.
	withLogin = regexp.MustCompile(`://[^/@\s]*:[^/@\s]+@`)
)

// airflowLines are those that the image can be built with: a lock of
// docker/airflow each. The newest is what a new stack gets (docs/airflow-lines.md).
var airflowLines = []any{"3.1", "3.3"}

// Advisory is what speaks against the line of Airflow, or empty.
func (a Airflow) Advisory() string {
	if a.Version == "3.1" {
		return "airflow.version is 3.1: its last patch, 3.1.8, has published holes (the worst runs code in the api-server, CVE-2026-33858) that only newer lines close. docs/airflow-lines.md says which, and what stands before them here"
	}
	return ""
}

const (
	longestOption = 4096
	// longestOptions bounds all options together: each stands twice in a task
	// definition, which has at most 64 KiB (ECS service quotas).
	longestOptions = 16384
)

func (f *faults) validateAirflow(c *Config) {
	a := c.Airflow
	f.oneOf(key("airflow.version"), a.Version, airflowLines...)
	f.between(key("airflow.dagRefreshSeconds"), a.DAGRefreshSeconds, 5, 300)
	f.between(key("airflow.queuedTimeoutSeconds"), a.QueuedTimeoutSeconds, 1800, 604800)
	f.between(key("airflow.longestTaskSeconds"), a.LongestTaskSeconds, 3600, 604800)
	f.between(key("airflow.retentionDays"), a.RetentionDays, 1, 3650)
	f.validateOpenTelemetry(c)
	size := 0
	list, _ := optionsOf(a.Version)
	for _, section := range sortedKeys(a.Options) {
		at := key("airflow.options." + section)
		f.matches(at, section, sectionForm, "a section of airflow.cfg: lower-case letters, digits and _")
		for _, option := range sortedKeys(a.Options[section]) {
			f.option(list, at+"."+option, section, option, a.Options[section][option])
			size += len(section) + len(option) + len(a.Options[section][option])
		}
	}
	if size > longestOptions {
		f.addf(key("airflow.options"), nil, "at most %d characters in all, not %d: a task definition has at most 64 KiB", longestOptions, size)
	}
}

// option checks one Airflow option. Its value is never shown: it may be a
// secret in the wrong place.
func (f *faults) option(list optionList, at, section, option, value string) {
	f.matches(at, option, optionForm, "an option of airflow.cfg: lower-case letters, digits and _")
	reason, reserved := ReservedOption(section, option)
	reference := strings.HasSuffix(option, "_cmd") || strings.HasSuffix(option, "_secret")
	switch {
	case reserved:
		f.addf(at, nil, "the platform decides it: %s", reason)
	case !reference && sensitiveForm.MatchString(option), withLogin.MatchString(value):
		f.add(at, nil, "a secret: it would stand in clear in the task definition; use an Airflow connection, or the option with _secret or _cmd at its end")
	case len(value) > longestOption || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		f.addf(at, nil, "at most %d characters on one line, none of them a control character", longestOption)
	}
	if reserved || !sectionForm.MatchString(section) || !optionForm.MatchString(option) {
		return
	}
	if fault := list.fault(section, option); fault != "" {
		f.add(at, nil, fault)
	}
}
