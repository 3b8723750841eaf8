package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud/learned"
)

// lesson turns a refusal into a rule, or says that it can't.
type lesson struct {
	words *regexp.Regexp
	learn func(found []string, rule *learned.Rule)
}

// quoted are the values in a list such as ["A" "B"].
var quoted = regexp.MustCompile(`"([^"]*)"`)

// lessons are the forms in which the provider's validators speak.
var lessons = []lesson{
	{regexp.MustCompile(`to be one of \[(.*?)\]`), func(f []string, r *learned.Rule) {
		for _, value := range quoted.FindAllStringSubmatch(f[1], -1) {
			r.OneOf = append(r.OneOf, value[1])
		}
	}},
	{regexp.MustCompile(`expected length of \S+ to be in the range \((\d+) - (\d+)\)`), lengths},
	{regexp.MustCompile(`string length must be between (\d+) and (\d+)`), lengths},
	{regexp.MustCompile(`cannot be longer than()(\s\d+) characters`), lengths},
	{regexp.MustCompile(`to be in the range \((-?\d+) - (-?\d+)\)`), func(f []string, r *learned.Rule) { r.Min, r.Max = number(f[1]), number(f[2]) }},
	{regexp.MustCompile(`to be at least \((-?\d+)\)`), func(f []string, r *learned.Rule) { r.Min = number(f[1]) }},
	{regexp.MustCompile(`value must be at least (-?\d+)`), func(f []string, r *learned.Rule) { r.Min = number(f[1]) }},
	{regexp.MustCompile(`to be at most \((-?\d+)\)`), func(f []string, r *learned.Rule) { r.Max = number(f[1]) }},
	{regexp.MustCompile(`is an invalid ARN`), func(_ []string, r *learned.Rule) { r.ARN = true }},
	{regexp.MustCompile(`Missing required argument|Missing Configuration for Required Attribute`), func(_ []string, r *learned.Rule) { r.Required = true }},
	{regexp.MustCompile(`must be a whole number|cannot parse '0\.5' as int|trying to convert an attribute value`), func(_ []string, r *learned.Rule) { r.Whole = true }},
	{regexp.MustCompile(`must not be empty|to not be an empty string`), func(_ []string, r *learned.Rule) { r.MinLength = 1 }},
	{regexp.MustCompile(`requires (\d+) item minimum`), func(f []string, r *learned.Rule) { r.MinItems = int(*number(f[1])) }},
	{regexp.MustCompile(`supports (\d+) item maximum`), func(f []string, r *learned.Rule) { r.MaxItems = int(*number(f[1])) }},
	{regexp.MustCompile(`restrictions \(("[^)]*")\)`), form},
	{regexp.MustCompile(`to match regular expression ("[^ ]*")`), form},
	{regexp.MustCompile(`format of "ddd:hh24:mi-ddd:hh24:mi"`), fixed(`(?i)^((mon|tue|wed|thu|fri|sat|sun):([01][0-9]|2[0-3]):[0-5][0-9](-|$)){2}`)},
	{regexp.MustCompile(`format of "hh24:mi-hh24:mi"`), fixed(`^(([01][0-9]|2[0-3]):[0-5][0-9](-|$)){2}`)},
	{regexp.MustCompile(`valid log group name`), fixed(`^[\.\-_/#A-Za-z0-9]+$`)},
	{regexp.MustCompile(`valid log metric transformation name`), fixed(`^[^:*$]*$`)},
	{regexp.MustCompile(`valid log metric name`), fixed(`^[^:*]+$`)},
	{regexp.MustCompile(`url to not be empty|to have a host|to be a valid url`), fixed(`^[a-z]+://[^/]+`)},
	{regexp.MustCompile(`must begin with alphabetic character|must only contain alphanumeric characters and hyphens`), fixed(`^[A-Za-z][A-Za-z0-9-]*$`)},
	{regexp.MustCompile(`alphanumerics, hyphens, and underscores`), fixed(`^[A-Za-z0-9_-]+$`)},
	{regexp.MustCompile(`only ASCII letters, digits, and hyphens allowed in .*, and it must begin with a letter`), fixed(`^[A-Za-z][A-Za-z0-9-]*$`)},
}

func number(text string) *float64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return nil
	}
	return &n
}

func lengths(f []string, r *learned.Rule) {
	if low := number(f[1]); low != nil {
		r.MinLength = int(*low)
	}
	r.MaxLength = int(*number(f[2]))
}

// form takes a regular expression that the provider shows as a Go string.
func form(f []string, r *learned.Rule) {
	if pattern, err := strconv.Unquote(f[1]); err == nil {
		r.Pattern = pattern
	}
}

func fixed(pattern string) func([]string, *learned.Rule) {
	return func(_ []string, r *learned.Rule) { r.Pattern = pattern }
}

// lecture collects the rules of a run.
type lecture map[[2]string]*learned.Rule

// add learns from a refusal; it returns false when nothing can be learned.
func (l lecture) add(token, property, refusal string) bool {
	key := [2]string{token, property}
	rule := l[key]
	if rule == nil {
		rule = &learned.Rule{Type: token, Property: property}
	}
	for _, lesson := range lessons {
		if found := lesson.words.FindStringSubmatch(refusal); found != nil {
			if lesson.words == lessons[0].words {
				rule.OneOf = nil
			}
			lesson.learn(found, rule)
			l[key] = rule
			return true
		}
	}
	return false
}

// write puts the rules into a file, with those that were there before.
func (l lecture) write(path string) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var known []learned.Rule
	if err := json.Unmarshal(before, &known); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, rule := range known {
		if key := [2]string{rule.Type, rule.Property}; l[key] == nil {
			l[key] = &rule
		}
	}
	list := make([]*learned.Rule, 0, len(l))
	for _, rule := range l {
		list = append(list, rule)
	}
	sort.Slice(list, func(i, j int) bool {
		return list[i].Type+" "+list[i].Property < list[j].Type+" "+list[j].Property
	})
	encoded, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(encoded, '\n'), 0o644)
}
