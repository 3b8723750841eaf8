"""Route 53 Resolver's DNS firewall, which moto 5.2.5 lacks, the ends of its query logs, and endpoints' types.

As much as the stack's resources take: what is made can be told, changed and deleted, and what is
gone or still in use is refused (Route 53 Resolver API). No query is ever judged.
"""

import json

from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random
from moto.route53resolver.exceptions import ResourceInUseException, ResourceNotFoundException
from moto.route53resolver.models import ResolverEndpoint, Route53ResolverBackend
from moto.route53resolver.responses import Route53ResolverResponse

# Kind of a resource -> its ids' prefix, and its part of an ARN.
KINDS = {
    "FirewallDomainList": ("rslvr-fdl", "firewall-domain-list"),
    "FirewallRuleGroup": ("rslvr-frg", "firewall-rule-group"),
    "FirewallRuleGroupAssociation": ("rslvr-frgassoc", "firewall-rule-group-association"),
}
# What a rule's identity is within its group.
RULE = ("FirewallRuleGroupId", "FirewallDomainListId", "Qtype")


class Firewall:
    """All of one account and region, by kind and id."""

    def __init__(self, backend: Route53ResolverBackend):
        self.backend = backend
        self.kept: dict[str, dict[str, dict]] = {kind: {} for kind in KINDS}
        self.domains: dict[str, list[str]] = {}
        self.rules: list[dict] = []
        self.configs: dict[str, dict] = {}

    def make(self, kind: str, given: dict) -> dict:
        prefix, part = KINDS[kind]
        made = {k: v for k, v in given.items() if k != "Tags"} | {"Id": f"{prefix}-{mock_random.get_random_hex(16)}", "Status": "COMPLETE"}
        made["Arn"] = f"arn:aws:route53resolver:{self.backend.region_name}:{self.backend.account_id}:{part}/{made['Id']}"
        self.kept[kind][made["Id"]] = made
        self.backend.tagger.tag_resource(made["Arn"], given.get("Tags") or [])
        return made

    def get(self, kind: str, key: str) -> dict:
        if key not in self.kept[kind]:
            raise ResourceNotFoundException(f"{kind} {key} does not exist")
        return self.kept[kind][key]

    def delete(self, kind: str, key: str, users: list[dict]) -> dict:
        gone = self.get(kind, key)
        if users:
            raise ResourceInUseException(f"{kind} {key} is in use")
        del self.kept[kind][key]
        return {**gone, "Status": "DELETING"}

    def told(self, kind: str, key: str) -> dict:
        """With the counts that AWS adds."""
        counts = {
            "FirewallDomainList": {"DomainCount": len(self.domains.get(key, []))},
            "FirewallRuleGroup": {"RuleCount": len(self.rules_of(FirewallRuleGroupId=key)), "ShareStatus": "NOT_SHARED", "OwnerId": self.backend.account_id},
        }
        return {**self.get(kind, key), **counts.get(kind, {})}

    def rules_of(self, **wanted: str) -> list[dict]:
        return [rule for rule in self.rules if all(rule.get(key) == value for key, value in wanted.items())]

    def rule(self, given: dict) -> dict:
        found = self.rules_of(**{key: given[key] for key in RULE if key in given})
        if not found:
            raise ResourceNotFoundException(f"no rule of {given['FirewallRuleGroupId']} with {given['FirewallDomainListId']} exists")
        return found[0]


def firewall(response: Route53ResolverResponse) -> tuple[Firewall, dict]:
    """The firewall that a call is for, and what the call says."""
    backend = response.route53resolver_backend
    if not hasattr(backend, "firewall"):
        backend.firewall = Firewall(backend)
    return backend.firewall, json.loads(response.body)


def create_firewall_domain_list(self) -> str:
    kept, given = firewall(self)
    return json.dumps({"FirewallDomainList": kept.make("FirewallDomainList", given)})


