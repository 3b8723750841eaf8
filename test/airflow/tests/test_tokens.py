"""Tokens over a rotation of the key that they are signed with, by each line's own Airflow."""

import base64
import json
import pathlib
import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER

from .support import image_python
from .test_entrypoint import WHOLE

KID = "AIRFLOW__API_AUTH__JWT_KID"

SIGN = """
import os
from airflow.api_fastapi.auth.tokens import JWTGenerator, get_signing_args
print("TOKEN", JWTGenerator(valid_for=600, audience="urn:airflow.apache.org:task", issuer=None, **get_signing_args(make_secret_key_if_needed=False)).generate({"sub": "a task"}))
"""
CHECK = """
import sys
from airflow.api_fastapi.auth.tokens import JWTValidator, get_sig_validation_args
validator = JWTValidator(required_claims=frozenset({"exp", "iat"}), audience="urn:airflow.apache.org:task", issuer=None, **get_sig_validation_args(make_secret_key_if_needed=False))
for token in sys.stdin.read().split():
    try:
        print("TAKEN", validator.validated_claims(token)["sub"])
    except Exception as fault:
        print("REFUSED", type(fault).__name__)
"""


def secret(generation: int) -> str:
    return f"{generation}-secret-of-a-test" * 8


def key_set(*generations: int) -> str:
    """As components.keySet makes it: each generation, and what Airflow calls a key without name, which is the middle one."""
    kids = [*((str(g), g) for g in generations), ("not-used", generations[1])]
    return json.dumps({"keys": [{"kty": "oct", "alg": "HS512", "kid": kid, "k": base64.urlsafe_b64encode(secret(g).encode()).decode().rstrip("=")} for kid, g in kids]})


class Tokens(unittest.TestCase):
    LINE = "3.1"

    def setUp(self):
        self.python = image_python(self.LINE)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        (self.home / "airflow").write_text(f'#!/bin/sh\nexec {self.python} -c "$SCRIPT"\n')
        (self.home / "airflow").chmod(0o755)

    def run_as(self, command: str, script: str, environment: dict, said: str = "") -> list[str]:
        """A script in the place of airflow behind the image's entrypoint."""
        environment = {
            **{name: value for name, value in WHOLE.items() if name != KID}, "AIRFLOW_HOME": str(self.home), "HOME": str(self.home), "SCRIPT": script,
            "PATH": f"{self.home}:{pathlib.Path(self.python).parent}:/usr/bin:/bin", "AIRFLOW__API_AUTH__JWT_ALGORITHM": "HS512", **environment,
        }  # fmt: skip
        done = subprocess.run([DOCKER / "bin" / "entrypoint", command], env=environment, input=said, capture_output=True, text=True, timeout=300)
        found = [line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("TOKEN", "TAKEN", "REFUSED"))]
        self.assertTrue(found, done.stdout + done.stderr)
        return [word if kind == "TOKEN" else f"{kind} {word}" for kind, word in found]

    def token(self, generation: int, kid: str) -> str:
        named = {KID: kid} if kid else {}
        (token,) = self.run_as("scheduler", SIGN, {"AIRFLOW__API_AUTH__JWT_SECRET": secret(generation), **named})
        return token

    def test_over_a_rotation(self):
        """The api-servers before and after trust what the schedulers before and after sign."""
        tokens = {"before": self.token(2, "2"), "after": self.token(3, "3"), "no name": self.token(2, "")}
        head, claims, signature = tokens["before"].split(".")
        tokens["forged"] = ".".join([head, claims, signature[::-1]])
        answers = {
            keys: self.run_as("api-server", CHECK, {KID: keys_of[1], "AIRFLOW_JWT_KEYS": keys}, " ".join(tokens.values()))
            for keys_of in (("1", "2", "3"), ("2", "3", "4"), ("3", "4", "5")) for keys in [key_set(*map(int, keys_of))]
        }  # fmt: skip
        self.assertEqual([[answer.split()[0] for answer in found] for found in answers.values()], [
            ["TAKEN", "TAKEN", "TAKEN", "REFUSED"],  # the api-server before the rotation
            ["TAKEN", "TAKEN", "REFUSED", "REFUSED"],  # after it
            ["REFUSED", "TAKEN", "REFUSED", "REFUSED"],  # after the next
        ])  # fmt: skip
        file = self.home / "jwt-keys.json"
        self.assertEqual((oct(file.stat().st_mode & 0o777), file.read_text()), ("0o600", key_set(3, 4, 5)))


class TokensOf33(Tokens):
    LINE = "3.3"


if __name__ == "__main__":
    unittest.main()
