"""What harness/neighbours.py sees of others, and what harness/moto_joins.py adds to moto."""

import pathlib
import sys
import unittest

import boto3
from harness import neighbours, worlds
from moto import mock_aws

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "harness"))
import moto_additions  # noqa: E402  (of the server's own folder, as moto_server finds it)
import moto_joins  # noqa: E402
import moto_resolver  # noqa: E402


class Memory:
    """leftovers.Account, in this process."""

    region = "us-east-1"

    def __init__(self, found: dict):
        self.found = found

    def client(self, service: str):
        return boto3.client(service, region_name="us-east-1")

    def pages(self, service: str, call: str, **arguments):
        return self.client(service).get_paginator(call).paginate(**arguments)

    def inventory(self) -> dict:
        return {key: read() for key, read in self.found.items()}


class Neighbours(unittest.TestCase):
    @mock_aws
    def test_every_change_is_seen(self):
        moto_resolver.apply()
        ec2, route53 = boto3.client("ec2", region_name="us-east-1"), boto3.client("route53", region_name="us-east-1")
        vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
        group = ec2.create_security_group(VpcId=vpc, GroupName="theirs", Description="theirs")["GroupId"]
        zone = route53.create_hosted_zone(Name="pathwai.com", CallerReference="1", VPC={"VPCRegion": "us-east-1", "VPCId": vpc})["HostedZone"]["Id"]
        account = Memory({
            f"ec2 Vpcs: {vpc}": lambda: ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0],
            "ec2 SecurityGroups: theirs": lambda: ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0],
            "route53 HostedZones: theirs": lambda: route53.get_hosted_zone(Id=zone)["HostedZone"],
        })  # fmt: skip
        before = neighbours.seen(account)
        self.assertEqual(neighbours.changes(before, neighbours.seen(account)), [])
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
        record = {"Name": "x.pathwai.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
        resolver = boto3.client("route53resolver", region_name="us-east-1")
        judges = resolver.create_firewall_rule_group(CreatorRequestId="1", Name="group")["FirewallRuleGroup"]["Id"]
        resolver.associate_firewall_rule_group(CreatorRequestId="2", FirewallRuleGroupId=judges, VpcId=vpc, Priority=101, Name="bound")
        log = resolver.create_resolver_query_log_config(Name="log", DestinationArn="arn:aws:logs:us-east-1:123456789012:log-group:/dns", CreatorRequestId="3")["ResolverQueryLogConfig"]["Id"]
        resolver.associate_resolver_query_log_config(ResolverQueryLogConfigId=log, ResourceId=vpc)
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Environment", "Value": "dev"}])
        now = neighbours.seen(account)
        changes = neighbours.changes(before, now)
        self.assertEqual([change.split(" {")[0] for change in changes if "ResourceRecordSetCount" not in change], [
            f"ec2 Vpcs: {vpc}: Firewalls + \"{judges}\"", f"ec2 Vpcs: {vpc}: QueryLogs + \"{log}\"", f"ec2 Vpcs: {vpc}: Tags +", f"ec2 Vpcs: {vpc}: enableDnsSupport true -> false",
            "ec2 SecurityGroups: theirs: IpPermissions +", "route53 HostedZones: theirs: Records +",
        ])  # fmt: skip
        self.assertEqual(neighbours.faults(before, now, ("route53 *", "ec2 Vpcs: *")), [f"changed, and not the stack's: {c}" for c in changes if "SecurityGroups" in c])
        self.assertEqual(neighbours.faults(before, before, ("route53 *",)), ["did not happen: route53 *"])

    def test_what_is_gone_and_what_aws_counts(self):
        before = {"ec2 Subnets: a": {"AvailableIpAddressCount": 9}, "ec2 Vpcs: v": {"VpcId": "v"}}
        self.assertEqual(neighbours.changes(before, {"ec2 Subnets: a": {"AvailableIpAddressCount": 4}}), ["ec2 Vpcs: v: gone"])

    def test_settings_of_the_worlds_name_what_was_made(self):
        for name, made in (("existing", ["vpcId", "subnetIds", "routeTableIds"]), ("joined", ["joins"])):
            with self.subTest(name), mock_aws():
                moto_joins.apply()
                settings = worlds.WORLDS[name].make(Memory({}))
                self.assertEqual([key for key in made if not settings["network"][key]], [])
        kinds = [join["kind"] for join in settings["network"]["joins"]]
        self.assertEqual(kinds, ["transitGateway", "vpnGateway", "coreNetwork"])


class Joins(unittest.TestCase):
    @mock_aws
    def test_an_attachment_to_a_core_network(self):
        moto_joins.apply()
        wan, ec2 = boto3.client("networkmanager", region_name="us-east-1"), boto3.client("ec2", region_name="us-east-1")
        globe = wan.create_global_network()["GlobalNetwork"]["GlobalNetworkId"]
        core = wan.create_core_network(GlobalNetworkId=globe, PolicyDocument="{}")["CoreNetwork"]
        self.assertRegex(core["CoreNetworkId"], "^core-network-[0-9a-f]{17}$")
        tags = [{"Key": "Name", "Value": "join"}]
        made = wan.create_vpc_attachment(CoreNetworkId=core["CoreNetworkId"], VpcArn="arn:v", SubnetArns=["arn:s"], Tags=tags)["VpcAttachment"]
        self.assertEqual(wan.get_vpc_attachment(AttachmentId=made["Attachment"]["AttachmentId"])["VpcAttachment"], made)
        self.assertEqual((made["Attachment"]["State"], made["Attachment"]["Tags"]), ("AVAILABLE", tags))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.96.0.0/16", CoreNetworkArn=core["CoreNetworkArn"])
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        self.assertEqual([route.get("CoreNetworkArn") for route in routes], [None, core["CoreNetworkArn"]])
        wan.delete_attachment(AttachmentId=made["Attachment"]["AttachmentId"])
        self.assertEqual(wan.list_attachments()["Attachments"], [])
        with self.assertRaises(wan.exceptions.ResourceNotFoundException):
            wan.get_vpc_attachment(AttachmentId=made["Attachment"]["AttachmentId"])

    @mock_aws
    def test_an_attachment_to_a_transit_gateway_keeps_its_tags(self):
        moto_joins.apply()
        ec2 = boto3.client("ec2", region_name="us-east-1")
        there = worlds.network(Memory({}), "10.0.0.0/16", "x")
        gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        tags = [{"Key": "Name", "Value": "join"}]
        ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=gateway, VpcId=there["vpc"], SubnetIds=there["subnets"], TagSpecifications=[{"ResourceType": "transit-gateway-attachment", "Tags": tags}]
        )
        made = ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"][0]
        self.assertEqual(made["Tags"], tags)
        ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=made["TransitGatewayAttachmentId"])
        self.assertEqual([gone["State"] for gone in ec2.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]], ["deleted"])

    @mock_aws
    def test_a_network_goes_with_its_access_control_list(self):
        moto_additions.apply()
        ec2 = boto3.client("ec2", region_name="us-east-1")
        before = {acl["NetworkAclId"] for acl in ec2.describe_network_acls()["NetworkAcls"]}
        ec2.delete_vpc(VpcId=ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
        self.assertEqual({acl["NetworkAclId"] for acl in ec2.describe_network_acls()["NetworkAcls"]}, before)
