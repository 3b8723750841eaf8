package rules

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
	"github.com/pathwai/airflow-on-fargate/policy/translate"
)

const subscriptionType = "aws:sns/topicSubscription:TopicSubscription"

// deliveries are ways out that AWS's own network offers: services that call
// others, whatever routes and security groups say.
func deliveries() []Rule {
	return []Rule{
		{
			Name: "no-delivery-outside", Family: NoWayOut,
			Description: "Services of AWS call, and deliver to, no addresses on the internet.",
			Why:         "a service of AWS that calls an address takes data there over AWS's own network, whatever routes, endpoints and security groups say.",
			Fix: "deliver to a queue, stream, topic or bucket of one's own, or to a private address; or name the domain in the pack's trustedDomains setting. " +
				"People may be told by e-mail or text message, which every plan lists.",
			On: each(
				on(subscribed, subscriptionType),
				on(func(res resource, r report) {
					eachMap(res.get("destinationFlowConfigs"), func(m property.Map) {
						if kind := knownText(m.Get("connectorType")); !slices.Contains(flowsInside, kind) {
							r.fault("destinationFlowConfigs[].connectorType is %s, which is a service of somebody else's.", kind)
						}
					}, func() { r.later("destinationFlowConfigs") })
				}, "aws:appflow/flow:Flow"),
			),
			Any: func(res resource, r report) {
				if slices.ContainsFunc(addressesElsewhere, func(prefix string) bool { return strings.HasPrefix(res.Type, prefix) }) {
					return
				}
				see := func(at place) {
					if knownText(at.in.Get("connectionType")) != "VPC_LINK" {
						called(at.path, at.value, r)
					}
				}
				for _, at := range places(res, schema.Address) {
					see(at)
				}
				embedded(res, func(at place) {
					if schema.Named(at.path, kindOf(at.value)) == schema.Address {
						see(at)
					}
				})
			},
		},
		{
			Name: "delivery-own-account", Family: NoWayOut,
			Description: "What services of AWS deliver goes to the stack's own accounts, and to trusted ones.",
			Why:         "a topic, bus, stream, vault or bucket of another account takes data along to where nobody here has a say.",
			Fix:         "name something of the stack's own account (the provider's allowedAccountIds), or add the account to the pack's trustedAccounts setting.",
			Stack:       deliveredToOthers,
		},
	}
}

// flowsInside are the destinations of AppFlow that are AWS's.
var flowsInside = []string{"S3", "Redshift", "EventBridge", "LookoutMetrics", "CustomerProfiles", ""}

// addressesElsewhere are types whose addresses say who an issuer is, or what is
// shown to people, and are not called with data.
var addressesElsewhere = []string{"aws:iam/openIdConnectProvider:", "aws:opsworks/", "aws:imagebuilder/"}

// subscribed reads who is told of a topic's messages: machines by address,
// which others may own. What has an ARN delivery-own-account reads, and people
// are listed in every plan.
func subscribed(res resource, r report) {
	switch knownText(res.get("protocol")) {
	case "http", "https":
		called("endpoint", res.get("endpoint"), r)
	}
}

// called refuses an address on the internet. One that isn't known yet comes
// from a resource.
func called(path string, v property.Value, r report) {
	for _, item := range elements(v) {
		if item.IsMap() {
			continue
		}
		address, state := text(item)
		if state == unknown {
			r.later(path)
			continue
		}
		for _, one := range strings.Split(address, ",") {
			if host := hostOf(one); host != "" && outside(host, r.settings.TrustedDomains) {
				r.fault("%s is %s, which is on the internet.", path, strings.TrimSpace(one))
			}
		}
	}
}

// hostOf returns the host of an address in any of its spellings: a URL, JDBC's
// too, a host with a port, a host alone. What names something else than a host,
// such as an ARN or an object of S3, has none.
func hostOf(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	if strings.HasPrefix(address, "arn:") || strings.HasPrefix(address, "s3:") {
		return ""
	}
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	address, _, _ = strings.Cut(address, "?")
	address = address[strings.LastIndex(address, "@")+1:]
	if host, _, found := strings.Cut(strings.TrimPrefix(address, "["), "]"); found {
		return host
	}
	if strings.Count(address, ":") == 1 {
		address, _, _ = strings.Cut(address, ":")
	}
	return strings.TrimSuffix(address, ".")
}

var (
	// insideNames end names that no registry gives away.
	insideNames = regexp.MustCompile(`\.(?:internal|local|localdomain|lan|corp|intranet|home|private|home\.arpa)$`)
	// stores are services of AWS whose hosts have private addresses unless another
	// rule refuses them, and the one that tells people in their chat.
	stores = []string{
		"rds", "cache", "es", "aoss", "kafka", "kafka-serverless", "mq", "redshift", "redshift-serverless", "docdb", "docdb-elastic", "neptune", "neptune-graph",
		"memorydb", "fsx", "efs", "dax-clusters", "vpce", "chatbot", "timestream-influxdb",
	}
)

// outside tells hosts on the internet from those in private networks.
func outside(host string, trusted []string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		private, err := inPrivateRange(netip.PrefixFrom(address, address.BitLen()).String())
		return err != nil || !private && !address.IsLoopback() && !address.IsLinkLocalUnicast()
	}
	if !strings.Contains(host, ".") || insideNames.MatchString(host) || strings.Contains(host, translate.RefPrefix) {
		return false
	}
	if name, aws := strings.CutSuffix(strings.TrimSuffix(host, ".cn"), ".amazonaws.com"); aws {
		labels := strings.Split(name, ".")
		internal := strings.HasPrefix(name, "internal-") && slices.Contains(labels, "elb")
		// A service's own API, where it says itself whose what is meant is.
		service := len(labels) == 2 && translate.IsRegion(labels[1]) && labels[0] != "s3"
		return !internal && !service && !slices.ContainsFunc(labels, func(label string) bool { return slices.Contains(stores, label) })
	}
	return !slices.ContainsFunc(trusted, func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) })
}
