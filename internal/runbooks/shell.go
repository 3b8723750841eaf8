package runbooks

import (
	"regexp"
	"strings"
)

// A command is one simple command of a fenced block or of inline code.
type command struct {
	file  string
	line  int
	words []string
}

var (
	inlineCode = regexp.MustCompile("`((?:make|aws|pulumi) [^`]+)`")
	assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
)

// commands returns what a page tells people to run: fenced blocks marked sh,
// and inline code that begins with make, aws or pulumi.
func commands(file, page string) []command {
	var found []command
	inside, block, start := false, "", 0
	for i, line := range strings.Split(page, "\n") {
		text := strings.TrimSpace(line)
		switch {
		case inside && text == "```":
			found = append(found, parse(file, start, block)...)
			inside, block = false, ""
		case inside:
			block += text + "\n"
		case text == "```sh":
			inside, start = true, i+2
		default:
			for _, match := range inlineCode.FindAllStringSubmatch(line, -1) {
				found = append(found, parse(file, i+1, match[1])...)
			}
		}
	}
	return found
}

// parse splits a script into simple commands, those inside $(…) among them.
// It knows as much of the shell as runbooks should use.
func parse(file string, line int, script string) []command {
	var found []command
	var words []string
	word, started := "", false
	endWord := func() {
		if started {
			words = append(words, word)
		}
		word, started = "", false
	}
	end := func() {
		endWord()
		if simple := plain(words); len(simple) > 0 {
			found = append(found, command{file, line, simple})
		}
		words = nil
	}
	double := false
	for i := 0; i < len(script); i++ {
		c := script[i]
		switch {
		case c == '$' && i+1 < len(script) && script[i+1] == '(':
			close := closing(script, i+2)
			found = append(found, parse(file, line, script[i+2:close])...)
			word, started, i = word+"$", true, close
		case c == '"':
			double, started = !double, true
		case double:
			word += string(c)
		case c == '\'':
			close := i + 1 + strings.IndexByte(script[i+1:]+"'", '\'')
			word, started, i = word+script[i+1:min(close, len(script))], true, close
		case c == '\\' && i+1 < len(script):
			if i++; script[i] != '\n' {
				word, started = word+string(script[i]), true
			}
		case c == '#' && !started:
			for i+1 < len(script) && script[i+1] != '\n' {
				i++
			}
		case c == '\n' || c == ';' || c == '|' || c == '&':
			end()
			if c == '\n' {
				line++
			}
		case c == ' ' || c == '\t':
			endWord()
		default:
			word, started = word+string(c), true
		}
	}
	end()
	return found
}

// closing is the index of the parenthesis that ends what begins at from.
func closing(script string, from int) int {
	for i, depth := from, 1; i < len(script); i++ {
		switch script[i] {
		case '\'':
			if next := strings.IndexByte(script[i+1:], '\''); next >= 0 {
				i += next + 1
			}
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(script)
}

// plain drops keywords, assignments and redirections.
func plain(words []string) []string {
	for len(words) > 0 && (words[0] == "do" || words[0] == "then" || assignment.MatchString(words[0])) {
		words = words[1:]
	}
	if len(words) > 0 && (words[0] == "for" || words[0] == "done" || words[0] == "fi") {
		return nil
	}
	var list []string
	for _, word := range words {
		if !strings.HasPrefix(word, ">") && !strings.HasPrefix(word, "<") {
			list = append(list, word)
		}
	}
	return list
}
