package enginetest

import (
	"encoding/json"
	"regexp"
	"strings"
)

// ours is the account of the stacks' settings.
var ours = regexp.MustCompile(`\b[0-9]{12}\b`)

// document makes each statement of a policy worse.
func (f *flipper) document(path []any, text string) {
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		panic(err)
	}
	statements, _ := document["Statement"].([]any)
	for i := range statements {
		s := statements[i].(map[string]any)
		change := func(name, title string, do func(s map[string]any)) {
			worse := clone(document).(map[string]any)
			do(worse["Statement"].([]any)[i].(map[string]any))
			f.text(path, worse, name, title)
		}
		if s["Effect"] == "Deny" {
			change("Deny", "turned into Allow", func(s map[string]any) { s["Effect"] = "Allow" })
			change("Deny", "of nothing", func(s map[string]any) { s["Resource"] = "arn:aws:s3:::nothing" })
			continue
		}
		service, _, _ := strings.Cut(first(s["Action"]), ":")
		if s["Action"] != "*" {
			change("Action", "every one", func(s map[string]any) { s["Action"] = "*" })
			change("Action", "every one of the service", func(s map[string]any) { s["Action"] = service + ":*" })
			change("Action", "all but one", func(s map[string]any) {
				delete(s, "Action")
				s["NotAction"] = "iam:CreateUser"
			})
		}
		if s["Resource"] != nil && s["Resource"] != "*" {
			change("Resource", "every one", func(s map[string]any) { s["Resource"] = "*" })
		}
		if s["Condition"] != nil {
			change("Condition", "left out", func(s map[string]any) { delete(s, "Condition") })
			change("Condition", "for any value", func(s map[string]any) { s["Condition"] = anyValue(s["Condition"]) })
		}
		f.principals(s, change)
	}
}

func (f *flipper) principals(s map[string]any, change func(name, title string, do func(s map[string]any))) {
	switch {
	case s["Principal"] == nil:
		return
	case s["Principal"] != "*" && s["Condition"] == nil:
		change("Principal", "anybody", func(s map[string]any) { s["Principal"] = "*" })
	case s["Principal"] != "*":
		change("Principal", "anybody, under the same condition", func(s map[string]any) { s["Principal"] = map[string]any{"AWS": "*"} })
		change("Principal", "anybody, without a condition", func(s map[string]any) {
			s["Principal"] = map[string]any{"AWS": "*"}
			delete(s, "Condition")
		})
	}
	if raw, _ := json.Marshal(s["Principal"]); ours.Match(raw) {
		change("Principal", "of another account", func(s map[string]any) {
			s["Principal"] = map[string]any{"AWS": "arn:aws:iam::999999999999:root"}
		})
	}
}

// first returns the first of a list, or the only one.
func first(v any) string {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	text, _ := v.(string)
	return text
}

// anyValue keeps a condition's keys, and lets every value pass.
func anyValue(condition any) any {
	loose := map[string]any{}
	for _, tests := range condition.(map[string]any) {
		for key := range tests.(map[string]any) {
			loose[key] = "*"
		}
	}
	return map[string]any{"StringLike": loose}
}

// text adds a mutant whose property is JSON text.
func (f *flipper) text(path []any, v any, name, change string) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	f.set(path, string(raw), change)
	f.found[len(f.found)-1].property += " " + name
}

// containers makes each container of a task definition worse.
func (f *flipper) containers(text string) {
	var list []any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		panic(err)
	}
	for i := range list {
		c := list[i].(map[string]any)
		change := func(name, title string, do func(c map[string]any)) {
			worse := clone(list).([]any)
			do(worse[i].(map[string]any))
			f.text([]any{"containerDefinitions"}, worse, name, title)
		}
		variable := func(title, name, value string) {
			change("environment", title, func(c map[string]any) {
				variables, _ := c["environment"].([]any)
				c["environment"] = append(variables, map[string]any{"name": name, "value": value})
			})
		}
		change("privileged", "true", func(c map[string]any) { c["privileged"] = true })
		change("user", "left out", func(c map[string]any) { delete(c, "user") })
		change("user", "root", func(c map[string]any) { c["user"] = "0:0" })
		if c["readonlyRootFilesystem"] == true {
			change("readonlyRootFilesystem", "false instead of true", func(c map[string]any) { c["readonlyRootFilesystem"] = false })
		}
		change("linuxParameters", "a capability more", func(c map[string]any) {
			c["linuxParameters"] = map[string]any{"capabilities": map[string]any{"add": []any{"SYS_PTRACE"}}}
		})
		change("linuxParameters", "no capability dropped", func(c map[string]any) { delete(c, "linuxParameters") })
		change("linuxParameters", "a device of the host", func(c map[string]any) {
			c["linuxParameters"] = map[string]any{"devices": []any{map[string]any{"hostPath": "/dev/mem"}}}
		})
		change("logConfiguration", "left out", func(c map[string]any) { delete(c, "logConfiguration") })
		change("logConfiguration", "group made by the driver", func(c map[string]any) {
			c["logConfiguration"].(map[string]any)["options"].(map[string]any)["awslogs-create-group"] = "true"
		})
		change("image", "by a tag", func(c map[string]any) {
			image, _, _ := strings.Cut(c["image"].(string), "@")
			c["image"] = image + ":latest"
		})
		variable("a password in plain text", "AIRFLOW_DB_PASSWORD", "hunter2")
		variable("an address with a password", "DATABASE", "postgresql://airflow:hunter2@db/airflow")
		if secrets, _ := c["secrets"].([]any); len(secrets) > 0 {
			change("secrets", "a key in the environment instead", func(c map[string]any) {
				c["secrets"] = secrets[1:]
				variables, _ := c["environment"].([]any)
				c["environment"] = append(variables, map[string]any{"name": "AIRFLOW__CORE__FERNET_KEY", "value": "plain"})
			})
		}
	}
}
