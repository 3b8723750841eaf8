package scaling

import (
	"errors"
	"fmt"
	"slices"
)

// check refuses steps that Application Auto Scaling would refuse, and those
// that the simulator doesn't know.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepAdjustment.html
func (p Policy) check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if p.AdjustmentType != "ExactCapacity" && p.AdjustmentType != "ChangeInCapacity" {
		fault("the adjustment type %q is not simulated", p.AdjustmentType)
	}
	if !slices.Contains([]string{"Maximum", "Minimum", "Average"}, p.Aggregation) {
		fault("the aggregation %q is not known", p.Aggregation)
	}
	if len(p.Steps) == 0 || len(p.Steps) > MaxSteps {
		fault("it has %d steps; 1 to %d can be", len(p.Steps), MaxSteps)
	}
	steps := slices.Clone(p.Steps)
	slices.SortFunc(steps, func(a, b Step) int {
		switch {
		case a.Lower == nil:
			return -1
		case b.Lower == nil:
			return 1
		case *a.Lower < *b.Lower:
			return -1
		}
		return 1
	})
	for i, s := range steps {
		switch {
		case s.Lower == nil && s.Upper == nil:
			fault("a step has no bound at all")
		case s.Lower != nil && s.Upper != nil && *s.Lower >= *s.Upper:
			fault("a step ends at %v before it begins at %v", *s.Upper, *s.Lower)
		}
		if p.AdjustmentType == "ExactCapacity" && s.Adjustment < 0 {
			fault("an exact capacity of %d can't be", s.Adjustment)
		}
		if i == 0 {
			if s.Lower != nil && *s.Lower < 0 {
				fault("nothing lies below the lowest bound %v", *s.Lower)
			}
			continue
		}
		before := steps[i-1]
		if before.Upper == nil || s.Lower == nil || *before.Upper != *s.Lower {
			fault("steps %d and %d leave a gap or overlap", i, i+1)
		}
	}
	if n := len(steps); n > 0 && steps[n-1].Upper != nil && *steps[n-1].Upper > 0 {
		fault("nothing lies above the highest bound %v", *steps[n-1].Upper)
	}
	return errors.Join(faults...)
}

// choose returns the step for a distance from the threshold. Above the
// threshold the lower bound belongs to the step and the upper doesn't; below it
// is the other way round.
func (p Policy) choose(distance float64) (Step, bool) {
	for _, s := range p.Steps {
		above := s.Lower == nil || *s.Lower < distance || distance >= 0 && *s.Lower == distance
		below := s.Upper == nil || distance < *s.Upper || distance < 0 && *s.Upper == distance
		if above && below {
			return s, true
		}
	}
	return Step{}, false
}

// scaler is Application Auto Scaling for one policy of one target.
type scaler struct {
	Policy
	coolUntil int
	scaledIn  bool // the activity that cools down was a scale-in
}

// act returns the capacity that the policy wants.
// https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepScalingPolicyConfiguration.html
func (s *scaler) act(now int, values []float64, threshold float64, current, low, high int) int {
	if len(values) == 0 {
		// An alarm that keeps its state without data ("ignore") has no value.
		// No document says what Auto Scaling makes of that.
		return current
	}
	step, ok := s.choose(aggregate(values, s.Aggregation) - threshold)
	if !ok {
		return current
	}
	want := step.Adjustment
	if s.AdjustmentType == "ChangeInCapacity" {
		want += current
	}
	want = min(max(want, low), high)
	if want == current {
		return current
	}
	// While it cools down, a policy neither takes away nor adds again what it
	// just added; it may go to a larger capacity.
	if now < s.coolUntil && (want < current || s.AdjustmentType == "ChangeInCapacity" && !s.scaledIn) {
		return current
	}
	s.coolUntil, s.scaledIn = now+s.CooldownSeconds, want < current
	return want
}

func aggregate(values []float64, how string) float64 {
	result, total := values[0], 0.0
	for _, v := range values {
		total += v
		switch how {
		case "Maximum":
			result = max(result, v)
		case "Minimum":
			result = min(result, v)
		}
	}
	if how == "Average" {
		return total / float64(len(values))
	}
	return result
}
