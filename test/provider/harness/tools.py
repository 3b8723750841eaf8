"""Finds and builds what a run needs, and says what is missing."""

import fcntl
import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "e2e-aws"
REQUIREMENTS = ROOT / "test" / "provider" / "requirements"
OFFICIAL = "resource-aws-v6.83.2"


class Missing(Exception):
    """A tool that this machine lacks: the run is skipped, and this is said."""


def environment(name: str) -> pathlib.Path:
    """The Python of a virtual environment with requirements/<name>.lock, made once per lock."""
    lock = REQUIREMENTS / f"{name}.lock"
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    home = CACHE / f"{name}-{digest}"
    python = home / "bin" / "python"
    if (home / "complete").exists():
        return python
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.making", "w") as making:
        fcntl.flock(making, fcntl.LOCK_EX)  # tests of several packages ask for it at once; it goes with the process
        if not (home / "complete").exists():
            install(lock, home, python)
    return python


def install(lock: pathlib.Path, home: pathlib.Path, python: pathlib.Path) -> None:
    print(f"e2e-aws: installing the packages of {lock.name} into .cache (once)", flush=True)
    venv.create(home, with_pip=True, clear=True)
    command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", lock]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"the packages of test/provider/requirements/{lock.name} can't be installed: {done.stderr.strip().splitlines()[-1:]}")
    (home / "complete").touch()


def go_build(package: str, target: pathlib.Path, folder: pathlib.Path = ROOT) -> None:
    """Builds a Go program; Go's cache makes a second build cheap."""
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["go", "build", "-trimpath", "-o", str(target), package], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"go build {package}: {done.stderr}")


def bridge() -> pathlib.Path | None:
    """The folder of awsbridge, which drives the Terraform AWS provider for Pulumi: AWSBRIDGE, or shared/ beside the project."""
    given = os.environ.get("AWSBRIDGE")
    for folder in [pathlib.Path(given)] if given else [ROOT.parent / "shared" / "awsbridge"]:
        if (folder / "build.sh").exists():
            return folder
    return None


def terraform_plugin() -> pathlib.Path | None:
    """The Terraform AWS provider, where awsbridge looks for it."""
    if given := os.environ.get("AWSBRIDGE_TF_PLUGIN"):
        return pathlib.Path(given)
    folders = [pathlib.Path.home() / ".terraform.d", *pathlib.Path("/").glob("*/tf-plugins")]
    if cache := os.environ.get("TF_PLUGIN_CACHE_DIR"):
        folders.insert(0, pathlib.Path(cache))
    for folder in folders:
        if folder.is_dir():
            found = sorted(folder.rglob("terraform-provider-aws_v5*"))
            if found:
                return found[-1]
    return None


def official() -> pathlib.Path | None:
    """The folder of the official plugin, where somebody installed it."""
    home = pathlib.Path(os.environ.get("PULUMI_HOME", pathlib.Path.home() / ".pulumi"))
    folder = home / "plugins" / OFFICIAL
    return folder if (folder / "pulumi-resource-aws").exists() else None


def provider(plugins: pathlib.Path) -> str:
    """Puts the real AWS provider into plugins; returns how it is called in reports."""
    if source := bridge():
        if plugin := terraform_plugin():
            subprocess.run([str(source / "build.sh"), str(plugins)], check=True, capture_output=True)
            return f"awsbridge over {plugin.name}"
        raise Missing("no Terraform AWS provider 5.x for awsbridge (AWSBRIDGE_TF_PLUGIN names the binary)")
    if folder := official():
        shutil.copy2(folder / "pulumi-resource-aws", plugins / "pulumi-resource-aws")
        return f"the official plugin {OFFICIAL}"
    raise Missing(f"no real AWS provider: neither awsbridge (AWSBRIDGE names its folder) nor the plugin {OFFICIAL}")


def prepare() -> tuple[dict[str, str], str]:
    """What Pulumi needs in its environment to find the plugins, and the provider's name; raises Missing."""
    if platform.system() != "Linux":
        raise Missing(f"it runs on Linux, and this is {platform.system()}")
    if not shutil.which("go"):
        raise Missing("no Go toolchain")
    path = f"{ROOT / 'bin'}:{os.environ['PATH']}"
    for program in ("pulumi", "pulumi-language-go"):
        if not shutil.which(program, path=path):
            raise Missing(f"no {program} in bin or on PATH: make tools")
    plugins = CACHE / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    called = provider(plugins)
    linker = ROOT / "bin" / ".link"
    linker.mkdir(parents=True, exist_ok=True)
    for name in ("awsx", "random"):  # the project's own stand-ins
        go_build(f"./internal/simcloud/cmd/pulumi-resource-{name}", plugins / f"pulumi-resource-{name}")
    return {
        "PATH": f"{plugins}:{path}",
        # Beside the program, as in scripts/pulumi: several runs may link it at once.
        "GOTMPDIR": str(linker),
    }, called


PROGRAMS = (".", "./bootstrap")


def program_sources(programs: tuple[str, ...] = PROGRAMS) -> list[pathlib.Path]:
    """The files of this module that make up the program and the bootstrap program, their settings, and the versions of all else."""
    listed = subprocess.run(
        ["go", "list", "-deps", "-f", "{{$d := .Dir}}{{with .Module}}{{if .Main}}{{range $.GoFiles}}{{$d}}/{{.}}\n{{end}}{{range $.EmbedFiles}}{{$d}}/{{.}}\n{{end}}{{end}}{{end}}", *programs],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        raise RuntimeError(f"go list: {listed.stderr}")
    settings = [*ROOT.glob("Pulumi*.yaml"), *(ROOT / "bootstrap").glob("*.yaml"), ROOT / "go.mod", ROOT / "go.sum"]
    return sorted({*map(pathlib.Path, listed.stdout.split()), *settings})


def program_digest(programs: tuple[str, ...] = PROGRAMS) -> str:
    """Names the programs and their settings as they stand: a record of other ones is out of date."""
    digest = hashlib.sha256()
    for path in program_sources(programs):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()
