"""What harness/moto_resolver.py adds to moto: a firewall's life, and what is refused on the way."""

import pathlib
import sys
import unittest

import boto3
from moto import mock_aws

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
import moto_resolver  # noqa: E402  (of the server's own folder, as moto_server finds it)


class Firewall(unittest.TestCase):
    @mock_aws
    def test_a_life(self):
        moto_resolver.apply()
        api = boto3.client("route53resolver", region_name="us-east-1")
        vpc = boto3.client("ec2", region_name="us-east-1").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        tags = [{"Key": "Environment", "Value": "dev"}]
        names = api.create_firewall_domain_list(CreatorRequestId="1", Name="names", Tags=tags)["FirewallDomainList"]
        group = api.create_firewall_rule_group(CreatorRequestId="2", Name="group")["FirewallRuleGroup"]["Id"]
        self.assertEqual(api.list_tags_for_resource(ResourceArn=names["Arn"])["Tags"], tags)
        for operation, given, left in (("REPLACE", ["a.com", "b.com"], ["a.com", "b.com"]), ("ADD", ["c.com"], ["a.com", "b.com", "c.com"]), ("REMOVE", ["a.com"], ["b.com", "c.com"])):
            api.update_firewall_domains(FirewallDomainListId=names["Id"], Operation=operation, Domains=given)
            self.assertEqual(api.list_firewall_domains(FirewallDomainListId=names["Id"])["Domains"], left)
        self.assertEqual(api.get_firewall_domain_list(FirewallDomainListId=names["Id"])["FirewallDomainList"]["DomainCount"], 2)
        rule = {"FirewallRuleGroupId": group, "FirewallDomainListId": names["Id"]}
        api.create_firewall_rule(CreatorRequestId="3", Name="rule", Priority=1, Action="ALLOW", **rule)
        api.update_firewall_rule(Priority=2, **rule)
        self.assertEqual([r["Priority"] for r in api.list_firewall_rules(FirewallRuleGroupId=group)["FirewallRules"]], [2])
        bound = api.associate_firewall_rule_group(CreatorRequestId="4", FirewallRuleGroupId=group, VpcId=vpc, Priority=101, Name="bound")["FirewallRuleGroupAssociation"]["Id"]
        with self.assertRaises(api.exceptions.ClientError) as refused:
            api.delete_firewall_domain_list(FirewallDomainListId=names["Id"])
        self.assertEqual(refused.exception.response["Error"], {"Code": "ResourceInUseException", "Message": f"FirewallDomainList {names['Id']} is in use"})
        api.delete_firewall_rule(**rule)
        with self.assertRaises(api.exceptions.ClientError):  # still associated
            api.delete_firewall_rule_group(FirewallRuleGroupId=group)
        api.disassociate_firewall_rule_group(FirewallRuleGroupAssociationId=bound)
        api.delete_firewall_rule_group(FirewallRuleGroupId=group)
        api.delete_firewall_domain_list(FirewallDomainListId=names["Id"])
        with self.assertRaises(api.exceptions.ResourceNotFoundException):
            api.get_firewall_domain_list(FirewallDomainListId=names["Id"])

    @mock_aws
    def test_a_configuration_goes_with_its_network(self):
        moto_resolver.apply()
        api, ec2 = boto3.client("route53resolver", region_name="us-east-1"), boto3.client("ec2", region_name="us-east-1")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        api.update_firewall_config(ResourceId=vpc, FirewallFailOpen="DISABLED")
        self.assertEqual([config["ResourceId"] for config in api.list_firewall_configs()["FirewallConfigs"]], [vpc])
        ec2.delete_vpc(VpcId=vpc)
        self.assertEqual(api.list_firewall_configs()["FirewallConfigs"], [])
        with self.assertRaises(api.exceptions.ResourceNotFoundException):
            api.get_firewall_config(ResourceId=vpc)

    @mock_aws
    def test_a_query_log_ends_after_its_associations(self):
        moto_resolver.apply()
        api = boto3.client("route53resolver", region_name="us-east-1")
        vpc = boto3.client("ec2", region_name="us-east-1").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        log = api.create_resolver_query_log_config(Name="log", DestinationArn="arn:aws:logs:us-east-1:123456789012:log-group:/dns", CreatorRequestId="1")["ResolverQueryLogConfig"]["Id"]
        api.associate_resolver_query_log_config(ResolverQueryLogConfigId=log, ResourceId=vpc)
        with self.assertRaises(api.exceptions.ClientError) as refused:
            api.delete_resolver_query_log_config(ResolverQueryLogConfigId=log)
        self.assertEqual(refused.exception.response["Error"]["Code"], "ResourceInUseException")
        api.disassociate_resolver_query_log_config(ResolverQueryLogConfigId=log, ResourceId=vpc)
        api.delete_resolver_query_log_config(ResolverQueryLogConfigId=log)
        with self.assertRaises(api.exceptions.ClientError):
            api.get_resolver_query_log_config(ResolverQueryLogConfigId=log)

    @mock_aws
    def test_an_endpoint_tells_what_it_was_made_with(self):
        moto_resolver.apply()
        api, ec2 = boto3.client("route53resolver", region_name="us-east-1"), boto3.client("ec2", region_name="us-east-1")
        subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        made = api.create_resolver_endpoint(
            CreatorRequestId="1", Name="in", Direction="INBOUND", SecurityGroupIds=[group], IpAddresses=[{"SubnetId": subnet} for subnet in subnets],
            ResolverEndpointType="IPV4", Protocols=["Do53"],
        )["ResolverEndpoint"]["Id"]  # fmt: skip
        told = api.get_resolver_endpoint(ResolverEndpointId=made)["ResolverEndpoint"]
        self.assertEqual((told["ResolverEndpointType"], told["Protocols"]), ("IPV4", ["Do53"]))
