package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFaults(t *testing.T) {
	for area, cases := range faultTable() {
		t.Run(area, func(t *testing.T) { checkFaults(t, cases) })
	}
}

// faultTable is every way in which a setting can be wrong, by area.
func faultTable() map[string][]faultCase {
	return map[string][]faultCase{
		"reading":   readingFaults,
		"identity":  identityFaults,
		"network":   networkFaults,
		"data":      dataFaults,
		"buckets":   bucketFaults,
		"images":    imageFaults,
		"web":       webFaults,
		"services":  serviceFaults,
		"pools":     poolFaults,
		"airflow":   airflowFaults,
		"alarms":    alarmFaults,
		"joins":     joinFaults,
		"access":    accessFaults,
		"endpoints": endpointFaults,
		"publicIdp": publicIdPFaults,
		"too wide":  wideFaults,
	}
}

// Every key that some validation names has a case in the table, so that a new
// check can't come without one.
func TestEveryValidatedKeyHasACase(t *testing.T) {
	var seen strings.Builder
	cases := 0
	for _, area := range faultTable() {
		for _, c := range area {
			cases++
			seen.WriteString(strings.Join(c.want, "\n") + "\n")
		}
	}
	require.GreaterOrEqual(t, cases, 40)
	files, err := filepath.Glob("validate*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	named := regexp.MustCompile(`\bkey\("([^"]+)"`)
	checked := 0
	for _, file := range append(files, "connections.go", "endpoints.go", "variables.go", "joins.go", "dns.go", "publicidp.go") {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range named.FindAllStringSubmatch(string(source), -1) {
			checked++
			full := regexp.MustCompile(`(?m)^airflow:` + regexp.QuoteMeta(match[1]) + `\b`)
			if !full.MatchString(seen.String()) {
				t.Errorf("%s checks %s, and no case shows a fault of it", file, match[1])
			}
		}
	}
	require.Greater(t, checked, 50, "the keys in the validations weren't found")
	t.Logf("%d cases, %d places in the validations", cases, checked)
}

var readingFaults = []faultCase{
	{"unknown top-level key", change{"netwrok": change{}},
		[]string{`airflow:netwrok: unknown key, did you mean "network"?`}},
	{"unknown top-level key like no other", change{"zzz": "x"},
		[]string{"airflow:zzz: unknown key, known are: " + strings.Join(sortedKeys(settings(reflect.ValueOf(&Config{}).Elem())), ", ")}},
	{"unknown nested key", change{"network.zone": "us-east-1a"},
		[]string{`airflow:network.zone: unknown key, did you mean "zones"?`}},
	{"unknown key two levels down", change{"services.scheduler.memmory": 2048},
		[]string{`airflow:services.scheduler.memmory: unknown key, did you mean "memory"?`}},
	{"unknown key in a list element", change{"workerPools[0].queue": []any{"a"}},
		[]string{`airflow:workerPools[0].queue: unknown key, did you mean "queues"?`}},
	{"elements beside one that can't be read", change{"endpoints.extra": []any{"S3", change{"servce": "x"}, "sqs"}, "alarms.emails": []any{1, "x", nil}, "workerPools[0].queues": []any{2, "a b"}}, []string{
		`airflow:alarms.emails[0] is 1: text (in quotes)`,
		`airflow:alarms.emails[2]: text (in quotes)`,
		`airflow:endpoints.extra[1].servce: unknown key, did you mean "service"?`,
		`airflow:endpoints.extra[1].service: required, but missing`,
		`airflow:workerPools[0].queues[0] is 2: text (in quotes)`,
		`airflow:endpoints.extra is "S3": short service names such as monitoring or sqs`,
		`airflow:workerPools[0].queues is "a b": queue names of lower-case letters, digits, _ and -`,
		`airflow:alarms.emails is "x": e-mail addresses, each once`,
	}},
	{"wrong case", change{"database.multiAZ": true},
		[]string{`airflow:database.multiAZ: unknown key, did you mean "multiAz"?`}},
	{"text for a number", change{"database.allocatedStorageGiB": "100"},
		[]string{`airflow:database.allocatedStorageGiB is "100": a whole number`}},
	{"fraction for a whole number", change{"broker.replicas": 1.5},
		[]string{`airflow:broker.replicas is 1.5: a whole number`}},
	{"number for a text", change{"database.engineVersion": 16},
		[]string{`airflow:database.engineVersion is 16: text (in quotes)`}},
	{"text for a flag", change{"database.multiAz": "yes"},
		[]string{`airflow:database.multiAz is "yes": true or false`}},
	{"text for a list", change{"network.zones": "us-east-1a"},
		[]string{`airflow:network.zones is "us-east-1a": a list`}},
	{"flag in a list of texts", change{"network.zones": []any{"us-east-1a", false}},
		[]string{`airflow:network.zones[1] is false: text (in quotes)`}},
	{"text for settings", change{"network": "10.0.0.0/16"},
		[]string{`airflow:network is "10.0.0.0/16": a map of settings`}},
	{"list for settings", change{"database": []any{1}},
		[]string{`airflow:database is [1]: a map of settings`}},
	{"list for names and values", change{"tags": []any{"a"}},
		[]string{`airflow:tags is ["a"]: a map of names to values`}},
	{"broken JSON", change{"tags": "{not json"},
		[]string{`airflow:tags is "{not json": a map of names to values`}},
	{"two JSON values", change{"tags": "{} {}"},
		[]string{`airflow:tags is "{} {}": a map of names to values`}},
	{"nothing for settings", change{"network": nil},
		[]string{`airflow:network: a map of settings`}},
	{"nothing for a value", change{"network.cidr": nil},
		[]string{`airflow:network.cidr: text (in quotes)`}},
	{"missing keys of a list element", change{"workerPools": []any{change{"name": "default", "queues": []any{"default"}}}},
		[]string{
			`airflow:workerPools[0].concurrency: required, but missing`,
			`airflow:workerPools[0].cpu: required, but missing`,
			`airflow:workerPools[0].max: required, but missing`,
			`airflow:workerPools[0].memory: required, but missing`,
			`airflow:workerPools[0].min: required, but missing`,
			`airflow:workerPools[0].onDemandBase: required, but missing`,
			`airflow:workerPools[0].spotPercent: required, but missing`,
		}},
	{"five at once, read and checked alike", change{
		"accountId": "12345", "network.cidr": "10.40.0.1/16", "databse": change{}, "broker.replicas": "two", "services.scheduler.cpu": 1000,
	}, []string{
		`airflow:databse: unknown key, did you mean "database"?`,
		`airflow:broker.replicas is "two": a whole number`,
		`airflow:accountId is "12345": an AWS account id: 12 digits, in quotes`,
		`airflow:network.cidr is "10.40.0.1/16": an IPv4 network from /16 to /24 with no host bits set, such as 10.40.0.0/16`,
		`airflow:services.scheduler.cpu is 1000: one of 256, 512, 1024, 2048, 4096, 8192, 16384`,
	}},
}

var identityFaults = []faultCase{
	{"org with a hyphen", change{"org": "path-wai"},
		[]string{`airflow:org is "path-wai": 1 to 16 lower-case letters and digits, a letter first`}},
	{"org in upper case", change{"org": "Pathwai"},
		[]string{`airflow:org is "Pathwai": 1 to 16 lower-case letters and digits, a letter first`}},
	{"org that ELB refuses", change{"org": "internal"},
		[]string{`airflow:org is "internal": another name: AWS refuses load balancers called internal-… and security groups called sg-…`}},
	{"longest org", change{"org": "pathwaiplatform1"}, nil},
	{"account id too short", change{"accountId": "38149215306"},
		[]string{`airflow:accountId is "38149215306": an AWS account id: 12 digits, in quotes`}},
	{"boundary of AWS's", change{"permissionsBoundaryArn": "arn:aws:iam::aws:policy/PowerUserAccess"},
		[]string{`airflow:permissionsBoundaryArn is "arn:aws:iam::aws:policy/PowerUserAccess": the ARN of a managed policy of account 381492153064, or empty for none`}},
	{"boundary of another account", change{"permissionsBoundaryArn": "arn:aws:iam::111111111111:policy/b"},
		[]string{`airflow:permissionsBoundaryArn is "arn:aws:iam::111111111111:policy/b": the ARN of a managed policy of account 381492153064, or empty for none`}},
	{"account id that YAML read as a number", change{"accountId": 381492153064}, nil},
	{"region", change{"aws:region": "us-east"},
		[]string{`aws:region is "us-east": an AWS region such as us-east-1 (not of GovCloud or China, whose ARNs differ)`}},
	{"region of another partition", change{"aws:region": "cn-north-1"},
		[]string{`aws:region is "cn-north-1": an AWS region such as us-east-1 (not of GovCloud or China, whose ARNs differ)`}},
	{"GovCloud", change{"aws:region": "us-gov-west-1"},
		[]string{`aws:region is "us-gov-west-1": an AWS region such as us-east-1 (not of GovCloud or China, whose ARNs differ)`}},
	{"spaces, in the region too", change{"aws:region": " us-east-1", "network.zones": []any{"us-east-1a ", "us-east-1b"}}, []string{
		`aws:region is " us-east-1": an AWS region such as us-east-1 (not of GovCloud or China, whose ARNs differ)`,
		`airflow:network.zones is "us-east-1a ": zones of the region, such as us-east-1a`,
	}},
	{"another region than the zones and the certificate", change{"aws:region": "eu-west-1"},
		[]string{
			`airflow:network.zones is "us-east-1a": zones of aws:region eu-west-1, such as eu-west-1a`,
			`airflow:network.zones is "us-east-1b": zones of aws:region eu-west-1, such as eu-west-1a`,
			`airflow:loadBalancer.certificateArn is "arn:aws:acm:us-east-1:381492153064:certificate/00000000-0000-4000-8000-00000000…: arn:aws:acm:eu-west-1:381492153064:certificate/<id>, a certificate for airflow.dev.pathwai.com`,
		}},
	{"tag of the platform's, in other case", change{"tags": change{"project": "x"}},
		[]string{`airflow:tags.project is "x": a key that neither AWS nor the platform sets itself (Project, Environment, ManagedBy, Name, aws:…), once whatever its case`}},
	{"tag of AWS's", change{"tags": change{"AWS:x": "y"}},
		[]string{`airflow:tags.AWS:x is "y": a key that neither AWS nor the platform sets itself (Project, Environment, ManagedBy, Name, aws:…), once whatever its case`}},
	{"tags that IAM takes for one", change{"tags": change{"Team": "a", "team": "b"}},
		[]string{`airflow:tags.team is "b": a key that neither AWS nor the platform sets itself (Project, Environment, ManagedBy, Name, aws:…), once whatever its case`}},
	{"tag key", change{"tags": change{"a;b": "y"}},
		[]string{`airflow:tags (a key) is "a;b": a tag key: 1 to 128 letters from A to Z in either case, digits, spaces and _.:/=+@-`}},
	{"tag value", change{"tags": change{"Team": "a<b"}},
		[]string{`airflow:tags.Team is "a<b": a tag value: at most 256 letters, digits, spaces and _.:/=+@-`}},
	{"tag value in any script", change{"tags": change{"Owner": "Jörg Müller", "Team": "データ", "Longest": strings.Repeat("ü", 256)}}, nil},
	{"tag value, too long", change{"tags": change{"Owner": strings.Repeat("ü", 257)}},
		[]string{`airflow:tags.Owner is "` + strings.Repeat(`\u00fc`, 13) + `\…: a tag value: at most 256 letters, digits, spaces and _.:/=+@-`}},
	{"too many tags", change{"tags": manyTags(41)},
		[]string{`airflow:tags: at most 40, not 41: a resource has at most 50, the platform's and AWS's own included`}},
}

func manyTags(n int) change {
	tags := change{}
	for _, name := range many(n, "k%d") {
		tags[name.(string)] = "v"
	}
	return tags
}
