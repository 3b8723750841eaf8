"""Settings that neither stack has, planned by the real provider: what it refuses shows in the preview."""

from .engine import Secret

# Both logins ask for the client's secret.
SECRET = Secret("of-no-identity-provider")
IDP = {
    "privatePath": "transitGateway",
    "idpCidrs": ["10.9.0.0/24"],
    "issuer": "https://login.pathwai.com",
    "authorizationEndpoint": "https://login.pathwai.com/authorize",
    "tokenEndpoint": "https://login.pathwai.com/token",
    "userInfoEndpoint": "https://login.pathwai.com/userinfo",
    "clientId": "airflow",
}
HOURS = {"stop": "cron(0 20 ? * MON-FRI *)", "start": "cron(0 6 ? * MON-FRI *)", "timezone": "Europe/Berlin"}

VARIANTS: list[tuple[str, dict]] = [
    ("login at the load balancer", {"login": {"mode": "alb", **IDP}, "oidcClientSecret": SECRET}),
    ("login in Airflow", {"login": {"mode": "fab", **IDP, "roles": {"data": "User"}}, "oidcClientSecret": SECRET}),
    ("out of hours", {"schedule": HOURS}),
    (
        "Intel, Redis, an older broker",
        {
            "services": {"architecture": "X86_64", "exec": False, "containerInsights": "enhanced"},
            "database": {"instanceClass": "db.t3.medium", "engineVersion": "17.5", "multiAz": True, "finalSnapshot": True},
            "broker": {"engine": "redis", "engineVersion": "7.1", "nodeType": "cache.t3.small", "replicas": 2, "snapshotRetentionDays": 3},
        },
    ),
    (
        "everything small or off",
        {
            "network": {"cidr": "10.80.0.0/24", "subnetPrefix": 26, "flowLogRetentionDays": 1},
            "files": {"oneZone": "", "backup": False, "infrequentAccessDays": 0},
            "endpoints": {"zones": [], "extra": ["monitoring", "athena"]},
            "loadBalancer": {"zoneId": "Z0123456789ABCDEFGHIJ", "clientCidrs": ["10.0.0.0/8", "172.16.0.0/12"]},
        },
    ),
]  # fmt: skip
