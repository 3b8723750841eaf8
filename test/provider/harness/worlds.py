"""Stacks among neighbours: in a VPC of somebody else, and joined to other networks. Each has a life, and leaves them as they were."""

import dataclasses
import pathlib
from collections.abc import Callable

from . import neighbours, report
from .engine import type_of
from .journey import Fault, Journey, departure, succeed
from .leftovers import Account

ZONES = ("us-east-1a", "us-east-1b")


def network(account: Account, cidr: str, name: str) -> dict:
    """A VPC of somebody else with a private subnet and a table in each zone, a group, and an interface in it."""
    ec2 = account.client("ec2")

    def tags(kind: str) -> list[dict]:
        return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, {"Key": "Owner", "Value": "somebody else"}]}]

    vpc = ec2.create_vpc(CidrBlock=cidr, TagSpecifications=tags("vpc"))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    made = {"vpc": vpc, "subnets": [], "tables": []}
    for number, zone in enumerate(ZONES):
        part = f"{cidr.rsplit('.', 2)[0]}.{number * 16}.0/20"
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=part, AvailabilityZone=zone, TagSpecifications=tags("subnet"))["Subnet"]["SubnetId"]
        table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tags("route-table"))["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(SubnetId=subnet, RouteTableId=table)
        made["subnets"].append(subnet)
        made["tables"].append(table)
    made["group"] = ec2.create_security_group(VpcId=vpc, GroupName=name, Description="of somebody else")["GroupId"]
    within = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": cidr, "Description": "all within"}]}]
    ec2.authorize_security_group_ingress(GroupId=made["group"], IpPermissions=within)
    ec2.create_network_interface(SubnetId=made["subnets"][0], Groups=[made["group"]], Description="of somebody else")
    return made


def gateway(account: Account, behind: dict, to: str) -> str:
    """A transit gateway with a network behind it, which routes a block there."""
    ec2 = account.client("ec2")
    made = ec2.create_transit_gateway(Description="of the company")["TransitGateway"]["TransitGatewayId"]
    ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=made, VpcId=behind["vpc"], SubnetIds=behind["subnets"])
    for table in behind["tables"]:
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=to, TransitGatewayId=made)
    return made


def landing_zone(account: Account) -> dict:
    """A VPC with a way to the company, endpoints for S3 and for ECR's API, and a private zone; the settings to live in it."""
    ec2, there = account.client("ec2"), network(account, "10.60.0.0/16", "landing-zone")
    gateway(account, there, "10.0.0.0/8")
    ec2.create_vpc_endpoint(
        VpcId=there["vpc"], ServiceName="com.amazonaws.us-east-1.ecr.api", VpcEndpointType="Interface", PrivateDnsEnabled=True,
        SubnetIds=there["subnets"], SecurityGroupIds=[there["group"]],
    )  # fmt: skip
    ec2.create_vpc_endpoint(VpcId=there["vpc"], ServiceName="com.amazonaws.us-east-1.s3", VpcEndpointType="Gateway", RouteTableIds=there["tables"])
    route53 = account.client("route53")
    zone = route53.create_hosted_zone(Name="dev.pathwai.com", CallerReference="theirs", VPC={"VPCRegion": "us-east-1", "VPCId": there["vpc"]})["HostedZone"]["Id"]
    theirs = {"Name": "warehouse.dev.pathwai.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.60.1.9"}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": theirs}]})
    return {
        "network": {
            "vpcId": there["vpc"], "subnetIds": there["subnets"], "routeTableIds": there["tables"],
            "resolver": {"inbound": True, "clientCidrs": ["10.0.0.0/8"]},
        },
        "endpoints": {"existing": ["s3", "ecr.api"], "extra": ["dynamodb"]},
        "loadBalancer": {"zoneId": zone.rsplit("/", 1)[1], "clientCidrs": ["10.0.0.0/8"]},
    }  # fmt: skip


OFFICES, WAREHOUSE = "172.16.0.0/16", "172.20.0.0/16"


