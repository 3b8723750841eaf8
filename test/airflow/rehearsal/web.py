"""HTTP in front of things: the load balancer, the AWS endpoints, the task metadata address.

All three run in one event loop in a thread of the harness.
"""

from __future__ import annotations

import asyncio
import datetime
import fnmatch
import json
import re
import ssl
import threading
import time

import aiohttp
import yarl
from aiohttp import web

from .authenticate import HEADERS, Login

HOP_BY_HOP = {"expect", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization", "proxy-authenticate"}


class Loop:
    """An asyncio event loop in a thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def call(self, coroutine, seconds: float = 30):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    async def serve(self, handler, address: str, port: int, context: ssl.SSLContext | None = None) -> None:
        runner = web.ServerRunner(web.Server(handler))
        await runner.setup()
        await web.TCPSite(runner, address, port, ssl_context=context).start()


def tls(certificate, key) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def forward(session, request, origin: str, headers: dict) -> web.StreamResponse:
    """Passes a request on and streams the answer back, untouched."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await request.read()
    url = yarl.URL(origin + request.raw_path, encoded=True)
    async with session.request(
        request.method, url, data=body if body else None, headers=headers, allow_redirects=False, auto_decompress=False
    ) as answer:
        kept = [(k, v) for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP]
        response = web.StreamResponse(status=answer.status)
        for name, value in kept:
            response.headers.add(name, value)
        await response.prepare(request)
        if request.method != "HEAD":
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
        await response.write_eof()
        return response


class TargetGroup:
    def __init__(self, raw: dict):
        check = raw.get("healthCheck") or {}
        self.arn = raw.get("arn") or raw["_id"]
        self.path = check.get("path") or "/"
        self.matcher = str(check.get("matcher") or "200")
        self.interval = float(check.get("interval") or 30)
        self.timeout = float(check.get("timeout") or 5)
        self.rise = int(check.get("healthyThreshold") or 5)
        self.fall = int(check.get("unhealthyThreshold") or 2)
        self.targets: dict[tuple[str, int], int] = {}  # streak: positive healthy checks, negative failed ones
        self.healthy: set[tuple[str, int]] = set()
        self.turn = 0

    def accepts(self, status: int) -> bool:
        for part in self.matcher.split(","):
            low, _, high = part.partition("-")
            if int(low) <= status <= int(high or low):
                return True
        return False

    def pick(self) -> tuple[str, int] | None:
        """Round robin over the healthy targets; over all when none is (an ALB fails open)."""
        among = sorted(self.healthy & set(self.targets)) or sorted(self.targets)
        self.turn += 1
        return among[self.turn % len(among)] if among else None


class LoadBalancer:
    """The listeners of the state's ALB, with their rules and target groups."""

    def __init__(self, state, loop: Loop, address: str, context: ssl.SSLContext):
        self.loop, self.address = loop, address
        self.groups = {g.arn: g for g in map(TargetGroup, state.of("aws:lb/targetGroup:TargetGroup"))}
        self.rules: dict[str, list[dict]] = {}
        for rule in state.of("aws:lb/listenerRule:ListenerRule"):
            self.rules.setdefault(rule["listenerArn"], []).append(rule)
        self.listeners = state.of("aws:lb/listener:Listener")
        self.logins: dict[str, Login] = {}  # by the client's id
        loop.call(self._start(context))

    async def _start(self, context) -> None:
        # A dead target must fail the request quickly; a slow answer may take a minute, as at an ALB.
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60, connect=5), connector=aiohttp.TCPConnector(limit=200))
        for listener in self.listeners:
            secure = listener.get("protocol") == "HTTPS"
            port = int(listener["port"])
            await self.loop.serve(self._handler(listener, port, secure), self.address, port, context if secure else None)
        for group in self.groups.values():
            asyncio.ensure_future(self._watch(group))

    def register(self, arn: str, target: tuple[str, int]) -> None:
        self.groups[arn].targets.setdefault(target, 0)

    def deregister(self, arn: str, target: tuple[str, int]) -> None:
        self.groups[arn].targets.pop(target, None)
        self.groups[arn].healthy.discard(target)

    async def _watch(self, group: TargetGroup) -> None:
        while True:
            for target in list(group.targets):
                status = 0
                try:
                    url = f"http://{target[0]}:{target[1]}{group.path}"
                    async with self.session.get(url, timeout=aiohttp.ClientTimeout(total=group.timeout), allow_redirects=False) as answer:
                        status = answer.status
                except (aiohttp.ClientError, asyncio.TimeoutError):
                    pass
                if target not in group.targets:
                    continue
                streak = group.targets[target]
                group.targets[target] = max(streak, 0) + 1 if group.accepts(status) else min(streak, 0) - 1
                # A new target needs one success only ("initial" health checks of an ALB).
                if group.targets[target] >= (group.rise if streak < 0 else 1):
                    group.healthy.add(target)
                elif group.targets[target] <= -group.fall:
                    group.healthy.discard(target)
            await asyncio.sleep(group.interval)

    def _actions(self, listener: dict, request) -> list[dict]:
        rules = self.rules.get(listener.get("arn") or listener["_id"], [])
        for rule in sorted(rules, key=lambda r: int(r["priority"])):
            if all(_matches(condition, request) for condition in rule["conditions"]):
                return _in_order(rule["actions"])
        return _in_order(listener["defaultActions"])

    def ask_for_logins(self, bundle: str) -> None:
        """Does from now on what listeners say of it: an identity provider is there, whose certificate is by one of the bundle's authorities."""
        settings = [action["authenticateOidc"] for listener in self.listeners for action in listener["defaultActions"] if action["type"] == "authenticate-oidc"]
        self.logins = {s["clientId"]: Login(s, bundle) for s in settings}

    def _handler(self, listener: dict, port: int, secure: bool):
        async def handle(request: web.BaseRequest):
            *before, action = self._actions(listener, request)
            who: dict[str, str] = {}
            for login in before if self.logins else ():
                answer = await self.logins[login["authenticateOidc"]["clientId"]](self.session, request)
                if isinstance(answer, web.Response):
                    return answer
                who = answer
            host = request.headers.get("Host", "")
            if action["type"] == "redirect":
                to = action["redirect"]
                target = f"{to.get('protocol', 'HTTPS').lower()}://{host.split(':')[0]}:{to.get('port', '443')}{request.path_qs}"
                return web.Response(status=int(to.get("statusCode", "HTTP_301").split("_")[-1]), headers={"Location": target})
            if action["type"] == "fixed-response":
                fixed = action["fixedResponse"]
                return web.Response(status=int(fixed.get("statusCode", 503)), text=fixed.get("messageBody") or "")
            target = self.groups[_group(action)].pick()
            if target is None:
                return web.Response(status=503, text="no target registered")
            headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP | {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"}}
            if who:
                headers = {k: v for k, v in headers.items() if not k.lower().startswith(HEADERS)}
            headers |= who | {"X-Forwarded-For": request.remote or "", "X-Forwarded-Proto": "https" if secure else "http", "X-Forwarded-Port": str(port)}  # fmt: skip
            try:
                return await forward(self.session, request, f"http://{target[0]}:{target[1]}", headers)
            except asyncio.TimeoutError:
                return web.Response(status=504, text="target did not answer")
            except aiohttp.ClientError as fault:
                return web.Response(status=502, text=str(fault))

        return handle


def _in_order(actions: list[dict]) -> list[dict]:
    """Logins first, then what is done."""
    return sorted(actions, key=lambda action: int(action.get("order") or 1))


def _group(action: dict) -> str:
    return action.get("targetGroupArn") or action["forward"]["targetGroups"][0]["arn"]


def _matches(condition: dict, request) -> bool:
    if (paths := condition.get("pathPattern")) is not None:
        return any(fnmatch.fnmatchcase(request.path, p) for p in paths["values"])
    if (hosts := condition.get("hostHeader")) is not None:
        return any(fnmatch.fnmatch(request.headers.get("Host", "").split(":")[0], h) for h in hosts["values"])
    raise ValueError(f"listener rule with a condition that the rehearsal does not know: {condition}")


class Front:
    """The AWS endpoints: TLS under their real names, moto behind; every call noted with its identity.

    Secrets Manager gives a role what the state's policies let it read, as moto would not.
    """

    def __init__(self, loop: Loop, address: str, context: ssl.SSLContext, port: int, state):
        self.port, self.calls, self.down, self.state = port, [], False, state
        self.roles = {access_key(s.definition.role_arn): s.definition.role_arn for s in state.services.values()}
        loop.call(self._start(loop, address, context))

    async def _start(self, loop, address, context) -> None:
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))
        await loop.serve(self._handle, address, 443, context)

    async def _handle(self, request: web.BaseRequest):
        credential = re.search(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/", request.headers.get("Authorization", ""))
        key, service = (credential.group(1), credential.group(3)) if credential else ("anonymous", "?")
        self.calls.append((time.time(), key, service, request.method, request.headers.get("Host", "") + request.path_qs))
        if self.down:
            return web.Response(status=503, text="<Error><Code>SlowDown</Code></Error>")
        if service == "secretsmanager":
            action, name = request.headers["X-Amz-Target"].split(".")[1], json.loads(await request.read())["SecretId"]
            if not self.state.may_read_secret(self.roles.get(key, ""), f"secretsmanager:{action}", name):
                answer = {"__type": "AccessDeniedException", "Message": f"{key} is not authorized to perform: secretsmanager:{action} on resource: {name}"}
                return web.json_response(answer, status=400, content_type="application/x-amz-json-1.1")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        return await forward(self.session, request, f"http://127.0.0.1:{self.port}", headers)


class Metadata:
    """169.254.170.2: credentials, task metadata, task protection."""

    def __init__(self, loop: Loop, address: str):
        self.tasks: dict[str, object] = {}  # identity -> Task
        self.protection: dict[str, dict] = {}
        self.protection_log: list[tuple[float, str, bool]] = []
        loop.call(loop.serve(self._handle, address, 80))

    async def _handle(self, request: web.BaseRequest):
        kind, _, rest = request.path.lstrip("/").partition("/")
        identity = rest.split("/")[1] if rest.startswith("credentials/") else rest.split("/")[0]
        task = self.tasks.get(identity)
        if task is None:
            return web.json_response({"error": f"no task {identity}"}, status=404)
        role = task.service.definition.role_arn
        if kind == "v2":
            end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
            return web.json_response(
                {
                    "RoleArn": role, "AccessKeyId": access_key(role), "SecretAccessKey": "rehearsal",
                    "Token": "rehearsal", "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
            )  # fmt: skip
        arn = f"arn:aws:ecs:us-east-1:123456789012:task/rehearsal/{identity}"
        if kind == "api" and request.path.endswith("/task-protection/v1/state"):
            if request.method == "PUT":
                wanted = await request.json()
                self.protection[identity] = wanted
                self.protection_log.append((time.time(), task.label, bool(wanted.get("ProtectionEnabled"))))
            now = self.protection.get(identity) or {"ProtectionEnabled": False}
            return web.json_response({"protection": {"TaskArn": arn, **now}})
        return web.json_response({"TaskARN": arn, "Family": task.service.definition.family, "Cluster": "rehearsal", "Containers": []})


def access_key(role_arn: str) -> str:
    """A key id that tells the role apart in the record of calls."""
    return "ROLE" + re.sub(r"[^A-Za-z0-9]", "", role_arn.rsplit("/", 1)[-1])[-60:] if role_arn else "ANONYMOUS"
