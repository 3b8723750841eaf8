package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DatabaseArgs describes Airflow's metadata database.
type DatabaseArgs struct {
	Scope Scope
	// VPCID is where the security group is, SubnetIDs where the instance may be,
	// in two zones at least (RDS user guide, "Working with DB subnet groups").
	VPCID     pulumi.StringInput
	SubnetIDs pulumi.StringArray
	// EngineVersion is a PostgreSQL version, "16" or "16.10". With the major
	// version alone RDS keeps its minors up to date; a minor is a pin.
	EngineVersion string
	// InstanceClass is such as db.t4g.small, on the architecture that everything
	// is on (docs/adr/0010).
	InstanceClass string
	// AllocatedStorageGiB of gp3 are there at the start, 20 or more, and
	// MaxAllocatedStorageGiB is how far RDS grows them by itself.
	AllocatedStorageGiB    int
	MaxAllocatedStorageGiB int
	// MultiAZ has a standby in a second zone.
	MultiAZ bool
	// BackupRetentionDays is how far back automated backups and point-in-time
	// restore reach, 1 to 35.
	BackupRetentionDays int
	// InsightsRetentionDays keeps Performance Insights: 7, a multiple of 31 up
	// to 713, or 731 (RDS API, CreateDBInstance).
	InsightsRetentionDays int
	// LogRetentionDays keeps the exported logs, a value that CloudWatch Logs accepts.
	LogRetentionDays int
	// Protect makes RDS and Pulumi refuse to delete the instance.
	Protect bool
	// FinalSnapshot is taken when the instance is deleted, and its automated
	// backups stay as long as they would have.
	FinalSnapshot bool
	// Life ends the last snapshot's name, which AWS keeps with it (see
	// [Credentials]).
	Life pulumi.StringInput
	// Password is that of [DatabaseUser]; a new one is set at once.
	Password pulumi.StringInput
	// DataKeyARN is the KMS key that encrypts storage, backups and Performance
	// Insights, LogsKeyARN the one of the exported logs.
	DataKeyARN pulumi.StringInput
	LogsKeyARN pulumi.StringInput
}

// Database is an encrypted RDS for PostgreSQL that refuses plain connections.
type Database struct {
	pulumi.ResourceState

	// SecurityGroupID is the instance's; who may talk to it is said by [Allow].
	SecurityGroupID pulumi.StringOutput
	// Host is the endpoint's name, without the port.
	Host pulumi.StringOutput
	// Identifier is the instance's name.
	Identifier string
}

// DatabaseName, DatabaseUser and DatabasePort are how Airflow connects.
const (
	DatabaseName = "airflow"
	DatabaseUser = "airflow"
	DatabasePort = 5432
)

// Users of the database that may do less than its owner, for processes that
// need less. The scheduler's migrate makes them (docs/adr/0059).
const (
	ServerUser       = "airflow_server"
	MetricsUser      = "airflow_metrics"
	DAGProcessorUser = "airflow_dag_processor"
	TriggererUser    = "airflow_triggerer"
)

// databaseLogs are the logs that RDS for PostgreSQL exports.
var databaseLogs = []string{"postgresql", "upgrade"}

// NewDatabase creates the instance with its parameter and subnet groups, its
// security group and the log groups of its exports.
func NewDatabase(ctx *pulumi.Context, name string, args *DatabaseArgs, opts ...pulumi.ResourceOption) (*Database, error) {
	d := &Database{Identifier: args.Scope.Name("db")}
	if err := register(ctx, "Database", name, d, opts); err != nil {
		return nil, err
	}
	group, err := newSecurityGroup(ctx, d, name, args.Scope.Name("db"), "Metadata database", args.VPCID)
	if err != nil {
		return nil, err
	}
	d.SecurityGroupID = group
	subnets, err := rds.NewSubnetGroup(ctx, name, &rds.SubnetGroupArgs{
		Name:        pulumi.String(d.Identifier),
		Description: pulumi.String("Private subnets of the metadata database"),
		SubnetIds:   args.SubnetIDs,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("database: subnet group: %w", err)
	}
	parameters, err := d.newParameters(ctx, name, args)
	if err != nil {
		return nil, err
	}
	logs, err := d.newLogGroups(ctx, name, args)
	if err != nil {
		return nil, err
	}
	instance, err := rds.NewInstance(ctx, name, d.instance(args, subnets, parameters),
		pulumi.Parent(d), pulumi.DependsOn(logs), pulumi.Protect(args.Protect))
	if err != nil {
		return nil, fmt.Errorf("database: instance: %w", err)
	}
	d.Host = instance.Address
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{"host": d.Host})
}

