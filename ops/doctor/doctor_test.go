package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
)

func TestAHealthyAccountIsGreenThroughout(t *testing.T) {
	a := newAccount(t)
	before := len(a.Calls())
	found, err := a.Examine(t.Context())
	require.NoError(t, err)
	assert.Empty(t, lines(found))
	seen := map[string]bool{}
	for _, f := range found {
		seen[f.Check] = true
		assert.NotEmpty(t, f.Of)
	}
	for _, check := range a.Checks() {
		assert.True(t, seen[check.Name], "%s found something", check.Name)
	}
	assert.Equal(t, Verdict{Green: len(found)}, Judge(found))
	for _, call := range a.Calls()[before:] {
		assert.Regexp(t, `^Action=(Describe|List|Get)|\.(Describe|List|Get|BatchGet)\w+$|^(GET|HEAD) /`, call, "it only reads")
	}
}

// plant is a fault of the account or of the settings, and what a check says of it.
type plant struct {
	check, name string
	do          func(a *account)
	says        string
}

func TestEveryFaultIsFound(t *testing.T) {
	a := newAccount(t)
	settings, resolve := *a.Config, a.Resolve
	for _, p := range plants() {
		t.Run(p.check+"/"+p.name, func(t *testing.T) {
			a.t = t
			require.Empty(t, lines(a.look(p.check)), "healthy before")
			p.do(a)
			found := a.look(p.check)
			assert.Equal(t, p.says, tame(lines(found)))
			for _, f := range found {
				if f.Level == Red || f.Level == Warning {
					assert.NotEmpty(t, f.Means)
					assert.NotEmpty(t, f.Cure)
				}
			}
			// healthy again, for the next
			*a.Config, a.Resolve = settings, resolve
			a.Heal()
			for name, answer := range stands {
				a.says(name, answer)
			}
			a.Answer("DescribeVpcEndpointServices", endpointServices(nil))
			a.secretsProvider(stateKeyLine)
		})
	}
}

// tame takes out what differs from run to run.
func tame(text string) string {
	for pattern, word := range map[string]string{
		`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`: "ID", `red [0-9A-Z]{15,}:`: "red ZONE:", `PATH=\S+`: "PATH=…", `deleted on [0-9-]+`: "deleted on DATE",
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, word)
	}
	return text
}

