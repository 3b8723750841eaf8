package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/efs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FilesArgs describes the shared file system.
type FilesArgs struct {
	Scope   Scope
	Network *Network
	// Zones have a mount target each; with OneZone it is that one.
	Zones []string
	// OneZone makes a One Zone file system; empty a Regional one.
	OneZone string
	// Backup has AWS Backup take one daily.
	Backup bool
	// InfrequentAccessDays moves a file to Infrequent Access that long after its
	// last use, and back at the next one: 7, 14, 30, 60 or 90; 0 never.
	InfrequentAccessDays int
	// DataKeyARN is the KMS key that encrypts the files at rest.
	DataKeyARN pulumi.StringInput
}

// Files is the encrypted EFS on which dagsync publishes trees of DAGs and
// plugins (docs/adr/0030), and from which all Airflow tasks read them.
type Files struct {
	pulumi.ResourceState

	// ID is the file system's.
	ID pulumi.StringOutput
	// SecurityGroupID is the mount targets'; who may talk to them is said by [Allow].
	SecurityGroupID pulumi.StringOutput
	// WriterAccessPointID and ReaderAccessPointID both open the folder /sync as
	// [TaskUser]; what may be done there is said by [Files.Admit].
	WriterAccessPointID pulumi.StringOutput
	ReaderAccessPointID pulumi.StringOutput

	name  string
	scope Scope
	// mounts must exist before a task can start.
	mounts []pulumi.Resource
}

// TaskUser is the uid that writes and reads the shared files, and that Airflow
// runs as; its group is root's, as in Airflow's own images.
const (
	TaskUser  = 50000
	TaskGroup = 0
	// FilesPort is NFS.
	FilesPort = 2049
)

// NewFiles creates the file system, its mount targets and access points. Who
// may mount it is said by [Files.Admit].
func NewFiles(ctx *pulumi.Context, name string, args *FilesArgs, opts ...pulumi.ResourceOption) (*Files, error) {
	f := &Files{name: name, scope: args.Scope}
	if err := register(ctx, "Files", name, f, opts); err != nil {
		return nil, err
	}
	group, err := newSecurityGroup(ctx, f, name, args.Scope.Name("files"), "Shared files", args.Network.VPCID)
	if err != nil {
		return nil, err
	}
	f.SecurityGroupID = group
	system, err := efs.NewFileSystem(ctx, name, fileSystem(args), pulumi.Parent(f))
	if err != nil {
		return nil, fmt.Errorf("files: file system: %w", err)
	}
	f.ID = system.ID().ToStringOutput()
	for _, zone := range args.Zones {
		mount, err := efs.NewMountTarget(ctx, name+"-"+strings.TrimPrefix(zone, args.Scope.Region), &efs.MountTargetArgs{
			FileSystemId:   system.ID(),
			SubnetId:       args.Network.SubnetIDs([]string{zone})[0],
			SecurityGroups: pulumi.StringArray{group},
		}, pulumi.Parent(f))
		if err != nil {
			return nil, fmt.Errorf("files: mount target in %s: %w", zone, err)
		}
		f.mounts = append(f.mounts, mount)
	}
	if f.WriterAccessPointID, err = f.newAccessPoint(ctx, "writer", system); err != nil {
		return nil, err
	}
	if f.ReaderAccessPointID, err = f.newAccessPoint(ctx, "reader", system); err != nil {
		return nil, err
	}
	backup := "DISABLED"
	if args.Backup {
		backup = "ENABLED"
	}
	if _, err := efs.NewBackupPolicy(ctx, name, &efs.BackupPolicyArgs{
		FileSystemId: system.ID(),
		BackupPolicy: &efs.BackupPolicyBackupPolicyArgs{Status: pulumi.String(backup)},
	}, pulumi.Parent(f)); err != nil {
		return nil, fmt.Errorf("files: backup policy: %w", err)
	}
	return f, ctx.RegisterResourceOutputs(f, pulumi.Map{"id": f.ID})
}

// creationToken names the zone of a One Zone file system. EFS fills in a zone
// that is left out, so that leaving it out is no change; another token is one,
// and makes another file system, as a file system can't change its zones.
func creationToken(args *FilesArgs) string {
	token := args.Scope.Name("files")
	if args.OneZone != "" {
		token += "-" + args.OneZone
	}
	return token
}