def update_firewall_domains(self) -> str:
    kept, given = firewall(self)
    found, key = kept.get("FirewallDomainList", given["FirewallDomainListId"]), given["FirewallDomainListId"]
    before = kept.domains.get(key, [])
    kept.domains[key] = {
        "REPLACE": given["Domains"], "ADD": [*before, *given["Domains"]], "REMOVE": [name for name in before if name not in given["Domains"]],
    }[given["Operation"]]  # fmt: skip
    return json.dumps({"Id": key, "Name": found["Name"], "Status": "COMPLETE"})


def list_firewall_domains(self) -> str:
    kept, given = firewall(self)
    kept.get("FirewallDomainList", given["FirewallDomainListId"])
    return json.dumps({"Domains": kept.domains.get(given["FirewallDomainListId"], [])})


def delete_firewall_domain_list(self) -> str:
    kept, given = firewall(self)
    key = given["FirewallDomainListId"]
    return json.dumps({"FirewallDomainList": kept.delete("FirewallDomainList", key, kept.rules_of(FirewallDomainListId=key))})


def create_firewall_rule_group(self) -> str:
    kept, given = firewall(self)
    return json.dumps({"FirewallRuleGroup": kept.make("FirewallRuleGroup", given)})


def delete_firewall_rule_group(self) -> str:
    kept, given = firewall(self)
    key = given["FirewallRuleGroupId"]
    users = kept.rules_of(FirewallRuleGroupId=key) + [a for a in kept.kept["FirewallRuleGroupAssociation"].values() if a["FirewallRuleGroupId"] == key]
    return json.dumps({"FirewallRuleGroup": kept.delete("FirewallRuleGroup", key, users)})


def create_firewall_rule(self) -> str:
    kept, given = firewall(self)
    kept.get("FirewallRuleGroup", given["FirewallRuleGroupId"])
    kept.get("FirewallDomainList", given["FirewallDomainListId"])
    kept.rules.append(given)
    return json.dumps({"FirewallRule": given})


def update_firewall_rule(self) -> str:
    kept, given = firewall(self)
    rule = kept.rule(given)
    rule.update(given)
    return json.dumps({"FirewallRule": rule})


def delete_firewall_rule(self) -> str:
    kept, given = firewall(self)
    rule = kept.rule(given)
    kept.rules.remove(rule)
    return json.dumps({"FirewallRule": rule})


def list_firewall_rules(self) -> str:
    kept, given = firewall(self)
    kept.get("FirewallRuleGroup", given["FirewallRuleGroupId"])
    return json.dumps({"FirewallRules": kept.rules_of(FirewallRuleGroupId=given["FirewallRuleGroupId"])})


def associate_firewall_rule_group(self) -> str:
    kept, given = firewall(self)
    kept.get("FirewallRuleGroup", given["FirewallRuleGroupId"])
    return json.dumps({"FirewallRuleGroupAssociation": kept.make("FirewallRuleGroupAssociation", given)})


def update_firewall_rule_group_association(self) -> str:
    kept, given = firewall(self)
    found = kept.get("FirewallRuleGroupAssociation", given.pop("FirewallRuleGroupAssociationId"))
    found.update(given)
    return json.dumps({"FirewallRuleGroupAssociation": found})


def disassociate_firewall_rule_group(self) -> str:
    kept, given = firewall(self)
    gone = kept.delete("FirewallRuleGroupAssociation", given["FirewallRuleGroupAssociationId"], [])
    return json.dumps({"FirewallRuleGroupAssociation": gone})


def list_firewall_rule_group_associations(self) -> str:
    kept, given = firewall(self)
    found = [a for a in kept.kept["FirewallRuleGroupAssociation"].values() if given.get("VpcId", a["VpcId"]) == a["VpcId"]]
    return json.dumps({"FirewallRuleGroupAssociations": found})


def alive(kept: Firewall, vpc: str) -> bool:
    return vpc in ec2_backends[kept.backend.account_id][kept.backend.region_name].vpcs


def get_firewall_config(self) -> str:
    kept, given = firewall(self)
    if not alive(kept, given["ResourceId"]):
        raise ResourceNotFoundException(f"{given['ResourceId']} does not exist")
    new = {"Id": f"rslvr-fc-{mock_random.get_random_hex(16)}", "OwnerId": kept.backend.account_id, "ResourceId": given["ResourceId"], "FirewallFailOpen": "DISABLED"}
    return json.dumps({"FirewallConfig": kept.configs.setdefault(given["ResourceId"], new)})


