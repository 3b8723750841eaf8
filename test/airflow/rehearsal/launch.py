"""First program in a container's namespaces: builds the root, enters it, becomes the command.

    unshare … python launch.py SPEC.json

Runs as root in fresh mount, UTS and IPC namespaces, and in a PID namespace that
is fresh as well or its task's. Uses the standard library only. Spec: root (empty folder), binds [[source, path, read only]],
links {path: target}, empties [[path, uid, gid, mode]], files {path: text},
hostname, read_only, environment, arguments, uid, gid, directory.
"""

import ctypes
import json
import os
import sys

MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 32, 4096, 16384
PR_SET_NO_NEW_PRIVS, MNT_DETACH = 38, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind, flags, data=""):
    if LIBC.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()):
        number = ctypes.get_errno()
        raise OSError(number, f"mount {source} on {target}: {os.strerror(number)}")


def place(root, path, like):
    """Makes the mount point for path in root: a folder or an empty file, as `like` is."""
    target = root + path
    if os.path.isdir(like):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            open(target, "w").close()
    return target


def bind(root, source, path, read_only):
    target = place(root, path, source)
    mount(source, target, "", MS_BIND | MS_REC)
    if read_only:
        mount(source, target, "", MS_BIND | MS_REMOUNT | MS_RDONLY)


def devices(root):
    os.makedirs(root + "/dev/shm", exist_ok=True)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        bind(root, f"/dev/{name}", f"/dev/{name}", False)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
        os.symlink(target, f"{root}/dev/{name}")
    mount("shm", root + "/dev/shm", "tmpfs", MS_NOSUID, "mode=1777,size=64m")


def change_root(root):
    """Makes root the only file system of this mount namespace; what was before is gone."""
    os.chdir(root)
    if LIBC.syscall(PIVOT_ROOT[os.uname().machine], b".", b"."):
        number = ctypes.get_errno()
        raise OSError(number, f"pivot_root {root}: {os.strerror(number)}")
    LIBC.umount2(b".", MNT_DETACH)
    os.chdir("/")


def main():
    with open(sys.argv[1]) as file:
        spec = json.load(file)
    root = spec["root"]
    mount("root", root, "tmpfs", 0, "mode=0755")
    for path, target in spec["links"].items():
        os.symlink(target, root + path)
    devices(root)
    os.makedirs(root + "/proc")
    mount("proc", root + "/proc", "proc", MS_NOSUID)
    for path, uid, gid, mode in spec["empties"]:
        os.makedirs(root + path, exist_ok=True)
        os.chown(root + path, uid, gid)
        os.chmod(root + path, mode)
    for source, path, read_only in sorted(spec["binds"], key=lambda b: b[1].count("/")):
        bind(root, source, path, read_only)
    if spec["read_only"]:
        mount("root", root, "", MS_BIND | MS_REMOUNT | MS_RDONLY)
    name = spec["hostname"].encode()
    LIBC.sethostname(name, len(name))
    change_root(root)
    os.chdir(spec["directory"])
    os.setgroups([])
    os.setgid(spec["gid"])
    os.setuid(spec["uid"])
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.umask(0o022)
    try:
        os.execve(spec["arguments"][0], spec["arguments"], spec["environment"])
    except OSError as fault:
        sys.exit(f"launch: {spec['arguments'][0]}: {fault}")


main()
