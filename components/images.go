package components

import (
	"fmt"

	awsecr "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
	"github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ecr"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/pathwai/airflow-on-fargate/config"
)

// ImagesArgs describes the repositories and where images come from.
type ImagesArgs struct {
	Scope Scope
	// Names are the images, each a repository <prefix>/<name>.
	Names []string
	// Digests are taken unless Build is true: image to sha256:<64 hex digits>.
	Digests map[string]string
	// Build makes the images here, with the Docker engine of this machine, and
	// pushes them; a preview builds as well (docs/adr/0002).
	Build bool
	// Architecture is ARM64 or X86_64, for builds (docs/adr/0010).
	Architecture string
	// AirflowVersion is the line of Airflow, for builds: 3.1 or 3.3.
	AirflowVersion string
	// Keep is how many images a repository holds of those that were deployed, and
	// of the others.
	Keep int
	// ForceDelete lets a destroy delete repositories that hold images.
	ForceDelete bool
	// DataKeyARN is the KMS key that encrypts the images.
	DataKeyARN pulumi.StringInput
}

// Images are private repositories, since nothing else can be pulled from here,
// and the reference of the image that each service runs (docs/adr/0002). They
// scan what is pushed, and no tag moves.
type Images struct {
	pulumi.ResourceState

	uris map[string]pulumi.StringOutput
	// ready must exist before a task can pull.
	ready map[string][]pulumi.Resource
}

// NewImages creates the repositories and, when asked, builds and pushes images.
func NewImages(ctx *pulumi.Context, name string, args *ImagesArgs, opts ...pulumi.ResourceOption) (*Images, error) {
	i := &Images{uris: map[string]pulumi.StringOutput{}, ready: map[string][]pulumi.Resource{}}
	if err := register(ctx, "Images", name, i, opts); err != nil {
		return nil, err
	}
	for _, image := range args.Names {
		repository, err := i.newRepository(ctx, name, args, image)
		if err != nil {
			return nil, err
		}
		i.ready[image] = []pulumi.Resource{repository}
		if args.Build {
			if err := i.build(ctx, name, args, image, repository); err != nil {
				return nil, err
			}
			continue
		}
		i.uris[image] = pulumi.String(args.Scope.ImageURI(image) + "@" + args.Digests[image]).ToStringOutput()
	}
	return i, ctx.RegisterResourceOutputs(i, pulumi.Map{})
}

// ImageURI is the address of a repository of the stack.
func (s Scope) ImageURI(image string) string {
	return fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s/%s", s.AccountID, s.Region, s.Prefix, image)
}

// URI is the reference of an image, pinned by digest.
func (i *Images) URI(image string) pulumi.StringOutput { return i.uris[image] }

func (i *Images) newRepository(ctx *pulumi.Context, name string, args *ImagesArgs, image string) (*ecr.Repository, error) {
	anyTag, tagged := ecr.LifecycleTagStatusAny, ecr.LifecycleTagStatusTagged
	repository, err := ecr.NewRepository(ctx, name+"-"+image, &ecr.RepositoryArgs{
		Name:               pulumi.StringPtr(args.Scope.Prefix + "/" + image),
		ImageTagMutability: pulumi.StringPtr("IMMUTABLE"),
		ImageScanningConfiguration: &awsecr.RepositoryImageScanningConfigurationArgs{
			ScanOnPush: pulumi.Bool(true),
		},
		EncryptionConfigurations: awsecr.RepositoryEncryptionConfigurationArray{
			&awsecr.RepositoryEncryptionConfigurationArgs{
				EncryptionType: pulumi.StringPtr("KMS"),
				KmsKey:         args.DataKeyARN.ToStringOutput().ToStringPtrOutput(),
			},
		},
		ForceDelete: pulumi.BoolPtr(args.ForceDelete),
		LifecyclePolicy: &ecr.LifecyclePolicyArgs{
			// An image that an earlier rule looks at is safe from a later one (ECR user
			// guide, "Lifecycle policies"): pushes that nobody deploys don't expire what
			// the stack runs, however many they are.
			Rules: ecr.LifecyclePolicyRuleArray{
				&ecr.LifecyclePolicyRuleArgs{
					Description:           pulumi.StringPtr(fmt.Sprintf("keep %d images that were deployed", args.Keep)),
					MaximumNumberOfImages: pulumi.Float64Ptr(float64(args.Keep)),
					TagStatus:             tagged,
					TagPrefixList:         pulumi.ToStringArray([]string{config.DeployedTag}),
				},
				&ecr.LifecyclePolicyRuleArgs{
					Description:           pulumi.StringPtr(fmt.Sprintf("keep %d others", args.Keep)),
					MaximumNumberOfImages: pulumi.Float64Ptr(float64(args.Keep)),
					TagStatus:             anyTag,
				},
			},
		},
	}, pulumi.Parent(i))
	if err != nil {
		return nil, fmt.Errorf("images: repository %s: %w", image, err)
	}
	return repository, nil
}

// build lets `pulumi up` build and push an image. The role images are targets
// of one Dockerfile; the agent has its own.
func (i *Images) build(ctx *pulumi.Context, name string, args *ImagesArgs, image string, repository *ecr.Repository) error {
	folder, dockerfile, target := "docker/airflow", "docker/airflow/Dockerfile", pulumi.StringPtr(image)
	if image == "agent" { // built from the sources in agent/
		folder, dockerfile, target = ".", "docker/agent/Dockerfile", nil
	}
	platform := "linux/amd64"
	if args.Architecture == "ARM64" {
		platform = "linux/arm64"
	}
	build := &ecr.ImageArgs{
		RepositoryUrl: repository.Url,
		Context:       pulumi.StringPtr(folder),
		Dockerfile:    pulumi.StringPtr(dockerfile),
		Platform:      pulumi.StringPtr(platform),
	}
	if target != nil {
		build.Target = target
		build.Args = pulumi.StringMap{"AIRFLOW": pulumi.String(args.AirflowVersion)}
	}
	built, err := ecr.NewImage(ctx, name+"-"+image, build, pulumi.Parent(i))
	if err != nil {
		return fmt.Errorf("images: build of %s: %w", image, err)
	}
	i.uris[image] = built.ImageUri
	i.ready[image] = append(i.ready[image], built)
	return nil
}
