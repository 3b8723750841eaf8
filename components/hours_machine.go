package components

import (
	"fmt"
	"slices"
)

// Times of the state machine, in seconds unless they say otherwise.
const (
	drainPoll = 60
	// tasksEnd is longer than Fargate lets a task stop.
	tasksEnd     = longestStopSeconds + 60
	databasePoll = 30
	// databaseMinutes is how long the database may take to come to a state in
	// which it can be stopped or used: a backup may be in the way.
	databaseMinutes = 120
	// alarmDelay: the services take minutes to come up. alarmRecheck is later
	// still, and the alarms' state is then looked at anew (docs/adr/0015).
	alarmDelay   = 1200
	alarmRecheck = 120
	// mostDescribed is how many services one DescribeServices takes.
	mostDescribed = 10
)

// state is one of Amazon States Language.
type state map[string]any

// machine puts states in order: each goes on to the next that is added, unless
// it says otherwise.
type machine struct {
	states map[string]state
	last   string
	first  string
}

// ends tells whether a state says itself what comes after it.
func (s state) ends() bool {
	return s["Type"] == "Choice" || s["Type"] == "Succeed" || s["Type"] == "Fail"
}

func newMachine() *machine { return &machine{states: map[string]state{}} }

// add appends a state.
func (m *machine) add(name string, s state) {
	if m.first == "" {
		m.first = name
	}
	if before := m.states[m.last]; before != nil && !before.ends() && before["Next"] == nil {
		before["Next"] = name
	}
	m.states[name], m.last = s, name
}

// end closes the last state and gives the whole.
func (m *machine) end() map[string]any {
	if last := m.states[m.last]; !last.ends() {
		last["End"] = true
	}
	return map[string]any{"StartAt": m.first, "States": m.states}
}

// call is a call of the AWS SDK, whose answer is thrown away.
func call(api string, parameters map[string]any) state {
	return state{
		"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:" + api, "Parameters": parameters, "ResultPath": nil,
		"Retry": []any{map[string]any{"ErrorEquals": []string{"States.TaskFailed"}, "IntervalSeconds": 10, "MaxAttempts": 5, "BackoffRate": 2}},
	}
}

// ask is a call whose answer is kept: selected, at a path.
func ask(api string, parameters map[string]any, path string, selected map[string]any) state {
	s := call(api, parameters)
	s["ResultPath"], s["ResultSelector"] = path, selected
	return s
}

func wait(seconds int) state { return state{"Type": "Wait", "Seconds": seconds} }

func choice(otherwise string, rules ...map[string]any) state {
	return state{"Type": "Choice", "Choices": rules, "Default": otherwise}
}

func when(variable, test string, value any, next string) map[string]any {
	return map[string]any{"Variable": variable, test: value, "Next": next}
}

// each does one thing to all of a list, at once.
func each(list string, inner *machine) state {
	item := inner.end()
	item["ProcessorConfig"] = map[string]any{"Mode": "INLINE"}
	return state{"Type": "Map", "ItemsPath": list, "ItemProcessor": item, "ResultPath": nil}
}

// fromZero counts the rounds of a loop from 0, and count counts one.
func fromZero() state {
	return state{"Type": "Pass", "Result": map[string]any{"n": 0}, "ResultPath": "$.rounds"}
}

func count(next string) state {
	return state{
		"Type": "Pass", "Parameters": map[string]any{"n.$": "States.MathAdd($.rounds.n, 1)"}, "ResultPath": "$.rounds", "Next": next,
	}
}

// definition is the state machine, in Amazon States Language. Its input is
// {"to": "off" or "on", "by": "schedule", "operator" or "override"}.
func (args *HoursArgs) definition() map[string]any {
	m := newMachine()
	m.add("Services", state{"Type": "Pass", "ResultPath": "$.services", "Result": map[string]any{
		"workers": args.hourly(args.Workers, true), "scaled": args.hourly(args.Others, true), "fixed": args.hourly(args.Others, false),
		"alarms": args.Alarms,
	}})
	args.admit(m)
	args.turnOff(m)
	args.turnOn(m)
	whole := m.end()
	whole["Comment"] = "Turns " + args.Scope.Prefix + " off and on"
	return whole
}

