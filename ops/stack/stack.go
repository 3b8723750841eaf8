// Package stack is a stack of the project as ops sees it: its typed settings,
// the names that follow from them, and a client of its account.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
)

// Stack is one stack with valid settings.
type Stack struct {
	*config.Config
	Name string
	// Root is the project's folder.
	Root string

	project []byte
	values  config.Values
}

// File is the path of a stack's settings below the project's folder.
func File(root, name string) string { return filepath.Join(root, "Pulumi."+name+".yaml") }

// Known fails with the names of the stacks there are when none has this one.
func Known(root, name string) error {
	names := Names(root)
	switch {
	case slices.Contains(names, name):
		return nil
	case len(names) == 0:
		return errors.New("there is no Pulumi.<stack>.yaml here: ops works in the project's folder")
	}
	return fmt.Errorf("there is no stack %q: Pulumi.<stack>.yaml exists for %s (make init STACK=%s makes one)", name, strings.Join(names, " "), name)
}

// Load reads a stack's settings. It fails as [Known] does, and with all faults
// of the settings.
func Load(root, name string) (*Stack, error) {
	if err := Known(root, name); err != nil {
		return nil, err
	}
	project, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		return nil, err
	}
	values, err := config.FromFile(File(root, name), name)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(project, values)
	if err != nil {
		return nil, err
	}
	return &Stack{Config: cfg, Name: name, Root: root, project: project, values: values}, nil
}

// Names are the stacks that have a file.
func Names(root string) []string {
	files, _ := filepath.Glob(File(root, "*")) // the pattern is well formed
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	return names
}

// Setting returns one setting by its path, such as network.cidr.
func (s *Stack) Setting(path string) (any, error) {
	return config.Lookup(s.project, s.values, path)
}

// firstLine is the line of Airflow of a program that had no other one.
const firstLine = "3.1"

// Line is the line of Airflow in a stack's settings as another commit has them,
// in folder, whose other settings this program may not know.
func Line(folder, name string) (string, error) {
	project, err := os.ReadFile(filepath.Join(folder, "Pulumi.yaml"))
	if err != nil {
		return "", err
	}
	values, err := config.FromFile(File(folder, name), name)
	if err != nil {
		return "", err
	}
	if line, _ := config.Lookup(project, values, "airflow.version"); line != nil {
		return fmt.Sprint(line), nil
	}
	return firstLine, nil
}

// Registry is where the stack's image repositories are: <registry>/<prefix>/<image>.
func (s *Stack) Registry() string {
	return fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s", s.AccountID, s.Region, s.Prefix())
}

// Cluster is the name of the stack's ECS cluster.
func (s *Stack) Cluster() string { return s.Prefix() + "-cluster" }

// AWS returns the configuration of clients for the stack's account and region,
// with the machine's own credentials. It fails when these are of another
// account: nothing is ever done to the wrong one.
func (s *Stack) AWS(ctx context.Context) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(s.Region), awsconfig.WithLogger(logging.Nop{}))
	if err != nil {
		return cfg, fmt.Errorf("AWS configuration: %w", err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, fmt.Errorf("there are no AWS credentials (aws sso login, AWS_PROFILE or keys in the environment); stack %s is in account %s: %w", s.Name, s.AccountID, err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return cfg, fmt.Errorf("whose credentials are these? %w", err)
	}
	if got := aws.ToString(who.Account); got != s.AccountID {
		return cfg, fmt.Errorf("the credentials are of account %s, and stack %s is in %s", got, s.Name, s.AccountID)
	}
	return cfg, nil
}

// Pulumi runs Pulumi on the stack, from folder: the project's own, or that of
// another commit. Without AWS there is nothing to operate: it acts there
// whatever CLOUD says.
func (s *Stack) Pulumi(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := program.Command(ctx, folder, "scripts/pulumi", append([]string{s.Name}, args...)...)
	cmd.Env = append(os.Environ(), "CLOUD=aws")
	return cmd
}
