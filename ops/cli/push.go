package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/dagpush"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) push() *cobra.Command {
	return &cobra.Command{
		Use:   "push STACK",
		Short: "Push dags/ and plugins/ to the stack's bucket, as one release each",
		Long: "Push uploads what differs by content, several files at a time, and removes what is gone. It marks the release as under way before, and as complete after: " +
			"dagsync publishes it once and whole, however long the upload takes. A push that breaks off leaves readers on the release before; the next one completes it.\n\n" +
			"With URL, SMOKE_USER and SMOKE_PASSWORD set it then waits until Airflow shows the DAGs of what changed.",
		Example: "  ops push dev\n  ops push prod --output json",
		Args:    stackArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := t.stack(args[0])
			if err != nil {
				return err
			}
			results, err := t.pushAll(cmd.Context(), s)
			if errors.Is(err, dagpush.ErrTaken) {
				err = &Failure{Code: ExitNotAsked, Err: err}
			}
			if err != nil {
				return err
			}
			if t.json {
				if err := t.printJSON(results); err != nil {
					return err
				}
			}
			return t.await(cmd.Context(), s, results["dags"].Changed)
		},
	}
}

// pushAll pushes dags/, and plugins/ if there is one; the results are by folder.
func (t *tool) pushAll(ctx context.Context, s *stack.Stack) (map[string]dagpush.Result, error) {
	cfg, err := s.AWS(ctx)
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
	commit := ""
	if out, err := program.Output(program.Command(ctx, s.Root, "git", "rev-parse", "HEAD")); err == nil {
		commit = strings.TrimSpace(string(out)) // a folder without git is pushed, too
	}
	id, results := strings.ToLower(rand.Text()[:12]), map[string]dagpush.Result{}
	for _, source := range []struct{ folder, prefix string }{{"plugins", s.Buckets.PluginsPrefix}, {"dags", s.Buckets.DAGsPrefix}} {
		folder := filepath.Join(s.Root, source.folder)
		if _, err := os.Stat(folder); source.folder == "plugins" && errors.Is(err, os.ErrNotExist) {
			continue
		}
		push := dagpush.Push{S3: client, Folder: folder, Bucket: s.Buckets.DAGs, Prefix: source.prefix, ID: id, Commit: commit, Say: t.say}
		if results[source.folder], err = push.Run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", source.folder, err)
		}
	}
	t.say("push: %d files of dags/ were pushed, %d removed", len(results["dags"].Changed), len(results["dags"].Removed))
	return results, nil
}

// await lets the smoke test wait for the DAGs of what was pushed.
func (t *tool) await(ctx context.Context, s *stack.Stack, changed []string) error {
	if t.Getenv("URL") == "" {
		t.say("push: set URL, SMOKE_USER and SMOKE_PASSWORD to wait until Airflow shows the DAGs")
		return nil
	}
	var sources []string
	for _, key := range changed {
		if path.Ext(key) == ".py" {
			sources = append(sources, key)
		}
	}
	return program.Run(program.Command(ctx, s.Root, "make", "smoke", "STACK="+s.Name,
		"ARGS=--wait-for-dags 120s --changed dags:"+strings.Join(sources, ",")), t.Err)
}
