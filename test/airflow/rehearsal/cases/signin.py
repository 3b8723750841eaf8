"""People log in at an OpenID provider: by Airflow (login.mode fab), or by the load balancer (alb)."""

from __future__ import annotations

import html
import ipaddress
import re
import time
import types
import urllib.parse

import requests

from ..authenticate import BACK, COOKIE
from ..identity import Provider
from ..world import Failed
from .base import PASSWORD, USER, Case, Run
from .boot import create_user, start, workers

FAB = "/auth/oauth-authorized/oidc"  # the address to which the provider sends people back
PEOPLE = {
    "sub-of-the-operator": {"email": "rehearsal@example.com", "given_name": "Op", "family_name": "E", "groups": ["operators"]},
    "sub-of-the-reader": {"email": "reader@example.com", "given_name": "Re", "family_name": "A", "groups": ["readers", "others"]},
    "sub-of-nobody": {"email": "nobody@example.com", "given_name": "No", "family_name": "B", "groups": ["others"]},
}


class Browser:
    """Follows one address after the other, and keeps cookies."""

    def __init__(self, run: Run):
        self.run, self.base = run, f"https://{run.world.hostname}"
        self.session = requests.Session()
        self.session.trust_env = False  # this machine's variables come before the next line otherwise
        self.session.verify = str(run.world.authority.bundle)

    def get(self, address: str, **options) -> requests.Response:
        return self.session.get(urllib.parse.urljoin(self.base, address), allow_redirects=False, timeout=30, **options)

    def sent_to_the_provider(self, address: str, back: str) -> str:
        """Asks for a page, and returns the provider's, to which it leads instead."""
        answer = self.get(address)
        to = urllib.parse.urlsplit(answer.headers.get("Location", ""))
        query = dict(urllib.parse.parse_qsl(to.query))
        self.run.check(
            (answer.status_code, f"{to.scheme}://{to.netloc}", query.get("redirect_uri")) == (302, self.run.world.provider.url, self.base + back),
            f"{address} leads not to the identity provider, with a way back to {back}: {answer.status_code} {answer.headers.get('Location')}",
        )
        return answer.headers["Location"]

    def as_person(self, page: str, sub: str) -> requests.Response:
        """Says at the provider's page who it is, and goes back; what the answer there is."""
        back = self.session.post(page, data={"sub": sub}, allow_redirects=False, timeout=30).headers["Location"]
        return self.get(back)

    def follow(self, answer: requests.Response) -> requests.Response:
        for _ in range(10):
            if answer.status_code not in (302, 303, 307):
                return answer
            answer = self.get(urllib.parse.urljoin(answer.url, answer.headers["Location"]))
        raise Failed(f"{answer.url} leads in a circle")

    def cookie(self, name: str):
        return next((cookie for cookie in self.session.cookies if cookie.name == name), None)


def _balancer(run: Run):
    return types.SimpleNamespace(groups=run.world.state.one("aws:lb/loadBalancer:LoadBalancer")["securityGroups"])


def provider(run: Run) -> None:
    """Starts it where the state lets the load balancer or the api-server go, and neither the other nor a worker."""
    world = run.world
    logins = [a["authenticateOidc"] for listener in world.state.of("aws:lb/listener:Listener") for a in listener["defaultActions"] if a.get("authenticateOidc")]
    api = world.state.services["api-server"]
    environment = api.definition.containers["api-server"].environment
    run.check(bool(logins) != ("AIRFLOW_OIDC_ISSUER" in environment), "the state's login.mode is neither fab nor alb")
    issuer, client = (logins[0]["issuer"], logins[0]["clientId"]) if logins else (environment["AIRFLOW_OIDC_ISSUER"], environment["AIRFLOW_OIDC_CLIENT_ID"])
    asks, others = (_balancer(run), [api]) if logins else (api, [_balancer(run)])
    networks = [network for network, port in world.state.beyond(asks) if port == 443]
    run.check(len(networks) == 1, f"who logs people in reaches {networks} on port 443, one network was expected")
    for other in [*others, *world.state.worker_services()]:
        reached = [place for place in world.state.beyond(other) if place == (networks[0], 443)]
        run.check(not reached, f"{getattr(other, 'name', 'the load balancer')} reaches the identity provider, and needn't")
    run.login_mode = "alb" if logins else "fab"
    host = urllib.parse.urlsplit(issuer).hostname
    redirect = f"https://{world.hostname}{BACK if logins else FAB}"
    world.provider = Provider(world, host, str(ipaddress.ip_network(networks[0])[10]), client, redirect, PEOPLE)
    world.balancer.ask_for_logins(str(world.authority.bundle))
    create_user(run)  # who had a password before