func plants() []plant {
	all := append(plantsOfNames(), plantsOfNetwork()...)
	return append(all,
		plant{"service-linked-roles", "one missing", func(a *account) {
			client := iam.NewFromConfig(a.Doctor.AWS)
			roles, err := client.ListRoles(a.t.Context(), &iam.ListRolesInput{PathPrefix: aws.String(rolePath + "ecs.amazonaws.com/")})
			require.NoError(a.t, err)
			_, err = client.DeleteRole(a.t.Context(), &iam.DeleteRoleInput{RoleName: roles.Roles[0].RoleName})
			require.NoError(a.t, err)
			a.t.Cleanup(func() { require.NoError(a.t, a.Fix(context.Background(), func(string) {})) })
		}, "red ecs.amazonaws.com: has no service-linked role"},
		plant{"fargate-quotas", "a new account's", func(a *account) {
			a.Services.Scheduler.OnDemandBase, a.Services.Scheduler.CPU = 1, 8192
			a.says("GetServiceQuota", `{"Quota": {"Value": 6}}`)
		}, "red vCPU on demand: the quota is 6; the stack takes 8 at rest, 8 while all tasks are replaced, 8 at most\n" +
			"warning vCPU on Spot: the quota is 6; the stack takes 2.25 at rest, 12.5 while all tasks are replaced, 14.25 at most"},
		plant{"fargate-quotas", "no room for one more task", func(a *account) { a.says("GetServiceQuota", `{"Quota": {"Value": 4}}`) },
			"red vCPU on Spot: the quota is 4; the stack takes 3.25 at rest, 6.5 while all tasks are replaced, 15.25 at most"},
		plant{"fargate-quotas", "fewer workers than their max", func(a *account) { a.says("GetServiceQuota", `{"Quota": {"Value": 10}}`) },
			"warning vCPU on Spot: the quota is 10; the stack takes 3.25 at rest, 6.5 while all tasks are replaced, 15.25 at most"},
		plant{"fargate-quotas", "none of its own, and a small default", func(a *account) {
			a.Fail("GetServiceQuota", 9, http.StatusBadRequest, "NoSuchResourceException")
			a.says("GetAWSDefaultServiceQuota", `{"Quota": {"Value": 2}}`)
		}, "red vCPU on Spot: the quota is 2; the stack takes 3.25 at rest, 6.5 while all tasks are replaced, 15.25 at most"},
		plant{"budget", "a member of an Organization", func(a *account) {
			a.Fail("DescribeBudgets", 9, http.StatusBadRequest, "AccessDeniedException: Account 381492153064 is a linked account. To enable budgets for your account, ask the payer account to enable budgets first.")
		}, "red budget: AWS says: Account 381492153064 is a linked account. To enable budgets for your account, ask the payer account to enable budgets first."},
		plant{"cost-allocation-tags", "one inactive", func(a *account) { a.says("ListCostAllocationTags", costTags("Active", "Inactive")) },
			"warning Project: isn't active for cost allocation"},
		plant{"cost-allocation-tags", "none known", func(a *account) { a.says("ListCostAllocationTags", `{"CostAllocationTags": []}`) },
			"warning Environment: isn't active for cost allocation\nwarning Project: isn't active for cost allocation"},
		plant{"block-public-access", "off", func(a *account) { a.says("DescribeVpcBlockPublicAccessOptions", blockMode("off")) },
			"warning VPC block public access: off"},
		plant{"backend", "not logged in", func(a *account) { a.t.Setenv("REFUSES", "whoami") },
			"red login: env PATH=… pulumi whoami --verbose --json: exit status 255: error: planted by the test"},
		plant{"backend", "no stack", func(a *account) { a.t.Setenv("REFUSES", "stack export") },
			"red stack: scripts/pulumi dev stack export: exit status 255: error: planted by the test"},
		plant{"backend", "a folder", func(a *account) { a.t.Setenv("BACKEND", "file:///home/me") },
			"warning file:///home/me: is a folder of this machine"},
		plant{"backend", "a bucket without versions", func(a *account) {
			a.makeBucket("plain", "")
			a.t.Setenv("BACKEND", "s3://plain")
		}, "warning s3://plain: isn't versioned"},
		plant{"backend", "a passphrase", func(a *account) { a.secretsProvider("encryptionsalt: v1:abc") },
			"warning secrets provider: is not KMS, by the stack's file"},
		plant{"backend", "no key", func(a *account) { a.secretsProvider("secretsprovider: awskms:///alias/other") },
			"red alias/other: isn't there"},
		plant{"backend", "a key that is going", func(a *account) {
			key, err := kms.NewFromConfig(a.Doctor.AWS).CreateKey(a.t.Context(), &kms.CreateKeyInput{})
			require.NoError(a.t, err)
			_, err = kms.NewFromConfig(a.Doctor.AWS).ScheduleKeyDeletion(a.t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyMetadata.KeyId})
			require.NoError(a.t, err)
			a.secretsProvider("secretsprovider: awskms://" + aws.ToString(key.KeyMetadata.KeyId) + "?region=us-east-1")
		}, "red ID: is PendingDeletion"},
	)
}

