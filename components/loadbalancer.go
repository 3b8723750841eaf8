package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// LoadBalancerArgs describes the internal load balancer.
type LoadBalancerArgs struct {
	Scope Scope
	// VPCID is where the hostname resolves and the security group is, SubnetIDs
	// where the load balancer's nodes are, in two zones at least (ELB user guide,
	// "Subnets for your load balancer").
	VPCID     pulumi.StringInput
	SubnetIDs pulumi.StringArray
	// Hostname is what people and tasks open; the certificate covers it, and a
	// public CA signed that, since the tasks trust no other.
	Hostname string
	// CertificateARN is a certificate of ACM, of the same account and region.
	CertificateARN string
	// ZoneID is an existing private zone for the hostname; empty makes one of
	// just this name. Associate has it answer in VPCID, ZoneVPCs in further VPCs.
	ZoneID    string
	Associate bool
	ZoneVPCs  []string
	// AccessLogs is the bucket that requests are logged to, and AccessLogsReady
	// what must exist before: the load balancer tries a write when it is made.
	AccessLogs      string
	AccessLogsReady []pulumi.Resource
	// Protect makes AWS and Pulumi refuse to delete it.
	Protect bool
	// OIDC lets the load balancer ask the IdP who it is, before Airflow asks again
	// (docs/adr/0053); nil leaves login to Airflow.
	OIDC *OIDCArgs
}

// OIDCArgs describes the identity provider as the load balancer sees it.
type OIDCArgs struct {
	// Issuer is the https URL that the IdP's tokens name, and the endpoints are
	// its others: AuthorizationEndpoint for the browser, TokenEndpoint and
	// UserInfoEndpoint for the load balancer, which must reach them.
	Issuer, AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint string
	// ClientID and ClientSecret are how the IdP knows this platform.
	ClientID     string
	ClientSecret pulumi.StringInput
	// SessionSeconds pass until the load balancer asks the IdP again, at most
	// 604800, a week.
	SessionSeconds int
}

// LoadBalancer is an internal ALB with two doors to the api-server: 443 for
// people, and 8443 for the execution API, which knows no login but the tasks'
// tokens and which only the workers' security groups reach (docs/adr/0008).
type LoadBalancer struct {
	pulumi.ResourceState

	// SecurityGroupID is the load balancer's; who may talk to it is said by [Allow].
	SecurityGroupID pulumi.StringOutput
	// TargetGroupARN is where the api-server registers its tasks.
	TargetGroupARN pulumi.StringOutput
	// ARNSuffix and TargetGroupSuffix are how CloudWatch names them.
	ARNSuffix         pulumi.StringOutput
	TargetGroupSuffix pulumi.StringOutput

	// ready must exist before a service can be its target.
	ready []pulumi.Resource
}

const (
	// WebPort is the api-server's, inside its task.
	WebPort = 8080
	// HTTPPort only redirects.
	HTTPPort  = 80
	HTTPSPort = 443
	// ExecutionPort is the tasks' door.
	ExecutionPort = 8443

	// tlsPolicy is ELB's recommended one: TLS 1.2 and 1.3 with AEAD ciphers, and
	// keys that a quantum computer doesn't give away where the client has them.
	tlsPolicy     = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
	executionPath = "/execution/*"
	healthPath    = "/api/v2/monitor/health"
	// idleSeconds is below the 120 for which Airflow keeps a connection open:
	// the load balancer ends it first and never meets a closed one.
	idleSeconds = 60
)

