package rules

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

var (
	bucketTypes     = []string{"aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket"}
	encryptionTypes = []string{
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		"aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
	}
	versioningTypes = []string{
		"aws:s3/bucketVersioningV2:BucketVersioningV2", "aws:s3/bucketVersioning:BucketVersioning",
	}
	aclTypes          = []string{"aws:s3/bucketAclV2:BucketAclV2", "aws:s3/bucketAcl:BucketAcl"}
	loadBalancerTypes = []string{"aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer", "aws:elb/loadBalancer:LoadBalancer"}
)

const (
	accessBlockType  = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	accountBlockType = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
	bucketPolicyType = "aws:s3/bucketPolicy:BucketPolicy"
)

// buckets holds the rules about S3, where what guards a bucket lies in
// resources beside it.
func buckets() []Rule {
	return []Rule{
		{
			Name: "bucket-encrypted", Family: AtRest,
			Description: "Buckets are encrypted under a key of one's own (SSE-KMS).",
			Why:         restWhy,
			Fix: "declare " + encryptionTypes[0] + " for the bucket, with sseAlgorithm aws:kms and kmsMasterKeyId. " +
				"Only a bucket that takes a load balancer's access logs may have AES256, since AWS can write nothing else there.",
			Stack: bucketEncrypted,
		},
		{
			Name: "bucket-access-block", Family: OpenDoors,
			Description: "A public access block has all its four switches on.",
			Why:         "each switch stops one of the ways in which buckets were published by mistake.",
			Fix:         "set blockPublicAcls, blockPublicPolicy, ignorePublicAcls and restrictPublicBuckets to true.",
			On: on(func(res resource, r report) {
				for _, path := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
					r.needTrue(res, path)
				}
			}, accessBlockType, accountBlockType),
		},
		{
			Name: "bucket-access-block-declared", Family: OpenDoors,
			Description: "Every bucket has a public access block.",
			Why:         "one wrong ACL or policy would publish it.",
			Fix:         "declare " + accessBlockType + " for the bucket.",
			Stack:       companion(bucketTypes, "bucket", "public access block", accessBlockType),
		},
		{
			Name: "bucket-no-public-acl", Family: OpenDoors,
			Description: "No bucket has an ACL that admits others, nor ACLs switched on.",
			Why:         "a canned ACL such as public-read admits everybody.",
			Fix:         "leave the ACL out, and set object ownership to BucketOwnerEnforced.",
			On: each(
				on(publicACL, slices.Concat(bucketTypes, aclTypes)...),
				on(ownedObjects, "aws:s3/bucketOwnershipControls:BucketOwnershipControls"),
			),
		},
		{
			Name: "bucket-policy-tls", Family: InTransit,
			Description: "Bucket policies refuse requests without TLS.",
			Why:         "S3 answers plain HTTP too, to anybody who has a signature.",
			Fix:         "add a Deny of s3:* to Principal * on the bucket and its objects, with Condition Bool aws:SecureTransport false.",
			On:          on(deniesPlaintext("s3"), bucketPolicyType),
		},
		{
			Name: "bucket-policy-declared", Family: InTransit,
			Description: "Every bucket has a bucket policy, so that it can refuse requests without TLS.",
			Why:         "S3 answers plain HTTP too, to anybody who has a signature.",
			Fix:         "declare " + bucketPolicyType + " with a Deny of requests whose aws:SecureTransport is false.",
			Stack:       companion(bucketTypes, "bucket", "bucket policy", bucketPolicyType),
		},
		{
			Name: "bucket-versioned", Family: Completeness,
			Description: "Buckets keep old versions of objects.",
			Why:         "without versions, a wrong sync or a stolen credential deletes for good.",
			Fix:         "declare " + versioningTypes[0] + " for the bucket, with versioningConfiguration.status Enabled.",
			Stack:       bucketVersioned,
		},
	}
}

// companion wants another resource to stand beside each resource of the given types.
func companion(types []string, path, what string, companions ...string) func(s *stack, r report) {
	return func(s *stack, r report) {
		for _, res := range s.of(types...) {
			if !s.hasCompanion(res, path, companions...) {
				r.at(res.URN).fault("it has no %s in this stack.", what)
			}
		}
	}
}

