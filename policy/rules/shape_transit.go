package rules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/pathwai/airflow-on-fargate/policy/schema"
)

// trafficEncrypted is encryption in transit for every type that has no rule of
// its own.
func trafficEncrypted() Rule {
	own := map[string]bool{}
	for _, rule := range transitTypes() {
		for token := range rule.On {
			own[token] = true
		}
	}
	return Rule{
		Name: "traffic-encrypted", Family: InTransit,
		Description: "Whatever listens demands TLS 1.2 or newer.",
		Why:         transitWhy,
		Fix:         "switch TLS on and make it required, with a policy that begins at TLS 1.2.",
		On: each(
			on(plainListener, "aws:vpclattice/listener:Listener"),
			on(plainTransfer, "aws:transfer/server:Server"),
			on(resolverTLS, "aws:elasticsearch/domain:Domain", "aws:opensearch/domain:Domain"),
			on(func(res resource, r report) { r.needTrue(res, "requireTls") }, "aws:rds/proxy:Proxy"),
			on(plainSubscription, "aws:sns/topicSubscription:TopicSubscription"),
			on(func(res resource, r report) {
				if kind := knownText(res.get("clusterEndpointEncryptionType")); kind != "TLS" && !res.get("clusterEndpointEncryptionType").IsComputed() {
					r.fault("clusterEndpointEncryptionType is %q, not TLS.", kind)
				}
			}, "aws:dax/cluster:Cluster"),
			on(func(res resource, r report) { r.needTrue(res, "transitEncryptionEnabled") }, "aws:appsync/apiCache:ApiCache"),
			on(kafkaTLS, "aws:msk/cluster:Cluster"),
			on(sslMode, "aws:dms/endpoint:Endpoint"),
			on(emrSecurity("EnableInTransitEncryption"), emrSecurityType),
			on(plainConnection, "aws:glue/connection:Connection"),
			on(classicPolicy("attributes"), "aws:elb/sslNegotiationPolicy:SslNegotiationPolicy"),
			on(classicPolicy("policyAttributes"), "aws:elb/loadBalancerPolicy:LoadBalancerPolicy"),
		),
		Any: func(res resource, r report) {
			for _, at := range places(res, schema.TLS) {
				if !own[res.Type] {
					demanded(at, r)
				}
			}
			for _, at := range places(res, schema.Plain) {
				r.needNotTrue(at.in, at.leaf())
			}
			embedded(res, func(at place) {
				if schema.Named(at.path, kindOf(at.value)) == schema.TLS {
					demanded(at, r)
				}
			})
			for _, at := range places(res, schema.Protocol) {
				if !own[res.Type] {
					modernWord(at, r)
				}
			}
		},
	}
}

func demanded(at place, r report) {
	if word := knownText(at.value); at.value.IsString() && !slices.Contains([]string{"", "true", "false"}, word) {
		if slices.Contains([]string{"NONE", "DISABLED", "PLAINTEXT"}, strings.ToUpper(word)) {
			r.fault("%s is %s.", at.path, word)
		}
		return
	}
	switch value, state := truth(at.value); {
	case state == unknown:
		r.unseen(at.path)
	case state == known && !value:
		r.fault("%s is false.", at.path)
	}
}

// oldWords are values that take traffic without TLS, or with an old one.
var oldWords = regexp.MustCompile(`(?i)^(?:none|http|permissive|disabled?|plaintext|plain-text|optional|preferred|allow-all|http-only|match-viewer|sasl-plaintext|tls_plaintext|` +
	`sslv3|tlsv1|tlsv1_2016|tlsv1\.1|tlsv1\.1_2016|tls_1_0|tls-1-0|tlsv1\.0|` +
	`policy-min-tls-1-0-2019-07|transfersecuritypolicy-(?:2018-11|2020-06)|transfersftpconnectorsecuritypolicy-2023-07|iotsecuritypolicy_tls12_1_0_\S+|` +
	`elbsecuritypolicy-(?:2015-05|2016-08|tls-1-0-\S+|tls-1-1-\S+|tls13-1-0-\S+|tls13-1-1-\S+))$`)

func modernWord(at place, r report) {
	for _, item := range elements(at.value) {
		switch word, state := text(item); {
		case state == unknown:
			r.unseen(at.path)
		case oldWords.MatchString(word):
			r.fault("%s is %s, which takes traffic without TLS 1.2.", at.path, word)
		}
	}
}

func plainListener(res resource, r report) {
	if protocol := knownText(res.get("protocol")); protocol == "HTTP" {
		r.fault("protocol is HTTP.")
	}
}

// plainTransfer knows protocols without TLS or SSH.
func plainTransfer(res resource, r report) {
	if slices.Contains(texts(res.get("protocols")), "FTP") {
		r.fault("protocols has FTP, which sends passwords in plain text.")
	}
	if name, state := text(res.get("securityPolicyName")); state == absent || name == "" {
		r.fault("securityPolicyName is not set, and the default takes old ciphers.")
	}
}

