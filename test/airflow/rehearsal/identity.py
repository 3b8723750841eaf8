"""An OpenID provider in a network beyond the VPC: a process of its own, which knows one client.

    python -m rehearsal.identity SETTINGS     what Provider starts
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
import warnings

import requests

CLIENT_SECRET = "simulated-secret"  # what a stack's secrets are on the simulated cloud


class Provider:
    """Answers at https://host, at the address, with the people that it is given: their sub, and their claims."""

    def __init__(self, world, host: str, address: str, client: str, redirect_uri: str, people: dict[str, dict]):
        place = world.vpc.join("idp", [address])
        world.vpc.reach(address)  # people and the load balancer do
        world.vpc.name(address, host)
        certificate, key = world.authority.server("idp", [host])
        settings = {"address": address, "certificate": str(certificate), "key": str(key), "client": client, "redirect_uri": redirect_uri, "people": people}
        self.url, self.log = f"https://{host}", world.folder / "idp.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net={place.path}", sys.executable, "-m", "rehearsal.identity", json.dumps(settings)],
                cwd=pathlib.Path(__file__).parents[1], stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        world.wait(lambda: self._answers(world.authority.bundle), 20, f"the identity provider answers at {address} ({self.log})")

    def _answers(self, bundle: pathlib.Path) -> bool:
        try:
            return requests.get(f"{self.url}/.well-known/openid-configuration", verify=bundle, timeout=2).json()["issuer"] == self.url
        except requests.ConnectionError:
            time.sleep(0.2)
            return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def main() -> None:
    with warnings.catch_warnings(action="ignore"):  # of names that its library is to lose one day
        from oidc_provider_mock import app
        from oidc_provider_mock._storage import Client, ClientAllowAny, User, storage
        from werkzeug.serving import make_server
    settings = json.loads(sys.argv[1])
    provider = app(require_client_registration=True)

    @provider.before_request  # its library registers clients by a request, under a name of its own choice
    def known() -> None:
        if storage.get_client(settings["client"]):
            return
        storage.store_client(
            Client(
                id=settings["client"], secret=CLIENT_SECRET, redirect_uris=[settings["redirect_uri"]],
                allowed_scopes=Client.SCOPES_SUPPORTED, token_endpoint_auth_method=ClientAllowAny(),
            )
        )  # fmt: skip
        for sub, claims in settings["people"].items():
            storage.store_user(User(sub=sub, claims=claims))

    make_server(settings["address"], 443, provider, ssl_context=(settings["certificate"], settings["key"]), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