func (d *Database) instance(args *DatabaseArgs, subnets *rds.SubnetGroup, parameters *rds.ParameterGroup) *rds.InstanceArgs {
	instance := &rds.InstanceArgs{
		Identifier:                         pulumi.String(d.Identifier),
		Engine:                             pulumi.String("postgres"),
		EngineVersion:                      pulumi.String(args.EngineVersion),
		InstanceClass:                      pulumi.String(args.InstanceClass),
		DbName:                             pulumi.String(DatabaseName),
		Username:                           pulumi.String(DatabaseUser),
		Password:                           args.Password.ToStringOutput().ToStringPtrOutput(),
		Port:                               pulumi.Int(DatabasePort),
		DbSubnetGroupName:                  subnets.Name,
		ParameterGroupName:                 parameters.Name,
		VpcSecurityGroupIds:                pulumi.StringArray{d.SecurityGroupID},
		PubliclyAccessible:                 pulumi.Bool(false),
		MultiAz:                            pulumi.Bool(args.MultiAZ),
		StorageType:                        pulumi.String("gp3"),
		AllocatedStorage:                   pulumi.Int(args.AllocatedStorageGiB),
		MaxAllocatedStorage:                pulumi.Int(args.MaxAllocatedStorageGiB),
		StorageEncrypted:                   pulumi.Bool(true),
		KmsKeyId:                           args.DataKeyARN.ToStringOutput().ToStringPtrOutput(),
		CaCertIdentifier:                   pulumi.String("rds-ca-rsa2048-g1"),
		BackupRetentionPeriod:              pulumi.Int(args.BackupRetentionDays),
		BackupWindow:                       pulumi.String("03:00-04:00"),
		MaintenanceWindow:                  pulumi.String("sun:04:30-sun:05:30"),
		CopyTagsToSnapshot:                 pulumi.Bool(true),
		DeleteAutomatedBackups:             pulumi.Bool(!args.FinalSnapshot),
		DeletionProtection:                 pulumi.Bool(args.Protect),
		SkipFinalSnapshot:                  pulumi.Bool(!args.FinalSnapshot),
		PerformanceInsightsEnabled:         pulumi.Bool(true),
		PerformanceInsightsKmsKeyId:        args.DataKeyARN.ToStringOutput().ToStringPtrOutput(),
		PerformanceInsightsRetentionPeriod: pulumi.Int(args.InsightsRetentionDays),
		EnabledCloudwatchLogsExports:       pulumi.ToStringArray(databaseLogs),
		// A version that RDS raised would be a difference from one that names its
		// minor, and the way back a downgrade, which RDS refuses.
		AutoMinorVersionUpgrade: pulumi.Bool(!strings.Contains(args.EngineVersion, ".")),
		// Changes nothing by itself: RDS refuses another major version without it
		// (RDS API, "ModifyDBInstance"), and the changed engineVersion of a stack's
		// settings is the decision (docs/upgrade-policy.md).
		AllowMajorVersionUpgrade: pulumi.Bool(true),
		// `pulumi up` is the change window: a rotated password that waited for
		// the weekly one would lock the services out until then.
		ApplyImmediately: pulumi.Bool(true),
		Tags:             named(d.Identifier),
	}
	if args.FinalSnapshot {
		instance.FinalSnapshotIdentifier = pulumi.Sprintf("%s-final-%s", d.Identifier, args.Life).ToStringPtrOutput()
	}
	return instance
}

func (d *Database) newParameters(ctx *pulumi.Context, name string, args *DatabaseArgs) (*rds.ParameterGroup, error) {
	major, _, _ := strings.Cut(args.EngineVersion, ".")
	parameter := func(key, value string) *rds.ParameterGroupParameterArgs {
		return &rds.ParameterGroupParameterArgs{
			Name: pulumi.String(key), Value: pulumi.String(value), ApplyMethod: pulumi.String("immediate"),
		}
	}
	parameters, err := rds.NewParameterGroup(ctx, name, &rds.ParameterGroupArgs{
		// The major version is part of the name: an upgrade needs the new
		// group before the old one can go.
		Name:        pulumi.String(d.Identifier + "-postgres" + major),
		Description: pulumi.String("TLS only, and slow statements logged"),
		Family:      pulumi.String("postgres" + major),
		Parameters: rds.ParameterGroupParameterArray{
			parameter("rds.force_ssl", "1"),
			parameter("log_min_duration_statement", "1000"),
		},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("database: parameter group: %w", err)
	}
	return parameters, nil
}

// newLogGroups creates the groups before RDS does, which would make them
// without retention and without our key.
func (d *Database) newLogGroups(ctx *pulumi.Context, name string, args *DatabaseArgs) ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	for _, export := range databaseLogs {
		group, err := cloudwatch.NewLogGroup(ctx, name+"-"+export, &cloudwatch.LogGroupArgs{
			Name:            pulumi.String("/aws/rds/instance/" + d.Identifier + "/" + export),
			RetentionInDays: pulumi.Int(args.LogRetentionDays),
			KmsKeyId:        args.LogsKeyARN,
		}, pulumi.Parent(d))
		if err != nil {
			return nil, fmt.Errorf("database: log group %s: %w", export, err)
		}
		groups = append(groups, group)
	}
	return groups, nil
}
