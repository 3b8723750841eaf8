package aws

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// Names and passwords as the API references of RDS and ElastiCache have them.
var (
	databaseIdentifier = text(1, 63, `^[a-z]([a-z0-9]|-[a-z0-9])*$`,
		"lower-case letters, digits and single hyphens, beginning with a letter, not ending in a hyphen")
	parameterGroupName = text(1, 255, `^[a-z]([a-z0-9.]|-[a-z0-9])*$`, "lower-case letters, digits and single hyphens, beginning with a letter")
	databasePassword   = quiet(text(8, 128, `^[!-~]*$`, ""), regexp.MustCompile(`[/@" ]`),
		"a password has 8 to 128 printable characters, none of / @ \" and space")
	authToken = quiet(text(16, 128, `^[!-~]*$`, ""), regexp.MustCompile(`[/@"]`),
		"a token has 16 to 128 printable characters, none of / @ \"")
)

// quiet is a rule for secrets: its reason never repeats the value.
func quiet(rule Rule, not *regexp.Regexp, reason string) Rule {
	return func(v resource.PropertyValue) string {
		s, _ := simcloud.Text(v)
		if rule(v) != "" || not.MatchString(s) {
			return reason
		}
		return ""
	}
}

// checkSubnetGroup wants subnets in two zones, where the subnets are known.
func checkSubnetGroup(s *subject) {
	subnets := s.get("subnetIds")
	if !subnets.IsArray() {
		return
	}
	if len(subnets.ArrayValue()) < 2 {
		s.fail("subnetIds", "DBSubnetGroupDoesNotCoverEnoughAZs: a database subnet group covers at least two zones")
		return
	}
	if zones, known := s.zones(subnets); known && len(zones) < 2 {
		s.fail("subnetIds", "DBSubnetGroupDoesNotCoverEnoughAZs: a database subnet group covers at least two zones; these subnets are all in %s", plain(subnets))
	}
}

// zones are those of subnets; known is false when one of the subnets isn't of
// this run.
func (s *subject) zones(subnets resource.PropertyValue) (zones map[string]bool, known bool) {
	zones = map[string]bool{}
	ids, known := simcloud.Strings(subnets)
	for _, id := range ids {
		t := s.seen.byID(subnetToken, id)
		if t == nil {
			return zones, false
		}
		zones[plain(t.props["availabilityZone"])] = true
	}
	return zones, known
}

func checkParameters(s *subject) {
	seen := map[string]bool{}
	for _, p := range s.list("parameters") {
		name := plain(p["name"])
		if name != "" && seen[name] {
			s.fail("parameters", "%s is there twice", name)
		}
		seen[name] = true
	}
}

// reserved are master user names that RDS for PostgreSQL refuses.
const reserved = "admin rdsadmin rdsrepladmin rds_superuser rds_replication postgres_admin user public"

func checkDatabase(s *subject) {
	copied := s.given("replicateSourceDb") || s.given("snapshotIdentifier") || s.given("restoreToPointInTime") || s.given("s3Import")
	if !copied {
		for _, k := range []string{"engine", "allocatedStorage", "username"} {
			if !s.given(k) {
				s.fail(k, "missing: a new database needs it")
			}
		}
		if !s.given("password") && !s.flag("manageMasterUserPassword") && !s.given("passwordWo") {
			s.fail("password", "missing: password or manageMasterUserPassword")
		}
	}
	s.atMost("password", "manageMasterUserPassword", "passwordWo")
	s.atMost("identifier", "identifierPrefix")
	if s.text("engine") == "postgres" && has(reserved, strings.ToLower(s.text("username"))) {
		s.fail("username", "InvalidParameterValue: %q is a reserved word of this engine", s.text("username"))
	}
	s.databaseStorage()
	s.databaseInsights()
	if n, ok := s.number("monitoringInterval"); ok && n > 0 && !s.given("monitoringRoleArn") {
		s.fail("monitoringRoleArn", "missing: enhanced monitoring needs a role")
	}
	exports, _ := simcloud.Strings(s.get("enabledCloudwatchLogsExports"))
	for _, e := range exports {
		if s.text("engine") == "postgres" && !has("postgresql upgrade iam-db-auth-error", e) {
			s.fail("enabledCloudwatchLogsExports", "%q is no log of PostgreSQL: postgresql, upgrade, iam-db-auth-error", e)
		}
	}
}