def door(run: Run) -> None:
    """The load balancer lets nobody by without a login, and tasks by their own door."""
    browser = Browser(run)
    if run.login_mode == "fab":  # it asks nobody, and Airflow does
        statuses = {address: browser.get(address).status_code for address in ("/api/v2/monitor/health", "/api/v2/dags", "/execution/health")}
        return run.check(list(statuses.values()) == [200, 401, 404], f"without a login the load balancer answered {statuses}")
    for address in ("/", "/api/v2/monitor/health", "/auth/login/", "/auth/token"):
        browser.sent_to_the_provider(address, BACK)
    for address, status in ((f"{BACK}?state=forged&code=x", 401), (BACK, 401), ("/execution/health", 404)):
        answer = browser.get(address)
        run.check(answer.status_code == status, f"{address} without a login was answered with {answer.status_code}, not {status}")
    page = browser.sent_to_the_provider("/dags?tags=pack", BACK)
    first = browser.session.post(page, data={"sub": "sub-of-the-reader"}, allow_redirects=False, timeout=30).headers["Location"]
    answer = browser.get(first)
    run.check(answer.headers.get("Location") == f"{browser.base}/dags?tags=pack", f"after the login people are led to {answer.headers.get('Location')}")
    cookie = browser.cookie(COOKIE)
    run.check(cookie is not None and cookie.secure, "the load balancer gave no secure cookie")
    run.check(Browser(run).get(first).status_code == 401, "an answer of the provider was taken twice")
    health = browser.get("/api/v2/monitor/health")
    run.check(health.status_code == 200, f"behind the login the health is answered with {health.status_code}")
    # Airflow asks for its own user, whatever stands in the load balancer's headers.
    for headers in ({}, {"x-amzn-oidc-identity": USER, "x-amzn-oidc-data": "e30="}, {"Authorization": "Bearer forged"}):
        answer = browser.get("/api/v2/dags", headers=headers)
        run.check(answer.status_code in (401, 403), f"with {sorted(headers)} Airflow took a person without a user of its own: {answer.status_code}")
    run.api.login_before = {"Cookie": f"{COOKIE}={cookie.value}"}
    received, where = run.api.form_login(browser.session.cookies)
    run.check(received, f"behind the load balancer's login Airflow's own page gave no secure _token cookie: {where}")


def people(run: Run) -> None:
    """Who the provider knows gets in, with the role of their group; who has no group reads why not."""
    if run.login_mode == "alb":
        return run.api.login()
    seen = {}
    for sub in ("sub-of-the-operator", "sub-of-the-reader"):
        browser = Browser(run)
        answer = browser.follow(browser.as_person(browser.sent_to_the_provider("/auth/login/oidc", FAB), sub))
        token = browser.cookie("_token")
        run.check(answer.status_code == 200 and token is not None and token.secure, f"{sub} came to {answer.url}: {answer.status_code}, cookies {browser.session.cookies.keys()}")
        seen[sub] = token.value
    may = {
        (sub, what): requests.request(
            method, f"https://{run.world.hostname}/api/v2{path}", json=body, headers={"Authorization": f"Bearer {token}"}, verify=str(run.world.authority.bundle), timeout=30
        ).status_code
        for sub, token in seen.items()
        for what, method, path, body in (("read", "GET", "/dags", None), ("pause", "PATCH", "/dags/quick", {"is_paused": True}), ("connections", "GET", "/connections", None))
    }  # fmt: skip
    wanted = {
        ("sub-of-the-operator", "read"): 200, ("sub-of-the-operator", "pause"): 200, ("sub-of-the-operator", "connections"): 200,
        ("sub-of-the-reader", "read"): 200, ("sub-of-the-reader", "pause"): 403, ("sub-of-the-reader", "connections"): 403,
    }  # fmt: skip
    run.check(may == wanted, f"by their groups people may {may}, expected {wanted}")
    status, _ = run.api.request("POST", "/auth/token", {"username": USER, "password": PASSWORD})
    run.check(status == 401, f"the password of a person who logged in by OIDC since was answered with {status}: there are two users")
    browser = Browser(run)
    said = browser.follow(browser.as_person(browser.sent_to_the_provider("/auth/login/oidc", FAB), "sub-of-nobody"))
    text = html.unescape(" ".join(re.sub(r"<[^>]*>", " ", said.text).split()))
    run.check("None of your groups has a role in Airflow (login.roles). Your groups are: others." in text, f"who has no group with a role reads: {text[:600]}")
    run.check(browser.cookie("_token") is None, "who has no group with a role got a token")
    run.api.token, run.api.user = seen["sub-of-the-operator"], ""  # the first user's password has ended


def work(run: Run) -> None:
    """Whoever got in has work done: tasks don't pass the login."""
    run.world.wait(lambda: "quick" in run.api.dags(), 60, "the DAG quick appears")
    run.api.unpause("quick")
    began = time.monotonic()
    run.once("quick")
    run.report.note(f"login.mode {run.login_mode}: logged in at {run.world.provider.url}, and quick ended {time.monotonic() - began:.1f} s after its trigger")


CASES = [
    Case("start", "All services start", start),
    Case("provider", "An OpenID provider answers where the stack may reach one", provider),
    Case("workers", "Workers start and their health checks turn healthy", workers),
    Case("door", "Nobody passes without the login", door),
    Case("people", "People get in by their groups, once, and read why not", people),
    Case("work", "A run that was triggered after the login ends", work),
]