// NewLoadBalancer creates the load balancer, its listeners, and the name that
// resolves to it inside the VPC.
func NewLoadBalancer(ctx *pulumi.Context, name string, args *LoadBalancerArgs, opts ...pulumi.ResourceOption) (*LoadBalancer, error) {
	l := &LoadBalancer{}
	if err := register(ctx, "LoadBalancer", name, l, opts); err != nil {
		return nil, err
	}
	physical := args.Scope.Name("web")
	group, err := newSecurityGroup(ctx, l, name, args.Scope.Name("alb"), "Internal load balancer", args.VPCID)
	if err != nil {
		return nil, err
	}
	l.SecurityGroupID = group
	balancer, err := lb.NewLoadBalancer(ctx, name, &lb.LoadBalancerArgs{
		Name:                     pulumi.String(physical),
		LoadBalancerType:         pulumi.String("application"),
		Internal:                 pulumi.Bool(true),
		IpAddressType:            pulumi.String("ipv4"),
		Subnets:                  args.SubnetIDs,
		SecurityGroups:           pulumi.StringArray{group},
		DropInvalidHeaderFields:  pulumi.Bool(true),
		EnableDeletionProtection: pulumi.Bool(args.Protect),
		IdleTimeout:              pulumi.Int(idleSeconds),
		AccessLogs:               &lb.LoadBalancerAccessLogsArgs{Enabled: pulumi.Bool(true), Bucket: pulumi.String(args.AccessLogs)},
		Tags:                     named(physical),
	}, pulumi.Parent(l), pulumi.DependsOn(args.AccessLogsReady), pulumi.Protect(args.Protect))
	if err != nil {
		return nil, fmt.Errorf("load balancer: %w", err)
	}
	target, err := lb.NewTargetGroup(ctx, name, &lb.TargetGroupArgs{
		Name:                pulumi.String(physical),
		VpcId:               args.VPCID.ToStringOutput().ToStringPtrOutput(),
		Port:                pulumi.Int(WebPort),
		Protocol:            pulumi.String("HTTP"),
		TargetType:          pulumi.String("ip"),
		DeregistrationDelay: pulumi.Int(30),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			Path: pulumi.String(healthPath), Matcher: pulumi.String("200"), Protocol: pulumi.String("HTTP"),
			Interval: pulumi.Int(15), Timeout: pulumi.Int(10), HealthyThreshold: pulumi.Int(2), UnhealthyThreshold: pulumi.Int(3),
		},
		Tags: named(physical),
	}, pulumi.Parent(l))
	if err != nil {
		return nil, fmt.Errorf("load balancer: target group: %w", err)
	}
	l.TargetGroupARN, l.TargetGroupSuffix, l.ARNSuffix = target.Arn, target.ArnSuffix, balancer.ArnSuffix
	if err := l.newListeners(ctx, name, args, balancer, target); err != nil {
		return nil, err
	}
	if err := l.newName(ctx, name, args, balancer); err != nil {
		return nil, err
	}
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"securityGroupId": group})
}

func (l *LoadBalancer) newListeners(ctx *pulumi.Context, name string, args *LoadBalancerArgs, balancer *lb.LoadBalancer, target *lb.TargetGroup) error {
	if _, err := lb.NewListener(ctx, name+"-http", &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn,
		Port:            pulumi.Int(HTTPPort),
		Protocol:        pulumi.String("HTTP"),
		DefaultActions: lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
			Type: pulumi.String("redirect"),
			Redirect: &lb.ListenerDefaultActionRedirectArgs{
				Port: pulumi.String("443"), Protocol: pulumi.String("HTTPS"), StatusCode: pulumi.String("HTTP_301"),
			},
		}},
	}, pulumi.Parent(l)); err != nil {
		return fmt.Errorf("load balancer: http listener: %w", err)
	}
	https := func(suffix string, port int, actions lb.ListenerDefaultActionArray) (*lb.Listener, error) {
		return lb.NewListener(ctx, name+suffix, &lb.ListenerArgs{
			LoadBalancerArn: balancer.Arn,
			Port:            pulumi.Int(port),
			Protocol:        pulumi.String("HTTPS"),
			SslPolicy:       pulumi.String(tlsPolicy),
			CertificateArn:  pulumi.String(args.CertificateARN),
			DefaultActions:  actions,
		}, pulumi.Parent(l))
	}
	people, err := https("-https", HTTPSPort, peopleActions(args, target))
	if err != nil {
		return fmt.Errorf("load balancer: https listener: %w", err)
	}
	tasks, err := https("-execution", ExecutionPort, lb.ListenerDefaultActionArray{notFound()})
	if err != nil {
		return fmt.Errorf("load balancer: execution listener: %w", err)
	}
	// People have no business with the execution API, and tasks none elsewhere.
	shut, err := newPathRule(ctx, l, name+"-https-no-execution", people, &lb.ListenerRuleActionArgs{
		Type: pulumi.String("fixed-response"),
		FixedResponse: &lb.ListenerRuleActionFixedResponseArgs{
			ContentType: pulumi.String("text/plain"), StatusCode: pulumi.String("404"), MessageBody: pulumi.String("not found"),
		},
	})
	if err != nil {
		return err
	}
	open, err := newPathRule(ctx, l, name+"-execution", tasks, &lb.ListenerRuleActionArgs{
		Type: pulumi.String("forward"), TargetGroupArn: target.Arn,
	})
	if err != nil {
		return err
	}
	l.ready = []pulumi.Resource{people, tasks, shut, open}
	return nil
}

func newPathRule(ctx *pulumi.Context, l *LoadBalancer, name string, listener *lb.Listener, action *lb.ListenerRuleActionArgs) (*lb.ListenerRule, error) {
	rule, err := lb.NewListenerRule(ctx, name, &lb.ListenerRuleArgs{
		ListenerArn: listener.Arn,
		Priority:    pulumi.Int(10),
		Actions:     lb.ListenerRuleActionArray{action},
		Conditions: lb.ListenerRuleConditionArray{&lb.ListenerRuleConditionArgs{
			PathPattern: &lb.ListenerRuleConditionPathPatternArgs{Values: pulumi.ToStringArray([]string{executionPath})},
		}},
	}, pulumi.Parent(l))
	if err != nil {
		return nil, fmt.Errorf("load balancer: rule %s: %w", name, err)
	}
	return rule, nil
}

