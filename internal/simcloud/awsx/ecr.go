package awsx

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// repository is awsx:ecr:Repository.
type repository struct {
	pulumi.ResourceState

	LifecyclePolicy pulumi.ResourceOutput `pulumi:"lifecyclePolicy"`
	Repository      pulumi.ResourceOutput `pulumi:"repository"`
	URL             pulumi.StringOutput   `pulumi:"url"`
}

// ecrRepository is aws:ecr/repository:Repository.
type ecrRepository struct {
	pulumi.CustomResourceState

	Name          pulumi.StringOutput `pulumi:"name"`
	RepositoryURL pulumi.StringOutput `pulumi:"repositoryUrl"`
}

// lifecycle is the input lifecyclePolicy.
type lifecycle struct {
	Rules []lifecycleRule `pulumi:"rules"`
	Skip  *bool           `pulumi:"skip"`
}

type lifecycleRule struct {
	Description           *string  `pulumi:"description"`
	TagStatus             string   `pulumi:"tagStatus"`
	TagPrefixList         []string `pulumi:"tagPrefixList"`
	TagPatternList        []string `pulumi:"tagPatternList"`
	MaximumNumberOfImages *float64 `pulumi:"maximumNumberOfImages"`
	MaximumAgeLimit       *float64 `pulumi:"maximumAgeLimit"`
}

func newRepository(ctx *pulumi.Context, typ, name string, inputs provider.ConstructInputs, given pulumi.Map, opts pulumi.ResourceOption) (*provider.ConstructResult, error) {
	var args struct {
		LifecyclePolicy *lifecycle `pulumi:"lifecyclePolicy"`
	}
	if err := inputs.CopyTo(&args); err != nil {
		return nil, fmt.Errorf("inputs of %s: %w", name, err)
	}
	props := pulumi.Map{}
	for key, value := range given {
		if key != "lifecyclePolicy" {
			props[key] = value
		}
	}
	c := &repository{}
	if err := ctx.RegisterComponentResource(typ, name, c, opts); err != nil {
		return nil, err
	}
	repo := &ecrRepository{}
	if err := ctx.RegisterResource("aws:ecr/repository:Repository", name, props, repo, pulumi.Parent(c)); err != nil {
		return nil, err
	}
	c.Repository, c.URL = pulumi.NewResourceOutput(repo), repo.RepositoryURL
	if p := args.LifecyclePolicy; p == nil || p.Skip == nil || !*p.Skip {
		rules, err := lifecycleRules(p)
		if err != nil {
			return nil, err
		}
		policy := &child{}
		if err := policy.make(ctx, "aws:ecr/lifecyclePolicy:LifecyclePolicy", name, pulumi.Map{
			"repository": repo.Name,
			"policy":     pulumi.Map{"rules": pulumi.ToArray(rules)},
		}, c); err != nil {
			return nil, err
		}
		c.LifecyclePolicy = pulumi.NewResourceOutput(policy)
	}
	if err := ctx.RegisterResourceOutputs(c, pulumi.Map{"url": c.URL}); err != nil {
		return nil, err
	}
	return provider.NewConstructResult(c)
}

// lifecycleRules turns a program's rules into those of ECR: the one for any
// image comes last, as ECR wants it. Without rules, untagged images go.
func lifecycleRules(p *lifecycle) ([]any, error) {
	if p == nil || len(p.Rules) == 0 {
		count := 1.0
		d := "remove untagged images"
		p = &lifecycle{Rules: []lifecycleRule{{Description: &d, TagStatus: "untagged", MaximumNumberOfImages: &count}}}
	}
	var ordered, last []lifecycleRule
	for _, r := range p.Rules {
		if r.TagStatus == "any" {
			last = append(last, r)
		} else {
			ordered = append(ordered, r)
		}
	}
	if len(last) > 1 {
		return nil, simcloud.Refuse("lifecyclePolicy: only one rule can have the tagStatus any")
	}
	var out []any
	for i, r := range append(ordered, last...) {
		selection := map[string]any{"tagStatus": r.TagStatus}
		switch {
		case r.MaximumNumberOfImages != nil && r.MaximumAgeLimit == nil:
			selection["countType"], selection["countNumber"] = "imageCountMoreThan", *r.MaximumNumberOfImages
		case r.MaximumAgeLimit != nil && r.MaximumNumberOfImages == nil:
			selection["countType"], selection["countNumber"], selection["countUnit"] = "sinceImagePushed", *r.MaximumAgeLimit, "days"
		default:
			return nil, simcloud.Refuse("lifecyclePolicy: rule %d needs one of maximumNumberOfImages, maximumAgeLimit", i+1)
		}
		if len(r.TagPrefixList) > 0 {
			selection["tagPrefixList"] = r.TagPrefixList
		}
		if len(r.TagPatternList) > 0 {
			selection["tagPatternList"] = r.TagPatternList
		}
		rule := map[string]any{"rulePriority": i + 1, "selection": selection, "action": map[string]any{"type": "expire"}}
		if r.Description != nil {
			rule["description"] = *r.Description
		}
		out = append(out, rule)
	}
	return out, nil
}

// newImage refuses, as nothing can be built here. The real provider builds at
// preview already, so that it fails in the same way where there is no engine.
func newImage(_ *pulumi.Context, _, name string, _ provider.ConstructInputs, _ pulumi.ResourceOption) (*provider.ConstructResult, error) {
	address, ok := dockerEngine()
	if !ok {
		return nil, simcloud.Refuse("the image %s is built at preview, and no Docker engine answers at %s: start one and run with CLOUD=aws, or give the digests of images that were built elsewhere", name, address)
	}
	return nil, simcloud.Refuse("the image %s: images are not built in a simulation. Give the digests of images that were built elsewhere, or run with CLOUD=aws", name)
}

// dockerEngine tells where the Docker engine should be, and whether it answers.
func dockerEngine() (address string, ok bool) {
	address = os.Getenv("DOCKER_HOST")
	if address == "" {
		address = "unix:///var/run/docker.sock"
	}
	network, path, _ := strings.Cut(address, "://")
	if network != "unix" {
		network = "tcp"
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, network, path)
	if err != nil {
		return address, false
	}
	return address, conn.Close() == nil
}
