package rules

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const transitWhy = "inside a VPC traffic still crosses AWS's network, and whoever gets onto a host, a mirror port or a route reads it."

func inTransit() []Rule { return append(transitTypes(), trafficEncrypted(), listenerRules()) }

// listenerRules looks behind listeners that redirect.
func listenerRules() Rule {
	return Rule{
		Name: "listener-rule-tls", Family: InTransit,
		Description: "Behind a listener for HTTP no rule forwards.",
		Why:         transitWhy + " A rule goes before the listener's own redirect.",
		Fix:         "put the rule on the listener for HTTPS, or let it redirect too.",
		Stack:       forwardsPlainly,
	}
}

// transitTypes are the rules that know their types.
func transitTypes() []Rule {
	return []Rule{
		{
			Name: "cache-tls", Family: InTransit,
			Description: "Redis and Valkey demand TLS and a password.",
			Why:         transitWhy + " The broker's messages hold credentials.",
			Fix:         "set transitEncryptionEnabled to true (transitEncryptionMode required) and authToken, or userGroupIds.",
			On: each(
				on(cacheTLS, "aws:elasticache/replicationGroup:ReplicationGroup"),
				on(func(res resource, r report) {
					r.needNotTrue(res.properties(), "noPasswordRequired")
					if kind := knownText(res.get("authenticationMode.type")); kind == "no-password-required" {
						r.fault("authenticationMode.type is %s.", kind)
					}
				}, "aws:elasticache/user:User"),
				on(func(res resource, r report) {
					if enabled, state := truth(res.get("tlsEnabled")); state == unknown {
						r.unseen("tlsEnabled")
					} else if state == known && !enabled {
						r.fault("tlsEnabled is false.")
					}
					if knownText(res.get("aclName")) == "open-access" {
						r.fault("aclName is open-access, which admits everybody without a password.")
					}
				}, "aws:memorydb/cluster:Cluster"),
			),
		},
		{
			Name: "efs-volume-tls", Family: InTransit,
			Description: "Tasks mount EFS over TLS, as their IAM role.",
			Why:         transitWhy + " Without IAM, the network alone decides who mounts.",
			Fix:         "set transitEncryption to ENABLED, and authorizationConfig.iam to ENABLED with an access point.",
			On:          on(volumesTLS, "aws:ecs/taskDefinition:TaskDefinition"),
		},
		{
			Name: "efs-policy-tls", Family: InTransit,
			Description: "File-system policies refuse clients without TLS.",
			Why:         transitWhy,
			Fix:         "add a Deny of all actions to Principal * with Condition Bool aws:SecureTransport false.",
			On:          on(deniesPlaintext("elasticfilesystem"), efsPolicyType),
		},
		{
			Name: "efs-policy-declared", Family: InTransit,
			Description: "Every EFS file system has a policy.",
			Why:         "without one, every client that reaches a mount target may mount as root, without TLS.",
			Fix:         "declare " + efsPolicyType + " that admits the tasks' roles, and refuses clients without TLS.",
			Stack:       companion([]string{"aws:efs/fileSystem:FileSystem"}, "fileSystemId", "file-system policy", efsPolicyType),
		},
		{
			Name: "listener-tls", Family: InTransit,
			Description: "Load balancers listen with TLS 1.2 or newer; HTTP only redirects to HTTPS.",
			Why:         transitWhy + " Logins and task tokens come this way.",
			Fix:         "set protocol to HTTPS (TLS for network load balancers) and sslPolicy to ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09 (AEAD ciphers, and keys that a quantum computer does not give away), -TLS13-1-2-2021-06 or a stricter one; a listener for HTTP redirects.",
			On: each(
				on(listenerTLS, "aws:lb/listener:Listener", "aws:alb/listener:Listener"),
				on(classicListeners, "aws:elb/loadBalancer:LoadBalancer"),
			),
		},
		{
			Name: "database-parameters-tls", Family: InTransit,
			Description: "Database parameter groups refuse connections without TLS.",
			Why:         transitWhy + " A client that doesn't ask for TLS gets none unless the server insists.",
			Fix:         "set the parameter rds.force_ssl to 1 (require_secure_transport to 1 or ON for MySQL and MariaDB).",
			On:          each(on(forcesTLS, parameterGroupTypes...), otherTLS()),
		},
		{
			Name: "database-parameters-declared", Family: InTransit,
			Description: "Databases use a parameter group of this stack, so that it is seen to demand TLS.",
			Why:         "default parameter groups can't be changed, and older engines don't demand TLS in them.",
			Fix:         "declare aws:rds/parameterGroup:ParameterGroup (or a cluster's) with rds.force_ssl 1, and name it.",
			Stack:       databaseParameters,
		},
	}
}

