"""A network of its own for the rehearsal: one bridge as the VPC, a namespace per task.

Tasks get addresses of the subnets that their service names. There is no
default route and no link to the machine's network: what reaches out fails
here as it does in a VPC without NAT. Networks beyond the VPC that a service's
security groups and the route tables lead to are reached on the declared ports.
"""

from __future__ import annotations

import ipaddress
import pathlib
import subprocess
import threading

from .state import State

BRIDGE = "vpc0"
METADATA = "169.254.170.2"  # where Fargate serves credentials and task metadata


def ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Vpc:
    """Hands out addresses and names; `hosts` is the /etc/hosts of every container."""

    def __init__(self, state: State, hosts: pathlib.Path, region: str):
        vpcs = state.of("aws:ec2/vpc:Vpc")
        self.network = ipaddress.ip_network(vpcs[0]["cidrBlock"] if vpcs else "10.40.0.0/16")
        self.subnets = {s["_id"]: ipaddress.ip_network(s["cidrBlock"]) for s in state.of("aws:ec2/subnet:Subnet")}
        self.domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
        self.hosts = hosts
        self._lock = threading.Lock()
        self._names: dict[str, str] = {"localhost": "127.0.0.1"}
        self._taken: set[str] = set()
        self._servers = iter(list(self.network.hosts())[-200:])  # the block's end, far from the tasks
        self._counter = 0
        ip("link", "set", "lo", "up")
        # A bridge without an address of its own takes its lowest port's, and changes
        # it as tasks come and go: open connections of the others would stall.
        ip("link", "add", "name", BRIDGE, "address", "02:00:00:00:00:01", "type", "bridge")
        ip("addr", "add", f"{self.network[1]}/{self.network.prefixlen}", "dev", BRIDGE)
        ip("addr", "add", f"{METADATA}/32", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        self._write()

    def _write(self) -> None:
        lines = [f"{address} {name}\n" for name, address in self._names.items()]
        # In place: the file is bind-mounted into running containers.
        with open(self.hosts, "w") as file:
            file.writelines(lines)

    def server(self, *names: str) -> str:
        """Returns an address of the VPC for a server of the rehearsal, known by these names."""
        with self._lock:
            address = str(next(self._servers))
            ip("addr", "add", f"{address}/{self.network.prefixlen}", "dev", BRIDGE)
            self._names.update(dict.fromkeys(names, address))
            self._write()
        return address

    def name(self, address: str, *names: str) -> None:
        with self._lock:
            self._names.update(dict.fromkeys(names, address))
            self._write()

    def attach(self, subnets: list[str], beyond: list[tuple] = ()) -> Port:
        """Makes a network namespace with an address of the first of these subnets that is known."""
        with self._lock:
            known = [self.subnets[s] for s in subnets if s in self.subnets] or [self.network]
            block = known[self._counter % len(known)]
            self._counter += 1
            address = next(str(a) for i, a in enumerate(block.hosts()) if i >= 9 and str(a) not in self._taken)
            self._taken.add(address)
            hostname = f"ip-{address.replace('.', '-')}.{self.domain}"
            self._names[hostname] = address
            self._write()
            number = self._counter
        port = Port(f"t{number}", address, hostname)
        port.open(self.network.prefixlen)
        for network, number in beyond:
            port.allow(network, number)
        return port

    def join(self, label: str, addresses: list[str]) -> Port:
        """Makes the network namespace of a server that is beyond the VPC, with these addresses."""
        port = Port(label, addresses[0], label)
        port.open(32)
        for address in addresses[1:]:
            ip("-n", label, "addr", "add", f"{address}/32", "dev", "eth0")
        ip("-n", label, "route", "add", str(self.network), "dev", "eth0")
        return port

    def reach(self, address: str) -> None:
        """Gives this machine's side, people and the load balancer, a way to a server beyond the VPC."""
        ip("route", "add", f"{address}/32", "dev", BRIDGE)


class Port:
    """One task's network namespace."""

    def __init__(self, label: str, address: str, hostname: str):
        self.label, self.address, self.hostname = label, address, hostname

    @property
    def path(self) -> str:
        return f"/run/netns/{self.label}"

    def open(self, prefix: int) -> None:
        ip("netns", "add", self.label)
        ip("link", "add", f"v{self.label}", "type", "veth", "peer", "name", "eth0", "netns", self.label)
        ip("link", "set", f"v{self.label}", "master", BRIDGE, "up")
        ip("-n", self.label, "link", "set", "lo", "up")
        ip("-n", self.label, "addr", "add", f"{self.address}/{prefix}", "dev", "eth0")
        ip("-n", self.label, "link", "set", "eth0", "up")
        ip("-n", self.label, "route", "add", f"{METADATA}/32", "dev", "eth0")

    def allow(self, network, number: int) -> None:
        """Lets connections to one port of a network out: the route there holds for nothing else."""
        ip("-n", self.label, "rule", "add", "to", str(network), "ipproto", "tcp", "dport", str(number), "lookup", "100")
        ip("-n", self.label, "route", "replace", str(network), "dev", "eth0", "table", "100")

    def close(self) -> None:
        subprocess.run(["ip", "link", "del", f"v{self.label}"], capture_output=True)
        subprocess.run(["ip", "netns", "del", self.label], capture_output=True)
