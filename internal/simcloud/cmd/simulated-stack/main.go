// Command simulated-stack prints a stack file as the simulated cloud can read it:
// what only the stack's own secrets provider can open goes, its keys, and each
// secure value, whose place a simulated one takes.
//
//	simulated-stack FILE
package main

import (
	"fmt"
	"os"

	"gopkg.in/yaml.v3"
)

const (
	// salt is that of the passphrase "simulated" (scripts/pulumi).
	salt = "v1:6b1HAIzNEGg=:v1:Y/qiK/SOd4KDfbBf:/NlJET6VUHSs7tBlOrotynFxG6dd2Q=="
	// secret is "simulated-secret", sealed by it.
	secret = "v1:BopJ6a1mFPvNJMN1:49yW0wRcDV6wQ9aqCuogwak31F3lbgVDeJwiPrkNWsI="
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "simulated-stack:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("which file?")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	file := map[string]yaml.Node{}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	for _, key := range []string{"secretsprovider", "encryptedkey"} {
		delete(file, key)
	}
	for _, value := range file {
		seal(&value)
	}
	file["encryptionsalt"] = yaml.Node{Kind: yaml.ScalarNode, Value: salt}
	return yaml.NewEncoder(os.Stdout).Encode(file)
}

// seal puts the simulated secret in the place of each secure value.
func seal(node *yaml.Node) {
	if node.Kind == yaml.MappingNode && len(node.Content) == 2 && node.Content[0].Value == "secure" {
		node.Content[1] = &yaml.Node{Kind: yaml.ScalarNode, Value: secret}
		return
	}
	for _, inner := range node.Content {
		seal(inner)
	}
}
