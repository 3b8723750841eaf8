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

// Comment previews the stack with d's digests, or with those of its file when
// d is nil, and writes the plan as a comment on a pull request. folder is an
// empty one for its files. Its error is the comment's, or else the preview's.
func (d *Deployment) Comment(ctx context.Context, s *stack.Stack, folder, request string, w io.Writer) error {
	file := filepath.Join(folder, "Pulumi."+s.Name+".yaml")
	settings, err := os.ReadFile(stack.File(s.Root, s.Name))
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, settings, 0o600); err != nil {
		return err
	}
	if d != nil && len(d.Digests) > 0 {
		if err := stack.SetDigests(file, d.Digests); err != nil {
			return err
		}
	}
	pack, err := filepath.Abs(filepath.Join(s.Root, "bin", "policy-pack"))
	if err != nil {
		return err
	}
	preview := s.Pulumi(ctx, s.Root, "preview", "--non-interactive", "--diff", "--policy-pack", pack)
	preview.Env = append(preview.Env, "STACK_FILE="+file)
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
	return fmt.Sprintf("### Plan of %s (exit %d)\n\n```\n%s\n```\n", name, code, strings.TrimRight(plan, "\n"))
}
