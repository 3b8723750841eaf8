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
    AIRFLOW_OIDC_GROUPS_CLAIM   claim of the ID token with the groups, default "groups"
Redirect URI to register at the issuer: https://HOST/auth/oauth-authorized/oidc
"""

from __future__ import annotations

import json
import os

from flask_appbuilder.const import AUTH_DB, AUTH_OAUTH

from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride

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


class OidcSecurityManager(FabAirflowSecurityManagerOverride):
    """Takes the user and the groups from the ID token (or the userinfo answer)."""

    def get_oauth_user_info(self, provider: str, response: dict) -> dict:
        claims = response.get("userinfo") or self.oauth_remotes[provider].userinfo(token=response)
        groups = claims.get(os.environ.get("AIRFLOW_OIDC_GROUPS_CLAIM") or "groups") or []
        return {
            # The one claim that is unique and never given to somebody else
            # (OpenID Connect Core, 5.7); names and mail addresses are shown beside it.
            "username": claims["sub"],
            "email": claims.get("email", ""),
            "first_name": claims.get("given_name", ""),
            "last_name": claims.get("family_name", ""),
            "role_keys": [groups] if isinstance(groups, str) else list(groups),
        }


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
