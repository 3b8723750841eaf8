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

// checkStateMachine follows Amazon States Language as far as names go: a machine
// begins with a state of its own, and every state leads to another or ends.
func checkStateMachine(s *subject) {
	doc, ok := document(s.get("definition"))
	if !ok {
		return // the property's own rule says so
	}
	whole, _ := doc.(map[string]any)
	s.stateMachine("", whole)
}

func (s *subject) stateMachine(at string, machine map[string]any) {
	states, _ := machine["States"].(map[string]any)
	exists := func(from string, next any) {
		if name, _ := next.(string); states[name] == nil {
			s.fail("definition", "InvalidDefinition: %s%s leads to %q, which is no state beside it", at, from, next)
		}
	}
	exists("StartAt", machine["StartAt"])
	for name, raw := range states {
		state, _ := raw.(map[string]any)
		next, leads := state["Next"]
		_, ends := state["End"]
		switch state["Type"] {
		case "Choice":
			exists(name, state["Default"])
			choices, _ := state["Choices"].([]any)
			for _, choice := range choices {
				rule, _ := choice.(map[string]any)
				exists(name, rule["Next"])
			}
		case "Succeed", "Fail":
			if leads || ends {
				s.fail("definition", "InvalidDefinition: %s%s ends by its type, and has neither Next nor End", at, name)
			}
		default:
			if leads == ends {
				s.fail("definition", "InvalidDefinition: %s%s has one of Next and End", at, name)
			}
			if leads {
				exists(name, next)
			}
		}
		catches, _ := state["Catch"].([]any)
		for _, caught := range catches {
			rule, _ := caught.(map[string]any)
			exists(name, rule["Next"])
		}
		if inner, ok := state["ItemProcessor"].(map[string]any); ok {
			s.stateMachine(at+name+" / ", inner)
		}
	}
}
