package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

var (
	// urlPassword finds a URL with a password; its group is the password.
	urlPassword = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^/\s:@"']*:([^/\s@"']+)@`)
	// tokenShapes are values that give themselves away: keys and tokens by the
	// beginnings that their makers gave them.
	tokenShapes = regexp.MustCompile(strings.Join([]string{
		`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`, `-----BEGIN [A-Z0-9 ]*PRIVATE KEY`, `PuTTY-User-Key-File`, `AGE-SECRET-KEY-1[0-9A-Z]+`,
		`\bgh[pousr]_[0-9A-Za-z]{16,}`, `\bgithub_pat_[0-9A-Za-z_]{20,}`, `\bgl(?:pat|dt|rt|cbt)-[0-9A-Za-z_-]{16,}`,
		`\bxox[abeoprs]-[0-9A-Za-z-]{10,}`, `\bxapp-[0-9A-Za-z-]{10,}`, `hooks\.slack\.com/(?:services|workflows)/[0-9A-Za-z/]{10,}`,
		`\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]*`,
		`\b[sr]k_(?:live|test)_[0-9A-Za-z]{10,}`, `\bwhsec_[0-9A-Za-z]{16,}`, `\bsk-(?:ant-|proj-)?[0-9A-Za-z_-]{20,}`, `\bAIza[0-9A-Za-z_-]{35}`, `\bya29\.[0-9A-Za-z_-]{20,}`,
		`\bnpm_[0-9A-Za-z]{30,}`, `\bpypi-[0-9A-Za-z_-]{20,}`, `\bdckr_pat_[0-9A-Za-z_-]{20,}`, `\bhf_[0-9A-Za-z]{30,}`, `\bdo[op]_v1_[0-9a-f]{40,}`, `\bdapi[0-9a-f]{32}`,
		`\bpul-[0-9a-f]{40}`, `\bhv[sb]\.[0-9A-Za-z_-]{20,}`, `\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}`, `\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}`, `\bATATT3[0-9A-Za-z_=-]{20,}`,
		`\bsntry[su]_[0-9A-Za-z_=-]{20,}`, `\bglsa_[0-9A-Za-z_]{20,}`, `\bNRAK-[0-9A-Z]{20,}`, `\bEAAC[0-9A-Za-z]{30,}`, `\bkey-[0-9a-f]{32}\b`,
	}, "|"))
	// assigned finds NAME=value, NAME: "value" and --name value in a text.
	assigned = regexp.MustCompile(`(?:^|[\s;&?,{("'])-{0,2}["']?([A-Za-z][A-Za-z0-9_.-]*)["']?\s*(=["']?|:\s*["']|\s+["']?)(\$\{[^}]*\}|\$\([^)]*\)|\{\{[^}]*\}\}|<[^>]*>|[^\s"';&,}]+)`)
	// handedOver finds passwords by the flags of well-known programs: curl's user, mysql's -p, Basic and Bearer.
	handedOver = regexp.MustCompile(`(?i)(?:curl\b.*\s(?:-u|--user)[\s=]+["']?[^\s:"']+:([^\s"']+)|\bmysql(?:dump|admin)?\b.*\s-p([^\s"']+)|\bauthorization:\s*(?:bearer|basic|token)\s+([^\s"']+)|\bsshpass\s+-p\s*["']?([^\s"']+)|\bredis-cli\b.*\s-a\s+["']?([^\s"']+))`)
	// placeholder is a value that something else takes the place of.
	placeholder = regexp.MustCompile(`(?i)^(\$\{?[\w:.,/|-]+\}?|\$\(.+\)|` + "`.+`" + `|\$\{[^}]*\}|\{\{.+\}\}|<[^>]+>|%\w+%|%\(\w+\)s|\*+|\$\$\.?.*|\$\..*|@.+@|__\w+__|` +
		`(?:aws-?)?(?:secrets?-?manager|ssm|vault|sops|file|env|op)[:/].*|arn:.*|placeholder\w*|injected\w*|redacted|(?:to[_-]be[_-])?replaced?[_-]\w+.*|(?:is[_-])?(?:set|injected|provided|filled|overridden)[_-](?:by|at|in|from|via|with|later)[\w-]*|` +
		`(?:see|from|in|stored[_-]in|comes[_-]from)[_-].*|null|none|undefined|unset|n/a|-)$`)
)

// strongWords end the names of what is secret whatever it looks like; secretWords
// those of what is secret unless its value shows otherwise.
var (
	strongWords = []string{"password", "passwd", "pwd", "passphrase", "fernet"}
	secretWords = []string{
		"password", "passwd", "pwd", "pass", "passphrase", "secret", "secrets", "token", "tokens", "key", "keys", "passwords", "fernet",
		"credential", "credentials", "creds", "apikey", "secretkey", "authtoken", "accesskey", "privatekey", "apitoken", "dbpassword", "pat", "pin", "salt",
	}
	// A key or token by these names isn't one to a lock.
	publicWords = []string{
		"public", "partition", "sort", "prefix", "object", "primary", "foreign", "hash", "range", "s3", "cache", "routing", "idempotency", "dedup", "group", "message",
		"max", "min", "num", "count", "limit", "total", "budget", "client", "next", "page", "continuation", "task", "pagination", "index", "tag", "label", "metric", "config", "feature", "image",
		"enable", "enabled", "use", "allow", "require", "map", "row", "column", "lookup", "shortcut", "kms", "bucket", "file", "path", "stop", "eos", "pad", "bos", "unk", "special",
	}
)