// hourly are the services of a list that autoscaling moves, or the others.
func (args *HoursArgs) hourly(list []Hourly, scaled bool) []map[string]any {
	items := []map[string]any{}
	for _, hourly := range list {
		if hourly.Max > 0 == scaled {
			items = append(items, map[string]any{
				"service": hourly.Service.Name, "target": "service/" + args.Cluster.Name + "/" + hourly.Service.Name,
				"min": hourly.Min, "max": hourly.Max,
			})
		}
	}
	return items
}

// admit skips a run by schedule to the state that an override holds back until
// its end, and ends the runs before this one.
func (args *HoursArgs) admit(m *machine) {
	m.add("Who", choice("Runs", when("$.by", "StringEquals", "schedule", "Override")))
	override := ask("scheduler:getSchedule", map[string]any{"Name": args.Scope.Name("hours-override")}, "$.override",
		map[string]any{"input.$": "States.StringToJson($.Target.Input)"})
	override["Retry"].([]any)[0].(map[string]any)["ErrorEquals"] = []string{"Scheduler.ThrottlingException", "Scheduler.InternalServerException"}
	override["Catch"] = []any{map[string]any{"ErrorEquals": []string{"Scheduler.ResourceNotFoundException"}, "ResultPath": nil, "Next": "Runs"}}
	m.add("Override", override)
	m.add("Overridden", choice("Runs", map[string]any{"Variable": "$.override.input.to", "StringEqualsPath": "$.to", "Next": "Held back"}))
	m.add("Held back", state{"Type": "Succeed"})
	m.add("Runs", ask("sfn:listExecutions", map[string]any{"StateMachineArn": args.Scope.HoursMachine(), "StatusFilter": "RUNNING"},
		"$.runs", map[string]any{"arns.$": "$.Executions[*].ExecutionArn"}))
	one := newMachine()
	one.add("Mine", choice("End run", map[string]any{"Variable": "$.run", "StringEqualsPath": "$.self", "Next": "Keep run"}))
	one.add("Keep run", state{"Type": "Succeed"})
	one.add("End run", call("sfn:stopExecution", map[string]any{"ExecutionArn.$": "$.run", "Cause": "another run began"}))
	runs := each("$.runs.arns", one)
	runs["ItemSelector"] = map[string]any{"run.$": "$$.Map.Item.Value", "self.$": "$$.Execution.Id"}
	m.add("End runs", runs)
	m.add("Which way", choice("No way", when("$.to", "StringEquals", "off", "Quiet alarms"), when("$.to", "StringEquals", "on", "Rounds until the database is up")))
	m.add("No way", state{"Type": "Fail", "Error": "Input", "Cause": "to is off or on"})
}

// turnOff lets workers finish, then stops the rest, and the database last.
func (args *HoursArgs) turnOff(m *machine) {
	m.add("Quiet alarms", call("cloudwatch:disableAlarmActions", map[string]any{"AlarmNames": args.Alarms}))
	m.add("Workers off", each("$.services.workers", args.stop(true)))
	m.add("Rounds until drained", fromZero())
	var names []string
	for _, worker := range args.Workers {
		names = append(names, worker.Service.Name)
	}
	chunk := 0
	for some := range slices.Chunk(names, mostDescribed) {
		chunk++
		named := func(what string) string { return fmt.Sprintf("%s %d", what, chunk) }
		m.add(named("Busy"), ask("ecs:describeServices", map[string]any{"Cluster": args.Cluster.Name, "Services": some},
			"$.busy", map[string]any{"running.$": "$.Services[*].RunningCount"}))
		var running []map[string]any
		for i := range some {
			running = append(running, map[string]any{"Variable": fmt.Sprintf("$.busy.running[%d]", i), "NumericGreaterThan": 0})
		}
		m.add(named("Drained"), choice(named("Done"), map[string]any{"Next": named("Drain"), "And": []any{
			map[string]any{"Or": running},
			map[string]any{"Variable": "$.rounds.n", "NumericLessThan": args.DrainMinutes},
		}}))
		m.add(named("Drain"), wait(drainPoll))
		m.add(named("Count"), count(named("Busy")))
		m.add(named("Done"), state{"Type": "Pass"})
	}
	m.add("Scaled off", each("$.services.scaled", args.stop(true)))
	m.add("Fixed off", each("$.services.fixed", args.stop(false)))
	m.add("Tasks end", wait(tasksEnd))
	m.add("Rounds until the database is down", fromZero())
	m.add("Database to stop", args.askDatabase())
	m.add("Database down", choice("Database busy",
		when("$.database.status[0]", "StringEquals", "available", "Stop database"),
		when("$.database.status[0]", "StringMatches", "stop*", "Off"),
		when("$.rounds.n", "NumericGreaterThanEquals", databaseMinutes*60/databasePoll, "Database fails")))
	m.add("Database busy", wait(databasePoll))
	m.add("Count down", count("Database to stop"))
	m.add("Stop database", call("rds:stopDBInstance", map[string]any{"DbInstanceIdentifier": args.Database.Identifier}))
	m.add("Off", state{"Type": "Succeed"})
}

