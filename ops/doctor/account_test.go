package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/ops/internal/awstest"
	"github.com/pathwai/airflow-on-fargate/ops/stack"
)

// today is the tests' clock: certificates end by it.
var today = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// account is an account in which dev may go up, and its doctor.
type account struct {
	*awstest.AWS
	*Doctor
	t *testing.T
}

// newAccount makes it on moto. What moto lacks is answered here: quotas, offers
// of RDS and ElastiCache, cost allocation, block public access, and endpoint
// services, which moto has, but doesn't filter.
func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{AWS: awstest.Start(t), t: t}
	root := t.TempDir()
	a.copyTo(root)
	s, err := stack.Load(root, "dev")
	require.NoError(t, err)
	cfg, err := s.AWS(t.Context())
	require.NoError(t, err)
	a.Doctor = &Doctor{Stack: s, AWS: cfg, Now: func() time.Time { return today }}
	a.resolves("10.40.1.7", "10.40.17.9")
	for name, answer := range stands {
		a.says(name, answer)
	}
	a.Answer("DescribeVpcEndpointServices", endpointServices(nil))
	a.fill()
	return a
}

// stands are the answers of a healthy account.
var stands = map[string]string{
	"GetServiceQuota":                     `{"Quota": {"Value": 140}}`,
	"DescribeOrderableDBInstanceOptions":  orderable("16.4", "gp3", "us-east-1a", "us-east-1b"),
	"DescribeCacheEngineVersions":         cacheVersions("7.2", "8.0"),
	"DescribeReservedCacheNodesOfferings": `<R><DescribeReservedCacheNodesOfferingsResult><ReservedCacheNodesOfferings><ReservedCacheNodesOffering><CacheNodeType>cache.t4g.micro</CacheNodeType></ReservedCacheNodesOffering></ReservedCacheNodesOfferings></DescribeReservedCacheNodesOfferingsResult></R>`,
	"ListCostAllocationTags":              costTags("Active", "Active"),
	"DescribeVpcBlockPublicAccessOptions": blockMode("block-bidirectional"),
}

func orderable(version, storage string, zones ...string) string {
	var list string
	for _, zone := range zones {
		list += "<AvailabilityZone><Name>" + zone + "</Name></AvailabilityZone>"
	}
	return fmt.Sprintf(`<R><DescribeOrderableDBInstanceOptionsResult><OrderableDBInstanceOptions><OrderableDBInstanceOption><EngineVersion>%s</EngineVersion><StorageType>%s</StorageType><MultiAZCapable>false</MultiAZCapable><AvailabilityZones>%s</AvailabilityZones></OrderableDBInstanceOption></OrderableDBInstanceOptions></DescribeOrderableDBInstanceOptionsResult></R>`, version, storage, list)
}

func cacheVersions(versions ...string) string {
	var list string
	for _, version := range versions {
		list += "<CacheEngineVersion><EngineVersion>" + version + "</EngineVersion></CacheEngineVersion>"
	}
	return "<R><DescribeCacheEngineVersionsResult><CacheEngineVersions>" + list + "</CacheEngineVersions></DescribeCacheEngineVersionsResult></R>"
}

func costTags(environment, project string) string {
	return fmt.Sprintf(`{"CostAllocationTags": [{"TagKey": "Environment", "Type": "UserDefined", "Status": %q}, {"TagKey": "Project", "Type": "UserDefined", "Status": %q}]}`, environment, project)
}

func blockMode(mode string) string {
	return "<R><vpcBlockPublicAccessOptions><internetGatewayBlockMode>" + mode + "</internetGatewayBlockMode></vpcBlockPublicAccessOptions></R>"
}

// says makes an answer stand from now on.
func (a *account) says(call, answer string) {
	a.Answer(call, func(string) string { return answer })
}

// endpointServices answers what was asked for, as AWS would offer it, changed by service name.
func endpointServices(change map[string]func(s *endpointService)) func(string) string {
	return func(request string) string {
		query, _ := url.ParseQuery(request)
		var list string
		for i := 1; query.Get(fmt.Sprintf("Filter.1.Value.%d", i)) != ""; i++ {
			s := endpointService{query.Get(fmt.Sprintf("Filter.1.Value.%d", i)), "Interface", "private.amazonaws.com", "true", []string{"us-east-1a", "us-east-1b"}}
			if strings.HasSuffix(s.name, ".s3") {
				s.kind, s.privateDNS = "Gateway", ""
			}
			if do := change[s.name]; do != nil {
				do(&s)
			}
			if s.name != "" {
				list += s.item()
			}
		}
		return "<R><serviceDetailSet>" + list + "</serviceDetailSet></R>"
	}
}

type endpointService struct {
	name, kind, privateDNS, policy string
	zones                          []string
}

func (s endpointService) item() string {
	zones := "<item>" + strings.Join(s.zones, "</item><item>") + "</item>"
	return fmt.Sprintf(`<item><serviceName>%s</serviceName><serviceType><item><serviceType>%s</serviceType></item></serviceType><privateDnsName>%s</privateDnsName><vpcEndpointPolicySupported>%s</vpcEndpointPolicySupported><availabilityZoneSet>%s</availabilityZoneSet></item>`,
		s.name, s.kind, s.privateDNS, s.policy, zones)
}

// fakePulumi keeps its state where $BACKEND says; $REFUSES is what it can't do.
const fakePulumi = `#!/usr/bin/env bash
case "$1 $2" in *"$REFUSES"*) [ -z "$REFUSES" ] || { echo "error: planted by the test" >&2; exit 255; } ;; esac
case "$1" in whoami) echo "{\"user\": \"me\", \"url\": \"$BACKEND\"}" ;; *) echo "{}" ;; esac
`

