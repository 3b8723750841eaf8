package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Flags are a command's settings: flags first, then the environment, then
// the default. Every fault is collected, so that a user sees all of them at
// once.
type Flags struct {
	command  string
	about    string
	settings []*setting
	checks   []func() error
}

type setting struct {
	name, env, usage string
	value            settable
	given            []string
	boolean          bool
	list             bool
}

// settable takes a setting's text and says its default in the help.
type settable interface {
	set(text string) error
	fallback() string
}

// NewFlags starts the settings of one command; about is the text of its help,
// without the list of flags.
func NewFlags(command, about string) *Flags {
	return &Flags{command: command, about: about}
}

// String adds a text setting. An empty env means that only the flag exists.
func (f *Flags) String(name, env, fallback, usage string) *string {
	return add(f, name, env, usage, fallback, func(s string) (string, error) { return s, nil }, quoteDefault)
}

// Duration adds a length of time, written as Go writes it: 90s, 5m, 24h.
func (f *Flags) Duration(name, env string, fallback time.Duration, usage string) *time.Duration {
	parse := func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration; write it like 5s, 10m or 24h", s)
		}
		return d, nil
	}
	return add(f, name, env, usage, fallback, parse, time.Duration.String)
}

// Address adds an address to listen at: host:port.
func (f *Flags) Address(name, env, fallback, usage string) *string {
	parse := func(s string) (string, error) {
		_, port, err := net.SplitHostPort(s)
		if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
			return "", fmt.Errorf("%q is no address; write it like 127.0.0.1:9100", s)
		}
		return s, nil
	}
	return add(f, name, env, usage, fallback, parse, quoteDefault)
}

// URL adds an http address to ask.
func (f *Flags) URL(name, env, fallback, usage string) *string {
	parse := func(s string) (string, error) {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return "", fmt.Errorf("%q is no http address; write it like http://127.0.0.1:9100/healthz", s)
		}
		return s, nil
	}
	return add(f, name, env, usage, fallback, parse, quoteDefault)
}

// Bool adds a switch that is off unless given.
func (f *Flags) Bool(name, env, usage string) *bool {
	parse := func(s string) (bool, error) {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return false, fmt.Errorf("%q is neither true nor false", s)
		}
		return b, nil
	}
	p := add(f, name, env, usage, false, parse, func(bool) string { return "" })
	f.settings[len(f.settings)-1].boolean = true
	return p
}

// List adds a setting that may be given several times as a flag, or once in
// the environment with commas between the values.
func (f *Flags) List(name, env, usage string) *[]string {
	l := new(listValue)
	f.settings = append(f.settings, &setting{name: name, env: env, usage: usage, value: l, list: true})
	return (*[]string)(l)
}

// Check adds a rule that is asked once all settings are read. Its faults are
// reported together with all others.
func (f *Flags) Check(rule func() error) { f.checks = append(f.checks, rule) }

// Parse reads the settings. When done is true the command must return code at
// once: help was printed (0) or faults were (2).
func (f *Flags) Parse(inv Invocation) (code int, done bool) {
	set := flag.NewFlagSet(f.command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, s := range f.settings {
		set.Var((*rawFlag)(s), s.name, s.usage)
	}
	err := set.Parse(inv.Args)
	if errors.Is(err, flag.ErrHelp) {
		printf(inv.Stdout, "%s", f.help())
		return ExitOK, true
	}
	var faults []error
	if err != nil {
		faults = append(faults, err)
	}
	if set.NArg() > 0 {
		faults = append(faults, fmt.Errorf("unexpected argument %q", set.Arg(0)))
	}
	for _, s := range f.settings {
		faults = append(faults, s.read(inv)...)
	}
	// What couldn't be read keeps its default, which no rule minds. Behind a
	// flag that isn't one nothing was read.
	if err == nil && set.NArg() == 0 {
		for _, rule := range f.checks {
			faults = append(faults, rule())
		}
	}
	if err := errors.Join(faults...); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			printf(inv.Stderr, "airflow-agent %s: %s\n", f.command, line)
		}
		printf(inv.Stderr, "airflow-agent %s --help tells the flags\n", f.command)
		return ExitUsage, true
	}
	return ExitOK, false
}

func (s *setting) read(inv Invocation) []error {
	from, texts := "--"+s.name, s.given
	if len(texts) == 0 && s.env != "" {
		// An empty variable counts as unset: task definitions cannot unset one.
		if text, ok := inv.LookupEnv(s.env); ok && text != "" {
			from, texts = s.env, []string{text}
			if s.list {
				texts = strings.Split(text, ",")
			}
		}
	}
	var faults []error
	if !s.list && len(texts) > 1 {
		faults = append(faults, fmt.Errorf("%s: given %d times", from, len(texts)))
	}
	for _, text := range texts {
		if err := s.value.set(text); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", from, err))
		}
	}
	return faults
}

func (f *Flags) help() string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(f.about, "\n") + "\n\nFlags:\n")
	for _, s := range f.settings {
		fmt.Fprintf(&b, "  --%s\n        %s", s.name, s.usage)
		if d := s.value.fallback(); d != "" {
			fmt.Fprintf(&b, " (default %s)", d)
		}
		if s.env != "" {
			fmt.Fprintf(&b, " [%s]", s.env)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

type scalar[T any] struct {
	value *T
	text  string
	parse func(string) (T, error)
}

func add[T any](f *Flags, name, env, usage string, fallback T, parse func(string) (T, error), show func(T) string) *T {
	v := &scalar[T]{value: &fallback, text: show(fallback), parse: parse}
	f.settings = append(f.settings, &setting{name: name, env: env, usage: usage, value: v})
	return v.value
}

func (v *scalar[T]) set(text string) error {
	value, err := v.parse(text)
	if err == nil {
		*v.value = value
	}
	return err
}

func (v *scalar[T]) fallback() string { return v.text }

func quoteDefault(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

type listValue []string

func (l *listValue) set(text string) error {
	*l = append(*l, strings.TrimSpace(text))
	return nil
}

func (l *listValue) fallback() string { return "" }

// rawFlag hands the flag's text over unread: the standard parser would stop
// at the first value that it can't convert.
type rawFlag setting

func (r *rawFlag) String() string { return "" }

func (r *rawFlag) Set(text string) error {
	r.given = append(r.given, text)
	return nil
}

func (r *rawFlag) IsBoolFlag() bool { return r.boolean }