func plantsOfNetwork() []plant {
	offers := func(change func(s *endpointService)) func(a *account) {
		return func(a *account) {
			a.Answer("DescribeVpcEndpointServices", endpointServices(map[string]func(*endpointService){"com.amazonaws.us-east-1.logs": change}))
		}
	}
	return []plant{
		{"zones", "none of this name", func(a *account) { a.Network.Zones = []string{"us-east-1a", "us-east-1z"} },
			"red us-east-1z: this account has no such zone"},
		{"zones", "the oldest one", func(a *account) { a.Network.Zones = []string{"us-east-1a", "us-east-1e"} },
			"warning us-east-1e: is use1-az3, AWS's oldest"},
		{"zones", "files in a zone without One Zone", func(a *account) {
			a.Network.Zones, a.Files.OneZone = []string{"us-east-1e"}, "us-east-1e"
		}, "red us-east-1e: is use1-az3, which has no EFS One Zone"},
		{"zones", "one that is impaired", func(a *account) {
			a.says("DescribeAvailabilityZones", `<R><availabilityZoneInfo><item><zoneName>us-east-1a</zoneName><zoneState>impaired</zoneState><zoneId>use1-az6</zoneId></item><item><zoneName>us-east-1b</zoneName><zoneState>available</zoneState><zoneId>use1-az1</zoneId></item></availabilityZoneInfo></R>`)
			a.t.Cleanup(func() { a.Answer("DescribeAvailabilityZones", nil) })
		}, "red us-east-1a: is use1-az6, impaired"},
		{"endpoint-services", "not offered", offers(func(s *endpointService) { s.name = "" }),
			"red com.amazonaws.us-east-1.logs: isn't offered in us-east-1"},
		{"endpoint-services", "not in the zone", offers(func(s *endpointService) { s.zones = []string{"us-east-1b"} }),
			"red com.amazonaws.us-east-1.logs: isn't offered in us-east-1a"},
		{"endpoint-services", "a gateway only", offers(func(s *endpointService) { s.kind = "Gateway" }),
			"red com.amazonaws.us-east-1.logs: has no endpoints of type Interface"},
		{"endpoint-services", "no private DNS", offers(func(s *endpointService) { s.privateDNS = "" }),
			"red com.amazonaws.us-east-1.logs: has no private DNS name"},
		{"endpoint-services", "no policy", offers(func(s *endpointService) { s.policy = "false" }),
			"red com.amazonaws.us-east-1.logs: takes no endpoint policy"},
		{"endpoint-services", "extras as they are asked for", func(a *account) {
			a.Endpoints.Extra = []config.ExtraEndpoint{{Service: "dynamodb"}, {Service: "email-smtp", Zones: []string{"us-east-1c"}}, {Service: "com.amazonaws.route53"}}
			a.Endpoints.Services = []config.EndpointService{{Name: "com.amazonaws.vpce.us-east-1.vpce-svc-0123"}}
			a.Endpoints.Existing = []string{"logs"}
			a.Answer("DescribeVpcEndpointServices", endpointServices(map[string]func(*endpointService){
				"com.amazonaws.us-east-1.logs":               func(s *endpointService) { s.name = "" },
				"com.amazonaws.route53":                      func(s *endpointService) { s.policy = "false" },
				"com.amazonaws.vpce.us-east-1.vpce-svc-0123": func(s *endpointService) { s.privateDNS, s.policy = "", "false" },
			}))
		}, "red com.amazonaws.us-east-1.dynamodb: has no endpoints of type Gateway\n" +
			"red com.amazonaws.us-east-1.email-smtp: isn't offered in us-east-1c\nred com.amazonaws.route53: takes no endpoint policy"},
		{"database-class", "not for this version", func(a *account) { a.says("DescribeOrderableDBInstanceOptions", orderable("15.9", "gp3", "us-east-1a")) },
			"red db.t4g.small, PostgreSQL 16, gp3: isn't offered in us-east-1"},
		{"database-class", "not with gp3", func(a *account) { a.says("DescribeOrderableDBInstanceOptions", orderable("16.4", "gp2", "us-east-1a")) },
			"red db.t4g.small, PostgreSQL 16, gp3: isn't offered in us-east-1"},
		{"database-class", "a standby's zone missing", func(a *account) {
			a.Database.MultiAZ = true
			a.says("DescribeOrderableDBInstanceOptions", orderable("16.4", "gp3", "us-east-1a", "us-east-1c"))
		}, "red db.t4g.small, PostgreSQL 16, gp3: is offered in 1 of the stack's zones (us-east-1a, us-east-1b), and needs 2"},
		{"database-class", "no standby", func(a *account) { a.Database.MultiAZ = true },
			"red db.t4g.small, PostgreSQL 16, gp3: is offered without a standby, and database.multiAz asks for one"},
		{"broker-class", "no such version", func(a *account) { a.says("DescribeCacheEngineVersions", cacheVersions("7.2", "9.0")) },
			"red valkey 8.0: isn't among the versions that ElastiCache offers: 7.2, 9.0"},
		{"broker-class", "no such node", func(a *account) {
			a.says("DescribeReservedCacheNodesOfferings", `<R><DescribeReservedCacheNodesOfferingsResult></DescribeReservedCacheNodesOfferingsResult></R>`)
		}, "warning cache.t4g.micro: nobody can reserve one in us-east-1"},
		{"hostname", "unknown here", func(a *account) {
			a.Resolve = func(context.Context, string, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
		}, "warning airflow.dev.pathwai.com: isn't known here: no such host"},
		{"hostname", "elsewhere", func(a *account) { a.resolves("10.40.1.7", "198.51.100.7") },
			"warning airflow.dev.pathwai.com: leads to 10.40.1.7, 198.51.100.7, outside of the stack's 10.40.0.0/16"},
	}
}

func plantsOfNames() []plant {
	zone := func(name string, private bool) func(a *account) {
		return func(a *account) {
			in := &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name}
			if private {
				in.HostedZoneConfig = &route53types.HostedZoneConfig{PrivateZone: true}
				in.VPC = &route53types.VPC{VPCId: aws.String("vpc-1"), VPCRegion: route53types.VPCRegionUsEast1}
			}
			out, err := route53.NewFromConfig(a.Doctor.AWS).CreateHostedZone(a.t.Context(), in)
			require.NoError(a.t, err)
			a.LoadBalancer.ZoneID = strings.TrimPrefix(aws.ToString(out.HostedZone.Id), "/hostedzone/")
		}
	}
	certificate := func(days int, names ...string) func(a *account) {
		return func(a *account) {
			a.LoadBalancer.CertificateARN = a.importCertificate(today.AddDate(0, 0, days), names...)
		}
	}
	const arn = "arn:aws:acm:us-east-1:381492153064:certificate/ID"
	return []plant{
		{"certificate", "not there", func(a *account) {
			a.LoadBalancer.CertificateARN = "arn:aws:acm:us-east-1:381492153064:certificate/00000000-0000-4000-8000-000000000001"
		}, "red " + arn + ": isn't there"},
		{"certificate", "not validated", func(a *account) {
			out, err := acm.NewFromConfig(a.Doctor.AWS).RequestCertificate(a.t.Context(), &acm.RequestCertificateInput{DomainName: &a.LoadBalancer.Hostname, ValidationMethod: "DNS"})
			require.NoError(a.t, err)
			a.LoadBalancer.CertificateARN = aws.ToString(out.CertificateArn)
		}, "red " + arn + ": is PENDING_VALIDATION"},
		{"certificate", "for another name", certificate(300, "dev.pathwai.com", "*.pathwai.com"),
			"red " + arn + ": covers dev.pathwai.com, *.pathwai.com, and not airflow.dev.pathwai.com"},
		{"certificate", "a star that covers it", certificate(300, "*.dev.pathwai.com"), ""},
		{"certificate", "near its end", certificate(44, "airflow.dev.pathwai.com"), "warning " + arn + ": ends on 2027-01-11"},
		{"certificate", "at its end", certificate(6, "airflow.dev.pathwai.com"), "red " + arn + ": ends on 2026-12-04"},
		{"certificate", "of a private CA", func(a *account) {
			a.Edit("DescribeCertificate", func(answer map[string]any) { answer["Certificate"].(map[string]any)["Type"] = "PRIVATE" })
			a.t.Cleanup(func() {
				a.Edit("DescribeCertificate", func(answer map[string]any) { answer["Certificate"].(map[string]any)["Type"] = "IMPORTED" })
			})
		}, "red " + arn + ": is of a private CA"},
		{"hosted-zone", "not there", func(a *account) { a.LoadBalancer.ZoneID = "Z0" }, "red Z0: isn't there"},
		{"hosted-zone", "public", zone("dev.pathwai.com", false), "red ZONE: is the public zone of dev.pathwai.com"},
		{"hosted-zone", "of another domain", zone("example.com", true), "red ZONE: is the zone of example.com, and airflow.dev.pathwai.com isn't below it"},
		{"hosted-zone", "one that does", zone("pathwai.com", true), ""},
		{"hosted-zone", "of the existing VPC", func(a *account) {
			zone("one.dev.pathwai.com", true)(a)
			a.LoadBalancer.Hostname, a.Network.VPCID = "airflow.one.dev.pathwai.com", "vpc-1"
		}, ""},
		{"hosted-zone", "of another VPC", func(a *account) {
			zone("two.dev.pathwai.com", true)(a)
			a.LoadBalancer.Hostname, a.Network.VPCID = "airflow.two.dev.pathwai.com", "vpc-2"
		},
			"red ZONE: isn't associated with vpc-2"},
		{"images", "none of this digest", func(a *account) { a.Images.Digests = map[string]string{"web": "sha256:" + strings.Repeat("1", 64)} },
			"red web: the repository doesn't hold this digest"},
		{"images", "no repository", func(a *account) {
			a.Org = "other"
			a.Images.Digests = map[string]string{"agent": "sha256:" + strings.Repeat("1", 64)}
		}, "red agent: there is no repository other-airflow-dev/agent"},
		{"images", "for X86_64", func(a *account) { a.Images.Digests = map[string]string{"worker": a.pushIndex("worker", "amd64")} },
			`red worker: it is for ["amd64"], and the stack's tasks run on arm64`},
		{"buckets", "another stack's", func(a *account) {
			a.Buckets.DAGs = "dags-of-prod"
			a.makeBucket("dags-of-prod", "prod")
		}, `red dags-of-prod: is this account's, and its tag Environment is "prod"`},
		{"buckets", "nobody's", func(a *account) {
			a.Buckets.DAGs = "by-hand"
			a.makeBucket("by-hand", "")
		}, `red by-hand: is this account's, and its tag Environment is ""`},
		{"buckets", "ours", func(a *account) {
			a.Buckets.DAGs = "ours"
			a.makeBucket("ours", "dev")
		}, ""},
		{"buckets", "another account's", func(a *account) {
			a.Buckets.Logs = "theirs"
			a.Fail("HEAD /theirs", 1, http.StatusForbidden, "AccessDenied")
		}, "red theirs: is another account's"},
		{"secrets", "one that waits", func(a *account) {
			client, name := secretsmanager.NewFromConfig(a.Doctor.AWS), aws.String("pathwai-airflow-dev/jwt-secret")
			_, err := client.CreateSecret(a.t.Context(), &secretsmanager.CreateSecretInput{Name: name, SecretString: aws.String("x")})
			require.NoError(a.t, err)
			_, err = client.DeleteSecret(a.t.Context(), &secretsmanager.DeleteSecretInput{SecretId: name, RecoveryWindowInDays: aws.Int64(7)})
			require.NoError(a.t, err)
			a.t.Cleanup(func() {
				_, err := client.DeleteSecret(context.Background(), &secretsmanager.DeleteSecretInput{SecretId: name, ForceDeleteWithoutRecovery: aws.Bool(true)})
				require.NoError(a.t, err)
			})
		}, "warning pathwai-airflow-dev/jwt-secret: was deleted on DATE and can still come back"},
	}
}