// lastWord returns the word that a name ends in, without numbers behind it, and
// the one before.
func lastWord(name string) (last, before string) {
	words := splitWords(name)
	for len(words) > 1 && strings.Trim(words[len(words)-1], "0123456789") == "" || len(words) > 1 && isVersion(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return "", ""
	}
	last = strings.TrimRight(words[len(words)-1], "0123456789")
	for _, end := range []string{"password", "passwd", "passphrase", "secret", "token", "apikey"} {
		if strings.HasSuffix(last, end) {
			last = end
		}
	}
	if len(words) > 1 {
		before = words[len(words)-2]
	}
	return last, before
}

func isVersion(word string) bool {
	switch word {
	case "old", "new", "previous", "prev", "next", "current", "backup", "primary", "secondary", "prod", "dev", "plain", "plaintext", "value", "base":
		return true
	}
	number, found := strings.CutPrefix(word, "v")
	_, err := strconv.Atoi(number)
	return found && err == nil
}

// soundsSecret reports whether a variable's name ends in a word for secrets.
func soundsSecret(name string, more ...string) bool {
	last, before := lastWord(name)
	if slices.Contains(more, last) {
		return true
	}
	if before == "" && (last == "key" || last == "keys") {
		return false // of anything: its value tells, if it is a token by its shape
	}
	if !slices.Contains(secretWords, last) {
		return false
	}
	return slices.Contains(strongWords, last) || last == "secret" && before != "use" && before != "enable" || !slices.Contains(publicWords, before)
}

// holdsSecret reports whether a variable of that name, with that value, holds a
// secret: a name can sound like one whose value isn't.
func holdsSecret(name, value string, more ...string) bool {
	if !soundsSecret(name, more...) || strings.TrimSpace(value) == "" || placeholder.MatchString(strings.TrimSpace(value)) {
		return false
	}
	last, _ := lastWord(name)
	if _, err := strconv.ParseBool(value); err == nil && value != "0" && value != "1" {
		return false
	}
	if slices.Contains(strongWords, last) || slices.Contains(more, last) {
		return true
	}
	if _, err := strconv.ParseFloat(value, 64); err == nil {
		return false
	}
	return !addressLike.MatchString(value)
}

// addressLike is where something is, instead of what it is: a path, a name with
// folders, a URL without a password, a dotted name of a class.
var addressLike = regexp.MustCompile(`^(?:\.{0,2}/[\w./-]+|[a-z][a-z0-9+.-]*://[^@\s]*|[a-z][a-z0-9_-]*(?:/[a-z0-9._{}-]+)+|[a-z_]+(?:\.[A-Za-z_]+){2,}|alias/[\w/-]+)$`)

// holdsCredential reports whether a text gives a credential away by its shape.
func holdsCredential(text string) bool {
	if tokenShapes.MatchString(text) {
		return true
	}
	for _, found := range urlPassword.FindAllStringSubmatch(text, -1) {
		if !placeholder.MatchString(found[1]) {
			return true
		}
	}
	return false
}

// tellsSecret finds, in a command or a connection, what is given to a name that
// sounds secret; "" if there is none.
func tellsSecret(text string, more ...string) string {
	for _, found := range handedOver.FindAllStringSubmatch(text, -1) {
		if value := strings.Join(found[1:], ""); !placeholder.MatchString(value) && !strings.HasPrefix(value, "$") {
			return "a program's argument"
		}
	}
	for rest := text; ; {
		at := assigned.FindStringSubmatchIndex(rest)
		if at == nil {
			return ""
		}
		name, by, value := rest[at[2]:at[3]], rest[at[4]:at[5]], rest[at[6]:at[7]]
		flag := strings.HasPrefix(strings.TrimLeft(rest[at[0]:at[2]], " \t\n;&?,{(\"'"), "--")
		told := flag || strings.TrimSpace(by) != "" && by != ""
		if by[0] == ' ' && !flag {
			told = false
		}
		value = strings.Trim(value, `"'\`)
		if told && !strings.HasPrefix(value, "-") && !strings.HasPrefix(value, "$") && holdsSecret(name, value, more...) {
			return name
		}
		// What follows a name may be the next one's.
		rest = rest[at[3]:]
	}
}

// splitWords splits NAMES_LIKE_THIS, names-like-this and namesLikeThis.
func splitWords(name string) []string {
	var spaced strings.Builder
	var last rune
	for _, r := range name {
		if unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)) {
			spaced.WriteRune(' ')
		}
		spaced.WriteRune(r)
		last = r
	}
	return strings.FieldsFunc(strings.ToLower(spaced.String()), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