func notFound() *lb.ListenerDefaultActionArgs {
	return &lb.ListenerDefaultActionArgs{
		Type: pulumi.String("fixed-response"),
		FixedResponse: &lb.ListenerDefaultActionFixedResponseArgs{
			ContentType: pulumi.String("text/plain"), StatusCode: pulumi.String("404"), MessageBody: pulumi.String("not found"),
		},
	}
}

// peopleActions forward to the api-server, after a login at the IdP if that is
// the load balancer's business.
func peopleActions(args *LoadBalancerArgs, target *lb.TargetGroup) lb.ListenerDefaultActionArray {
	forward := &lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: target.Arn}
	o := args.OIDC
	if o == nil {
		return lb.ListenerDefaultActionArray{forward}
	}
	forward.Order = pulumi.Int(2)
	return lb.ListenerDefaultActionArray{
		&lb.ListenerDefaultActionArgs{
			Type:  pulumi.String("authenticate-oidc"),
			Order: pulumi.Int(1),
			AuthenticateOidc: &lb.ListenerDefaultActionAuthenticateOidcArgs{
				Issuer:                   pulumi.String(o.Issuer),
				AuthorizationEndpoint:    pulumi.String(o.AuthorizationEndpoint),
				TokenEndpoint:            pulumi.String(o.TokenEndpoint),
				UserInfoEndpoint:         pulumi.String(o.UserInfoEndpoint),
				ClientId:                 pulumi.String(o.ClientID),
				ClientSecret:             o.ClientSecret,
				Scope:                    pulumi.String("openid email profile"),
				SessionTimeout:           pulumi.Int(o.SessionSeconds),
				OnUnauthenticatedRequest: pulumi.String("authenticate"),
			},
		},
		forward,
	}
}

// newName points the hostname at the load balancer, in the given private zone
// or in one of the hostname's own: tasks verify the certificate, so the name
// must resolve inside the VPC. A zone of the domain above would hide its public
// names from the VPC.
func (l *LoadBalancer) newName(ctx *pulumi.Context, name string, args *LoadBalancerArgs, balancer *lb.LoadBalancer) error {
	var zoneID pulumi.StringInput = pulumi.String(args.ZoneID)
	associated := map[string]pulumi.StringInput{}
	for _, vpc := range args.ZoneVPCs {
		associated[name+"-"+vpc] = pulumi.String(vpc)
	}
	if args.ZoneID != "" && args.Associate {
		associated[name+"-own"] = args.VPCID
	}
	if args.ZoneID == "" {
		zone, err := route53.NewZone(ctx, name, &route53.ZoneArgs{
			Name:    pulumi.String(args.Hostname),
			Comment: pulumi.String("Web interface of " + args.Scope.Prefix),
			Vpcs:    route53.ZoneVpcArray{&route53.ZoneVpcArgs{VpcId: args.VPCID, VpcRegion: pulumi.String(args.Scope.Region)}},
		},
			// The list would be all there is: VPCs that are associated apart, here or
			// by others, are no drift.
			pulumi.Parent(l), pulumi.IgnoreChanges([]string{"vpcs"}))
		if err != nil {
			return fmt.Errorf("load balancer: zone: %w", err)
		}
		zoneID = zone.ZoneId
	}
	for _, association := range slices.Sorted(maps.Keys(associated)) {
		created, err := route53.NewZoneAssociation(ctx, association, &route53.ZoneAssociationArgs{
			ZoneId: zoneID, VpcId: associated[association], VpcRegion: pulumi.String(args.Scope.Region),
		}, pulumi.Parent(l))
		if err != nil {
			return fmt.Errorf("load balancer: association %s: %w", association, err)
		}
		l.ready = append(l.ready, created)
	}
	record, err := route53.NewRecord(ctx, name, &route53.RecordArgs{
		ZoneId: zoneID,
		Name:   pulumi.String(args.Hostname),
		Type:   pulumi.String("A"),
		Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
			Name: balancer.DnsName, ZoneId: balancer.ZoneId, EvaluateTargetHealth: pulumi.Bool(true),
		}},
	}, pulumi.Parent(l))
	if err != nil {
		return fmt.Errorf("load balancer: record: %w", err)
	}
	l.ready = append(l.ready, record)
	return nil
}

// Ready is what must exist before a service registers its tasks.
func (l *LoadBalancer) Ready() []pulumi.Resource { return l.ready }
