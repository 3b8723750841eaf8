"""Joins of networks, as far as moto 5.2.5 lacks them: attachments to a core network, and routes to one; tags and end of a transit gateway's."""

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ec2.models.route_tables import Route
from moto.ec2.models.transit_gateway_attachments import TransitGatewayAttachmentBackend
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.responses.transit_gateway_attachments import TransitGatewayAttachment
from moto.moto_api._internal import mock_random
from moto.networkmanager import urls
from moto.networkmanager.models import CoreNetwork
from moto.networkmanager.responses import NetworkManagerResponse


class NoAttachment(JsonRESTError):
    code = 404

    def __init__(self, key: str):
        super().__init__("ResourceNotFoundException", f"Attachment {key} was not found")


def attachments(response: NetworkManagerResponse) -> dict[str, dict]:
    """By id, of the account that a call is for."""
    backend = response.networkmanager_backend
    if not hasattr(backend, "attachments"):
        backend.attachments = {}
    return backend.attachments


def of_call(response: NetworkManagerResponse) -> tuple[str, dict]:
    key = response.path.rsplit("/", 1)[1]
    if key not in attachments(response):
        raise NoAttachment(key)
    return key, attachments(response)[key]


def create_vpc_attachment(self) -> ActionResult:
    backend = self.networkmanager_backend
    network = backend.get_core_network(self._get_param("CoreNetworkId"))
    key = f"attachment-{mock_random.get_random_hex(17)}"
    made = {
        "Attachment": {
            "AttachmentId": key, "AttachmentType": "VPC", "CoreNetworkId": network.core_network_id, "CoreNetworkArn": network.core_network_arn,
            "OwnerAccountId": backend.account_id, "ResourceArn": self._get_param("VpcArn"), "State": "AVAILABLE", "Tags": self._get_param("Tags", []),
        },
        "SubnetArns": self._get_param("SubnetArns"),
        "Options": {"Ipv6Support": False, "ApplianceModeSupport": False, **(self._get_param("Options") or {})},
    }  # fmt: skip
    attachments(self)[key] = made
    return ActionResult({"VpcAttachment": made})


def get_vpc_attachment(self) -> ActionResult:
    return ActionResult({"VpcAttachment": of_call(self)[1]})


def delete_attachment(self) -> ActionResult:
    key, gone = of_call(self)
    del attachments(self)[key]
    return ActionResult({"Attachment": {**gone["Attachment"], "State": "DELETING"}})


def list_attachments(self) -> ActionResult:
    return ActionResult({"Attachments": [made["Attachment"] for made in attachments(self).values()]})


def know_core_networks() -> None:
    for action in (create_vpc_attachment, get_vpc_attachment, delete_attachment, list_attachments):
        setattr(NetworkManagerResponse, action.__name__, action)
    for path in ("vpc-attachments", "vpc-attachments/(?P<id>[^/.]+)", "attachments", "attachments/(?P<id>[^/.]+)"):
        urls.url_paths[f"{{0}}/{path}$"] = NetworkManagerResponse.dispatch
    old = CoreNetwork.__init__

    def wrapped(self, *arguments, **named):
        old(self, *arguments, **named)  # AWS's ids have 17 digits at most, moto's 18
        arn, _, key = self.core_network_arn.rpartition("/")
        self.core_network_id, self.state = key[: len("core-network-") + 17], "AVAILABLE"
        self.core_network_arn = f"{arn}/{self.core_network_id}"

    CoreNetwork.__init__ = wrapped


def route_to_core_networks() -> None:
    old = RouteTables.create_route

    def wrapped(self) -> ActionResult:
        reply = old(self)
        if arn := self._get_param("CoreNetworkArn"):
            table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
            route = next(r for r in table.routes if r.destination_cidr_block == self._get_param("DestinationCidrBlock"))
            route.core_network_arn = arn
        return reply

    RouteTables.create_route = wrapped
    Route.core_network_arn = None


def attach_as_told() -> None:
    """An attachment of a transit gateway gets the tags that are for attachments, where moto takes those for route tables,
    and propagates into the default table, as it is associated with it."""
    old = TransitGatewayAttachment.create_transit_gateway_vpc_attachment

    def wrapped(self) -> ActionResult:
        tags = self._parse_tag_specification().get("transit-gateway-attachment", {})
        reply = old(self)
        made = reply._result["TransitGatewayVpcAttachment"]
        made.add_tags(tags)
        self.ec2_backend.enable_transit_gateway_route_table_propagation(made.id, made.transit_gateway_route_table.id)
        return reply

    TransitGatewayAttachment.create_transit_gateway_vpc_attachment = wrapped


def remember_the_deleted() -> None:
    """An attachment that was deleted is told as such for a while, and the provider waits for that."""
    old = TransitGatewayAttachmentBackend.delete_transit_gateway_vpc_attachment

    def wrapped(self, transit_gateway_attachment_id: str):
        gone = old(self, transit_gateway_attachment_id)
        self.transit_gateway_attachments[gone.id] = gone
        return gone

    TransitGatewayAttachmentBackend.delete_transit_gateway_vpc_attachment = wrapped


def apply() -> None:
    know_core_networks()
    route_to_core_networks()
    attach_as_told()
    remember_the_deleted()
