package main

import "github.com/pathwai/airflow-on-fargate/config"

// resolverChanges are of what answers for names: the firewall, its log, and the
// endpoint for name servers on premises. Ids make their ARNs, so tags tie them.
func resolverChanges(e environment) []statement {
	kinds := e.each("route53resolver", "firewall-domain-list/*", "firewall-rule-group-association/*", "firewall-rule-group/*",
		"resolver-endpoint/*", "resolver-query-log-config/*")
	return []statement{
		allow("MakeResolver", []string{
			"route53resolver:AssociateFirewallRuleGroup", "route53resolver:CreateFirewallDomainList", "route53resolver:CreateFirewallRuleGroup",
			"route53resolver:CreateResolverEndpoint", "route53resolver:CreateResolverQueryLogConfig", "route53resolver:TagResource",
		}, kinds).tagged(e, "aws:RequestTag"),
		allow("ChangeResolver", []string{
			"route53resolver:AssociateResolverEndpointIpAddress", "route53resolver:AssociateResolverQueryLogConfig",
			"route53resolver:CreateFirewallRule", "route53resolver:DeleteFirewallDomainList", "route53resolver:DeleteFirewallRule",
			"route53resolver:DeleteFirewallRuleGroup", "route53resolver:DeleteResolverEndpoint", "route53resolver:DeleteResolverQueryLogConfig",
			"route53resolver:DisassociateFirewallRuleGroup", "route53resolver:DisassociateResolverEndpointIpAddress",
			"route53resolver:DisassociateResolverQueryLogConfig", "route53resolver:UntagResource", "route53resolver:UpdateFirewallDomains",
			"route53resolver:UpdateFirewallRule", "route53resolver:UpdateFirewallRuleGroupAssociation", "route53resolver:UpdateResolverEndpoint",
		}, kinds).tagged(e, "aws:ResourceTag"),
		// Whether a VPC's firewall fails open: AWS makes that one, without tags.
		allow("FailClosed", []string{"route53resolver:UpdateFirewallConfig"}, e.each("route53resolver", "firewall-config/*")),
		// A query log sets itself up in CloudWatch Logs with the caller's rights, as
		// vended logs do (CloudWatch Logs user guide, "Enable logging from AWS
		// services"), on nothing that has a name.
		allow("DeliverLogs", []string{
			"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
		}, []string{"*"}),
	}
}

// joinChanges attach the VPC to what the settings name, and to nothing else.
// What is joined may be another account's, shared with this one.
func joinChanges(e environment) []statement {
	own := e.each("ec2", "subnet/*", "vpc/*")
	statements := resolverChanges(e)
	if gateways := e.joined(config.JoinTransitGateway, "arn:aws:ec2:"+e.region+":*:transit-gateway/"); gateways != nil {
		attachments := e.each("ec2", "transit-gateway-attachment/*")
		statements = append(statements,
			allow("JoinTransitGateways", []string{"ec2:CreateTransitGatewayVpcAttachment"}, gateways),
			allow("ByTransitGateway", []string{"ec2:CreateTransitGatewayVpcAttachment", "ec2:ModifyTransitGatewayVpcAttachment"}, own).
				tagged(e, "aws:ResourceTag"),
			allow("MakeAttachments", []string{"ec2:CreateTransitGatewayVpcAttachment"}, attachments).tagged(e, "aws:RequestTag"),
			allow("TagAttachments", []string{"ec2:CreateTags"}, attachments).
				when("StringEquals", "ec2:CreateAction", "CreateTransitGatewayVpcAttachment"),
			allow("ChangeAttachments", []string{
				"ec2:CreateTags", "ec2:DeleteTags", "ec2:DeleteTransitGatewayVpcAttachment", "ec2:ModifyTransitGatewayVpcAttachment",
			}, attachments).tagged(e, "aws:ResourceTag"))
	}
	if peerings := e.joined(config.JoinPeering, e.arn("ec2", "vpc-peering-connection/")); peerings != nil {
		statements = append(statements,
			allow("AcceptPeerings", []string{"ec2:AcceptVpcPeeringConnection", "ec2:CreateTags", "ec2:DeleteTags"}, peerings),
			allow("ByPeering", []string{"ec2:AcceptVpcPeeringConnection"}, own).tagged(e, "aws:ResourceTag"))
	}
	if gateways := e.joined(config.JoinVPNGateway, e.arn("ec2", "vpn-gateway/")); gateways != nil {
		actions := []string{"ec2:AttachVpnGateway", "ec2:DetachVpnGateway"}
		statements = append(statements,
			allow("AttachVPNGateways", actions, gateways), allow("ByVPNGateway", actions, own).tagged(e, "aws:ResourceTag"))
	}
	if networks := e.joined(config.JoinCoreNetwork, "arn:aws:networkmanager::*:core-network/"); networks != nil {
		statements = append(statements,
			allow("JoinCoreNetworks", []string{"networkmanager:CreateVpcAttachment"}, networks).tagged(e, "aws:RequestTag"),
			allow("ByCoreNetwork", []string{
				"networkmanager:DeleteAttachment", "networkmanager:TagResource", "networkmanager:UntagResource", "networkmanager:UpdateVpcAttachment",
			}, []string{"arn:aws:networkmanager::" + e.account + ":attachment/*"}).tagged(e, "aws:ResourceTag"),
			// A core network's attachments are tagged as they are made.
			allow("TagByCoreNetwork", []string{"networkmanager:TagResource"}, []string{"arn:aws:networkmanager::" + e.account + ":attachment/*"}).
				tagged(e, "aws:RequestTag"))
	}
	return append(statements, existingChanges(e)...)
}

// joined are the ids of one kind of joins, each behind the beginning of an ARN.
func (e environment) joined(kind, arn string) []string {
	var arns []string
	for _, join := range e.stack.Network.Joins {
		if join.Kind == kind {
			arns = append(arns, arn+join.ID)
		}
	}
	return arns
}

// existingChanges are in a VPC that the stack doesn't make, and that carries none
// of its tags: what comes to it, on what the settings name of it.
func existingChanges(e environment) []statement {
	n := e.stack.Network
	if !n.Exists() {
		return nil
	}
	theirs := []string{"vpc/" + n.VPCID}
	for _, subnet := range n.SubnetIDs {
		theirs = append(theirs, "subnet/"+subnet)
	}
	for _, table := range n.RouteTableIDs {
		theirs = append(theirs, "route-table/"+table)
	}
	return []statement{allow("InExistingNetwork", []string{
		"ec2:CreateNetworkInterface", "ec2:CreateSecurityGroup", "ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint",
	}, e.each("ec2", theirs...))}
}
