package aws

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

func checkFileSystem(s *subject) {
	if (s.text("throughputMode") == "provisioned") != s.given("provisionedThroughputInMibps") {
		s.fail("provisionedThroughputInMibps", "goes with the throughputMode provisioned, and with no other")
	}
	if zone := s.text("availabilityZoneName"); zone != "" {
		if !s.cloud.zone(zone) {
			s.fail("availabilityZoneName", "%q is no zone of %s", zone, s.cloud.region)
		}
		if s.text("performanceMode") == "maxIO" {
			s.fail("performanceMode", "One Zone file systems are generalPurpose")
		}
	}
	if s.given("kmsKeyId") && !s.given("encrypted") {
		s.fail("kmsKeyId", "needs encrypted")
	}
	for _, p := range s.list("lifecyclePolicies") {
		if len(p) != 1 {
			s.fail("lifecyclePolicies", "each policy has one transition; make a list of them")
		}
		for k, v := range p {
			if t := plain(v); k != "transitionToPrimaryStorageClass" && t != "" && !regexp.MustCompile(`^AFTER_(1|7|14|30|60|90|180|270|365)_DAYS?$`).MatchString(t) {
				s.fail("lifecyclePolicies", "%q is no transition, such as AFTER_30_DAYS", t)
			}
		}
	}
}

// checkMountTarget wants one target in a zone, and that of a One Zone system in
// its zone.
func checkMountTarget(s *subject) {
	subnet, fs := s.seen.byID(subnetToken, s.text("subnetId")), s.text("fileSystemId")
	if subnet == nil || fs == "" {
		return
	}
	zone := plain(subnet.props["availabilityZone"])
	if c := s.seen.plan(s.urn, []key{{id: "mount target " + fs + " " + zone, name: fs + " in " + zone}}); c != nil {
		s.fail("subnetId", "MountTargetConflict: the file system has a mount target in %s already, that of %s", zone, c.holder.Name())
	}
	if system := s.seen.byID("aws:efs/fileSystem:FileSystem", fs); system != nil {
		if one := plain(system.props["availabilityZoneName"]); one != "" && one != zone {
			s.fail("subnetId", "AvailabilityZonesMismatch: the file system is in %s alone, the subnet in %s", one, zone)
		}
	}
}

func checkAccessPoint(s *subject) {
	for _, root := range s.list("rootDirectory") {
		if path := plain(root["path"]); path != "" && (!strings.HasPrefix(path, "/") || strings.Count(path, "/") > 4 || len(path) > 100) {
			s.fail("rootDirectory", "%q: a path begins with a slash, has at most four folders and 100 characters", path)
		}
	}
	for _, user := range s.list("posixUser") {
		for _, k := range []resource.PropertyKey{"uid", "gid"} {
			if !simcloud.Given(user[k]) {
				s.fail("posixUser", "%s is missing", k)
			}
		}
	}
}

// bucketName is S3's rule for general-purpose buckets.
func bucketName(v resource.PropertyValue) string {
	if reason := text(3, 63, `^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`, "lower-case letters, digits, hyphens and single periods between them")(v); reason != "" {
		return "InvalidBucketName: " + reason
	}
	name, _ := simcloud.Text(v)
	switch {
	case regexp.MustCompile(`^\d+\.\d+\.\d+\.\d+$`).MatchString(name):
		return "InvalidBucketName: it looks like an IP address"
	case strings.HasPrefix(name, "xn--"), strings.HasPrefix(name, "sthree-"), strings.HasSuffix(name, "-s3alias"), strings.HasSuffix(name, "--ol-s3"):
		return "InvalidBucketName: beginnings such as xn-- and ends such as -s3alias are S3's own"
	}
	return ""
}

func checkVersioning(s *subject) {
	for _, c := range s.list("versioningConfiguration") {
		if status := plain(c["status"]); status != "" && !has("Enabled Suspended Disabled", status) {
			s.fail("versioningConfiguration", "%q is none of Enabled, Suspended, Disabled", status)
		}
	}
}

func checkBucketEncryption(s *subject) {
	for _, r := range s.list("rules") {
		for _, d := range objects(r["applyServerSideEncryptionByDefault"]) {
			algorithm := plain(d["sseAlgorithm"])
			if algorithm != "" && !has("AES256 aws:kms aws:kms:dsse", algorithm) {
				s.fail("rules", "%q is none of AES256, aws:kms, aws:kms:dsse", algorithm)
			}
			if algorithm == "AES256" && simcloud.Given(d["kmsMasterKeyId"]) {
				s.fail("rules", "a KMS key goes with aws:kms, not with AES256")
			}
		}
	}
}

// checkBucketPolicy wants a policy about its own bucket.
func checkBucketPolicy(s *subject) {
	bucket := s.text("bucket")
	if bucket == "" || !s.known("policy") {
		return
	}
	list, _, err := statements(s.get("policy"))
	if err != nil {
		return // the property's own rule says so
	}
	for _, st := range list {
		for _, r := range append(texts(st.Resource), texts(st.NotResource)...) {
			name, _, _ := strings.Cut(r[strings.LastIndex(r, ":")+1:], "/")
			if r != "*" && name != bucket && !strings.ContainsAny(name, "*?") {
				s.fail("policy", "MalformedPolicy: %q is not of the bucket %s", r, bucket)
			}
		}
	}
}

