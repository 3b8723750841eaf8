package deployment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// GitHub takes 65536 characters.
const longestComment = 60000

// Comment plans what a branch changes against the commit base, and writes the
// plan as a comment on a pull request. Both are made on the simulated cloud: a
// preview of the real stack opens the secrets in its state, and a pull request is
// code that nobody has read yet. folder is an empty one for its files. Its error
// is the comment's, or else the plan's.
func Comment(ctx context.Context, s *stack.Stack, folder, base, request string, w io.Writer) error {
	pack, err := filepath.Abs(filepath.Join(s.Root, "bin", "policy-pack"))
	if err != nil {
		return err
	}
	simulated := append(os.Environ(), "CLOUD=sim", "SIM_HOME="+filepath.Join(folder, "sim"))
	made := program.Command(ctx, s.Root, "scripts/base-state", base, s.Name)
	made.Env = simulated
	if err := program.Run(made, w); err != nil {
		return err
	}
	preview := program.Command(ctx, s.Root, "scripts/pulumi", s.Name, "preview", "--non-interactive", "--diff", "--policy-pack", pack)
	preview.Env = simulated
	var plan bytes.Buffer
	failed := program.Run(preview, &plan)
	if ctx.Err() != nil {
		return failed
	}
	body := filepath.Join(folder, "comment.md")
	if err := os.WriteFile(body, []byte(comment(s.Name, plan.String(), failed)), 0o600); err != nil {
		return err
	}
	if err := program.Run(program.Command(ctx, s.Root, "gh", "pr", "comment", request, "--body-file", body), w); err != nil {
		return errors.Join(err, failed)
	}
	return failed
}

func comment(name, plan string, failed error) string {
	code := 0
	if failed != nil {
		code = program.ExitCode(failed)
	}
	if len(plan) > longestComment {
		plan = strings.ToValidUTF8(plan[len(plan)-longestComment:], "")
	}
	return fmt.Sprintf("### Plan of %s, simulated (exit %d)\n\n```\n%s\n```\n", name, code, strings.TrimRight(plan, "\n"))
}
