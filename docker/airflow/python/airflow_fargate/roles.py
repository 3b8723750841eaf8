"""Users of the database that may do less than its owner (docs/adr/0059).

The api-server, the scheduler and the clean-up read and write all rows, and nothing else.
The metrics need some columns. The dag-processor and the triggerer run DAG code in
processes that are forked from one which has the database: their users may neither see
people's passwords and sessions nor change the schema, the settings of connections, or
what stands in the audit log. Made by `schema migrate`, each time anew: a migration that
makes a table makes it without these rights. The user of a password's generation before
is left as it is, for the tasks that still have it (docs/adr/0080).
"""

import os
import re
from urllib.parse import unquote, urlsplit

LOCK = 0x41697248  # of PostgreSQL's advisory locks: one that makes users

# What runs DAG code may do with a table: the first that matches.
NOTHING, READ, ADD, ALL = "", "select", "select, insert", "select, insert, update, delete"
RULES = [
    (r"ab_.*|session|revoked_token|celery_.*", NOTHING),  # people, their passwords, and the tokens they gave back
    (r"alembic_version.*|connection|slot_pool|log_template", READ),
    (r"log", ADD),
    (r".*", ALL),
]
# The dag-processor writes the permissions on a DAG, and those that its access_control gives to roles.
PERMISSIONS = {
    "ab_role": READ, "ab_permission": ADD, "ab_view_menu": ADD, "ab_permission_view": ADD,
    "ab_permission_view_role": "select, insert, delete",
}  # fmt: skip
METRICS = {
    "task_instance": "select (id, state, queue, queued_dttm, end_date, duration, last_heartbeat_at, pool, pool_slots)",
    "job": "select (job_type, latest_heartbeat)",
    "slot_pool": "select (pool, slots, include_deferred)",
    "import_error": "select (id)",
    "dag": "select (is_stale, last_parse_duration)",
}


def for_servers(tables: list[str]) -> dict[str, str]:
    return {table: READ if table.startswith("alembic_version") else ALL for table in tables}


def for_code(tables: list[str], more: dict[str, str]) -> dict[str, str]:
    rights = {table: next(right for pattern, right in RULES if re.fullmatch(pattern, table)) for table in tables}
    return {table: right for table, right in {**rights, **{t: r for t, r in more.items() if t in rights}}.items() if right}


# Variable with the user's URL -> what it may do, from the names of all tables.
USERS = {
    "AIRFLOW_SERVER_URL": for_servers,
    "AIRFLOW_METRICS_URL": lambda tables: METRICS,
    "AIRFLOW_DAG_PROCESSOR_URL": lambda tables: for_code(tables, PERMISSIONS),
    "AIRFLOW_TRIGGERER_URL": lambda tables: for_code(tables, {}),
}


def tables_of(cursor) -> list[str]:
    cursor.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
    return [name for (name,) in cursor.fetchall()]


def make(cursor, say) -> None:
    """Makes the users whose URLs are in the environment, in the cursor's transaction."""
    from psycopg2.extensions import encrypt_password, quote_ident

    urls = {name: urlsplit(os.environ[name]) for name in USERS if os.environ.get(name)}
    if not urls:
        return
    connection = cursor.connection
    cursor.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    tables, database = tables_of(cursor), quote_ident(connection.info.dbname, connection)
    cursor.execute(f"revoke all on database {database} from public")
    for name, url in urls.items():
        user = quote_ident(url.username, connection)
        cursor.execute("select 1 from pg_roles where rolname = %s", (url.username,))
        if not cursor.fetchone():
            cursor.execute(f"create role {user} login")
        # As the server keeps it: the password itself stands in no statement, and in no log of slow ones.
        verifier = encrypt_password(unquote(url.password), url.username, connection, "scram-sha-256")
        cursor.execute(f"alter role {user} password %s", (verifier,))
        cursor.execute(f"grant connect on database {database} to {user}")
        cursor.execute(f"grant usage on schema public to {user}")
        cursor.execute(f"revoke all on all tables in schema public from {user}")
        rights = USERS[name](tables)
        for table, right in rights.items():
            cursor.execute(f"grant {right} on {quote_ident(table, connection)} to {user}")
        if "insert" in "".join(rights.values()):
            cursor.execute(f"grant usage on all sequences in schema public to {user}")
        say(f"{url.username} may use {len(rights)} of {len(tables)} tables")


def lacking(cursor) -> str:
    """The tables that this connection's user is still to be given, with commas; a server's is one that may see people."""
    cursor.execute("select tablename from pg_tables where schemaname = 'public' and not has_table_privilege(format('%I.%I', schemaname, tablename), 'select')")
    tables = [table for (table,) in cursor.fetchall()]
    return ", ".join(sorted(for_code(tables, {}) if "ab_user" in tables else tables))