const efsPolicyType = "aws:efs/fileSystemPolicy:FileSystemPolicy"

var parameterGroupTypes = []string{"aws:rds/parameterGroup:ParameterGroup", "aws:rds/clusterParameterGroup:ClusterParameterGroup"}

func cacheTLS(res resource, r report) {
	if !r.needTrue(res, "transitEncryptionEnabled") {
		return
	}
	if mode := knownText(res.get("transitEncryptionMode")); mode == "preferred" {
		r.fault("transitEncryptionMode is preferred, which admits clients without TLS.")
	}
	if !isSet(res.get("authToken")) && !isSet(res.get("userGroupIds")) {
		r.fault("neither authToken nor userGroupIds is set: the network alone decides who reads the queue.")
	}
}

func volumesTLS(res resource, r report) {
	eachMap(res.get("volumes"), func(m property.Map) {
		efs := m.Get("efsVolumeConfiguration")
		if efs.IsComputed() {
			r.unseen("volumes[].efsVolumeConfiguration")
			return
		}
		if !isSet(efs) {
			return
		}
		for _, path := range []string{"transitEncryption", "authorizationConfig.iam"} {
			full := "efsVolumeConfiguration." + path
			switch value, state := text(get(m, full)); {
			case state == unknown:
				r.unseen("volumes[]." + full)
			case value != "ENABLED":
				r.fault("volume %q: %s is %q, not ENABLED.", knownText(m.Get("name")), path, value)
			}
		}
	}, func() { r.unseen("volumes") })
}

// deniesPlaintext wants a statement that denies everything of a service to
// everybody whose request came without TLS.
func deniesPlaintext(service string) check {
	return func(res resource, r report) {
		withDocument(res.get("policy"), "policy", r, func(d *document) {
			if !d.partial && !slices.ContainsFunc(d.Statement, func(s statement) bool { return s.deniesPlaintext(service, knownText(res.get("bucket"))) }) {
				r.fault("no statement denies %s requests without TLS.", service)
			}
		})
	}
}

// deniesPlaintext knows a bucket by its name, if it has a known one.
func (s statement) deniesPlaintext(service, bucket string) bool {
	if s.Effect != "Deny" || !s.Principal.anyone() || len(s.NotResource) > 0 {
		return false
	}
	if !hasAction(s.Action, "*") && !hasAction(s.Action, service+":*") {
		return false
	}
	if service == "elasticfilesystem" && slices.ContainsFunc(s.Resource, func(arn string) bool { return arn != "*" && !strings.Contains(arn, ":file-system/") }) {
		return false
	}
	if service == "s3" && !slices.ContainsFunc(s.Resource, func(arn string) bool { return allObjects(arn, bucket) }) {
		return false
	}
	// Any further condition would let some requests through.
	if len(s.Condition) != 1 {
		return false
	}
	for operator, tests := range s.Condition {
		for key := range tests {
			// Older versions of TLS too: stricter still.
			if strings.EqualFold(operator, "NumericLessThanIfExists") && strings.EqualFold(key, "s3:TlsVersion") && len(tests) == 1 {
				return true
			}
		}
		if !strings.EqualFold(operator, "Bool") && !strings.EqualFold(operator, "BoolIfExists") || len(tests) != 1 {
			return false
		}
		for key, values := range tests {
			return strings.EqualFold(key, "aws:SecureTransport") && len(values) == 1 && (values[0] == "false" || values[0] == false)
		}
	}
	return false
}

// allObjects reports whether an ARN is that of every object of the bucket: one
// prefix of it isn't.
func allObjects(arn, bucket string) bool {
	of, rest, found := strings.Cut(arn, "/")
	if arn == "*" {
		return true
	}
	name := of[strings.LastIndex(of, ":")+1:]
	return found && rest == "*" && strings.Count(of, ":") >= 5 && (bucket == "" || name == bucket || name == "*" || strings.HasPrefix(name, "$") || strings.HasPrefix(bucket, "ref-"))
}

