"""webserver_config.py: both login modes, and settings that must stop the api-server."""

import json
import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER

from .support import image_python

SCRIPT = """
import json, sys
from flask import Config
config = Config("/")
config.from_pyfile(sys.argv[1])
names = ("AUTH_TYPE", "AUTH_USER_REGISTRATION", "AUTH_USER_REGISTRATION_ROLE", "AUTH_ROLES_MAPPING")
found = {name: config.get(name) for name in names}
providers = config.get("OAUTH_PROVIDERS") or []
found["url"] = providers[0]["remote_app"]["server_metadata_url"] if providers else None
print("FOUND " + json.dumps(found))
"""
OIDC = {
    "AIRFLOW_LOGIN_MODE": "oidc",
    "AIRFLOW_OIDC_ISSUER": "https://idp.example/realm/",
    "AIRFLOW_OIDC_CLIENT_ID": "airflow",
    "AIRFLOW_OIDC_CLIENT_SECRET": "SECRETWORD",
    "AIRFLOW_OIDC_ROLE_MAPPING": '{"data": ["Op"]}',
}


def load(environment: dict) -> tuple[int, dict, str]:
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [image_python(), "-c", SCRIPT, DOCKER / "config" / "webserver_config.py"],
            env={"AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True,
        )  # fmt: skip
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND ")), "FOUND {}")
    return done.returncode, json.loads(line[6:]), done.stdout + done.stderr


class Login(unittest.TestCase):
    def test_password(self):
        code, found, said = load({})
        self.assertEqual((code, found.get("AUTH_TYPE")), (0, 1), said[-800:])  # AUTH_DB
        self.assertIsNone(found["url"])

    def test_oidc(self):
        code, found, said = load(OIDC)
        self.assertEqual(code, 0, said[-800:])
        self.assertEqual(found["AUTH_TYPE"], 4)  # AUTH_OAUTH
        self.assertEqual(found["AUTH_USER_REGISTRATION_ROLE"], "Public")
        self.assertEqual(found["AUTH_ROLES_MAPPING"], {"data": ["Op"]})
        self.assertEqual(found["url"], "https://idp.example/realm/.well-known/openid-configuration")

    def test_stops_and_names(self):
        cases = [({k: v for k, v in OIDC.items() if k != name}, name) for name in OIDC if name != "AIRFLOW_LOGIN_MODE"]
        cases += [
            ({**OIDC, "AIRFLOW_LOGIN_MODE": "ldap"}, "ldap"),
            ({**OIDC, "AIRFLOW_OIDC_ISSUER": "http://idp.example"}, "https://"),
            ({**OIDC, "AIRFLOW_OIDC_ROLE_MAPPING": "{"}, "AIRFLOW_OIDC_ROLE_MAPPING"),
            ({**OIDC, "AIRFLOW_OIDC_ROLE_MAPPING": '{"data": "Op"}'}, "list of role names"),
        ]
        for environment, expected in cases:
            with self.subTest(expected=expected):
                code, _, said = load(environment)
                self.assertEqual(code, 1, said[-400:])
                self.assertIn(expected, said)
                self.assertNotIn("SECRETWORD", said)