func bucketEncrypted(s *stack, r report) {
	for _, config := range s.of(encryptionTypes...) {
		eachMap(config.get("rules"), func(m property.Map) {
			logs := slices.ContainsFunc(s.refers(config, "bucket", bucketTypes...), s.takesAccessLogs)
			encryptedByDefault(get(m, "applyServerSideEncryptionByDefault"), logs, r.at(config.URN))
		}, func() { r.at(config.URN).unseen("rules") })
	}
	for _, bucket := range s.of(bucketTypes...) {
		inline := bucket.get("serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault")
		switch {
		case s.hasCompanion(bucket, "bucket", encryptionTypes...):
		case isSet(inline):
			encryptedByDefault(inline, s.takesAccessLogs(bucket), r.at(bucket.URN))
		default:
			r.at(bucket.URN).fault("the bucket has no default encryption in this stack.")
		}
	}
}

func encryptedByDefault(config property.Value, logs bool, r report) {
	if !config.IsMap() {
		r.unseen("applyServerSideEncryptionByDefault")
		return
	}
	m := config.AsMap()
	switch algorithm, state := text(m.Get("sseAlgorithm")); {
	case state == unknown:
		r.unseen("sseAlgorithm")
	case algorithm == "AES256" && logs:
	case algorithm != "aws:kms" && algorithm != "aws:kms:dsse":
		r.fault("the bucket's default encryption is %s, not aws:kms.", describeKey(algorithm))
	default:
		r.needKey(m, "kmsMasterKeyId")
	}
}

// takesAccessLogs reports whether a load balancer of the stack writes there.
func (s *stack) takesAccessLogs(bucket *resource) bool {
	return s.hasCompanion(bucket, "accessLogs.bucket", loadBalancerTypes...)
}

func publicACL(res resource, r report) {
	cannedACL("acl", res.get("acl"), r)
	for _, path := range []string{"accessControlPolicy.grants", "grants"} {
		eachMap(res.get(path), func(m property.Map) { granted(path, m, r) }, func() { r.unseen(path) })
	}
}

// cannedACL refuses ACLs that admit others than the owner and AWS's logs.
func cannedACL(path string, v property.Value, r report) {
	switch acl, state := text(v); {
	case state == unknown:
		r.unseen(path)
	case !slices.Contains([]string{
		"", "private", "log-delivery-write", "bucket-owner-full-control", "bucket-owner-read", "none",
	}, strings.ToLower(strings.ReplaceAll(acl, "_", "-"))):
		r.fault("%s is %q.", path, acl)
	}
}

// granted refuses a grant to a group, or to an account by its canonical id or
// its address, which tell nobody whose it is. An owner needs no grant.
func granted(path string, m property.Map, r report) {
	grantee := m
	if inner := m.Get("grantee"); inner.IsMap() {
		grantee = inner.AsMap()
	}
	uri := knownText(grantee.Get("uri"))
	switch {
	case uri == "http://acs.amazonaws.com/groups/s3/LogDelivery":
	case uri != "":
		r.fault("%s admits the group %s.", path, uri)
	case isSet(grantee.Get("id")):
		r.fault("%s admits an account by its canonical id.", path)
	case isSet(grantee.Get("emailAddress")) || isSet(grantee.Get("email")):
		r.fault("%s admits an account by its address.", path)
	}
}

func bucketVersioned(s *stack, r report) {
	for _, config := range s.of(versioningTypes...) {
		switch status, state := text(config.get("versioningConfiguration.status")); {
		case state == unknown:
			r.at(config.URN).unseen("versioningConfiguration.status")
		case status != "Enabled":
			r.at(config.URN).fault("versioningConfiguration.status is %q.", status)
		}
	}
	for _, bucket := range s.of(bucketTypes...) {
		inline, _ := truth(bucket.get("versioning.enabled"))
		if !inline && !s.hasCompanion(bucket, "bucket", versioningTypes...) {
			r.at(bucket.URN).fault("versioning of the bucket is not declared in this stack.")
		}
	}
}