// turnOn starts the database, then what needs it, the workers last.
func (args *HoursArgs) turnOn(m *machine) {
	m.add("Rounds until the database is up", fromZero())
	m.add("Database to start", args.askDatabase())
	m.add("Database up", choice("Database starts",
		when("$.database.status[0]", "StringEquals", "available", "Scaled on"),
		when("$.rounds.n", "NumericGreaterThanEquals", databaseMinutes*60/databasePoll, "Database fails"),
		when("$.database.status[0]", "StringEquals", "stopped", "Start database")))
	m.add("Start database", call("rds:startDBInstance", map[string]any{"DbInstanceIdentifier": args.Database.Identifier}))
	m.add("Database starts", wait(databasePoll))
	m.add("Count up", count("Database to start"))
	m.add("Scaled on", each("$.services.scaled", args.start(true)))
	m.add("Fixed on", each("$.services.fixed", args.start(false)))
	m.add("Workers on", each("$.services.workers", args.start(true)))
	m.add("Alarms wait", wait(alarmDelay))
	m.add("Alarms on", call("cloudwatch:enableAlarmActions", map[string]any{"AlarmNames": args.Alarms}))
	m.add("Alarms act", wait(alarmRecheck))
	anew := newMachine()
	anew.add("Look anew", call("cloudwatch:setAlarmState", map[string]any{
		"AlarmName.$": "$", "StateValue": "OK", "StateReason": "looked at anew after the start of the services",
	}))
	m.add("Alarms anew", each("$.services.alarms", anew))
	m.add("On", state{"Type": "Succeed"})
	m.add("Database fails", state{"Type": "Fail", "Error": "Database", "Cause": "the database came to no state to go on from"})
}

func (args *HoursArgs) askDatabase() state {
	return ask("rds:describeDBInstances", map[string]any{"DbInstanceIdentifier": args.Database.Identifier},
		"$.database", map[string]any{"status.$": "$.DbInstances[*].DbInstanceStatus"})
}

// bounds sets those of autoscaling.
func bounds(low, high string, values ...any) state {
	return call("applicationautoscaling:registerScalableTarget", map[string]any{
		"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount", "ResourceId.$": "$.target", low: values[0], high: values[1],
	})
}

// stop takes a service to 0.
func (args *HoursArgs) stop(scaled bool) *machine {
	m := newMachine()
	if scaled {
		m.add("No bounds", bounds("MinCapacity", "MaxCapacity", 0, 0))
	}
	m.add("No tasks", call("ecs:updateService", map[string]any{"Cluster": args.Cluster.Name, "Service.$": "$.service", "DesiredCount": 0}))
	return m
}

// start takes a service that is at 0 to its first number of tasks.
func (args *HoursArgs) start(scaled bool) *machine {
	m := newMachine()
	if scaled {
		m.add("Bounds", bounds("MinCapacity.$", "MaxCapacity.$", "$.min", "$.max"))
	}
	m.add("Look", ask("ecs:describeServices", map[string]any{"Cluster": args.Cluster.Name, "Services.$": "States.Array($.service)"},
		"$.seen", map[string]any{"desired.$": "$.Services[*].DesiredCount"}))
	m.add("At none", choice("As it is", when("$.seen.desired[0]", "NumericEquals", 0, "Tasks")))
	m.add("As it is", state{"Type": "Succeed"})
	m.add("Tasks", call("ecs:updateService", map[string]any{"Cluster": args.Cluster.Name, "Service.$": "$.service", "DesiredCount.$": "$.min"}))
	return m
}