func listenerTLS(res resource, r report) {
	protocol, state := text(res.get("protocol"))
	switch {
	case state == unknown:
		r.unseen("protocol")
	case protocol == "HTTPS" || protocol == "TLS":
		tlsPolicy(res, r)
	case protocol == "HTTP":
		redirectsOnly(res, r)
	default:
		r.fault("protocol is %q, and whether the traffic is encrypted cannot be seen.", protocol)
	}
}

func redirectsOnly(res resource, r report) {
	actions, state := items(res.get("defaultActions"))
	if state == unknown {
		r.unseen("defaultActions")
		return
	}
	for _, action := range actions {
		if !action.IsMap() {
			r.unseen("defaultActions")
			return
		}
		if knownText(get(action.AsMap(), "redirect.protocol")) != "HTTPS" {
			r.fault("the listener takes HTTP and doesn't redirect to HTTPS.")
		}
	}
	if len(actions) == 0 {
		r.fault("the listener takes HTTP.")
	}
}

// tlsPolicy admits AWS's security policies that begin at TLS 1.2.
func tlsPolicy(res resource, r report) {
	switch policy, state := text(res.get("sslPolicy")); {
	case state == unknown:
		r.unseen("sslPolicy")
	case state == absent || policy == "":
		r.fault("sslPolicy is not set, and AWS's default admits TLS 1.0.")
	case !modernPolicy(policy):
		r.fault("sslPolicy %s admits TLS older than 1.2, or is not known.", policy)
	case r.settings.Profile != Baseline && (strings.Contains(policy, "-Ext") || policy == "ELBSecurityPolicy-TLS-1-2-2017-01"):
		r.fault("sslPolicy %s has ciphers without forward secrecy.", policy)
	}
}

func modernPolicy(name string) bool {
	for _, prefix := range []string{
		"ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-", "ELBSecurityPolicy-TLS-1-2-", "ELBSecurityPolicy-FS-1-2-",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func classicListeners(res resource, r report) {
	eachMap(res.get("listeners"), func(m property.Map) {
		switch protocol, state := text(m.Get("lbProtocol")); {
		case state == unknown:
			r.unseen("listeners[].lbProtocol")
		case !strings.EqualFold(protocol, "https") && !strings.EqualFold(protocol, "ssl"):
			r.fault("a listener takes %s.", protocol)
		}
	}, func() { r.unseen("listeners") })
}

// tlsParameters are the parameters that demand TLS, by the start of the group's family.
var tlsParameters = []struct{ family, parameter string }{
	{"postgres", "rds.force_ssl"}, {"aurora-postgresql", "rds.force_ssl"}, {"sqlserver", "rds.force_ssl"},
	{"mysql", "require_secure_transport"}, {"mariadb", "require_secure_transport"}, {"aurora-mysql", "require_secure_transport"},
}

func forcesTLS(res resource, r report) {
	family, state := text(res.get("family"))
	if state == unknown {
		r.unseen("family")
		return
	}
	parameter := ""
	for _, known := range tlsParameters {
		if strings.HasPrefix(family, known.family) {
			parameter = known.parameter
		}
	}
	if parameter == "" {
		return
	}
	on, unseen := false, false
	eachMap(res.get("parameters"), func(m property.Map) {
		name, nameState := text(m.Get("name"))
		value, valueState := text(m.Get("value"))
		unseen = unseen || nameState == unknown || (name == parameter && valueState == unknown)
		on = on || (name == parameter && (value == "1" || strings.EqualFold(value, "on") || value == "true"))
	}, func() { unseen = true })
	switch {
	case on:
	case unseen:
		r.unseen("parameters")
	default:
		r.fault("the group for %s doesn't set %s to 1.", family, parameter)
	}
}

// databaseParameters passes by the members of clusters: the cluster's group
// holds for them.
func databaseParameters(s *stack, r report) {
	for t, path := range map[string]string{
		"aws:rds/instance:Instance": "parameterGroupName", "aws:rds/cluster:Cluster": "dbClusterParameterGroupName",
	} {
		for _, database := range s.of(t) {
			if replicaOfRegion(*database) && !isSet(database.get(path)) {
				continue // it has its source's
			}
			if len(s.refers(database, path, parameterGroupTypes...)) == 0 {
				r.at(database.URN).fault("%s names no parameter group of this stack.", path)
			}
		}
	}
}