func fileSystem(args *FilesArgs) *efs.FileSystemArgs {
	system := &efs.FileSystemArgs{
		CreationToken:   pulumi.String(creationToken(args)),
		Encrypted:       pulumi.Bool(true),
		KmsKeyId:        args.DataKeyARN.ToStringOutput().ToStringPtrOutput(),
		PerformanceMode: pulumi.String("generalPurpose"),
		ThroughputMode:  pulumi.String("elastic"),
		Tags:            named(args.Scope.Name("files")),
	}
	if args.OneZone != "" {
		system.AvailabilityZoneName = pulumi.StringPtr(args.OneZone)
	}
	if args.InfrequentAccessDays > 0 {
		// Two elements, since each lifecycle policy holds one transition.
		system.LifecyclePolicies = efs.FileSystemLifecyclePolicyArray{
			&efs.FileSystemLifecyclePolicyArgs{TransitionToIa: pulumi.StringPtr(fmt.Sprintf("AFTER_%d_DAYS", args.InfrequentAccessDays))},
			&efs.FileSystemLifecyclePolicyArgs{TransitionToPrimaryStorageClass: pulumi.StringPtr("AFTER_1_ACCESS")},
		}
	}
	return system
}

// newAccessPoint opens the folder /sync as [TaskUser], whoever the client says it is.
func (f *Files) newAccessPoint(ctx *pulumi.Context, purpose string, system *efs.FileSystem) (pulumi.StringOutput, error) {
	point, err := efs.NewAccessPoint(ctx, f.name+"-"+purpose, &efs.AccessPointArgs{
		FileSystemId: system.ID(),
		PosixUser:    &efs.AccessPointPosixUserArgs{Uid: pulumi.Int(TaskUser), Gid: pulumi.Int(TaskGroup)},
		RootDirectory: &efs.AccessPointRootDirectoryArgs{
			Path: pulumi.String("/sync"),
			CreationInfo: &efs.AccessPointRootDirectoryCreationInfoArgs{
				OwnerUid: pulumi.Int(TaskUser), OwnerGid: pulumi.Int(TaskGroup), Permissions: pulumi.String("0755"),
			},
		},
		Tags: named(f.scope.Name("files-" + purpose)),
	}, pulumi.Parent(f))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("files: access point %s: %w", purpose, err)
	}
	return point.ID().ToStringOutput(), nil
}

// Admit says who may mount the file system, over TLS and a mount target only:
// the writer's task role reads and writes, the readers' roles read. It needs
// the roles to exist, since EFS checks its principals.
func (f *Files) Admit(ctx *pulumi.Context, writer *Service, readers []*Service) error {
	viaMountTarget := Conditions{"Bool": {"elasticfilesystem:AccessedViaMountTarget": {"true"}}}
	readerRoles := make([]string, 0, len(readers))
	for _, reader := range readers {
		readerRoles = append(readerRoles, reader.TaskRoleARN)
	}
	// In a file-system policy "*" is this file system; its ARN has a random
	// part, and would hide the document from the policy pack at preview.
	policy, err := Document{
		{
			Sid: "Writer", Effect: allow, Principal: Principal{AWS: []string{writer.TaskRoleARN}},
			Actions:   []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
			Resources: []string{"*"}, Conditions: viaMountTarget,
		},
		{
			Sid: "Readers", Effect: allow, Principal: Principal{AWS: readerRoles},
			Actions:   []string{"elasticfilesystem:ClientMount"},
			Resources: []string{"*"}, Conditions: viaMountTarget,
		},
		denyPlaintext("*", "*"),
	}.JSON()
	if err != nil {
		return fmt.Errorf("files: policy: %w", err)
	}
	roles := append([]pulumi.Resource{}, writer.roles...)
	for _, reader := range readers {
		roles = append(roles, reader.roles...)
	}
	if _, err := efs.NewFileSystemPolicy(ctx, f.name, &efs.FileSystemPolicyArgs{
		FileSystemId: f.ID,
		Policy:       pulumi.String(policy),
	}, pulumi.Parent(f), pulumi.DependsOn(roles)); err != nil {
		return fmt.Errorf("files: policy: %w", err)
	}
	return nil
}
