package aws

import (
	"encoding/json"
)

func checkAlarm(s *subject) {
	s.exactly("metricName", "metricQueries")
	if s.given("metricName") {
		s.exactly("statistic", "extendedStatistic")
		for _, k := range []string{"namespace", "period"} {
			if !s.given(k) {
				s.fail(k, "missing: an alarm on one metric needs it")
			}
		}
	}
	if n, ok := s.number("period"); ok && n != 10 && n != 20 && n != 30 && (n < 60 || int(n)%60 != 0) {
		s.fail("period", "ValidationError: %v s: it is 10, 20, 30 or a multiple of 60", n)
	}
	if !s.given("threshold") && !s.given("thresholdMetricId") {
		s.fail("threshold", "missing: threshold or thresholdMetricId")
	}
	points, okPoints := s.number("datapointsToAlarm")
	periods, okPeriods := s.number("evaluationPeriods")
	if okPoints && okPeriods && points > periods {
		s.fail("datapointsToAlarm", "ValidationError: %v of %v periods can't be", points, periods)
	}
}

// checkComposite wants as many closing parentheses as opening ones.
func checkComposite(s *subject) {
	depth := 0
	for _, r := range s.text("alarmRule") {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 {
		s.fail("alarmRule", "ValidationError: the parentheses don't match")
	}
}

// checkDashboard wants widgets with a type.
func checkDashboard(s *subject) {
	doc, ok := document(s.get("dashboardBody"))
	if !ok {
		return // said already
	}
	var body struct {
		Widgets []struct {
			Type string `json:"type"`
		} `json:"widgets"`
	}
	text, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		s.fail("dashboardBody", "InvalidParameterInput: %v", err)
		return
	}
	for i, w := range body.Widgets {
		if !has("metric text log alarm explorer custom", w.Type) {
			s.fail("dashboardBody", "InvalidParameterInput: widget %d has the type %q", i+1, w.Type)
		}
	}
}

func checkEventRule(s *subject) {
	if !s.given("eventPattern") && !s.given("scheduleExpression") {
		s.fail("eventPattern", "missing: eventPattern or scheduleExpression")
	}
	s.atMost("isEnabled", "state")
}

func checkBudget(s *subject) {
	for _, n := range s.list("notifications") {
		if empty(n["subscriberEmailAddresses"]) && empty(n["subscriberSnsTopicArns"]) {
			s.fail("notifications", "InvalidParameterException: a notification needs a subscriber")
		}
	}
	if !s.given("limitAmount") && !s.given("autoAdjustData") && empty(s.get("plannedLimits")) {
		s.fail("limitAmount", "missing: limitAmount, plannedLimits or autoAdjustData")
	}
}
