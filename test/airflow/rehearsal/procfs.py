"""What /proc tells about a container's processes."""

from __future__ import annotations

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def home(pid: int) -> tuple[str, str]:
    """The process's PID and mount namespaces, e.g. pid:[4026532281] and mnt:[4026532279]; empty when it has ended.

    Both together say which container it belongs to: what enters one from here has
    the second before it has the first.
    """
    try:
        return os.readlink(f"/proc/{pid}/ns/pid"), os.readlink(f"/proc/{pid}/ns/mnt")
    except OSError:
        return "", ""


def at_home(wanted: tuple[str, str]) -> list[int]:
    return [int(p) for p in os.listdir("/proc") if p.isdigit() and home(int(p)) == wanted]


def reap_adopted() -> None:
    """Reaps dead processes of inner PID namespaces that were left to this process.

    When nsenter is killed, what it had started inside is left to process 1 out
    here, which is the rehearsal; and a namespace doesn't end before its last
    process has been reaped. This process starts none inside itself, so none of
    them is waited for elsewhere.
    """
    for pid in children(os.getpid()):
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        if fields["State"].split()[0] == "Z" and len(fields["NSpid"].split()) > 1:
            os.waitpid(pid, os.WNOHANG)


def pss_mib(pids: list[int]) -> float:
    """Proportional set size of processes together, in MiB: shared pages count once."""
    total = 0
    for pid in pids:
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 1024


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of processes and the children they have waited for."""
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(fields[i]) for i in (11, 12, 13, 14))
    return total / TICKS
