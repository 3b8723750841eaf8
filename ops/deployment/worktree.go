package deployment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// In calls do with a folder that holds the project as it was deployed: its
// commit, in a work tree of its own, with its digests in the stack's file, and
// today's bin/. The folder is gone when In returns, also after an interrupt;
// the project's own work tree is not touched. It is ErrNone when the commit
// isn't in this clone.
func (d *Deployment) In(ctx context.Context, s *stack.Stack, say func(string, ...any), do func(folder string) error) (err error) {
	if _, err := git(ctx, s.Root, "cat-file", "-e", d.Commit+"^{commit}"); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("the commit %s isn't in this clone, git fetch --unshallow gets it: %w", d.Commit, ErrNone)
	}
	parent, err := os.MkdirTemp("", "airflow-"+s.Name+"-")
	if err != nil {
		return err
	}
	folder := filepath.Join(parent, "project")
	defer func() { err = errors.Join(err, remove(ctx, s.Root, parent, folder)) }()
	if _, err := git(ctx, s.Root, "worktree", "add", "--quiet", "--detach", folder, d.Commit); err != nil {
		return err
	}
	// Today's programs: the commit may be older than one of them, or than the way they are built.
	if err := os.CopyFS(filepath.Join(folder, "bin"), os.DirFS(filepath.Join(s.Root, "bin"))); err != nil {
		return fmt.Errorf("copy of bin: %w", err)
	}
	if len(d.Digests) > 0 {
		if err := stack.SetDigests(stack.File(folder, s.Name), d.Digests); err != nil {
			return err
		}
	}
	title, err := git(ctx, folder, "log", "-1", "--format=%h, %s")
	if err != nil {
		return err
	}
	say("%s as of %s", s.Name, title)
	return do(folder)
}

// remove takes a work tree away, whatever has ended the context.
func remove(ctx context.Context, root, parent, folder string) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer stop()
	err := os.RemoveAll(parent)
	if _, pruned := git(ctx, root, "worktree", "prune"); pruned != nil || err != nil {
		return fmt.Errorf("the work tree %s stays behind, git worktree remove --force takes it away: %w", folder, errors.Join(err, pruned))
	}
	return nil
}

func git(ctx context.Context, folder string, args ...string) (string, error) {
	out, err := program.Output(program.Command(ctx, folder, "git", args...))
	return strings.TrimSpace(string(out)), err
}
