"""Whether one process has a schema alone, or several share it: an advisory lock of each writing
connection, gone with it."""

from __future__ import annotations

import os
import socket
from typing import Final

from tenuto.adapters.postgres.connection import Connection
from tenuto.core.errors import StoreOwned

NAME_CHARS_MAX: Final = 63
"""Of what a connection may call itself. Source: PostgreSQL, NAMEDATALEN."""
_KEY: Final = "hashtextextended('tenuto ' || current_schema(), 0)"
TAKE: Final = f"SELECT pg_try_advisory_lock({_KEY})"
SHARE: Final = f"SELECT pg_try_advisory_lock_shared({_KEY})"
SELECT_OWNER: Final = f"""
    SELECT a.application_name, a.backend_start FROM pg_locks AS l
    JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.classid::BIGINT << 32) | l.objid::BIGINT = {_KEY}"""


def take(connection: Connection, *, schema: str, name: str, shared: bool = False) -> None:
    """Make the connection's process the owner of the schema, or one of those that share it, as long
    as the connection lives.

    Raises:
        StoreOwned: a process has it; the message says which.
    """
    row = connection.execute(SHARE if shared else TAKE).fetchone()
    if row is not None and row[0]:
        label = f"tenuto: pid {os.getpid()} on {socket.gethostname()}"[:NAME_CHARS_MAX]
        connection.execute("SELECT set_config('application_name', ?, false)", (label,))
        return
    found = connection.execute(SELECT_OWNER).fetchone()
    owner = "a process that just ended" if found is None else f"{found[0]} since {found[1]:%FT%TZ}"
    raise StoreOwned(
        f"The schema {schema!r} of {name} is owned already, by {owner}. Stop that process, or "
        "open the database for reading only."
    )
