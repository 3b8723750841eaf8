package aws

import "github.com/pathwai/airflow-on-fargate/internal/simcloud/learned"

// learn adds what the real provider was seen to refuse, for inputs in which
// nothing else is wrong.
func (s *subject) learn() {
	wrong := map[string]bool{}
	for _, fault := range s.faults {
		wrong[fault.Property] = true
	}
	for _, fault := range learned.Faults(s.token, s.inputs) {
		if !wrong[fault.Property] {
			s.fail(fault.Property, "%s: %s", fault.Path, fault.Reason)
		}
	}
}
