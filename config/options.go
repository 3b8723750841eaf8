package config

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// optionFiles are the options of each line of Airflow, as its own reference and
// those of the image's providers list them. test/airflow/options.py writes them.
//
//go:embed options/*.txt
var optionFiles embed.FS

// optionList is one line's.
type optionList struct {
	line  string
	names []string
	// secret options may be given as <option>_cmd and <option>_secret.
	secret map[string]bool
	moved  map[string]string
	// open are sections whose options Airflow hands on.
	open map[string]bool
}

// optionsOf reads the list of a line, such as 3.1; false if there is none.
func optionsOf(line string) (optionList, bool) {
	text, err := optionFiles.ReadFile("options/" + line + ".txt")
	if err != nil {
		return optionList{}, false
	}
	list := optionList{line: line, secret: map[string]bool{}, moved: map[string]string{}, open: map[string]bool{}}
	for _, entry := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		old, now, moved := strings.Cut(entry, " > ")
		name, secret := strings.CutSuffix(old, " secret")
		section, all := strings.CutSuffix(name, ".*")
		switch {
		case moved:
			list.moved[old] = now
		case all:
			list.open[section] = true
		default:
			list.names = append(list.names, name)
			list.secret[name] = secret
		}
	}
	return list, true
}

// fault says what is wrong with an option's name, or nothing. Without a line,
// which is a fault itself, nothing is.
func (l optionList) fault(section, option string) string {
	name := section + "." + option
	if l.line == "" || l.open[section] || slices.Contains(l.names, name) {
		return ""
	}
	for _, suffix := range []string{"_cmd", "_secret"} {
		base, ok := strings.CutSuffix(name, suffix)
		switch {
		case !ok || !slices.Contains(l.names, base):
		case l.secret[base]:
			return ""
		default:
			return fmt.Sprintf("Airflow %s takes %s as it is alone: a value from a command or a secrets backend is for its secret options", l.line, base)
		}
	}
	if now := l.moved[name]; now != "" {
		if reason, reserved := ReservedOption(l.split(now)); reserved {
			return fmt.Sprintf("Airflow %s calls it %s, and the platform decides that: %s", l.line, now, reason)
		}
		return fmt.Sprintf("Airflow %s calls it %s", l.line, now)
	}
	if old := l.elsewhere(name, func(list optionList) bool { return slices.Contains(l.names, list.before(name)) }); old != nil {
		return fmt.Sprintf("Airflow %s calls it %s, Airflow %s as here", l.line, old.before(name), old.line)
	}
	said := fmt.Sprintf("Airflow %s and the image's providers have no such option", l.line)
	if other := l.elsewhere(name, func(optionList) bool { return true }); other != nil {
		said += fmt.Sprintf(", Airflow %s has", other.line)
	}
	if meant := l.meant(section, option); meant != "" {
		said += fmt.Sprintf("; did you mean %s?", meant)
	}
	return said
}

// elsewhere is another line's list that has the option and that fits.
func (l optionList) elsewhere(name string, fits func(optionList) bool) *optionList {
	for _, line := range airflowLines {
		list, ok := optionsOf(line.(string))
		if ok && list.line != l.line && slices.Contains(list.names, name) && fits(list) {
			return &list
		}
	}
	return nil
}

// before is what an option was called, or nothing.
func (l optionList) before(name string) string {
	for old, now := range l.moved {
		if now == name {
			return old
		}
	}
	return ""
}

// meant is the option that a name was to be: of that name in another section,
// of a name near it in the same one, or of the same name in a section near it.
func (l optionList) meant(section, option string) string {
	var same, sections []string
	for _, name := range l.names {
		in, called := l.split(name)
		sections = append(sections, in)
		if called == option {
			return name
		}
		if in == section {
			same = append(same, called)
		}
	}
	if called := nearest(option, same); called != "" {
		return section + "." + called
	}
	if len(same) == 0 {
		if in := nearest(section, sections); in != "" {
			return l.meant(in, option)
		}
	}
	return ""
}

func (l optionList) split(name string) (section, option string) {
	section, option, _ = strings.Cut(name, ".")
	return section, option
}
