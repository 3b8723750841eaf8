package config

import "regexp"

var emailForm = regexp.MustCompile(`^[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$`)

func (f *faults) validateAlarms(c *Config) {
	a := c.Alarms
	seen := map[string]bool{}
	for _, email := range a.Emails {
		if !emailForm.MatchString(email) || seen[email] {
			f.add(key("alarms.emails"), email, "e-mail addresses, each once")
		}
		seen[email] = true
	}
	f.between(key("alarms.queueWaitSeconds"), a.QueueWaitSeconds, 60, 86400)
	f.between(key("alarms.taskDurationSeconds"), a.TaskDurationSeconds, 60, 604800)
	if longest := c.Airflow.LongestTaskSeconds; a.TaskDurationSeconds > longest && !f.wrong(key("alarms.taskDurationSeconds")) && !f.wrong(key("airflow.longestTaskSeconds")) {
		f.addf(key("alarms.taskDurationSeconds"), a.TaskDurationSeconds, "at most airflow.longestTaskSeconds, %d: a longer task may lose its code, and its message comes a second time", longest)
	}
	f.between(key("alarms.taskFailures"), a.TaskFailures, 1, 100000)
	f.between(key("alarms.syncLagSeconds"), a.SyncLagSeconds, 30, 3600)
	f.between(key("budget.monthlyUsd"), c.Budget.MonthlyUSD, 0, 1000000)
}
