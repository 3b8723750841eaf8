package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"gopkg.in/yaml.v3"

	repositories "github.com/pathwai/airflow-on-fargate/ops/images"
	"github.com/pathwai/airflow-on-fargate/ops/internal/program"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

func (d *Doctor) images(ctx context.Context) ([]Finding, error) {
	if d.Images.Build {
		return []Finding{green("images", "Pulumi builds them")}, nil
	}
	all, err := (&repositories.Repositories{Stack: d.Stack, ECR: ecr.NewFromConfig(d.AWS)}).Facts(ctx)
	var found []Finding
	for _, image := range all {
		if image.Fault == "" {
			found = append(found, green(image.Image, "%s is there", image.Digest))
			continue
		}
		found = append(found, Finding{
			Of: image.Image, Level: Red, Says: image.Fault, Means: "its services' tasks don't start",
			Cure: fmt.Sprintf("make images-push digests STACK=%[1]s CLOUD=aws (a new stack: make repositories STACK=%[1]s CLOUD=aws first)", d.Name),
		})
	}
	return found, err
}

func (d *Doctor) buckets(ctx context.Context) ([]Finding, error) {
	client := s3.NewFromConfig(d.AWS)
	var found []Finding
	for _, name := range []string{d.Buckets.DAGs, d.Buckets.Logs, d.Buckets.AccessLogs} {
		f, err := d.bucket(ctx, client, name)
		if err != nil {
			return found, fmt.Errorf("%s: %w", name, err)
		}
		f.Of = name
		found = append(found, f)
	}
	return found, nil
}

func (d *Doctor) bucket(ctx context.Context, client *s3.Client, name string) (Finding, error) {
	const another = "another name in airflow:buckets"
	own, err := client.ListBuckets(ctx, &s3.ListBucketsInput{Prefix: aws.String(name)})
	if err != nil {
		return Finding{}, err
	}
	if !slices.ContainsFunc(own.Buckets, func(b types.Bucket) bool { return aws.ToString(b.Name) == name }) {
		_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(name)})
		switch status(err) {
		case http.StatusNotFound:
			return green(name, "is free"), nil
		case http.StatusOK, http.StatusForbidden, http.StatusMovedPermanently:
			return Finding{Level: Red, Says: "is another account's", Means: "up stops at this bucket: names are taken world-wide", Cure: another}, nil
		}
		return Finding{}, err
	}
	tags, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: aws.String(name)})
	var refused smithy.APIError
	if err != nil && (!errors.As(err, &refused) || refused.ErrorCode() != "NoSuchTagSet") {
		return Finding{}, err
	}
	var environment string
	if tags != nil {
		for _, tag := range tags.TagSet {
			if aws.ToString(tag.Key) == "Environment" {
				environment = aws.ToString(tag.Value)
			}
		}
	}
	if environment != d.Environment {
		return Finding{
			Level: Red, Says: fmt.Sprintf("is this account's, and its tag Environment is %q", environment), Means: "up stops at this bucket, which it didn't make",
			Cure: another + "; or, to take it over with all that is in it: pulumi import",
		}, nil
	}
	return green(name, "is this stack's"), nil
}

