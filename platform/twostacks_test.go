package platform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

var bothStacks = []string{"dev", "prod"}

// eachStack records both real stacks.
func eachStack(t *testing.T, check func(t *testing.T, cfg *config.Config, declared *recorder.Record)) {
	t.Helper()
	for _, stack := range bothStacks {
		t.Run(stack, func(t *testing.T) {
			cfg := loadStack(t, stack)
			check(t, cfg, record(t, cfg))
		})
	}
}

// The stack's name is part of names and nothing else: prod's settings under
// another name declare the same platform.
func TestStacksDifferByValuesOnly(t *testing.T) {
	inventory := func(environment string) string {
		cfg := loadStack(t, "prod")
		cfg.Environment = environment
		declared := record(t, cfg)
		lines := make([]string, 0, len(declared.All()))
		for _, res := range declared.All() {
			inputs, err := json.Marshal(res.Plain())
			require.NoError(t, err)
			lines = append(lines, strings.Join([]string{res.Type, res.Name, string(inputs), strings.Join(res.DependsOn, " ")}, " "))
		}
		return strings.Join(lines, "\n")
	}
	prod, renamed := inventory("prod"), inventory("xyzw")
	for _, name := range []string{"pathwai-airflow-", `"Environment":"`, "Environment$"} {
		prod = strings.ReplaceAll(prod, name+"prod", name+"xyzw")
	}
	require.Equal(t, strings.Split(renamed, "\n"), strings.Split(prod, "\n"))
}

// No file of the program names a stack.
func TestNoSourceNamesAStack(t *testing.T) {
	names := regexp.MustCompile(`"(dev|prod|production|staging)"`)
	var files []string
	for _, pattern := range []string{"../main.go", "*.go", "../config/*.go", "../components/*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	checked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		checked++
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotRegexp(t, names, string(source), file)
	}
	require.Greater(t, checked, 30)
}

// Both stacks are made of the same kinds of resources; what only one has, it
// has for a setting that is named here.
func TestStacksHaveTheSameKindsOfResources(t *testing.T) {
	kinds := map[string][]string{}
	for _, stack := range bothStacks {
		for _, res := range record(t, loadStack(t, stack)).All() {
			if !slices.Contains(kinds[stack], res.Type) {
				kinds[stack] = append(kinds[stack], res.Type)
			}
		}
	}
	require.ElementsMatch(t, kinds["dev"], kinds["prod"])
}

// Without its explicit provider a resource would be made in whatever account
// the caller is logged in to, and without tags.
func TestEveryResourceHasTheStacksProvider(t *testing.T) {
	eachStack(t, func(t *testing.T, cfg *config.Config, declared *recorder.Record) {
		provider, err := declared.One("pulumi:providers:aws", "aws")
		require.NoError(t, err)
		require.Len(t, declared.Of("pulumi:providers:aws"), 1)
		inputs, err := json.Marshal(provider.Plain())
		require.NoError(t, err)
		for _, part := range []string{cfg.AccountID, cfg.Region, `"ManagedBy"`, `"Environment"`, cfg.Environment} {
			require.Contains(t, string(inputs), part)
		}
		for _, res := range declared.All() {
			if strings.HasPrefix(res.Type, "aws:") {
				require.Equal(t, "aws", res.Provider, "%s %s", res.Type, res.Name)
			}
		}
	})
}

func TestEveryLogGroupEndsAndIsEncrypted(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *config.Config, declared *recorder.Record) {
		groups := declared.Of("aws:cloudwatch/logGroup:LogGroup")
		require.GreaterOrEqual(t, len(groups), 9)
		for _, group := range groups {
			require.Positive(t, group.Plain()["retentionInDays"], group.Name)
			require.Equal(t, "arn:aws:mock:::aws:kms/key:Key/keys-logs", group.Plain()["kmsKeyId"], group.Name)
		}
	})
}

// Each role is one service's: its execution role or its task role.
func TestNoRoleIsShared(t *testing.T) {
	eachStack(t, func(t *testing.T, cfg *config.Config, declared *recorder.Record) {
		used := map[any]string{}
		definitions := declared.Of("aws:ecs/taskDefinition:TaskDefinition")
		require.Len(t, definitions, 6+len(cfg.WorkerPools))
		for _, definition := range definitions {
			for _, property := range []string{"executionRoleArn", "taskRoleArn"} {
				role := definition.Plain()[property]
				require.NotEmpty(t, role, definition.Name)
				require.Empty(t, used[role], "%v is %s's and %s's", role, used[role], definition.Name)
				used[role] = definition.Name + " " + property
			}
		}
	})
}

// Tasks that need the shared files run where these have a mount target.
func TestTasksRunWhereTheFilesAre(t *testing.T) {
	eachStack(t, func(t *testing.T, cfg *config.Config, declared *recorder.Record) {
		mounts := []any{}
		for _, mount := range declared.Of("aws:efs/mountTarget:MountTarget") {
			mounts = append(mounts, mount.Plain()["subnetId"])
		}
		require.Len(t, mounts, len(cfg.TaskZones()))
		for _, service := range declared.Of("aws:ecs/service:Service") {
			network := service.Plain()["networkConfiguration"].(map[string]any)
			require.ElementsMatch(t, mounts, network["subnets"], service.Name)
			require.Equal(t, false, network["assignPublicIp"], service.Name)
		}
	})
}

// What a stack protects, AWS protects and Pulumi protects.
func TestProtection(t *testing.T) {
	for stack, protected := range map[string]bool{"dev": false, "prod": true} {
		declared := record(t, loadStack(t, stack))
		for token, property := range map[string]string{
			"aws:rds/instance:Instance": "deletionProtection", "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
		} {
			for _, res := range declared.Of(token) {
				require.Equal(t, protected, res.Protect, "%s %s", stack, res.Name)
				require.Equal(t, protected, res.Plain()[property], "%s %s", stack, res.Name)
			}
		}
	}
}

// The stacks live in one account: what is unique in it must differ.
func TestStacksDontCollide(t *testing.T) {
	dev, prod := loadStack(t, "dev"), loadStack(t, "prod")
	require.NotEqual(t, dev.Buckets.Logs, prod.Buckets.Logs)
	require.NotEqual(t, dev.Buckets.DAGs, prod.Buckets.DAGs)
	require.NotEqual(t, dev.Buckets.AccessLogs, prod.Buckets.AccessLogs)
	require.NotEqual(t, dev.LoadBalancer.Hostname, prod.LoadBalancer.Hostname)
	require.NotEqual(t, dev.LoadBalancer.CertificateARN, prod.LoadBalancer.CertificateARN)
	require.NotEqual(t, dev.Prefix(), prod.Prefix())
	require.False(t, dev.Network.Subnets()[0].Overlaps(prod.Network.Subnets()[0]), "the networks could never be peered")
}
