"""Login of the Airflow UI, read by the FAB auth manager ([fab] config_file).

AIRFLOW_LOGIN_MODE
    password   users and passwords of Airflow's own database. Also behind a load
               balancer that asks for a login first: its x-amzn-oidc-* headers are
               not trusted here, since whoever reaches the container past it could
               write them, and the key that would prove them lies on the internet.
    oidc       OpenID Connect with the issuer below; the api-server itself calls
               the issuer, so it must be reachable from the private subnets.
               No password users should exist then: POST /auth/token still takes
               a database user's password.

For oidc:
    AIRFLOW_OIDC_ISSUER         https://…; discovery is read below it
    AIRFLOW_OIDC_CLIENT_ID
    AIRFLOW_OIDC_CLIENT_SECRET  from Secrets Manager
    AIRFLOW_OIDC_ROLE_MAPPING   JSON object, group -> list of Airflow roles
    AIRFLOW_OIDC_GROUPS_CLAIM   claim of the ID token with the groups, or the path to
                                it (realm_access.roles); default "groups"
Redirect URI to register at the issuer: https://HOST/auth/oauth-authorized/oidc
"""

from __future__ import annotations

import json
import logging
import os
import secrets

from flask import flash
from flask_appbuilder.const import AUTH_DB, AUTH_OAUTH

from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
from sqlalchemy import func, select
from werkzeug.security import generate_password_hash

log = logging.getLogger(__name__)
WTF_CSRF_ENABLED = True
PROVIDER = "oidc"


def setting(name: str, default: str | None = None) -> str:
    """Returns a variable's value; stops the api-server, naming it, when it is missing."""
    value = os.environ.get(name, "") or default
    if not value:
        raise SystemExit(f"webserver_config.py: {name} is not set, and AIRFLOW_LOGIN_MODE=oidc needs it")
    return value


def role_mapping(text: str) -> dict[str, list[str]]:
    """Reads AIRFLOW_OIDC_ROLE_MAPPING; stops on anything but group -> list of role names."""
    try:
        mapping = json.loads(text)
    except ValueError as fault:
        raise SystemExit(f"webserver_config.py: AIRFLOW_OIDC_ROLE_MAPPING is not JSON: {fault}") from None
    if not isinstance(mapping, dict) or not mapping:
        raise SystemExit('webserver_config.py: AIRFLOW_OIDC_ROLE_MAPPING must look like {"group": ["Op"]}')
    for group, roles in mapping.items():
        if not isinstance(roles, list) or not all(isinstance(role, str) and role for role in roles):
            raise SystemExit(
                f"webserver_config.py: AIRFLOW_OIDC_ROLE_MAPPING gives group {group!r} {roles!r}, "
                'not a list of role names like ["Op"]'
            )
    return mapping


class Refused(Exception):
    """Why a person who the issuer knows is not let in; shown to that person and logged."""


def groups_of(claims: dict, claim: str) -> list[str]:
    """Returns the groups in a claim: one of that name, or a path such as realm_access.roles.

    Who has none of the claim is refused, and not taken for a person without
    groups: the claim is missing at the issuer, misspelt in login.groupsClaim, or
    left out since the groups are too many (Entra ID does that beyond 200, and
    names the claim in _claim_names instead).
    """
    found = claims
    for part in [claim] if claim in claims else claim.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found is None:
        if claim in (claims.get("_claim_names") or {}) or claims.get("hasgroups"):
            raise Refused(f"The identity provider left out your groups (claim {claim}), since they are too many for a token. It can be told to send only those that Airflow asks for.")
        raise Refused(f"The identity provider sent no claim {claim}, which would hold your groups. It sent: {', '.join(sorted(claims))}.")
    groups = [found] if isinstance(found, str) else found
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise Refused(f"The claim {claim} of the identity provider holds {type(found).__name__}, not names of groups.")
    return groups