func checkLifecycle(s *subject) {
	seen := map[string]bool{}
	for _, r := range s.list("rules") {
		id := plain(r["id"])
		switch {
		case !simcloud.Given(r["id"]) || !simcloud.Given(r["status"]):
			s.fail("rules", "each rule has an id and a status")
		case !has("Enabled Disabled", plain(r["status"])) && !simcloud.Unknown(r["status"]):
			s.fail("rules", "rule %q: the status is Enabled or Disabled", id)
		case id != "" && seen[id]:
			s.fail("rules", "InvalidRequest: rule %q is there twice", id)
		}
		seen[id] = true
		actions := 0
		for _, k := range []resource.PropertyKey{"expiration", "transitions", "noncurrentVersionExpiration", "noncurrentVersionTransitions", "abortIncompleteMultipartUpload"} {
			if simcloud.Given(r[k]) && !empty(r[k]) {
				actions++
			}
		}
		if actions == 0 {
			s.fail("rules", "InvalidRequest: rule %q does nothing", id)
		}
	}
}

// recoveryWindow is 0, or what Secrets Manager takes.
func recoveryWindow(v resource.PropertyValue) string {
	if n, ok := simcloud.Number(v); ok && n == 0 {
		return ""
	}
	return between(7, 30)(v)
}

func checkSecretVersion(s *subject) { s.exactly("secretString", "secretBinary", "secretStringWo") }

func checkParameter(s *subject) {
	s.exactly("value", "insecureValue", "valueWo")
	if name := s.text("name"); strings.Contains(name, "/") && !strings.HasPrefix(name, "/") {
		s.fail("name", "ValidationException: a name with slashes begins with one: /%s", name)
	}
}

func checkRepository(s *subject) {
	for _, e := range s.list("encryptionConfigurations") {
		kind := plain(e["encryptionType"])
		if kind != "" && !has("AES256 KMS KMS_DSSE", kind) {
			s.fail("encryptionConfigurations", "%q is none of AES256, KMS, KMS_DSSE", kind)
		}
		if simcloud.Given(e["kmsKey"]) && (kind == "AES256" || !simcloud.Given(e["encryptionType"])) {
			s.fail("encryptionConfigurations", "a kmsKey goes with the encryptionType KMS")
		}
	}
}

// imageRule is a rule of an ECR lifecycle policy.
type imageRule struct {
	RulePriority int `json:"rulePriority"`
	Selection    struct {
		TagStatus      string   `json:"tagStatus"`
		TagPrefixList  []string `json:"tagPrefixList"`
		TagPatternList []string `json:"tagPatternList"`
		CountType      string   `json:"countType"`
		CountUnit      string   `json:"countUnit"`
		CountNumber    int      `json:"countNumber"`
	} `json:"selection"`
	Action struct {
		Type string `json:"type"`
	} `json:"action"`
}

// checkImageLifecycle applies the rules of ECR's guide on lifecycle policies.
func checkImageLifecycle(s *subject) {
	doc, ok := document(s.get("policy"))
	if !ok {
		return
	}
	var policy struct {
		Rules []imageRule `json:"rules"`
	}
	text, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(text, &policy)
	}
	if err != nil || len(policy.Rules) == 0 {
		s.fail("policy", "InvalidParameterException: a lifecycle policy is an object with a list of rules")
		return
	}
	seen, highest, any := map[int]bool{}, 0, 0
	for _, r := range policy.Rules {
		if reason := r.fault(); reason != "" {
			s.fail("policy", "InvalidParameterException: rule %d %s", r.RulePriority, reason)
		}
		if seen[r.RulePriority] {
			s.fail("policy", "InvalidParameterException: the priority %d is there twice", r.RulePriority)
		}
		seen[r.RulePriority] = true
		highest = max(highest, r.RulePriority)
		if r.Selection.TagStatus == "any" {
			any = r.RulePriority
		}
	}
	if any != 0 && any != highest {
		s.fail("policy", "InvalidParameterException: the rule for any image needs the highest rulePriority")
	}
}

func (r imageRule) fault() string {
	sel := r.Selection
	switch tags := len(sel.TagPrefixList) + len(sel.TagPatternList); {
	case r.RulePriority < 1:
		return "needs a rulePriority from 1"
	case !has("tagged untagged any", sel.TagStatus):
		return "needs the tagStatus tagged, untagged or any"
	case sel.TagStatus == "tagged" && tags == 0:
		return "needs a tagPrefixList or tagPatternList"
	case sel.TagStatus != "tagged" && tags > 0:
		return "has tags to look for, but not the tagStatus tagged"
	case !has("imageCountMoreThan sinceImagePushed", sel.CountType) || sel.CountNumber < 1:
		return "needs a countType and a countNumber from 1"
	case sel.CountType == "sinceImagePushed" && sel.CountUnit != "days":
		return "needs the countUnit days"
	case r.Action.Type != "expire":
		return "needs the action expire"
	}
	return ""
}
