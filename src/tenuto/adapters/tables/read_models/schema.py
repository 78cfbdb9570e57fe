"""The tables, made by who first writes to them, and the view on what agents remember.

They follow from the log, so another format is no reason to convert anything: they are thrown away
and made again.
"""

from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.memory.schema import make_tables as make_memory
from tenuto.core.tables import COLUMNS, COUNTS, JSON, KEYS, Table

FORMAT: Final = 3
"""Raise it when columns change, or what is in them."""

KEPT: Final[tuple[Table, ...]] = (
    "agents",
    "agent_sessions",
    "agent_tasks",
    "agent_messages",
    "agent_usage",
    "agent_durations",
)

_NUMBERS: Final = frozenset(
    {"is_active", "is_registered", "number", "priority", "retry_count", "ms", "tasks", *COUNTS}
)
_REACHED: Final = """
    CREATE TABLE read_models(
        format INTEGER NOT NULL,
        position INTEGER NOT NULL,
        entry INTEGER NOT NULL)"""
_INDEXES: Final = (
    "CREATE UNIQUE INDEX agents_by_name ON agents(tenant, name)",
    "CREATE INDEX agent_sessions_by_start ON agent_sessions(tenant, started_at, id)",
    """CREATE INDEX agent_sessions_below ON agent_sessions(parent_session_id)
        WHERE parent_session_id IS NOT NULL""",
    "CREATE INDEX agent_tasks_of_session ON agent_tasks(session_id, number)",
    """CREATE INDEX agent_tasks_of_agent ON agent_tasks(tenant, agent_id, started_at)
        WHERE agent_id IS NOT NULL""",
    """CREATE INDEX agent_tasks_open ON agent_tasks(tenant, agent_id)
        WHERE status IN ('running', 'waiting') AND task_type = 'agent'""",
    "CREATE INDEX agent_usage_of_agent ON agent_usage(tenant, agent_id, day)",
    "CREATE INDEX agent_durations_of_agent ON agent_durations(tenant, agent_id, day)",
    "CREATE INDEX agent_messages_of_session ON agent_messages(session_id, number)",
)
_MOMENT: Final = "strftime('%Y-%m-%dT%H:%M:%fZ', i.{0} / 1000.0, 'unixepoch')"
_OPTIONAL: Final = "CASE WHEN i.{0} > 0 THEN " + _MOMENT + " END"
_MEMORY: Final = f"""
    CREATE VIEW agent_memory AS SELECT
        i.id AS id,
        i.tenant AS tenant,
        s.agent AS agent_id,
        s.user AS user_id,
        i.kind AS memory_type,
        CASE WHEN i.key <> '' THEN i.key ELSE i.id END AS key,
        i.text AS value,
        {_OPTIONAL.format("expires_ms")} AS expires_at,
        {_MOMENT.format("created_ms")} AS created_at,
        {_OPTIONAL.format("accessed_ms")} AS accessed_at,
        i.accesses AS access_count
    FROM memory_items i JOIN memory_scopes s ON s.number = i.scope
    WHERE i.superseded_by = '' AND NOT EXISTS (
        SELECT 1 FROM memory_items newer
        WHERE newer.scope = i.scope AND newer.key = i.key AND i.key <> '' AND newer.key <> ''
            AND newer.kind IN ('semantic', 'episodic', 'procedural') AND newer.superseded_by = ''
            AND (newer.created_ms, newer.number) > (i.created_ms, i.number))"""


def is_made(connection: Connection) -> bool:
    """Return whether the file has the tables in this format."""
    if not has_table(connection, "read_models"):
        return False
    (found,) = connection.execute("SELECT format FROM read_models").fetchone()
    return bool(found == FORMAT)


def make(connection: Connection) -> None:
    """Make the tables, empty, if there are none of this format."""
    if is_made(connection):
        return
    connection.execute("DROP VIEW IF EXISTS agent_memory")
    for table in ("read_models", *KEPT):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for table in KEPT:
        connection.execute(_create(table))
    for statement in (*_INDEXES, _REACHED):
        connection.execute(statement)
    make_memory(connection)
    connection.execute(_MEMORY)
    connection.execute("INSERT INTO read_models VALUES (?, 0, 0)", (FORMAT,))


def _create(table: Table) -> str:
    columns = [
        f"{column} {'INTEGER' if column in _NUMBERS else 'TEXT'}" for column in COLUMNS[table]
    ]
    return f"CREATE TABLE {table}({', '.join(columns)}, PRIMARY KEY({', '.join(KEYS[table])}))"


assert all(JSON[table] <= set(COLUMNS[table]) for table in KEPT)