class OidcSecurityManager(FabAirflowSecurityManagerOverride):
    """Takes the user and the groups from the ID token (or the userinfo answer).

    A person is one user: by the claim sub, and at a first login by the address,
    which a user with a password may have, or one with the sub of a former issuer.
    Nobody is let in without a role of login.roles.
    """

    def get_oauth_user_info(self, provider: str, response: dict) -> dict:
        return response.get("userinfo") or self.oauth_remotes[provider].userinfo(token=response)

    def auth_user_oauth(self, claims: dict, rotate_session_id: bool = True):
        try:
            userinfo = self.userinfo_of(claims)
            self.one_user(userinfo, claims)
        except Refused as refused:
            log.warning("login of sub %s refused: %s", claims.get("sub"), refused)
            flash(str(refused), "error")
            return None
        return super().auth_user_oauth(userinfo, rotate_session_id)

    def userinfo_of(self, claims: dict) -> dict:
        if not claims.get("sub"):
            raise Refused("The identity provider sent no claim sub, which would say who you are.")
        groups = groups_of(claims, os.environ.get("AIRFLOW_OIDC_GROUPS_CLAIM") or "groups")
        if not set(groups) & set(AUTH_ROLES_MAPPING):
            names = ", ".join(sorted(groups)[:20]) or "none"
            raise Refused(f"None of your groups has a role in Airflow (login.roles). Your groups are: {names}{', …' if len(groups) > 20 else ''}.")
        return {
            # The one claim that is unique and never given to somebody else
            # (OpenID Connect Core, 5.7); names and mail addresses are shown beside it.
            "username": claims["sub"],
            "email": claims.get("email") or "",
            "first_name": claims.get("given_name") or "",
            "last_name": claims.get("family_name") or "",
            "role_keys": groups,
        }

    def one_user(self, userinfo: dict, claims: dict) -> None:
        """Gives a user who has the address already the person's sub, and keeps name and address in step."""
        user = self.find_user(username=userinfo["username"])
        address = userinfo["email"].lower()
        model = self.user_model
        others = self.session.scalars(select(model).where(func.lower(model.email) == address)).all() if address else []
        others = [other for other in others if user is None or other.id != user.id]
        if user is None and others:
            if claims.get("email_verified") is False or len(others) > 1:
                raise Refused(f"A user of Airflow has the address {userinfo['email']} already, and the identity provider doesn't vouch for it (email_verified).")
            user = others.pop()
            log.warning("user %s is the person with the sub %s (address %s); a password of theirs ends", user.username, userinfo["username"], user.email)
            user.username = userinfo["username"]
            user.password = generate_password_hash(secrets.token_urlsafe(32))  # POST /auth/token would still take it
        if user is None:
            return
        user.first_name = userinfo["first_name"] or user.first_name
        user.last_name = userinfo["last_name"] or user.last_name
        if address and not others:
            user.email = userinfo["email"]
        self.session.commit()


MODE = os.environ.get("AIRFLOW_LOGIN_MODE", "password")
if MODE == "password":
    AUTH_TYPE = AUTH_DB
elif MODE == "oidc":
    issuer = setting("AIRFLOW_OIDC_ISSUER").rstrip("/")
    if not issuer.startswith("https://"):
        raise SystemExit(f"webserver_config.py: AIRFLOW_OIDC_ISSUER={issuer} must start with https://")
    AUTH_TYPE = AUTH_OAUTH
    AUTH_USER_REGISTRATION = True
    AUTH_USER_REGISTRATION_ROLE = "Public"  # no right at all; the mapping adds the rest
    AUTH_ROLES_SYNC_AT_LOGIN = True
    AUTH_ROLES_MAPPING = role_mapping(setting("AIRFLOW_OIDC_ROLE_MAPPING"))
    SECURITY_MANAGER_CLASS = OidcSecurityManager
    OAUTH_PROVIDERS = [
        {
            "name": PROVIDER,
            "icon": "fa-key",
            "token_key": "access_token",
            "remote_app": {
                "client_id": setting("AIRFLOW_OIDC_CLIENT_ID"),
                "client_secret": setting("AIRFLOW_OIDC_CLIENT_SECRET"),
                "server_metadata_url": f"{issuer}/.well-known/openid-configuration",
                "client_kwargs": {"scope": "openid email profile", "code_challenge_method": "S256"},
            },
        }
    ]
else:
    raise SystemExit(f"webserver_config.py: AIRFLOW_LOGIN_MODE={MODE!r}, known are password and oidc")