def update_firewall_config(self) -> str:
    kept, given = firewall(self)
    get_firewall_config(self)
    kept.configs[given["ResourceId"]].update(given)
    return json.dumps({"FirewallConfig": kept.configs[given["ResourceId"]]})


def list_firewall_configs(self) -> str:
    kept, _ = firewall(self)
    return json.dumps({"FirewallConfigs": [config for vpc, config in kept.configs.items() if alive(kept, vpc)]})


def getter(kind: str):
    def get(self) -> str:
        kept, given = firewall(self)
        return json.dumps({kind: kept.told(kind, given[kind + "Id"])})

    return get


def disassociate_resolver_query_log_config(self) -> str:
    backend = self.route53resolver_backend
    wanted = (self._get_param("ResolverQueryLogConfigId"), self._get_param("ResourceId"))
    for key, found in backend.resolver_query_log_config_associations.items():
        if (found.resolver_query_log_config_id, found.resource_id) == wanted:
            backend.resolver_query_log_configs[wanted[0]].association_count -= 1
            del backend.resolver_query_log_config_associations[key]
            return json.dumps({"ResolverQueryLogConfigAssociation": {"Id": key, "Status": "DELETING"}})
    raise ResourceNotFoundException(f"no association of {wanted[0]} with {wanted[1]} exists")


def delete_resolver_query_log_config(self) -> str:
    backend, key = self.route53resolver_backend, self._get_param("ResolverQueryLogConfigId")
    if backend.get_resolver_query_log_config(key).association_count:
        raise ResourceInUseException(f"query log config {key} is in use")
    del backend.resolver_query_log_configs[key]
    return json.dumps({"ResolverQueryLogConfig": {"Id": key, "Status": "DELETING"}})


def know_arns() -> None:
    """Tags are of the firewall's and the logs' resources, too."""
    old = Route53ResolverBackend._matched_arn

    def wrapped(self, resource_arn: str) -> None:
        if any(f":{part}/" in resource_arn for part in ("resolver-query-log-config", *(part for _, part in KINDS.values()))):
            return
        old(self, resource_arn)

    Route53ResolverBackend._matched_arn = wrapped


def remember_types() -> None:
    """An endpoint is of the type, and speaks the protocols, that it was made with."""
    create, old = Route53ResolverResponse.create_resolver_endpoint, ResolverEndpoint.description

    def wrapped(self) -> str:
        reply = json.loads(create(self))
        made = self.route53resolver_backend.resolver_endpoints[reply["ResolverEndpoint"]["Id"]]
        made.said = {name: value for name in ("ResolverEndpointType", "Protocols") if (value := self._get_param(name))}
        return json.dumps({"ResolverEndpoint": made.description()})

    Route53ResolverResponse.create_resolver_endpoint = wrapped
    ResolverEndpoint.description = lambda self: {**old(self), **getattr(self, "said", {})}


def apply() -> None:
    for action in (
        create_firewall_domain_list, update_firewall_domains, list_firewall_domains, delete_firewall_domain_list, create_firewall_rule_group,
        delete_firewall_rule_group, create_firewall_rule, update_firewall_rule, delete_firewall_rule, list_firewall_rules,
        associate_firewall_rule_group, update_firewall_rule_group_association, disassociate_firewall_rule_group, list_firewall_rule_group_associations, get_firewall_config,
        update_firewall_config, list_firewall_configs, disassociate_resolver_query_log_config, delete_resolver_query_log_config,
    ):  # fmt: skip
        setattr(Route53ResolverResponse, action.__name__, action)
    Route53ResolverResponse.get_firewall_domain_list = getter("FirewallDomainList")
    Route53ResolverResponse.get_firewall_rule_group = getter("FirewallRuleGroup")
    Route53ResolverResponse.get_firewall_rule_group_association = getter("FirewallRuleGroupAssociation")
    know_arns()
    remember_types()