// A check that couldn't be made is never green: AWS refuses, throttles for good,
// doesn't know the call, or is away.
func TestWhatCouldNotBeLookedAtIsUnknown(t *testing.T) {
	a := newAccount(t)
	calls := map[string]string{
		"backend": "GET /pathwai-airflow-state", "service-linked-roles": "ListRoles", "fargate-quotas": "GetServiceQuota",
		"zones": "DescribeAvailabilityZones", "endpoint-services": "DescribeVpcEndpointServices",
		"database-class": "DescribeOrderableDBInstanceOptions", "broker-class": "DescribeReservedCacheNodesOfferings",
		"certificate": "DescribeCertificate", "hosted-zone": "GET /2013-04-01/hostedzone", "images": "BatchGetImage", "buckets": "GET /?prefix",
		"secrets": "ListSecrets", "budget": "DescribeBudgets", "cost-allocation-tags": "ListCostAllocationTags",
		"block-public-access": "DescribeVpcBlockPublicAccessOptions", "existing-network": "DescribeVpcs",
	}
	a.LoadBalancer.ZoneID, a.Network.VPCID = "Z0", "vpc-0123456789abcdef0"
	for _, check := range a.Checks() {
		call, asksAWS := calls[check.Name]
		if !asksAWS {
			assert.Equal(t, "hostname", check.Name, "the one that asks the name server alone")
			continue
		}
		for _, how := range []struct {
			status int
			code   string
		}{{http.StatusForbidden, "AccessDenied"}, {http.StatusBadRequest, "ThrottlingException"}, {http.StatusBadRequest, "UnknownOperationException"}, {0, ""}} {
			a.Heal()
			if how.status == 0 {
				a.Cut(call, 9, false)
			} else {
				a.Fail(call, 9, how.status, how.code)
			}
			var last Finding
			for _, f := range a.look(check.Name) {
				last = f
			}
			assert.Equal(t, Unknown, last.Level, "%s: %s", check.Name, how.code)
			assert.Contains(t, last.Says, how.code, check.Name)
			assert.Contains(t, last.Means, check.Asks)
			assert.Contains(t, last.Cure, check.Actions[0])
			assert.Equal(t, check.Stops, last.Stops)
		}
	}
}

func TestFixMakesTheRolesThatAreMissing(t *testing.T) {
	a := newAccount(t)
	client := iam.NewFromConfig(a.Doctor.AWS)
	roles, err := client.ListRoles(t.Context(), &iam.ListRolesInput{PathPrefix: aws.String(rolePath)})
	require.NoError(t, err)
	for _, role := range roles.Roles[:2] {
		_, err := client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: role.RoleName})
		require.NoError(t, err)
	}
	var made []string
	fix := func() error { return a.Fix(t.Context(), func(service string) { made = append(made, service) }) }
	a.Fail("CreateServiceLinkedRole", 1, http.StatusForbidden, "AccessDenied")
	require.ErrorContains(t, fix(), "AccessDenied")
	a.Cut("CreateServiceLinkedRole", 1, true) // made, and the answer is lost: the SDK asks again
	require.NoError(t, fix())
	require.NoError(t, fix(), "again, and nothing is missing")
	assert.Len(t, made, 2)
	assert.Empty(t, lines(a.look("service-linked-roles")))
}

func TestAnExaminationEndsWithItsContext(t *testing.T) {
	a := newAccount(t)
	ctx, stop := context.WithCancel(t.Context())
	a.On("ListRoles", 1, stop)
	_, err := a.Examine(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
