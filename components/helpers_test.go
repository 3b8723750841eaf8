package components

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/pathwai/airflow-on-fargate/config"
	"github.com/pathwai/airflow-on-fargate/internal/recorder"
)

// testScope is no real stack's: what is written out in the code by mistake shows.
var testScope = Scope{Prefix: "acme-airflow-test", AccountID: "123456789012", Region: "eu-west-1"}

const (
	dataKeyARN    = "arn:aws:kms:eu-west-1:123456789012:key/data"
	logsKeyARN    = "arn:aws:kms:eu-west-1:123456789012:key/logs"
	secretsKeyARN = "arn:aws:kms:eu-west-1:123456789012:key/secrets"
)

// run runs a program and returns what it declared.
func run(t testing.TB, program func(*pulumi.Context) error) *recorder.Record {
	t.Helper()
	record, err := recorder.Run("test", program)
	require.NoError(t, err)
	return record
}

// one returns the inputs of one resource, secrets opened.
func one(t testing.TB, record *recorder.Record, token, name string) map[string]any {
	t.Helper()
	res, err := record.One(token, name)
	require.NoError(t, err)
	return res.Plain()
}

// raw returns one resource as it was recorded.
func raw(t testing.TB, record *recorder.Record, token, name string) recorder.Resource {
	t.Helper()
	res, err := record.One(token, name)
	require.NoError(t, err)
	return res
}

func names(record *recorder.Record, token string) []string {
	var list []string
	for _, res := range record.Of(token) {
		list = append(list, res.Name)
	}
	return list
}

// statement is a policy statement as AWS reads it.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    any
	Resource  any
	Condition map[string]map[string]any
}

// parsePolicy reads a document that must be complete and of the right version.
func parsePolicy(t testing.TB, text any) map[string]statement {
	t.Helper()
	require.IsType(t, "", text, "the document isn't known")
	var document struct {
		Version   string
		Statement []statement
	}
	require.NoError(t, json.Unmarshal([]byte(text.(string)), &document))
	require.Equal(t, "2012-10-17", document.Version)
	bySid := map[string]statement{}
	for _, s := range document.Statement {
		require.NotEmpty(t, s.Sid)
		require.NotContains(t, bySid, s.Sid, "one Sid twice")
		bySid[s.Sid] = s
	}
	return bySid
}

// texts returns one text or a list of them as a list.
func texts(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case string:
		return []string{value}
	case []any:
		list := make([]string, 0, len(value))
		for _, element := range value {
			list = append(list, element.(string))
		}
		return list
	}
	panic(fmt.Sprintf("neither a text nor a list of them: %T", value))
}

// sids returns the documents' statement ids in order.
func sids(policy map[string]statement) []string {
	list := make([]string, 0, len(policy))
	for sid := range policy {
		list = append(list, sid)
	}
	slices.Sort(list)
	return list
}

func newTestNetwork(ctx *pulumi.Context) (*Network, error) {
	return NewNetwork(ctx, "network", &NetworkArgs{
		Scope: testScope, CIDR: "10.1.0.0/16",
		Zones:                []string{"eu-west-1a", "eu-west-1c"},
		Subnets:              []netip.Prefix{netip.MustParsePrefix("10.1.0.0/20"), netip.MustParsePrefix("10.1.16.0/20")},
		FlowLogRetentionDays: 30,
		LogsKeyARN:           pulumi.String(logsKeyARN),
	})
}

func subnetIDs() pulumi.StringArray { return pulumi.ToStringArray([]string{"subnet-a", "subnet-c"}) }

var firstGenerations = Generations{DatabasePassword: 1, BrokerToken: 1, FernetKey: 1, JWTSecret: 1, APISecretKey: 1}

// world is what services are built on.
type world struct {
	cluster *Cluster
	images  *Images
	files   *Files
	secrets *Secrets
}

