"""An OpenID provider with a certificate, for the time of a test."""

import logging
import pathlib
import threading
import warnings

import requests
from werkzeug.serving import make_server

from rehearsal.certs import Authority

with warnings.catch_warnings(action="ignore"):  # of names that its library is to lose one day
    from oidc_provider_mock import app


class IdentityProvider:
    """url is its issuer; bundle the certificates to trust."""

    def __init__(self, folder: pathlib.Path):
        authority = Authority(folder)
        self.bundle = authority.bundle
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="authlib")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        pair = tuple(map(str, authority.server("idp", ["localhost"])))
        self._server = make_server("localhost", 0, app(), ssl_context=pair, threaded=True)
        self.url = f"https://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def person(self, sub: str, **claims) -> None:
        """Makes a person, or changes one: what the ID token will hold."""
        answer = requests.put(f"{self.url}/users/{sub}", json=claims, verify=self.bundle, timeout=10)
        answer.raise_for_status()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