// copyTo makes a folder of the project, whose Pulumi is fake.
func (a *account) copyTo(root string) {
	require.NoError(a.t, os.CopyFS(filepath.Join(root, "scripts"), os.DirFS("../../scripts")))
	require.NoError(a.t, os.Mkdir(filepath.Join(root, "bin"), 0o755))
	require.NoError(a.t, os.WriteFile(filepath.Join(root, "bin", "pulumi"), []byte(fakePulumi), 0o755))
	for _, file := range []string{"Pulumi.yaml", "Pulumi.dev.yaml"} {
		data, err := os.ReadFile("../../" + file)
		require.NoError(a.t, err)
		require.NoError(a.t, os.WriteFile(filepath.Join(root, file), data, 0o600))
	}
	a.t.Setenv("BACKEND", "s3://pathwai-airflow-state?region=us-east-1")
	a.t.Setenv("REFUSES", "")
}

const stateKeyLine = `secretsprovider: "awskms:///alias/pathwai-airflow-state?region=us-east-1"`

// secretsProvider writes what `pulumi stack init` does.
func (a *account) secretsProvider(line string) {
	a.t.Helper()
	data, err := os.ReadFile("../../Pulumi.dev.yaml")
	require.NoError(a.t, err)
	require.NoError(a.t, os.WriteFile(stack.File(a.Root, a.Name), append([]byte(line+"\n"), data...), 0o600))
}

func (a *account) resolves(addresses ...string) {
	a.Resolve = func(context.Context, string, string) ([]netip.Addr, error) {
		var list []netip.Addr
		for _, address := range addresses {
			list = append(list, netip.MustParseAddr(address))
		}
		return list, nil
	}
}

// fill makes what the stack expects.
func (a *account) fill() {
	ctx := a.t.Context()
	require.NoError(a.t, a.Fix(ctx, func(string) {}))
	a.LoadBalancer.CertificateARN = a.importCertificate(today.AddDate(0, 6, 0), a.LoadBalancer.Hostname)
	a.makeBucket("pathwai-airflow-state", "")
	_, err := s3.NewFromConfig(a.Doctor.AWS).PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String("pathwai-airflow-state"),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	require.NoError(a.t, err)
	keys := kms.NewFromConfig(a.Doctor.AWS)
	key, err := keys.CreateKey(ctx, &kms.CreateKeyInput{})
	require.NoError(a.t, err)
	_, err = keys.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/pathwai-airflow-state"), TargetKeyId: key.KeyMetadata.KeyId})
	require.NoError(a.t, err)
	a.secretsProvider(stateKeyLine)
	a.Images.Digests = map[string]string{}
	for _, image := range config.ImageNames {
		a.Images.Digests[image] = a.push(image)
	}
}

func (a *account) makeBucket(name, environment string) {
	a.t.Helper()
	client := s3.NewFromConfig(a.Doctor.AWS)
	_, err := client.CreateBucket(a.t.Context(), &s3.CreateBucketInput{Bucket: &name})
	require.NoError(a.t, err)
	if environment != "" {
		_, err = client.PutBucketTagging(a.t.Context(), &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &s3types.Tagging{
			TagSet: []s3types.Tag{{Key: aws.String("Environment"), Value: &environment}},
		}})
		require.NoError(a.t, err)
	}
}

// push puts an image into its repository, and returns its digest.
func (a *account) push(image string) string {
	a.t.Helper()
	name := a.Prefix() + "/" + image
	_, err := ecr.NewFromConfig(a.Doctor.AWS).CreateRepository(a.t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &name})
	require.NoError(a.t, err)
	return a.put(name, `{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"digest": "`+name+`", "size": 2}, "layers": []}`)
}

// pushIndex puts an index with one architecture there.
func (a *account) pushIndex(image, architecture string) string {
	a.t.Helper()
	return a.put(a.Prefix()+"/"+image, `{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"digest": "sha256:0", "size": 1, "platform": {"os": "linux", "architecture": "`+architecture+`"}}]}`)
}

func (a *account) put(name, manifest string) string {
	a.t.Helper()
	put, err := ecr.NewFromConfig(a.Doctor.AWS).PutImage(a.t.Context(), &ecr.PutImageInput{RepositoryName: &name, ImageTag: aws.String(fmt.Sprint(len(manifest))), ImageManifest: &manifest})
	require.NoError(a.t, err)
	return aws.ToString(put.Image.ImageId.ImageDigest)
}

// importCertificate gives ACM a certificate for names, until an end.
func (a *account) importCertificate(end time.Time, names ...string) string {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: today.AddDate(-1, 0, 0), NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	encode := func(kind string, bytes []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
	}
	out, err := acm.NewFromConfig(a.Doctor.AWS).ImportCertificate(a.t.Context(), &acm.ImportCertificateInput{
		Certificate: encode("CERTIFICATE", der), PrivateKey: encode("PRIVATE KEY", private),
	})
	require.NoError(a.t, err)
	return aws.ToString(out.CertificateArn)
}

// look makes one check, as Examine does.
func (a *account) look(name string) []Finding {
	a.t.Helper()
	for _, check := range a.Checks() {
		if check.Name != name {
			continue
		}
		found, err := check.look(a.t.Context())
		if err != nil {
			found = append(found, check.unknown(err))
		}
		return found
	}
	a.t.Fatalf("there is no check %q", name)
	return nil
}

// lines are findings that aren't green, as "level of: says".
func lines(found []Finding) string {
	var text []string
	for _, f := range found {
		if f.Level != Green {
			text = append(text, fmt.Sprintf("%s %s: %s", f.Level, f.Of, f.Says))
		}
	}
	return strings.Join(text, "\n")
}
