"""The api-server's login pages, driven as a browser would; run by the image's Python.

    login_app.py < steps.json

A step is a login by OIDC ({"sub": …, "claim": …}), a user who is there before
({"user": …}), or the removal of all users ({"empty": true}). The result of each is
what the person sees and which users there then are.
"""

import html
import json
import os
import re
import sys
from urllib.parse import urlsplit

import requests
from airflow.providers.fab.auth_manager.models import User
from airflow.providers.fab.www.app import create_app
from sqlalchemy import select
from werkzeug.security import check_password_hash
from werkzeug.test import Client

AUTH = "https://airflow.example.com/auth"  # where the api-server mounts these pages


def login(app, sub: str) -> str:
    """Goes to the identity provider and back; returns what the page then says, or "in"."""
    browser = Client(app)

    def get(address: str):
        url = urlsplit(address)
        path = url.path.removeprefix(urlsplit(AUTH).path)
        return browser.get(f"{path}?{url.query}", base_url=AUTH)

    to = get(f"{AUTH}/login/oidc").headers["Location"]
    back = requests.post(to, data={"sub": sub}, allow_redirects=False).headers["Location"]
    ends = get(back)
    if ends.status_code != 302:
        return str(ends.status_code)
    if "/login" not in ends.headers["Location"]:
        return "in"
    page = get(ends.headers["Location"]).get_data(as_text=True)
    alerts = re.findall(r'<div class="alert [^>]*>(.*?)</div>', page, re.S)
    return html.unescape(" ".join(re.sub(r"<button.*?</button>|<[^>]*>", " ", " ".join(alerts), flags=re.S).split()))


def add(manager, step: dict) -> None:
    """Makes a user as `airflow users create` does; inactive, if the step says so."""
    user = manager.add_user(step["user"], "Former", "Name", step["email"], manager.find_role("Admin"), password=step["password"])
    user.active = not step.get("inactive")
    manager.session.commit()


def found(manager) -> list[dict]:
    users = manager.session.scalars(select(User).order_by(User.id)).all()
    return [
        {
            "user": user.username, "email": user.email, "name": user.first_name, "roles": sorted(role.name for role in user.roles),
            "password": check_password_hash(user.password, "FormerPassword"),
        }
        for user in users
    ]  # fmt: skip


def main() -> None:
    app = create_app(enable_plugins=False)
    with app.app_context():
        app.appbuilder.sm.sync_roles()
    results = []
    for step in json.load(sys.stdin):
        said = None
        if "sub" in step:
            os.environ["AIRFLOW_OIDC_GROUPS_CLAIM"] = step.get("claim", "")
            said = login(app, step["sub"])
        with app.app_context():
            manager = app.appbuilder.sm
            if "empty" in step:
                for user in manager.session.scalars(select(User)):
                    manager.session.delete(user)
                manager.session.commit()
            if "user" in step:
                add(manager, step)
            manager.session.expire_all()
            results.append({"said": said, "users": found(manager)})
    print("RESULTS " + json.dumps(results))


if __name__ == "__main__":
    main()
