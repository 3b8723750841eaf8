"""webserver_config.py: both login modes, and settings that must stop the api-server."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from rehearsal.image import DOCKER

from .identity_provider import IdentityProvider
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


def load(environment: dict, line: str) -> tuple[int, dict, str]:
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [image_python(line), "-c", SCRIPT, DOCKER / "config" / "webserver_config.py"],
            env={"AIRFLOW_HOME": home, "HOME": home, "PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True,
        )  # fmt: skip
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND ")), "FOUND {}")
    return done.returncode, json.loads(line[6:]), done.stdout + done.stderr


class Login(unittest.TestCase):
    LINE = "3.1"

    def test_password(self):
        code, found, said = load({}, self.LINE)
        self.assertEqual((code, found.get("AUTH_TYPE")), (0, 1), said[-800:])  # AUTH_DB
        self.assertIsNone(found["url"])

    def test_oidc(self):
        code, found, said = load(OIDC, self.LINE)
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
                code, _, said = load(environment, self.LINE)
                self.assertEqual(code, 1, said[-400:])
                self.assertIn(expected, said)
                self.assertNotIn("SECRETWORD", said)


class LoginOf33(Login):
    LINE = "3.3"


class People(unittest.TestCase):
    """Logins at a real OpenID provider, in FAB's own pages, with a real database."""

    LINE = "3.1"

    @classmethod
    def setUpClass(cls):
        python = image_python(cls.LINE)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        home = pathlib.Path(folder.name)
        cls.provider = IdentityProvider(home / "certs")
        cls.addClassCleanup(cls.provider.close)
        cls.environment = {
            "AIRFLOW_HOME": str(home), "HOME": str(home), "PATH": "/usr/bin:/bin",
            "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__FAB__CONFIG_FILE": str(DOCKER / "config" / "webserver_config.py"),
            "AIRFLOW__API__SECRET_KEY": "k" * 64,
            "REQUESTS_CA_BUNDLE": str(cls.provider.bundle), "SSL_CERT_FILE": str(cls.provider.bundle),
            **OIDC, "AIRFLOW_OIDC_ISSUER": cls.provider.url,
        }  # fmt: skip
        cls.python = python
        subprocess.run([python, "-m", "airflow", "db", "migrate"], env=cls.environment, check=True, capture_output=True)

    def after(self, *steps: dict) -> tuple[list, str]:
        """Takes the steps, beginning without users; returns what each led to, and the log."""
        done = subprocess.run(
            [self.python, pathlib.Path(__file__).with_name("login_app.py")], input=json.dumps([EMPTY, *steps]), text=True,
            capture_output=True, env=self.environment,
        )  # fmt: skip
        said = done.stdout + done.stderr
        line = next((line for line in done.stdout.splitlines() if line.startswith("RESULTS ")), None)
        self.assertIsNotNone(line, said[-3000:])
        self.assertNotIn("SECRETWORD", said)
        return json.loads(line[8:]), said

    def test_a_person_with_a_password_is_the_same_user(self):
        self.provider.person("9f1c", email="Alice@corp.example", given_name="Alice", groups=["data"])
        (*_, got), log = self.after(ALICE, {"sub": "9f1c"}, {"sub": "9f1c"})
        alice = {"user": "9f1c", "email": "Alice@corp.example", "name": "Alice", "roles": ["Op", "Public"], "password": False}
        self.assertEqual((got["said"], got["users"]), ("in", [alice]))
        self.assertIn("user alice is the person with the sub 9f1c", log)

    def test_a_person_with_a_new_sub_is_the_same_user(self):
        for sub in ("old-sub", "new-sub"):
            self.provider.person(sub, email="bob@corp.example", given_name="Bob", groups=["data"], email_verified=True)
        (*_, got), _ = self.after({"sub": "old-sub"}, {"sub": "new-sub"})
        self.assertEqual((got["said"], [user["user"] for user in got["users"]]), ("in", ["new-sub"]))

    def test_an_address_that_another_user_has_stays_theirs(self):
        self.provider.person("first", email="own@corp.example", groups=["data"])
        there = [{"user": name, "email": f"{address}@corp.example", "password": "x"} for name, address in (("first", "team"), ("second", "own"))]
        (*_, got), _ = self.after(*there, {"sub": "first"})
        self.assertEqual([user["email"] for user in got["users"]], ["team@corp.example", "own@corp.example"])
        self.assertEqual(got["said"], "in")

    def test_who_is_not_let_in_and_what_is_said(self):
        taken = "A user of Airflow has the address alice@corp.example already, and the identity provider doesn't vouch for it"
        cases = {
            "missing": ({"email": "a@corp.example"}, "", "sent no claim groups, which would hold your groups. It sent: at_hash, aud,"),
            "no group": ({"groups": []}, "", "None of your groups has a role in Airflow (login.roles). Your groups are: none."),
            "other groups": ({"groups": ["b", "a"]}, "", "Your groups are: a, b."),
            "overage": ({"_claim_names": {"groups": "src1"}}, "", "left out your groups (claim groups), since they are too many"),
            "no path": ({"realm_access": {}}, "realm_access.roles", "sent no claim realm_access.roles"),
            "path through text": ({"realm_access": "x"}, "realm_access.roles", "sent no claim realm_access.roles"),
            "an object": ({"groups": {"data": True}}, "", "The claim groups of the identity provider holds dict, not names of groups."),
            "numbers": ({"groups": ["data", 7]}, "", "holds list, not names of groups"),
            "unverified": ({"email": "alice@corp.example", "email_verified": False, "groups": ["data"]}, "", taken),
        }
        steps = []
        for name, (claims, claim, _) in cases.items():
            self.provider.person(name, **claims)
            steps += [EMPTY, ALICE, {"sub": name, "claim": claim}]
        results, log = self.after(*steps)
        for (name, (_, _, expected)), got in zip(cases.items(), results[3::3], strict=True):
            with self.subTest(name):
                self.assertIn(expected, got["said"])
                self.assertIn(f"login of sub {name} refused", log)
                self.assertEqual([(user["user"], user["password"]) for user in got["users"]], [("alice", True)])

    def test_who_was_put_out_stays_out(self):
        self.provider.person("9f1d", email="alice@corp.example", groups=["data"])
        (*_, got), _ = self.after({**ALICE, "inactive": True}, {"sub": "9f1d"})
        self.assertIn("Invalid login", got["said"])

    def test_claims(self):
        cases = {
            "a path": ({"realm_access": {"roles": ["data", "x"]}}, "realm_access.roles"),
            "a name with dots": ({"https://corp.example/groups": ["data"]}, "https://corp.example/groups"),
            "one group": ({"groups": "data"}, "groups"),
        }
        for name, (claims, claim) in cases.items():
            self.provider.person(name, email=f"{len(claim)}@corp.example", **claims)
        results, _ = self.after(*({"sub": name, "claim": claim} for name, (_, claim) in cases.items()))
        for name, got in zip(cases, results[1:], strict=True):
            with self.subTest(name):
                self.assertEqual((got["said"], got["users"][-1]["user"], got["users"][-1]["roles"]), ("in", name, ["Op", "Public"]))


class PeopleOf33(People):
    LINE = "3.3"


EMPTY = {"empty": True}
ALICE = {"user": "alice", "email": "alice@corp.example", "password": "FormerPassword"}
