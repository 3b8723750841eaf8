"""What a load balancer does before it forwards, where a listener says authenticate-oidc.

After "Authenticate users using an Application Load Balancer" of ELB's user guide.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import time
import urllib.parse

import aiohttp
from aiohttp import web

COOKIE = "AWSELBAuthSessionCookie-0"
BACK = "/oauth2/idpresponse"
HEADERS = "x-amzn-oidc-"


class Login:
    """The action of one listener: its settings and who is logged in."""

    def __init__(self, settings: dict, bundle: str):
        if settings["onUnauthenticatedRequest"] != "authenticate":
            raise ValueError(f"onUnauthenticatedRequest {settings['onUnauthenticatedRequest']!r} is not known to the rehearsal")
        self.settings, self.context = settings, ssl.create_default_context(cafile=bundle)
        self.sent: dict[str, str] = {}  # state -> the address that was asked for
        self.inside: dict[str, tuple[float, dict]] = {}  # cookie -> end of the session, headers for the target

    async def __call__(self, session: aiohttp.ClientSession, request: web.BaseRequest) -> web.Response | dict:
        """The answer in place of the target's, or the headers that tell the target who it is."""
        here = f"https://{request.headers.get('Host', '')}"
        if request.path == BACK:
            return await self._back(session, request, here + BACK)
        end, who = self.inside.get(request.cookies.get(COOKIE, ""), (0, {}))
        if end > time.time():
            return who
        state = secrets.token_urlsafe()
        self.sent[state] = here + request.path_qs
        query = {"client_id": self.settings["clientId"], "redirect_uri": here + BACK, "response_type": "code", "scope": self.settings["scope"], "state": state}
        return web.Response(status=302, headers={"Location": f"{self.settings['authorizationEndpoint']}?{urllib.parse.urlencode(query)}"})

    async def _back(self, session: aiohttp.ClientSession, request: web.BaseRequest, here: str) -> web.Response:
        wanted = self.sent.pop(request.query.get("state", ""), None)
        if wanted is None or "code" not in request.query:
            return web.Response(status=401, text="401 Authorization Required")
        form = {
            "grant_type": "authorization_code", "code": request.query["code"], "redirect_uri": here,
            "client_id": self.settings["clientId"], "client_secret": self.settings["clientSecret"],
        }  # fmt: skip
        try:
            async with session.post(self.settings["tokenEndpoint"], data=form, ssl=self.context, raise_for_status=True) as answer:
                token = (await answer.json())["access_token"]
            async with session.get(self.settings["userInfoEndpoint"], headers={"Authorization": f"Bearer {token}"}, ssl=self.context, raise_for_status=True) as answer:
                claims = await answer.json()
        except aiohttp.ClientError as fault:
            return web.Response(status=561, text=f"561 Unauthorized: {fault}")
        cookie = secrets.token_urlsafe()
        data = base64.b64encode(json.dumps(claims).encode()).decode()  # an ALB signs it
        who = {f"{HEADERS}identity": claims["sub"], f"{HEADERS}accesstoken": token, f"{HEADERS}data": data}
        self.inside[cookie] = (time.time() + int(self.settings["sessionTimeout"]), who)
        response = web.Response(status=302, headers={"Location": wanted})
        response.set_cookie(COOKIE, cookie, secure=True, httponly=True, path="/")
        return response
