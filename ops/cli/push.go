package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"github.com/pathwai/airflow-on-fargate/ops/dagpush"
	"github.com/pathwai/airflow-on-fargate/ops/deployment"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/rollout"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (t *tool) push() *cobra.Command {
	redeploy, limit := false, rollout.DefaultLimit
	cmd := &cobra.Command{
		Use:   "push STACK",
		Short: "Push dags/ and plugins/ to the stack's bucket, as one release",
		Long: "Push uploads what differs by content, several files at a time, and removes what is gone. It marks the release as under way before, and as complete after: " +
			"dagsync publishes it once and whole, however long the upload takes. A push that breaks off leaves readers on the release before; the next one completes it.\n\n" +
			"Airflow's processes load plugins when they start. A push that changes plugins/ is refused without --redeploy, which replaces the tasks of all services " +
			"after it, as ops redeploy does; workers as they become idle. Where no plugin changes it does nothing.\n\n" +
			"With URL, SMOKE_USER and SMOKE_PASSWORD set it then waits until Airflow shows the DAGs of what changed.",
		Example: "  ops push dev\n  ops push dev --redeploy\n  ops push prod --output json",
		Args:    stackArg,
		RunE: t.on(func(ctx context.Context, s *stack.Stack, _ []string) error {
			results, err := t.pushAll(ctx, s, redeploy)
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
			if !results["plugins"].Empty() {
				if err := t.load(ctx, s, limit); err != nil {
					return &Failure{Code: code(err), Err: fmt.Errorf("the push is complete, and its plugins aren't loaded everywhere: ops redeploy %s loads them: %w", s.Name, err)}
				}
			}
			return t.await(ctx, s, results["dags"].Changed)
		}),
	}
	timeLimit(cmd, &limit)
	cmd.Flags().BoolVar(&redeploy, "redeploy", false, "when plugins change, replace every task, which loads them")
	return cmd
}

// load has every process load the plugins that were pushed, by a new task. dagsync
// publishes them within seconds, long before a new task has started.
func (t *tool) load(ctx context.Context, s *stack.Stack, limit time.Duration) error {
	deployed, err := current(ctx, s, false)
	if errors.Is(err, deployment.ErrNone) {
		return nil // nothing runs yet
	}
	if err != nil {
		return err
	}
	r, err := t.rollout(ctx, s, deployed.Digests, limit)
	if err != nil {
		return err
	}
	if _, err := r.Redeploy(ctx, s.Prefix()+"-scheduler"); err != nil {
		return rolloutFault(err)
	}
	return nil
}

// needsRedeploy refuses a change of plugins that nobody would load.
func needsRedeploy(change dagpush.Result) error {
	if change.Empty() {
		return nil
	}
	return usage("plugins/ differs from the bucket's (changed or removed: %d): Airflow loads plugins when its processes start, so that a DAG would find the old ones; with --redeploy the push replaces all tasks, after it; nothing was pushed", len(change.Changed)+len(change.Removed))
}

// pushAll pushes dags/, and plugins/ if there is one; the results are by folder.
func (t *tool) pushAll(ctx context.Context, s *stack.Stack, redeploy bool) (map[string]dagpush.Result, error) {
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
	if !redeploy {
		plugins.Allow = needsRedeploy
	}
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
	t.say("push: %d pushed and %d removed in dags/", len(results["dags"].Changed), len(results["dags"].Removed))
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