func newWorld(ctx *pulumi.Context, oneZone string, oidcSecret pulumi.StringInput) (*world, error) {
	network, err := newTestNetwork(ctx)
	if err != nil {
		return nil, err
	}
	w := &world{}
	if w.cluster, err = NewCluster(ctx, "cluster", &ClusterArgs{
		Scope: testScope, ContainerInsights: "enhanced", LogRetentionDays: 14, LogsKeyARN: pulumi.String(logsKeyARN),
	}); err != nil {
		return nil, err
	}
	digests := map[string]string{}
	for _, image := range config.ImageNames {
		digests[image] = "sha256:" + image
	}
	if w.images, err = NewImages(ctx, "images", &ImagesArgs{
		Scope: testScope, Names: config.ImageNames, Digests: digests, Keep: 5, DataKeyARN: pulumi.String(dataKeyARN),
	}); err != nil {
		return nil, err
	}
	zones := []string{"eu-west-1a", "eu-west-1c"}
	if oneZone != "" {
		zones = []string{oneZone}
	}
	if w.files, err = NewFiles(ctx, "files", &FilesArgs{
		Scope: testScope, Network: network, Zones: zones, OneZone: oneZone, Backup: true, InfrequentAccessDays: 14, DataKeyARN: pulumi.String(dataKeyARN),
	}); err != nil {
		return nil, err
	}
	w.secrets, err = newTestSecrets(ctx, firstGenerations, oidcSecret)
	return w, err
}

func newTestSecrets(ctx *pulumi.Context, generations Generations, oidcSecret pulumi.StringInput) (*Secrets, error) {
	credentials, err := NewCredentials(ctx, "credentials", generations)
	if err != nil {
		return nil, err
	}
	return NewSecrets(ctx, "secrets", &SecretsArgs{
		Scope: testScope, RecoveryDays: 9, KeyARN: pulumi.String(secretsKeyARN), Credentials: credentials,
		DatabaseHost: pulumi.String("db.test"), BrokerHost: pulumi.String("broker.test"), OIDCClientSecret: oidcSecret,
	})
}

// testConfig is a small valid configuration, in the form that [config.Load] returns.
func testConfig() *config.Config {
	size := config.Size{CPU: 512, Memory: 1024}
	service := config.Service{Size: size, Capacity: config.Capacity{OnDemandBase: 1}, Count: 1}
	return &config.Config{
		Org: "acme", AccountID: testScope.AccountID, Region: testScope.Region, Environment: "test",
		Buckets: config.Buckets{
			DAGs: "acme-dags", DAGsPrefix: "test/", PluginsPrefix: "test-plugins/", Logs: "acme-logs", LogsPrefix: "tasks/", AccessLogs: "acme-access",
		},
		LoadBalancer: config.LoadBalancer{Hostname: "airflow.acme.com"},
		Login:        config.Login{Mode: config.LoginNone},
		Services: config.Services{
			Architecture: config.ARM64, APIServer: config.ScalableService{Service: service, MaxCount: 2},
			Scheduler: service, DAGProcessor: service, Triggerer: service,
		},
		WorkerPools: []config.WorkerPool{
			{Name: "default", Queues: []string{"default", "small"}, Concurrency: 4, Min: 0, Max: 3, Size: config.Size{CPU: 1024, Memory: 4096}},
			{Name: "heavy", Queues: []string{"heavy"}, Concurrency: 2, Min: 1, Max: 2, Size: config.Size{CPU: 4096, Memory: 16384}},
		},
		Airflow: config.Airflow{DAGRefreshSeconds: 12, QueuedTimeoutSeconds: 7200, LongestTaskSeconds: 90000, RetentionDays: 45},
	}
}

// without returns a copy of a map without some keys.
func without(m map[string]any, keys ...string) map[string]any {
	left := map[string]any{}
	for key, value := range m {
		if !slices.Contains(keys, key) {
			left[key] = value
		}
	}
	return left
}
