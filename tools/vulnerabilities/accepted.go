package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// acceptance is a finding that doesn't count until the end of a day.
type acceptance struct {
	// ID is the finding's, or one of its aliases.
	ID     string `yaml:"id"`
	Reason string `yaml:"reason"`
	// Until is the last day, such as 2026-12-31.
	Until string `yaml:"until"`

	used bool
}

var identifier = regexp.MustCompile(`^[A-Z]+(-[0-9A-Za-z]+)+$`)

// readAccepted reads the file of acceptances, and reports all its faults at
// once; one that is over is a fault.
func readAccepted(path string, today time.Time) ([]*acceptance, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var accepted []*acceptance
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&accepted); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var faults []error
	seen := map[string]bool{}
	for i, entry := range accepted {
		fault := func(format string, values ...any) {
			faults = append(faults, fmt.Errorf("%s: entry %d (%s): %s", path, i+1, entry.ID, fmt.Sprintf(format, values...)))
		}
		if !identifier.MatchString(entry.ID) {
			fault("id is %q, and not of the form GO-2026-1234", entry.ID)
		}
		if seen[entry.ID] {
			fault("is there twice")
		}
		seen[entry.ID] = true
		if strings.TrimSpace(entry.Reason) == "" {
			fault("has no reason")
		}
		switch last, err := time.Parse(time.DateOnly, entry.Until); {
		case err != nil:
			fault("until is %q, and not a day such as 2026-12-31", entry.Until)
		case today.After(last.AddDate(0, 0, 1)):
			fault("was accepted until %s", entry.Until)
		}
	}
	return accepted, errors.Join(faults...)
}

// acceptanceOf returns the entry that covers a finding, nil where none does.
func acceptanceOf(found finding, accepted []*acceptance) *acceptance {
	for _, entry := range accepted {
		for _, id := range append([]string{found.id}, found.aliases...) {
			if entry.ID == id {
				return entry
			}
		}
	}
	return nil
}
