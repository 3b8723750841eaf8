package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
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
		Short: "Push dags/ and plugins/ to the stack's bucket, as one release",
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
	client := s3.NewFromConfig(cfg)
	commit := ""
	if out, err := program.Output(program.Command(ctx, s.Root, "git", "rev-parse", "HEAD")); err == nil {
		commit = strings.TrimSpace(string(out)) // a folder without git is pushed, too
	}
	id, results := strings.ToLower(rand.Text()[:12]), map[string]dagpush.Result{}
	of := func(folder, prefix string) dagpush.Push {
		return dagpush.Push{S3: client, Folder: filepath.Join(s.Root, folder), Bucket: s.Buckets.DAGs, Prefix: prefix, ID: id, Commit: commit, Say: t.say}
	}
	plugins, dags := of("plugins", s.Buckets.PluginsPrefix), of("dags", s.Buckets.DAGsPrefix)
	if entries, err := os.ReadDir(plugins.Folder); errors.Is(err, os.ErrNotExist) || err == nil && !slices.ContainsFunc(entries, visible) {
		t.say("push: there are no plugins here; the bucket's stay as they are")
		list, err := dagpush.Run(ctx, dags)
		if err != nil {
			return nil, err
		}
		results["dags"] = list[0]
	} else {
		list, err := dagpush.Run(ctx, plugins, dags) // DAGs may need the plugins
		if err != nil {
			return nil, err
		}
		results["plugins"], results["dags"] = list[0], list[1]
	}
	t.say("push: %d files of dags/ were pushed, %d removed", len(results["dags"].Changed), len(results["dags"].Removed))
	return results, nil
}

// visible is true for what isn't hidden, such as .gitkeep.
func visible(entry os.DirEntry) bool { return !strings.HasPrefix(entry.Name(), ".") }

// await lets the smoke test wait for the DAGs of what was pushed.
func (t *tool) await(ctx context.Context, s *stack.Stack, changed []string) error {
	url := t.Getenv("URL")
	if url == "" {
		t.say("push: set URL, SMOKE_USER and SMOKE_PASSWORD to wait until Airflow shows the DAGs")
		return nil
	}
	var sources []string
	for _, key := range changed {
		if path.Ext(key) == ".py" && !strings.Contains(key, ",") {
			sources = append(sources, key)
		}
	}
	asking := *t
	asking.Out, asking.json = t.Err, false
	smoke := asking.smoke()
	smoke.SilenceErrors, smoke.SilenceUsage = true, true
	smoke.SetArgs([]string{s.Name, "--url", url, "--wait-for-dags", "120s", "--changed", filepath.Join(s.Root, "dags") + ":" + strings.Join(sources, ",")})
	return smoke.ExecuteContext(ctx)
}
