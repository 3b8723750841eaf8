package rules

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

var (
	// addressNames are properties that give a public address, subnetNames those
	// that give one to whatever starts in a subnet, databaseNames those of stores.
	addressNames = regexp.MustCompile(`(?i)(?:^|\.)(?:associatePublicIpAddress|associateCarrierIpAddress|assignPublicIp|createPublicIp|autoAssignPublicIps|autoAssignElasticIps|elasticIp|(?:publicA|a)ddressAllocationIds)$`)
	// addressesThere are those that name an address that was made.
	addressesThere = regexp.MustCompile(`(?:^|\.)(?:elasticIp|(?:publicA|a)ddressAllocationIds)$`)
	subnetNames    = regexp.MustCompile(`(?:^|\.)(?:mapPublicIpOnLaunch|mapCustomerOwnedIpOnLaunch|assignIpv6AddressOnCreation)$`)
	storeNames     = regexp.MustCompile(`(?:^|\.)(?:publiclyAccessible|publicConnectivity)$`)
	aclNames       = regexp.MustCompile(`(?i)(?:^|\.)(?:acl|\w*cannedAcl|cannedAclForObjects|\w*objectAcl|s3AclOption)$`)
	sharingNames   = regexp.MustCompile(`(?:^|\.)(?:allowExternalPrincipals|autoAcceptShared\w+|readAccess)$`)
)

// openWords are values of other public properties that open something.
var openWords = map[string]*regexp.Regexp{
	"webserverAccessMode":          regexp.MustCompile(`^PUBLIC_ONLY$`),
	"directInternetAccess":         regexp.MustCompile(`^Enabled$`),
	"appNetworkAccessType":         regexp.MustCompile(`^PublicInternetOnly$`),
	"projectVisibility":            regexp.MustCompile(`^PUBLIC_READ$`),
	"visibility":                   regexp.MustCompile(`^(?:GLOBAL|PUBLIC)$`),
	"endpointType":                 regexp.MustCompile(`^(?:PUBLIC|REGIONAL|EDGE)$`),
	"types":                        regexp.MustCompile(`^(?:EDGE|REGIONAL)$`),
	"authType":                     regexp.MustCompile(`^NONE$`),
	"authorizationType":            regexp.MustCompile(`^NONE$`),
	"functionUrlAuthType":          regexp.MustCompile(`^NONE$`),
	"networkAccessType":            regexp.MustCompile(`^PUBLIC$`),
	"internetGatewayBlockMode":     regexp.MustCompile(`^off$`),
	"internetGatewayExclusionMode": regexp.MustCompile(`.`),
	"firewallFailOpen":             regexp.MustCompile(`^(?:ENABLED|USE_LOCAL_RESOURCE_SETTING)$`),
	"type":                         regexp.MustCompile(`^SERVICE_PROVIDED_EIPS$`),
	"networkMode":                  regexp.MustCompile(`^PUBLIC$`),
}

// publicUnset says which types are public where the property is left out.
var publicUnset = map[string]string{
	"aws:eks/cluster:Cluster":                         "vpcConfig.endpointPublicAccess",
	"aws:sagemaker/notebookInstance:NotebookInstance": "directInternetAccess",
	"aws:sagemaker/domain:Domain":                     "appNetworkAccessType",
	"aws:transfer/server:Server":                      "endpointType",
	"aws:appsync/graphQLApi:GraphQLApi":               "visibility",
	"aws:apigateway/domainName:DomainName":            "endpointConfiguration.types",
	"aws:vpclattice/service:Service":                  "authType",
	"aws:vpclattice/serviceNetwork:ServiceNetwork":    "authType",
}

// anyPublic makes a check by shape of the public properties whose path fits.
func anyPublic(fits func(path string) bool) check {
	return func(res resource, r report) {
		for _, at := range places(res, schema.Public) {
			if fits(at.path) {
				publicValue(at, r)
			}
		}
		embedded(res, func(at place) {
			if schema.Named(at.path, kindOf(at.value)) == schema.Public && fits(at.path) {
				publicValue(at, r)
			}
		})
	}
}

func publicValue(at place, r report) {
	for _, item := range elements(at.value) {
		if item.IsComputed() {
			if !addressesThere.MatchString(at.path) {
				r.unseen(at.path)
				continue
			}
			r.fault("%s is set.", at.path)
			continue
		}
		if item.IsBool() {
			if item.AsBool() {
				r.fault("%s is true.", at.path)
			}
			continue
		}
		word := knownText(item)
		switch {
		case word == "":
		case strings.EqualFold(word, "true"):
			r.fault("%s is true.", at.path)
		case addressesThere.MatchString(at.path):
			r.fault("%s is set.", at.path)
		case addressNames.MatchString(at.path) || sharingNames.MatchString(at.path):
			if strings.HasPrefix(strings.ToLower(word), "enable") || word == "public" {
				r.fault("%s is %s.", at.path, word)
			}
		case openWords[at.leaf()] != nil && openWords[at.leaf()].MatchString(word):
			r.fault("%s is %s.", at.path, word)
		}
	}
}

// otherPublic are the public properties that no other rule asks for.
func otherPublic(path string) bool {
	return !addressNames.MatchString(path) && !subnetNames.MatchString(path) && !storeNames.MatchString(path) &&
		!aclNames.MatchString(path) && !sharingNames.MatchString(path) && path != "publicIp"
}

// entryElsewhere are the types whose doors no-public-entry reads in their own way.
var entryElsewhere = []string{
	"aws:apigateway/restApi:RestApi", "aws:lambda/functionUrl:FunctionUrl", "aws:apprunner/service:Service", "aws:msk/cluster:Cluster",
}

func anyEntry(res resource, r report) {
	if slices.Contains(entryElsewhere, res.Type) {
		return
	}
	anyPublic(otherPublic)(res, r)
	if path := publicUnset[res.Type]; path != "" && !isSet(res.get(path)) {
		r.fault("%s is not set, and the default is public.", path)
	}
	embedded(res, func(at place) {
		if open, _ := truth(at.value); open && at.leaf() == "allowFromPublic" {
			r.fault("%s is true.", at.path)
		}
	})
}

// anyDatabase leaves those out that want the flag written down.
func anyDatabase(res resource, r report) {
	if res.Type != "aws:redshift/cluster:Cluster" && res.Type != "aws:dms/replicationInstance:ReplicationInstance" {
		anyPublic(storeNames.MatchString)(res, r)
	}
}

// anyACL reads canned ACLs of any type but buckets, which bucket-no-public-acl
// reads in more detail.
func anyACL(res resource, r report) {
	for _, at := range places(res, schema.Public) {
		if aclNames.MatchString(at.path) {
			cannedACL(at.path, at.value, r)
		}
	}
}