func (s *subject) databaseStorage() {
	size, known := s.number("allocatedStorage")
	ceiling, scales := s.number("maxAllocatedStorage")
	if known && has("gp2 gp3", s.text("storageType")) && size < 20 {
		s.fail("allocatedStorage", "InvalidParameterValue: %s starts at 20 GiB", s.text("storageType"))
	}
	// RDS asks for a ceiling at least a tenth above the start.
	if known && scales && ceiling != 0 && ceiling < size*1.1 {
		s.fail("maxAllocatedStorage", "InvalidParameterCombination: the ceiling (%v GiB) has to be at least a tenth above allocatedStorage (%v GiB)", ceiling, size)
	}
	if s.given("kmsKeyId") && s.known("storageEncrypted") && !s.flag("storageEncrypted") {
		s.fail("kmsKeyId", "needs storageEncrypted")
	}
}

func (s *subject) databaseInsights() {
	days, ok := s.number("performanceInsightsRetentionPeriod")
	if ok && days != 0 && days != 7 && days != 731 && (days < 31 || days > 713 || int(days)%31 != 0) {
		s.fail("performanceInsightsRetentionPeriod", "%v: it is 7, 731 or a multiple of 31 up to 713", days)
	}
	if on := s.flag("performanceInsightsEnabled"); !on && ok && days != 0 {
		s.fail("performanceInsightsRetentionPeriod", "needs performanceInsightsEnabled")
	}
}

func keepDatabase(props resource.PropertyMap) string {
	if on, _ := simcloud.Flag(props["deletionProtection"]); on {
		return "InvalidParameterCombination: Cannot delete protected DB Instance, please disable deletion protection and try again"
	}
	if skip, _ := simcloud.Flag(props["skipFinalSnapshot"]); !skip && plain(props["finalSnapshotIdentifier"]) == "" {
		return "finalSnapshotIdentifier is required when skipFinalSnapshot is false: set one of the two and run up before you delete"
	}
	return ""
}

func keepCluster(props resource.PropertyMap) string {
	if on, _ := simcloud.Flag(props["deletionProtection"]); on {
		return "InvalidParameterCombination: Cannot delete protected Cluster, please disable deletion protection and try again"
	}
	return keepDatabase(props)
}

func checkReplicationGroup(s *subject) {
	s.atMost("numCacheClusters", "numNodeGroups")
	nodes, known := s.number("numCacheClusters")
	if s.flag("automaticFailoverEnabled") && (known && nodes < 2 || !s.given("numCacheClusters") && !s.given("numNodeGroups")) {
		s.fail("automaticFailoverEnabled", "InvalidParameterValue: failing over needs at least two nodes (numCacheClusters)")
	}
	if s.flag("multiAzEnabled") && !s.flag("automaticFailoverEnabled") {
		s.fail("multiAzEnabled", "needs automaticFailoverEnabled")
	}
	if s.given("authToken") && s.known("transitEncryptionEnabled") && !s.flag("transitEncryptionEnabled") || s.given("authToken") && !s.given("transitEncryptionEnabled") {
		s.fail("authToken", "InvalidParameterCombination: the AUTH token needs transitEncryptionEnabled")
	}
	if s.given("kmsKeyId") && !s.given("atRestEncryptionEnabled") {
		s.fail("kmsKeyId", "needs atRestEncryptionEnabled")
	}
	if !s.given("nodeType") && !s.given("globalReplicationGroupId") {
		s.fail("nodeType", "missing: a replication group needs it")
	}
	if v := s.text("engineVersion"); s.text("engine") == "valkey" && v != "" && !has("7.2 8.0 8.1 8.2", v) {
		s.fail("engineVersion", "InvalidParameterValue: ElastiCache has no Valkey %s; it has 7.2, 8.0, 8.1, 8.2", v)
	}
}

// replacesReplicationGroup says that a lower version replaces the group, with
// what it holds (as in the Terraform provider, from the version that runs).
func replacesReplicationGroup(olds, news resource.PropertyMap) []string {
	const input = "engineVersion"
	if simcloud.Given(olds[input]) && simcloud.Given(news[input]) && lower(plain(news[input]), plain(olds[input])) {
		return []string{input}
	}
	return nil
}

// lower compares versions such as 7.2 and 8.0, number by number.
func lower(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, errM := strconv.Atoi(x[i])
		n, errN := strconv.Atoi(y[i])
		if errM != nil || errN != nil {
			return false
		}
		if m != n {
			return m < n
		}
	}
	return false
}
