package aws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/pathwai/airflow-on-fargate/internal/simcloud"
)

// unnamedAccount is the account of a provider that names none: the one of
// AWS's own documentation.
const unnamedAccount = "123456789012"

// cloud is what a provider's configuration says.
type cloud struct {
	account, region string
	defaultTags     resource.PropertyMap
}

// settings are the provider's inputs, as in pulumi-aws 6.83.2.
const settings = `accessKey allowedAccountIds assumeRole assumeRoleWithWebIdentity customCaBundle defaultTags
	ec2MetadataServiceEndpoint ec2MetadataServiceEndpointMode endpoints forbiddenAccountIds httpProxy httpsProxy
	ignoreTags insecure maxRetries noProxy profile region retryMode s3UsEast1RegionalEndpoint s3UsePathStyle
	secretKey sharedConfigFiles sharedCredentialsFiles skipCredentialsValidation skipMetadataApiCheck
	skipRegionValidation skipRequestingAccountId stsRegion token tokenBucketRateLimiterCapacity
	useDualstackEndpoint useFipsEndpoint version pluginDownloadURL`

var (
	regionForm  = regexp.MustCompile(`^(us(-gov)?|af|ap|ca|cn|eu|il|me|mx|sa)-(central|north|south|east|west|northeast|southeast|northwest|southwest)-[1-9]$`)
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	roleARN     = regexp.MustCompile(`^arn:[a-z-]+:iam::([0-9]{12}):role/`)
)

// parsed undoes the JSON in which the engine hands over whatever isn't a string.
func parsed(v resource.PropertyValue) resource.PropertyValue {
	s, ok := simcloud.Text(v)
	if !ok {
		return simcloud.Bare(v)
	}
	var any any
	if err := json.Unmarshal([]byte(s), &any); err != nil {
		return v
	}
	return resource.NewPropertyValue(any)
}

// checkSettings finds faults of the provider's configuration.
func checkSettings(args resource.PropertyMap) (faults []simcloud.Fault) {
	fail := func(property, format string, a ...any) {
		faults = append(faults, simcloud.Fault{Property: property, Reason: fmt.Sprintf(format, a...)})
	}
	for k := range args {
		if !has(settings, string(k)) && !strings.HasPrefix(string(k), "__") {
			fail(string(k), "the aws provider has no such setting")
		}
	}
	region, known := simcloud.Text(args["region"])
	switch {
	case !simcloud.Given(args["region"]):
		fail("region", "missing: set aws:region, or region on the provider")
	case known && !regionForm.MatchString(region):
		fail("region", "%q is no AWS region; they look like us-east-1", region)
	}
	ids, _ := simcloud.Strings(parsed(args["allowedAccountIds"]))
	for _, id := range ids {
		if !accountForm.MatchString(id) {
			fail("allowedAccountIds", "%q is no account id; they have 12 digits (quote them, or leading zeros are lost)", id)
		}
	}
	if simcloud.Given(args["allowedAccountIds"]) && simcloud.Given(args["forbiddenAccountIds"]) {
		fail("forbiddenAccountIds", "conflicts with allowedAccountIds")
	}
	return faults
}

// newCloud reads a provider's configuration. The account is the first one that
// is allowed, or that of the role to assume, or else unnamedAccount.
func newCloud(args resource.PropertyMap) cloud {
	c := cloud{account: unnamedAccount, defaultTags: resource.PropertyMap{}}
	c.region, _ = simcloud.Text(args["region"])
	roles := parsed(args["assumeRole"])
	if roles.IsObject() {
		roles = resource.NewArrayProperty([]resource.PropertyValue{roles})
	}
	if roles.IsArray() {
		for _, r := range roles.ArrayValue() {
			if r = simcloud.Bare(r); r.IsObject() {
				arn, _ := simcloud.Text(r.ObjectValue()["roleArn"])
				if m := roleARN.FindStringSubmatch(arn); m != nil {
					c.account = m[1]
				}
			}
		}
	}
	if ids, _ := simcloud.Strings(parsed(args["allowedAccountIds"])); len(ids) > 0 {
		c.account = ids[0]
	}
	if tags := parsed(args["defaultTags"]); tags.IsObject() {
		if m := simcloud.Bare(tags.ObjectValue()["tags"]); m.IsObject() {
			c.defaultTags = m.ObjectValue()
		}
	}
	return c
}

func (c cloud) partition() string {
	switch {
	case strings.HasPrefix(c.region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(c.region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func (c cloud) dnsSuffix() string {
	if c.partition() == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// short is the region as ElastiCache writes it in its endpoints: use1, apse2.
func (c cloud) short() string {
	parts := strings.Split(c.region, "-")
	var out strings.Builder
	for i, p := range parts {
		switch {
		case i == 0:
			out.WriteString(p)
		case strings.HasPrefix(p, "north") && len(p) > 5, strings.HasPrefix(p, "south") && len(p) > 5:
			out.WriteString(p[:1] + p[5:6])
		default:
			out.WriteString(p[:1])
		}
	}
	return out.String()
}

// tagsAll joins the provider's default tags with a resource's own, which win.
func (c cloud) tagsAll(tags resource.PropertyValue) resource.PropertyValue {
	if v := simcloud.Bare(tags); v.IsComputed() || v.IsOutput() {
		return tags
	}
	all := c.defaultTags.Copy()
	if v := simcloud.Bare(tags); v.IsObject() {
		for k, e := range v.ObjectValue() {
			all[k] = e
		}
	}
	v := resource.NewObjectProperty(all)
	if tags.IsSecret() {
		v = resource.MakeSecret(v)
	}
	return v
}

// zones are the availability zones that the simulation has in a region.
func (c cloud) zones() []string {
	return []string{c.region + "a", c.region + "b", c.region + "c", c.region + "d"}
}

// zone tells whether the region has a zone of that name. Local and wavelength
// zones are none of the simulation's.
func (c cloud) zone(name string) bool {
	return slices.Contains(c.zones(), name) || regexp.MustCompile(`^`+regexp.QuoteMeta(c.region)+`[e-f]$`).MatchString(name)
}
