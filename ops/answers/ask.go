package answers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/config"
)

// ErrEnded is the end of the input before all questions were answered.
var ErrEnded = errors.New("the input ended before the last answer; nothing was written")

// Asker puts questions to a person.
type Asker struct {
	lines <-chan string
	to    io.Writer
}

// NewAsker reads answers from in, a line each, and writes questions to to.
func NewAsker(in io.Reader, to io.Writer) *Asker {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			lines <- strings.TrimSpace(scanner.Text())
		}
	}()
	return &Asker{lines: lines, to: to}
}

// line returns what is answered, or the suggestion for an empty line.
func (a *Asker) line(ctx context.Context, key, text, suggestion string) (string, error) {
	_, _ = fmt.Fprintf(a.to, "\n%s\n%s", text, key)
	if suggestion != "" {
		_, _ = fmt.Fprintf(a.to, " [%s]", suggestion)
	}
	_, _ = fmt.Fprint(a.to, ": ")
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("nothing was written: %w", ctx.Err())
	case answer, more := <-a.lines:
		if !more {
			return "", ErrEnded
		}
		if answer == "" {
			return suggestion, nil
		}
		return answer, nil
	}
}

// Like asks which of the stacks the new one is to begin with.
func (a *Asker) Like(ctx context.Context, stacks []string) (string, error) {
	for {
		like, err := a.line(ctx, "like", "The stack whose sizes and protection it begins with: "+strings.Join(stacks, " or ")+".", stacks[0])
		if err != nil || slices.Contains(stacks, like) {
			return like, err
		}
	}
}

// All asks every question until its answer is a valid one.
func (a *Asker) All(ctx context.Context, d *Draft) error {
	for _, q := range Questions {
		for {
			answer, err := a.line(ctx, q.Key, q.Text, d.Suggestion(q))
			if err != nil {
				return err
			}
			if answer == "none" && q.none {
				answer = ""
			}
			if answer == "" && q.optional {
				break
			}
			if err = d.Answer(q.Key, answer); err == nil {
				break
			}
			faults, err := faultsIn(err)
			if err != nil {
				return err
			}
			for _, fault := range faults {
				_, _ = fmt.Fprintf(a.to, "  %s\n", fault)
			}
		}
	}
	return d.Faults()
}

// Fill takes given answers, and suggestions for the other questions. It returns
// all faults together: of the answers, and of questions that have neither.
func Fill(d *Draft, given map[string]string) error {
	var all []config.Fault
	take := func(key, answer string) error {
		faults, err := faultsIn(d.Answer(key, answer))
		all = append(all, faults...)
		return err
	}
	for _, q := range Questions {
		answer, isGiven := given[q.Key]
		if !isGiven {
			answer = d.Suggestion(q)
		}
		if !isGiven && answer == "" && q.suggest != nil || !isGiven && q.optional {
			continue
		}
		if err := take(q.Key, answer); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if question(key) == nil {
			if err := take(key, given[key]); err != nil {
				return err
			}
		}
	}
	if len(all) > 0 {
		return &config.Error{Faults: all}
	}
	return d.Faults()
}

// faultsIn returns the faults that err is made of, or err if it is of another kind.
func faultsIn(err error) ([]config.Fault, error) {
	var all *config.Error
	if errors.As(err, &all) {
		return all.Faults, nil
	}
	return nil, err
}