// resolverTLS wants a search domain's switches said aloud: they are off by default.
func resolverTLS(res resource, r report) {
	for _, path := range []string{"nodeToNodeEncryption.enabled", "domainEndpointOptions.enforceHttps"} {
		if !isSet(res.get(path)) {
			r.fault("%s is not set.", path)
		}
	}
}

func plainSubscription(res resource, r report) {
	if protocol := knownText(res.get("protocol")); protocol == "http" {
		r.fault("protocol is http.")
	}
}

func kafkaTLS(res resource, r report) {
	switch inside, state := truth(res.get("encryptionInfo.encryptionInTransit.inCluster")); {
	case state == unknown:
		r.unseen("encryptionInfo.encryptionInTransit.inCluster")
	case state == known && !inside:
		r.fault("encryptionInfo.encryptionInTransit.inCluster is false.")
	}
}

func sslMode(res resource, r report) {
	if !slices.Contains([]string{"aurora", "aurora-postgresql", "mariadb", "mysql", "postgres", "oracle", "sqlserver", "docdb", "mongodb", "db2"}, knownText(res.get("engineName"))) {
		return
	}
	if mode := res.get("sslMode"); !isSet(mode) {
		r.fault("sslMode is not set, and the default is none.")
	}
}

// plainConnection reads the switches of Glue's connections, which are words in a map.
func plainConnection(res resource, r report) {
	for _, name := range []string{"JDBC_ENFORCE_SSL", "KAFKA_SSL_ENABLED"} {
		if on, state := truth(res.get("connectionProperties." + name)); state == known && !on {
			r.fault("connectionProperties.%s is false.", name)
		}
	}
}

// classicPolicy reads what a classic load balancer's policy switches on.
func classicPolicy(list string) check {
	return func(res resource, r report) {
		eachMap(res.get(list), func(m property.Map) {
			name, value := knownText(m.Get("name")), knownText(m.Get("value"))
			on, _ := strconv.ParseBool(value)
			switch {
			case on && slices.Contains([]string{"Protocol-SSLv2", "Protocol-SSLv3", "Protocol-TLSv1", "Protocol-TLSv1.1"}, name):
				r.fault("%s is on.", name)
			case name == "Reference-Security-Policy" && oldWords.MatchString(value):
				r.fault("%s is %s, which takes traffic without TLS 1.2.", name, value)
			}
		}, func() { r.unseen(list) })
	}
}

// otherParameters are the parameters of other databases that demand TLS, and
// their values, by type. Where the default demands it, the value is a refused one.
var otherParameters = map[string]struct {
	name string
	on   []string
	// byDefault is true where the database demands TLS if nothing is said.
	byDefault bool
}{
	"aws:docdb/clusterParameterGroup:ClusterParameterGroup":   {"tls", []string{"enabled", "tls1.2+", "tls1.3+", "fips-140-3"}, true},
	"aws:neptune/clusterParameterGroup:ClusterParameterGroup": {"neptune_enforce_ssl", []string{"1"}, true},
	"aws:redshift/parameterGroup:ParameterGroup":              {"require_ssl", []string{"true", "1"}, false},
	"aws:redshiftserverless/workgroup:Workgroup":              {"require_ssl", []string{"true", "1"}, true},
}

// otherTLS is asked of the groups of databases beyond RDS.
func otherTLS() map[string]check {
	checks := map[string]check{}
	for token, parameter := range otherParameters {
		checks[token] = func(res resource, r report) {
			found := false
			list := "parameters"
			if token == "aws:redshiftserverless/workgroup:Workgroup" {
				list = "configParameters"
			}
			eachMap(res.get(list), func(m property.Map) {
				if knownText(m.Get("name"))+knownText(m.Get("parameterKey")) != parameter.name {
					return
				}
				found = true
				value := knownText(m.Get("value")) + knownText(m.Get("parameterValue"))
				if !slices.Contains(parameter.on, strings.ToLower(value)) {
					r.fault("the parameter %s is %q.", parameter.name, value)
				}
			}, func() { found = true; r.unseen(list) })
			if !found && !parameter.byDefault {
				r.fault("the group doesn't set %s to %s.", parameter.name, parameter.on[0])
			}
		}
	}
	return checks
}

// forwardsPlainly finds rules that forward behind a listener for HTTP, which by
// itself redirects.
func forwardsPlainly(s *stack, r report) {
	listeners := []string{"aws:lb/listener:Listener", "aws:alb/listener:Listener"}
	for _, rule := range s.of("aws:lb/listenerRule:ListenerRule", "aws:alb/listenerRule:ListenerRule") {
		for _, listener := range s.refers(rule, "listenerArn", listeners...) {
			if knownText(listener.get("protocol")) != "HTTP" {
				continue
			}
			eachMap(rule.get("actions"), func(m property.Map) {
				if kind := knownText(m.Get("type")); kind != "redirect" || knownText(get(m, "redirect.protocol")) != "HTTPS" {
					r.at(rule.URN).fault("behind the listener %s, which takes HTTP, the action %q doesn't redirect to HTTPS.", listener.Name, kind)
				}
			}, func() { r.at(rule.URN).unseen("actions") })
		}
	}
}
