"""Airflow's public API over the load balancer, as a user's script would call it."""

from __future__ import annotations

import http.cookiejar
import json
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

ENDED = ("success", "failed")
ANSWER = 30  # seconds that an answer may take


class ApiError(Exception):
    def __init__(self, method: str, path: str, status: int, body: str):
        super().__init__(f"{method} {path} answered {status}: {body[:300]}")
        self.status, self.body = status, body


class Api:
    def __init__(self, base: str, bundle, user: str, password: str):
        self.base, self.user, self.password = base.rstrip("/"), user, password
        self.context = ssl.create_default_context(cafile=str(bundle))
        self.token = ""
        self.login_before: dict[str, str] = {}  # the cookie of the load balancer's, where it has one

    def request(self, method: str, path: str, body=None, headers: dict | None = None, seconds: float = ANSWER) -> tuple[int, bytes]:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data=data, method=method, headers={"Content-Type": "application/json", **self.login_before, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=self.context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as fault:
            return fault.code, fault.read()
        except (OSError, ssl.SSLError) as fault:
            return 0, str(fault).encode()

    def login(self) -> None:
        status, body = self.request("POST", "/auth/token", {"username": self.user, "password": self.password})
        if status not in (200, 201):
            raise ApiError("POST", "/auth/token", status, body.decode(errors="replace"))
        self.token = json.loads(body)["access_token"]

    def call(self, method: str, path: str, body=None, accept: str = "application/json"):
        """Calls /api/v2; raises ApiError on anything but 2xx. Logs in when the token has gone stale."""
        if not self.token:
            self.login()
        for attempt in (1, 2):
            headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
            status, answer = self.request(method, "/api/v2" + path, body, headers)
            if status == 401 and attempt == 1:
                self.login()
                continue
            break
        text = answer.decode(errors="replace")
        if not 200 <= status < 300:
            raise ApiError(method, path, status, text)
        return json.loads(text) if text and accept == "application/json" else text

    def form_login(self, jar: http.cookiejar.CookieJar | None = None) -> tuple[bool, str]:
        """Logs in by the page, as a browser with these cookies does; returns (token cookie received, where it ended)."""
        jar = http.cookiejar.CookieJar() if jar is None else jar
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.context), urllib.request.HTTPCookieProcessor(jar))
        page = opener.open(self.base + "/auth/login/", timeout=30)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
        form = {"username": self.user, "password": self.password, "csrf_token": found.group(1) if found else ""}
        # Over HTTPS the form is refused without the Referer that every browser sends.
        opener.addheaders = [("Referer", self.base + "/auth/login/")]
        try:
            answer = opener.open(self.base + "/auth/login/", urllib.parse.urlencode(form).encode(), timeout=30)
        except urllib.error.HTTPError as fault:
            return False, f"{fault.url} answered {fault.code}: {fault.read()[:300]!r}"
        cookies = {c.name: c for c in jar}
        secure = all(c.secure for c in cookies.values())
        return "_token" in cookies and secure, f"{answer.url}, cookies {sorted(cookies)}, all secure: {secure}"

    # -- DAGs ---------------------------------------------------------------------

    def dags(self) -> dict[str, dict]:
        return {d["dag_id"]: d for d in self.call("GET", "/dags?limit=100")["dags"]}

    def import_errors(self) -> list[dict]:
        return self.call("GET", "/importErrors?limit=100")["import_errors"]

    def unpause(self, dag: str) -> None:
        self.call("PATCH", f"/dags/{dag}", {"is_paused": False})

    def trigger(self, dag: str, conf: dict | None = None, logical_date: str | None = None, run_id: str = "") -> str:
        body: dict = {"logical_date": logical_date, "conf": conf or {}}
        if run_id:
            body["dag_run_id"] = run_id
        return self.call("POST", f"/dags/{dag}/dagRuns", body)["dag_run_id"]

    def run(self, dag: str, run_id: str) -> dict:
        return self.call("GET", f"/dags/{dag}/dagRuns/{urllib.parse.quote(run_id)}")

    def tasks(self, dag: str, run_id: str) -> list[dict]:
        return self.call("GET", f"/dags/{dag}/dagRuns/{urllib.parse.quote(run_id)}/taskInstances?limit=100")["task_instances"]

    def ended(self, dag: str, run_id: str) -> str:
        """The run's end state, empty while it has none."""
        state = self.run(dag, run_id)["state"]
        return state if state in ENDED else ""

    def log(self, dag: str, run_id: str, task: str, attempt: int, map_index: int = -1) -> str:
        path = f"/dags/{dag}/dagRuns/{urllib.parse.quote(run_id)}/taskInstances/{task}/logs/{attempt}?map_index={map_index}&full_content=true"
        content = self.call("GET", path)["content"]
        if isinstance(content, str):
            return content
        return "\n".join(line if isinstance(line, str) else " ".join(str(v) for v in line.values()) for line in content)

    def health(self) -> dict:
        status, body = self.request("GET", "/api/v2/monitor/health")
        return json.loads(body) if status == 200 else {}


def patient(function, seconds: float = 2 * ANSWER):
    """Calls a request again while the api-server is not there (502, 503, no answer, also none for as long as one may take)."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return function()
        except ApiError as fault:
            if fault.status not in (0, 500, 502, 503, 504) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
