"""Row-level security: a second wall between tenants, behind the conditions of the code's own.

Who asks for one tenant (see `ports.wall`) does so as a role that may read nothing else: each table
has a policy that gives it the rows of the tenant that `tenuto.tenant` names, and none where nothing
is named. The owner of the tables, who writes for everybody, is not held and pays nothing.

The role has a name that follows from that of the schema's owner, who makes it where it may make
roles. A server's admin can make it instead. Where there is none, the wall is not there, and what
the code asks for is all there is; `is_up` says so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import psycopg

from tenuto.adapters.postgres.connection import Connection

VERSION_MIN: Final = 150_000
"""Views that ask with the rights of who asks them came with PostgreSQL 15."""
POLICY: Final = "tenuto_wall_1"
"""Its number is raised with any change of the policies: they are made again then."""
PREFIX: Final = "tenuto_wall_"

_TENANT: Final = "(SELECT current_setting('tenuto.tenant', true))"
_OF_TENANT: Final = f"tenant = {_TENANT}"
_SHELVES: Final = """EXISTS (SELECT 1 FROM library_shelves AS s WHERE s.ref = {0}.ref)"""
_SCOPES: Final = "EXISTS (SELECT 1 FROM memory_scopes AS s WHERE s.number = {0}.scope)"

POLICIES: Final[dict[str, str]] = {
    "sessions": _OF_TENANT,
    "commits": "EXISTS (SELECT 1 FROM sessions AS s WHERE s.number = commits.session)",
    "snapshots": "EXISTS (SELECT 1 FROM sessions AS s WHERE s.number = snapshots.session)",
    "pieces": "EXISTS (SELECT 1 FROM sessions AS s WHERE s.id = pieces.session)",
    "library_shelves": f"""starts_with(place, (
        SELECT left(encode(sha256(convert_to({_TENANT}, 'UTF8')), 'hex'), 16) || '/'))""",
    "library_documents": _SHELVES.format("library_documents"),
    "library_index": _SHELVES.format("library_index"),
    "library_passages": """EXISTS (
        SELECT 1 FROM library_index AS i WHERE i.number = library_passages.document)""",
    "library_words": _SHELVES.format("library_words"),
    "memory_scopes": _OF_TENANT,
    "memory_items": _OF_TENANT,
    "memory_sums": _OF_TENANT,
    "memory_vectors": """EXISTS (
        SELECT 1 FROM memory_items AS i WHERE i.number = memory_vectors.item)""",
    "memory_current": _SCOPES.format("memory_current"),
    "memory_words": _SCOPES.format("memory_words"),
    "memory_nearest": _SCOPES.format("memory_nearest"),
    "ledger": _OF_TENANT,
    "records": _OF_TENANT,
    "responses_1": _OF_TENANT,
    "deliveries_1": _OF_TENANT,
    "answers_1": f"starts_with(owner, (SELECT {_TENANT} || '/'))",
    "agents": _OF_TENANT,
    "agent_sessions": _OF_TENANT,
    "agent_tasks": _OF_TENANT,
    "agent_messages": _OF_TENANT,
    "agent_usage": _OF_TENANT,
    "agent_durations": _OF_TENANT,
}
"""Which rows of a table the role gets. Tables named in a condition are held by theirs."""
OPEN: Final = (
    "agent_memory",
    "artifacts",
    "deliveries_position_1",
    "format",
    "ledger_format",
    "log",
    "memory_format",
    "read_models",
    "sqlite_master",
)
"""What the role may read without a condition: facts about the database that are nobody's, the view
on memory, which asks as who asks it, and artifacts, which are named by their hash alone."""
CLOSED: Final = (
    "mailbox",
    "members",
    "moved",
    "moved_from",
    "pool_begun_1",
    "pool_calls_1",
    "pool_turns_1",
    "pools_1",
    "pruning",
    "pruning_artifacts",
    "shards",
)
"""What it may not read at all: nothing is asked of them for one tenant."""
INDEXES: Final = {
    "library_passages": "CREATE INDEX IF NOT EXISTS library_index_by_number"
    " ON library_index(number)",
}
"""What a policy is quick by and nothing else needs, by the policy's table."""

_MADE: Final = re.compile(
    r"\s*CREATE (?:UNLOGGED TABLE|TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)", re.ASCII
)
_ROLE: Final = f"""
    SELECT r.rolname FROM pg_namespace AS n JOIN pg_roles AS r
        ON r.rolname = left('{PREFIX}' || pg_get_userbyid(n.nspowner), 63)
    WHERE n.nspname = current_schema() AND NOT r.rolsuper AND NOT r.rolbypassrls
        AND has_schema_privilege(r.oid, n.oid, 'USAGE')"""
_NAME: Final = f"""
    SELECT left('{PREFIX}' || pg_get_userbyid(n.nspowner), 63), r.oid IS NOT NULL,
        CASE WHEN r.oid IS NOT NULL THEN pg_has_role(current_user, r.oid, 'MEMBER') END
    FROM pg_namespace AS n LEFT JOIN pg_roles AS r
        ON r.rolname = left('{PREFIX}' || pg_get_userbyid(n.nspowner), 63)
    WHERE n.nspname = current_schema()"""
