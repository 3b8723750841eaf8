"""Compares what was in an account before a stack with what is there now: a stack leaves its neighbours as they are."""

import fnmatch
import json

from .leftovers import Account

# What AWS counts for itself: "kind: field".
COUNTED = ("Subnets: AvailableIpAddressCount",)


def seen(account: Account) -> dict[str, dict]:
    """Everything alive with all that AWS tells of it: for VPCs what holds for all in them, for zones their records and VPCs, too."""
    found = {key: entry if isinstance(entry, dict) else {} for key, entry in account.inventory().items()}
    route53 = account.client("route53")
    for key, entry in found.items():
        if key.startswith("ec2 Vpcs: "):
            entry.update(network(account, entry["VpcId"]))
        elif key.startswith("ec2 VpnGateways: "):  # what was detached is told for a while
            entry["VpcAttachments"] = [held for held in entry.get("VpcAttachments", []) if held["State"] != "detached"]
        elif key.startswith("route53 HostedZones: "):
            entry["Records"] = [record for page in account.pages("route53", "list_resource_record_sets", HostedZoneId=entry["Id"]) for record in page["ResourceRecordSets"]]
            entry["VPCs"] = route53.get_hosted_zone(Id=entry["Id"]).get("VPCs", [])
    return found


def network(account: Account, vpc: str) -> dict:
    """What holds for everybody in a VPC: its DNS, who judges and who logs its questions, and who logs its traffic."""
    ec2, resolver = account.client("ec2"), account.client("route53resolver")

    def attribute(name: str) -> bool:
        return ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[name[0].upper() + name[1:]]["Value"]

    firewalls = resolver.list_firewall_rule_group_associations(VpcId=vpc)["FirewallRuleGroupAssociations"]
    logs = resolver.list_resolver_query_log_config_associations(Filters=[{"Name": "ResourceId", "Values": [vpc]}])["ResolverQueryLogConfigAssociations"]
    return {
        "enableDnsSupport": attribute("enableDnsSupport"), "enableDnsHostnames": attribute("enableDnsHostnames"),
        "Firewalls": [firewall["FirewallRuleGroupId"] for firewall in firewalls],
        "QueryLogs": [log["ResolverQueryLogConfigId"] for log in logs],
        "FlowLogs": [log["FlowLogId"] for log in ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"]],
        "Zones": [zone["Name"] for zone in account.client("route53").list_hosted_zones_by_vpc(VPCId=vpc, VPCRegion=account.region)["HostedZoneSummaries"]],
    }  # fmt: skip


def text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def changes(before: dict[str, dict], now: dict[str, dict]) -> list[str]:
    """What differs of everything that was there before, in words: "key: field + element", "… - element", "… old -> new", "key: gone"."""
    found = []
    for key, was in before.items():
        if key not in now:
            found.append(f"{key}: gone")
            continue
        kind, has = key.split(":")[0].split(" ")[1], now[key]
        for field in sorted({*was, *has}):
            old, new = was.get(field), has.get(field)
            if f"{kind}: {field}" in COUNTED or text(old) == text(new):
                continue
            if isinstance(old or [], list) and isinstance(new or [], list):
                olds, news = {text(o) for o in old or []}, {text(n) for n in new or []}
                found += [f"{key}: {field} - {gone}" for gone in sorted(olds - news)] + [f"{key}: {field} + {come}" for come in sorted(news - olds)]
            else:
                found.append(f"{key}: {field} {text(old)} -> {text(new)}")
    return found


def faults(before: dict[str, dict], now: dict[str, dict], allowed: tuple[str, ...]) -> list[str]:
    """Changes that no pattern allows, and patterns that allow none."""
    differ = changes(before, now)
    return [f"changed, and not the stack's: {change}" for change in differ if not any(fnmatch.fnmatchcase(change, p) for p in allowed)] + [
        f"did not happen: {p}" for p in allowed if not any(fnmatch.fnmatchcase(change, p) for change in differ)
    ]
