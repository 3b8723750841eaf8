package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) digests() *cobra.Command {
	check := false
	cmd := &cobra.Command{
		Use:   "digests STACK [FILE]",
		Short: "Write images' digests into the stack's file",
		Long: "Digests reads lines \"IMAGE DIGEST\" from FILE, or from standard input, and writes them into Pulumi.STACK.yaml. With a fault it tells all of " +
			"them and writes nothing. With --check it writes nothing, and refuses the example digests that stack files come with.",
		Example: "  ops images push dev | ops digests dev\n  ops digests dev digests.txt\n  ops digests prod --check",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usage("a stack is needed, and a file when the digests aren't on standard input, such as: ops digests dev digests.txt")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if check {
				return t.noExamples(args[0])
			}
			if err := stack.Known(t.Root, args[0]); err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			text, err := t.read(cmd.Context(), args[1:])
			if err != nil {
				return err
			}
			digests, err := readDigests(text)
			if err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			// The settings needn't be valid yet: digests may be what is wrong with them.
			file := stack.File(t.Root, args[0])
			if err := stack.SetDigests(file, digests); err != nil {
				return &Failure{Code: ExitUsage, Err: err}
			}
			t.say("digests written into %s: %d; review and commit it", file, len(digests))
			if t.json {
				return t.printJSON(digests)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; end with 2 when the stack's file still has an example digest")
	return cmd
}

// read is the text of a file, or of standard input for none and for "-".
func (t *tool) read(ctx context.Context, files []string) (string, error) {
	if len(files) == 0 || files[0] == "-" {
		var text []byte
		var err error
		end := make(chan struct{})
		go func() {
			text, err = io.ReadAll(t.In)
			close(end)
		}()
		select {
		case <-end:
			return string(text), err
		case <-ctx.Done(): // of a terminal that nobody types at
			return "", fmt.Errorf("nothing was written: %w", ctx.Err())
		}
	}
	file := files[0]
	if !filepath.IsAbs(file) {
		file = filepath.Join(t.Root, file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", &Failure{Code: ExitUsage, Err: err}
	}
	return string(text), nil
}

// readDigests reads lines "IMAGE DIGEST", or tells every line that isn't one.
func readDigests(text string) (map[string]string, error) {
	digests := map[string]string{}
	var faults []error
	for number, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		fault := ""
		switch {
		case len(words) == 0:
			continue
		case len(words) != 2:
			fault = "an image and its digest, no less and no more"
		case !slices.Contains(config.ImageNames, words[0]):
			fault = "the images are " + strings.Join(config.ImageNames, " ")
		case digests[words[0]] != "":
			fault = words[0] + " has a line before"
		case !config.DigestForm.MatchString(words[1]):
			fault = "a digest is sha256: and 64 hex digits"
		default:
			digests[words[0]] = words[1]
			continue
		}
		faults = append(faults, fmt.Errorf("digests: line %d is %q: %s", number+1, line, fault))
	}
	return digests, errors.Join(faults...)
}

// noExamples refuses the digests that stack files come with: one character, 64 times.
func (t *tool) noExamples(name string) error {
	s, err := t.stack(name)
	if err != nil {
		return err
	}
	for _, digest := range slices.Sorted(maps.Values(s.Images.Digests)) {
		if hex := strings.TrimPrefix(digest, "sha256:"); strings.Count(hex, hex[:1]) == len(hex) {
			return usage("Pulumi.%s.yaml still has the example digests, which no registry holds: write those of your images", name)
		}
	}
	return nil
}
