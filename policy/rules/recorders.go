package rules

import "strings"

// recorders is about what keeps a record of what happens in an account.
func recorders() Rule {
	off := func(path, word string) check {
		return func(res resource, r report) {
			switch said, state := text(res.get(path)); {
			case state == unknown:
				r.unseen(path)
			case strings.EqualFold(said, word):
				r.fault("%s is %s.", path, said)
			}
		}
	}
	const trail = "aws:cloudtrail/trail:Trail"
	return Rule{
		Name: "recorders-on", Family: Completeness,
		Description: "Trails, recorders, detectors and flow logs that are declared do record.",
		Why:         "one that is switched off, or leaves out what was refused, looks like a record, and there is none on the day that it is needed.",
		Fix:         "switch it on, or leave the switch out; a flow log has the trafficType ALL or REJECT.",
		On: each(
			on(off("enableLogging", "false"), trail),
			on(off("enableLogFileValidation", "false"), trail),
			on(off("suspend", "true"), "aws:cloudtrail/eventDataStore:EventDataStore"),
			on(func(res resource, r report) { r.needTrue(res, "isEnabled") }, "aws:cfg/recorderStatus:RecorderStatus"),
			on(off("enable", "false"), "aws:guardduty/detector:Detector"),
			on(off("status", "PAUSED"), "aws:macie2/account:Account"),
			on(off("trafficType", "ACCEPT"), flowLogType),
		),
	}
}
