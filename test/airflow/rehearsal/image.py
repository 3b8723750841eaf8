"""The images, without a container engine: what a container of each finds at which path."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[3]
DOCKER = PROJECT / "docker" / "airflow"
CACHE = PROJECT / ".cache"
AGENT = PROJECT / "bin" / "airflow-agent"
INIT = "/sbin/docker-init"


@dataclasses.dataclass
class Image:
    """binds: (source, path in the container), read-only; writable: folders the image's user owns."""

    binds: list[tuple[pathlib.Path, str]]
    environment: dict[str, str]
    working_directory: str
    user: str
    writable: list[str]
    links: dict[str, str]


def interpreter() -> pathlib.Path:
    """The Python that the environment is made from: 3.12 as in the image, else 3.11, as the lock allows."""
    found = [shutil.which("python3.12")]
    found += sorted(map(str, pathlib.Path.home().glob(".pyenv/versions/3.12.*/bin/python3.12")))
    found += [shutil.which("python3.11")]
    found += sorted(map(str, pathlib.Path.home().glob(".pyenv/versions/3.11.*/bin/python3.11")))
    for candidate in filter(None, found):
        probe = subprocess.run(
            [candidate, "-c", "import sys, ssl, venv, ensurepip; print(sys.base_prefix)"], capture_output=True, text=True
        )
        if probe.returncode == 0:
            prefix = pathlib.Path(probe.stdout.strip())
            return prefix / "bin" / f"python{re.search('3[.]1[12]', candidate.rsplit('/', 1)[-1]).group()}"
    sys.exit("e2e needs Python 3.12 or 3.11 with its venv module: apt-get install python3-venv")


def dockerfile_setting(word: str) -> str:
    """The one WORKDIR, USER or VOLUME of docker/airflow/Dockerfile, or its ENV as NAME=value words."""
    text = (DOCKER / "Dockerfile").read_text().replace("\\\n", " ")
    found = re.findall(rf"^{word} (.+)$", text, re.M)
    if len(found) != 1:
        raise RuntimeError(f"docker/airflow/Dockerfile has {len(found)} {word} lines, one was expected")
    return found[0]


def lock(line: str) -> pathlib.Path:
    """The packages of a line of Airflow, such as 3.1."""
    return DOCKER / f"requirements-{line}.lock"


def folder(line: str) -> pathlib.Path:
    """Where the image's environment of this line's lock is, or will be."""
    digest = hashlib.sha256(str(interpreter()).encode())
    for name in (lock(line).name, "install", "bin/schema"):
        digest.update((DOCKER / name).read_bytes())
    return CACHE / f"image-{digest.hexdigest()[:16]}"


def build(say, line: str) -> pathlib.Path:
    """Runs docker/airflow/install into the cache, once per lock; returns the folder that is /opt/airflow.

    In a mount namespace, so that the environment is made at the very path it has
    in the image, and nothing of this machine's /opt is touched.
    """
    python, target = interpreter(), folder(line)
    if (target / "migration-heads.json").exists():
        return target
    say(f"installing the image's packages of Airflow {line} with {python} into .cache (once per lock, a minute or two)")
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    script = (
        "mount -t tmpfs none /opt && mkdir -p /opt/airflow && "
        'mount --bind "$1" /opt/airflow && exec "$2" "$3" "$4"'
    )
    log = CACHE / "install.log"
    environment = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
    with open(log, "w") as out:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, "install", partial, DOCKER / "install", python, lock(line)],
            stdout=out, stderr=subprocess.STDOUT, env=environment,
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"docker/airflow/install failed, see {log}:\n{log.read_text()[-2000:]}")
    partial.rename(target)
    return target


class Images:
    def __init__(self, built: pathlib.Path, ca: pathlib.Path, etc: pathlib.Path):
        self.built, self.ca, self.etc = built, ca, etc
        self.python = interpreter()

    def _system(self) -> list[tuple[pathlib.Path, str]]:
        return [(pathlib.Path(shutil.which("tini-static")), INIT)]

    def of(self, repository: str) -> Image:
        """The image of a repository's last name part; agent is the only one that isn't Airflow."""
        return self.agent() if repository == "agent" else self.airflow()

    def agent(self) -> Image:
        etc = [(self.etc / "passwd", "/etc/passwd"), (self.ca, "/etc/ssl/certs/ca-certificates.crt")]
        etc += [(self.ca, "/etc/ssl/certs/rds-global-bundle.pem")]
        binds = self._system() + etc + [(AGENT, "/airflow-agent")]
        return Image(binds, {"PATH": "/"}, "/", "", [], {})

    def airflow(self) -> Image:
        packages = next((self.built / "venv" / "lib").glob("python3.*")) / "site-packages"
        inside = f"/opt/airflow/venv/lib/{packages.parent.name}/site-packages"
        binds = [(pathlib.Path("/usr"), "/usr"), *self._system()]
        binds += [(self.etc / name, f"/etc/{name}") for name in ("passwd", "group", "nsswitch.conf")]
        binds += [
            (pathlib.Path(f"/etc/{name}"), f"/etc/{name}")
            for name in ("ld.so.cache", "protocols", "services", "mime.types")
            if pathlib.Path(f"/etc/{name}").exists()
        ]
        binds += [
            (self.built / "venv", "/opt/airflow/venv"),
            (self.built / "migration-heads.json", "/opt/airflow/migration-heads.json"),
            (DOCKER / "bin", "/opt/airflow/bin"),
            (DOCKER / "config", "/opt/airflow/config"),
            (DOCKER / "python", "/opt/airflow/python"),
            # every bundle of certificate authorities in the image, replaced by ours
            (self.ca, "/opt/airflow/certs/rds-global-bundle.pem"),
            (self.ca, "/etc/ssl/certs/ca-certificates.crt"),
            (self.ca, f"{inside}/certifi/cacert.pem"),
            (self.ca, f"{inside}/botocore/cacert.pem"),
        ]  # fmt: skip
        prefix = self.python.parents[1]
        if not prefix.is_relative_to("/usr"):
            binds.append((prefix, str(prefix)))
        environment = dict(word.split("=", 1) for word in dockerfile_setting("ENV").split())
        return Image(
            binds=binds,
            environment=environment,
            working_directory=dockerfile_setting("WORKDIR"),
            user=dockerfile_setting("USER"),
            writable=[word.strip(' "') for word in dockerfile_setting("VOLUME").strip("[]").split(",")],
            links={"/bin": "usr/bin", "/lib": "usr/lib", "/lib64": "usr/lib64"},
        )
