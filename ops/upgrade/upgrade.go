// Package upgrade goes to another line of Airflow: what must hold before, and the
// snapshot of the database, which alone leads back.
package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// ErrNone says that the stack runs no Airflow yet.
var ErrNone = errors.New("the stack's state names no airflowVersion: make up makes it")

// Running is the line of Airflow that a stack was last made with, from its
// Pulumi state (the JSON of `pulumi stack export`).
func Running(state []byte) (string, error) {
	var export struct {
		Deployment struct {
			Resources []struct {
				Type    string `json:"type"`
				Outputs struct {
					AirflowVersion string `json:"airflowVersion"`
				} `json:"outputs"`
			} `json:"resources"`
		} `json:"deployment"`
	}
	// Outputs of other types may have any form.
	if err := json.Unmarshal(state, &export); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
		return "", fmt.Errorf("the stack's state: %w", err)
	}
	for _, resource := range export.Deployment.Resources {
		if resource.Type == "pulumi:pulumi:Stack" && resource.Outputs.AirflowVersion != "" {
			return resource.Outputs.AirflowVersion, nil
		}
	}
	return "", ErrNone
}

// Older tells whether a line is before another one.
func Older(a, b string) bool {
	var am, an, bm, bn int
	_, _ = fmt.Sscanf(a, "%d.%d", &am, &an) // of settings that are valid
	_, _ = fmt.Sscanf(b, "%d.%d", &bm, &bn)
	return am < bm || am == bm && an < bn
}

// SameImages names the images that would stay as they are: of the line before.
func SameImages(before, now map[string]string) []string {
	var faults []string
	for _, image := range config.ImageNames {
		if image != "agent" && now[image] != "" && now[image] == before[image] {
			faults = append(faults, fmt.Sprintf("images.digests.%s is what runs now, of the line before: build and push the images, and put their digests into the file (make images-push digests)", image))
		}
	}
	return faults
}

// Database is the stack's, at AWS.
type Database struct {
	*stack.Stack
	RDS *rds.Client
	Now func() time.Time
	// Pace is the time between two looks, Limit how long a snapshot may take.
	Pace, Limit time.Duration
	Say         func(format string, args ...any)
}

// DefaultPace and DefaultLimit fit databases of some hundred GiB.
const (
	DefaultPace  = 10 * time.Second
	DefaultLimit = 2 * time.Hour
)

// Identifier is the instance's name.
func (d *Database) Identifier() string { return d.Config.Name("db") }

// Faults are what keeps the database from being migrated.
func (d *Database) Faults(ctx context.Context) ([]string, error) {
	out, err := d.RDS.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(d.Identifier())})
	if errors.As(err, new(*types.DBInstanceNotFoundFault)) {
		return []string{"there is no database " + d.Identifier()}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("how is the database? %w", err)
	}
	instance := out.DBInstances[0]
	var faults []string
	if status := aws.ToString(instance.DBInstanceStatus); status != "available" {
		faults = append(faults, fmt.Sprintf("the database %s is %s: it must be available", d.Identifier(), status))
	}
	if aws.ToInt32(instance.BackupRetentionPeriod) == 0 {
		faults = append(faults, fmt.Sprintf("the database %s has no backups (database.backupRetentionDays), and so no way back to a moment during the upgrade", d.Identifier()))
	}
	return faults, nil
}

// Snapshot takes a snapshot of the database and waits until it is complete. It
// returns its name also with an error, once AWS may have begun it.
func (d *Database) Snapshot(ctx context.Context, to string) (string, error) {
	name := fmt.Sprintf("%s-before-%s-%s", d.Identifier(), strings.ReplaceAll(to, ".", "-"), d.Now().UTC().Format("20060102-150405"))
	_, err := d.RDS.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String(d.Identifier()), DBSnapshotIdentifier: &name,
		Tags: []types.Tag{{Key: aws.String("Upgrade"), Value: aws.String("before Airflow " + to)}},
	})
	// By its time the name is ours: there already, the answer to a call before was lost.
	if err != nil && !errors.As(err, new(*types.DBSnapshotAlreadyExistsFault)) {
		return name, fmt.Errorf("the snapshot %s: %w", name, err)
	}
	d.Say("snapshot %s of %s is being made", name, d.Identifier())
	return name, d.await(ctx, name)
}

func (d *Database) await(ctx context.Context, name string) error {
	limited, stop := context.WithTimeout(ctx, d.Limit)
	defer stop()
	percent := int32(-1)
	for {
		out, err := d.RDS.DescribeDBSnapshots(limited, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &name})
		switch {
		case ctx.Err() == nil && limited.Err() != nil:
			return fmt.Errorf("the snapshot %s isn't complete after %s", name, d.Limit)
		case err != nil:
			return fmt.Errorf("how is the snapshot %s? %w", name, err)
		}
		snapshot := out.DBSnapshots[0]
		switch status := aws.ToString(snapshot.Status); status {
		case "available":
			d.Say("snapshot %s is complete", name)
			return nil
		case "creating":
			if now := aws.ToInt32(snapshot.PercentProgress); now != percent {
				percent = now
				d.Say("snapshot %s: %d %%", name, percent)
			}
		default:
			return fmt.Errorf("the snapshot %s is %s", name, status)
		}
		select {
		case <-limited.Done():
		case <-time.After(d.Pace):
		}
	}
}