_UNHELD: Final = f"""
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'p')
        AND NOT EXISTS (SELECT 1 FROM pg_policy AS p
            WHERE p.polrelid = c.oid AND p.polname = '{POLICY}')
        AND NOT (c.relname = ANY(%s)
            AND has_table_privilege(%s::name, c.oid, 'SELECT'))"""


def build(connection: Connection) -> str:
    """Put the wall up, in the transaction that is open; return why it is not there, empty: it
    is."""
    if connection.raw.info.server_version < VERSION_MIN:
        return "No row-level security between tenants: it takes PostgreSQL 15 or newer."
    missing = ""
    connection.execute("SAVEPOINT wall")
    try:
        _build(connection)
    except psycopg.Error as error:
        connection.execute("ROLLBACK TO wall")
        missing = _missing(connection, " ".join(str(error).split()))
    connection.execute("RELEASE wall")
    return missing


def hold(connection: Connection, sql: str) -> None:
    """Put the wall around the table or view that the statement has made."""
    found = _MADE.match(sql)
    if found is not None and (found[1] in POLICIES or found[1] in OPEN):
        connection.raw.execute(_holding(found[1]))


def role_of(connection: Connection) -> str:
    """Return the role that those who ask for one tenant take on; empty: the wall is not there."""
    if connection.raw.info.server_version < VERSION_MIN:
        return ""
    may = "SET" if connection.raw.info.server_version >= 160_000 else "MEMBER"
    row = connection.raw.execute(
        f"{_ROLE} AND pg_has_role(current_user, r.oid, '{may}')".encode()
    ).fetchone()
    return "" if row is None else str(row[0])


def put_behind(connection: Connection) -> bool:
    """Let the connection read no more than `begin` names, as long as it is; return whether there is
    a wall. One for which there is none is as it was."""
    role = role_of(connection)
    if role:
        _run(connection, "SET ROLE {}", psycopg.sql.Identifier(role))
    return bool(role)


def begin(connection: Connection, tenant: str) -> None:
    """Begin a transaction that sees the rows of the tenant alone, as of one moment, on a connection
    that was put behind the wall. All of it is sent at once."""
    connection.raw.execute(_beginning(tenant), prepare=False)


@lru_cache(maxsize=1_000)
def _beginning(tenant: str) -> bytes:
    named = psycopg.sql.SQL("BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL tenuto.tenant TO {}")
    return named.format(psycopg.sql.Literal(tenant)).as_bytes(None)


def _build(connection: Connection) -> None:
    ((role, is_there, is_member),) = connection.raw.execute(_NAME.encode()).fetchall()
    name = psycopg.sql.Identifier(role)
    if not is_there:
        _run(connection, "CREATE ROLE {} NOLOGIN NOINHERIT", name)
    if not is_member:
        _run(connection, "GRANT {} TO CURRENT_USER", name)
    schema = connection.raw.execute(b"SELECT current_schema()").fetchone()
    assert schema is not None, "it was made"
    rows = connection.raw.execute(_UNHELD.encode(), (list(OPEN), role)).fetchall()
    unheld = {row[0] for row in rows}
    missing = [one for one in (*POLICIES, *OPEN) if one in unheld]
    if missing:
        _run(connection, "GRANT USAGE ON SCHEMA {} TO {}", psycopg.sql.Identifier(schema[0]), name)
    for table in missing:
        connection.raw.execute(_holding(table))


def _missing(connection: Connection, why: str) -> str:
    """Return what a server's admin reads where the wall is not there."""
    ((role, user),) = connection.raw.execute(
        b"SELECT left('%b' || pg_get_userbyid(nspowner), 63), current_user FROM pg_namespace"
        b" WHERE nspname = current_schema()" % PREFIX.encode()
    ).fetchall()
    return (
        f"No row-level security between tenants: {why}. To have it, a superuser says once: "
        f'CREATE ROLE "{role}" NOLOGIN; GRANT "{role}" TO "{user}"; and Tenuto is opened anew.'
    )


def _run(connection: Connection, text: Any, *names: psycopg.sql.Identifier) -> None:
    connection.raw.execute(psycopg.sql.SQL(text).format(*names))


def _holding(table: str) -> bytes:
    """Return the statement that lets the role read of a table what it may, if there is a role."""
    lines = [f"EXECUTE format('GRANT SELECT ON {table} TO %I', wall);"]
    if table in POLICIES:
        policy = f"CREATE POLICY {POLICY} ON {table} FOR SELECT TO %I USING ({POLICIES[table]})"
        lines += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
            f"EXECUTE format($policy${policy}$policy$, wall);",
        ]
    elif table == "agent_memory":
        lines.append(f"ALTER VIEW {table} SET (security_invoker = true);")
    if table in INDEXES:
        lines.append(f"{INDEXES[table]};")
    return f"""DO $wall$ DECLARE wall name := ({_ROLE}); BEGIN
        IF wall IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_policy
            WHERE polrelid = '{table}'::regclass AND polname = '{POLICY}') THEN
            {" ".join(lines)}
        END IF;
    END $wall$""".encode()
