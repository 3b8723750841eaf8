"""Shows mistakes in the stacks' resources to the real and to the simulated provider."""

import os
import pathlib
import subprocess

from . import journey, tools

RULES = tools.ROOT / "internal" / "simcloud" / "learned" / "rules.json"
# The provider only checks and plans; nobody answers here, and nobody is asked.
NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "harness", "AWS_SECRET_ACCESS_KEY": "harness",
    "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


def run(output: pathlib.Path, learn: bool) -> bool:
    """Prints what differs; returns whether the simulation refuses all that the provider refuses."""
    tools.prepare()
    programs = tools.CACHE / "bin"
    tools.go_build("./test/provider/refusals", programs / "refusals")
    tools.go_build("./internal/simcloud/cmd/pulumi-resource-aws", programs / "simulated")
    clean = True
    for name in ("dev", "prod", journey.BOOTSTRAP):
        (output / name).mkdir()
        state = journey.made(name, output / name).parent / "state.json"
        command = [str(programs / "refusals"), "-state", str(state), "-real", str(tools.CACHE / "plugins" / "pulumi-resource-aws")]
        command += ["-simulated", str(programs / "simulated"), *(["-learn", str(RULES)] if learn else [])]
        done = subprocess.run(command, env={**os.environ, **NOWHERE}, capture_output=True, text=True, timeout=1800)
        (output / f"{name}.txt").write_text(done.stdout, encoding="utf-8")
        if done.returncode:
            raise RuntimeError(f"refusals: {done.stderr}")
        lines = done.stdout.splitlines()
        gaps = [line for line in lines if line.startswith("GAP ")]
        clean = clean and (learn or not gaps)
        print("\n".join([*gaps[:40], *(line for line in lines if line.startswith(("CRASH", "NOT")))]))
        print(f"{name}: {lines[-1]}")
    print(f"all differences: {output.relative_to(tools.ROOT)}")
    return clean