def company(account: Account) -> dict:
    """Networks behind a transit gateway, a VPN gateway and a core network, and one that will ask for a peering; the settings to join them."""
    ec2, wan = account.client("ec2"), account.client("networkmanager")
    offices = network(account, OFFICES, "offices")
    network(account, WAREHOUSE, "warehouse")
    partners = ec2.create_managed_prefix_list(PrefixListName="partners", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "172.20.8.0/24"}])
    globe = wan.create_global_network()["GlobalNetwork"]["GlobalNetworkId"]
    core = wan.create_core_network(GlobalNetworkId=globe, PolicyDocument="{}")["CoreNetwork"]["CoreNetworkId"]
    joins = [
        {"kind": "transitGateway", "id": gateway(account, offices, "10.40.0.0/16"), "routes": [OFFICES], "why": "the offices"},
        {"kind": "vpnGateway", "id": ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"], "routes": ["192.168.4.0/24"], "why": "the plant"},
        {"kind": "coreNetwork", "id": core, "routes": ["10.96.0.0/16"], "why": "the company"},
    ]
    return {
        "network": {"joins": joins, "resolver": {"inbound": True, "clientCidrs": [OFFICES]}, "dnsAllow": ["*.warehouse.example.com"]},
        "loadBalancer": {"clientCidrs": [OFFICES], "zoneVpcs": [offices["vpc"]]},
        "endpoints": {
            "services": [{"name": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0", "ports": [443], "why": "a partner"}],
            "extra": ["email-smtp", {"service": "sqs", "zones": ["us-east-1b"]}], "trustedAccounts": ["111111111111"], "trustedBuckets": ["partner-exports"],
        },
        "egress": [
            {"to": "172.20.1.0/24", "ports": [5432], "why": "the warehouse"},
            {"to": partners["PrefixList"]["PrefixListId"], "ports": [443], "why": "partners"},
        ],
    }  # fmt: skip


def peered(account: Account, settings: dict, vpc: str) -> dict:
    """The warehouse asks the stack's VPC for a peering, which can't be asked of one that isn't there yet; the settings to accept it."""
    ec2 = account.client("ec2")
    warehouse = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": [WAREHOUSE]}])["Vpcs"][0]["VpcId"]
    asked = ec2.create_vpc_peering_connection(VpcId=warehouse, PeerVpcId=vpc)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    return {"network": {"joins": [*settings["network"]["joins"], {"kind": "peering", "id": asked, "routes": [WAREHOUSE], "why": "the warehouse"}]}}


@dataclasses.dataclass(frozen=True)
class World:
    """What is there before a stack."""

    make: Callable[[Account], dict]
    # Patterns of what changes of the neighbours: while the stack lives, by its joins, and what stays so after it.
    alive: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    # What comes once the stack is there, and the settings to join it.
    later: Callable[[Account, dict, str], dict] | None = None
    stays: tuple[str, ...] = ()


PEERED = ("ec2 VpcPeeringConnections: *: Status *active*", "ec2 VpcPeeringConnections: *: Tags + *")
WORLDS = {
    "existing": World(
        landing_zone,
        alive=(
            "ec2 RouteTables: *: Routes + *\"DestinationPrefixListId\"*\"GatewayId\": \"vpce-*",
            "route53 HostedZones: *: Records + *\"airflow.dev.pathwai.com.\"*",
            "route53 HostedZones: *: ResourceRecordSetCount *",
        ),
    ),
    "joined": World(
        company,
        alive=("ec2 Vpcs: *: Zones + *airflow.dev.pathwai.com*",),
        joins=("ec2 VpnGateways: *: VpcAttachments + *",),
        later=peered,
        left=PEERED,  # whoever asked for a peering ends it
        stays=("*:VpcPeeringConnectionAccepter::*",),
    ),
}  # fmt: skip


class Neighbourhood:
    """The neighbours of a journey's stack."""

    def __init__(self, journey: Journey):
        self.journey, self.before = journey, neighbours.seen(journey.account)

    def come(self, act: Callable[[], dict]) -> dict:
        """Lets somebody else make something while the stack lives, which is watched from then on."""
        was = neighbours.seen(self.journey.account)
        result = act()
        self.before |= {key: entry for key, entry in neighbours.seen(self.journey.account).items() if key not in was}
        self.journey.before |= set(self.before)
        return result

    def watch(self, when: str, allowed: tuple[str, ...]) -> None:
        now = neighbours.seen(self.journey.account)
        if faults := neighbours.faults(self.before, now, allowed):
            raise Fault("\n  ".join([f"neighbours, {when}:", *faults]))
        print(f"  neighbours, {when}: {len(self.before)} things, {len(neighbours.changes(self.before, now))} changes, all of them wanted", flush=True)


def live(name: str, output: pathlib.Path) -> None:
    """A stack's life in a world: up, no difference, neighbours as they were, destroy, neighbours as they were."""
    world = WORLDS[name]
    with departure("dev", output) as journey:
        stack, account = journey.stack, journey.account
        settings = world.make(account)
        journey.before, journey.stays = account.listing(), journey.stays + world.stays
        around = Neighbourhood(journey)
        if egress := settings.pop("egress", None):  # pools reach beyond the platform
            pools = stack.setting("workerPools")
            stack.configure({"workerPools": [{**pools[0], "egress": egress}, *pools[1:]]})
        stack.configure(settings)
        steps(journey)
        around.watch("while it lives", world.alive + world.joins)
        if world.later:
            vpc = next(r["id"] for r in stack.export()["deployment"]["resources"] if type_of(r["urn"]) == "aws:ec2/vpc:Vpc")
            stack.configure(around.come(lambda: world.later(account, settings, vpc)))
            steps(journey)
            around.watch("once it has joined what asked for it", world.alive + world.joins + world.left)
        made = report.aws_resources(stack.export())
        # What others add, such as their zones' associations, is no drift (ops drift).
        succeed(stack.run("preview", "--refresh", "--expect-no-changes"))
        if world.later:
            stack.configure({"network": {"joins": []}})
            steps(journey)
            around.watch("once it has left the joins", world.alive + world.left)
        journey.end()
        around.watch("after its end", world.left)
        if journey.faults:
            raise Fault("\n".join(journey.faults))
        print(f"  {len(made)} AWS resources were made and are gone", flush=True)


def steps(journey: Journey) -> None:
    for command in ("preview", "up"):
        succeed(journey.stack.run(command))
    journey.unchanged(journey.stack.run("preview", "--diff"))