// status is the HTTP status of an answer; 0 without one.
func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// backend asks Pulumi where the state is, and AWS about its bucket and key.
func (d *Doctor) backend(ctx context.Context) ([]Finding, error) {
	root, err := filepath.Abs(d.Root)
	if err != nil {
		return nil, err
	}
	path := "PATH=" + filepath.Join(root, "bin") + string(os.PathListSeparator) + os.Getenv("PATH")
	text, err := program.Output(program.Command(ctx, d.Root, "env", path, "pulumi", "whoami", "--verbose", "--json"))
	login := fmt.Sprintf("pulumi login \"s3://%s-airflow-state?region=%s\" (make bootstrap CLOUD=aws makes it, and prints this line)", d.Org, d.Region)
	if err != nil {
		return []Finding{{Of: "login", Level: Red, Says: strings.Join(strings.Fields(err.Error()), " "), Means: "up can't read the state", Cure: login}}, nil
	}
	var who struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(text, &who); err != nil {
		return nil, fmt.Errorf("pulumi whoami: %w", err)
	}
	found, err := d.store(ctx, who.URL, login)
	if err != nil {
		return found, err
	}
	initialized := fmt.Sprintf("pulumi stack init %s --secrets-provider \"awskms:///alias/%s-airflow-state?region=%s\"", d.Name, d.Org, d.Region)
	if _, err := program.Output(d.Pulumi(ctx, d.Root, "stack", "export")); err != nil {
		return append(found, Finding{Of: "stack", Level: Red, Says: strings.Join(strings.Fields(err.Error()), " "), Means: "up has no state to begin with", Cure: initialized}), nil
	}
	found = append(found, green("stack", "its state can be read"))
	key, err := d.stateKey(ctx)
	return append(found, key...), err
}

// store is about the place of the state.
func (d *Doctor) store(ctx context.Context, address, login string) ([]Finding, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	switch at.Scheme {
	case "s3":
	case "file":
		return []Finding{{Of: address, Level: Warning, Says: "is a folder of this machine", Means: "no pipeline and nobody else can update the stack, and who loses the folder loses it", Cure: login}}, nil
	default:
		return []Finding{green(address, "answers")}, nil
	}
	answer, err := s3.NewFromConfig(d.AWS).GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: aws.String(at.Host)})
	if err != nil {
		return nil, err
	}
	if answer.Status != types.BucketVersioningStatusEnabled {
		return []Finding{{Of: address, Level: Warning, Says: "isn't versioned", Means: "a state that is overwritten is a stack that is lost", Cure: "aws s3api put-bucket-versioning --versioning-configuration Status=Enabled --bucket " + at.Host}}, nil
	}
	return []Finding{green(address, "is versioned")}, nil
}

// stateKey is about the key that encrypts the secrets in the state.
func (d *Doctor) stateKey(ctx context.Context) ([]Finding, error) {
	data, err := os.ReadFile(stack.File(d.Root, d.Name))
	if err != nil {
		return nil, err
	}
	var file struct {
		Provider string `yaml:"secretsprovider"`
		Salt     string `yaml:"encryptionsalt"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	change := fmt.Sprintf("pulumi stack change-secrets-provider --stack %s \"awskms:///alias/%s-airflow-state?region=%s\", and commit the stack's file", d.Name, d.Org, d.Region)
	if !strings.HasPrefix(file.Provider, "awskms:") {
		return []Finding{{Of: "secrets provider", Level: Warning, Says: "is " + or(file.Provider, "not KMS, by the stack's file"), Means: "who has the passphrase reads every secret in the state, and no role can be kept from it", Cure: change}}, nil
	}
	at, err := url.Parse(file.Provider)
	if err != nil {
		return nil, err
	}
	id := at.Host + strings.TrimPrefix(at.Path, "/")
	answer, err := kms.NewFromConfig(d.AWS, func(o *kms.Options) { o.Region = or(at.Query().Get("region"), d.Region) }).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(id)})
	if errors.As(err, new(*kmstypes.NotFoundException)) {
		return []Finding{{Of: id, Level: Red, Says: "isn't there", Means: "nobody can read the secrets in the state", Cure: "the account's bootstrap made it: see make bootstrap; without the old key the stack's secrets are lost"}}, nil
	}
	if err != nil {
		return nil, err
	}
	if state := answer.KeyMetadata.KeyState; state != kmstypes.KeyStateEnabled {
		return []Finding{{Of: id, Level: Red, Says: fmt.Sprintf("is %s", state), Means: "nobody can read the secrets in the state", Cure: "aws kms cancel-key-deletion, then aws kms enable-key, --key-id " + aws.ToString(answer.KeyMetadata.KeyId)}}, nil
	}
	return []Finding{green(id, "is in use")}, nil
}

func or(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}
