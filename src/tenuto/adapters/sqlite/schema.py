"""The tables of a store's file, and the way from each older format to this one.

`commits` has one row per commit, under the position of its last event, so a file is written at
its end and a range of positions is read in one go. `commits_of_session` finds a session's newest
version and any range of its versions. `sessions.number` counts starts: it gives "newest start
first".
"""

import sqlite3
from typing import Final

from tenuto.adapters.tables.moved import require_here
from tenuto.core.errors import CorruptLog, StoreUnavailable

APPLICATION_ID: Final = 0x54454E55
"""Marks the file as Tenuto's, so that `file` and we know it. Source: PRAGMA application_id."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE sessions(
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            tenant TEXT NOT NULL,
            user TEXT NOT NULL,
            workflow TEXT NOT NULL,
            workflow_version TEXT NOT NULL,
            parent TEXT,
            key TEXT,
            origin TEXT,
            origin_version INTEGER NOT NULL,
            status TEXT NOT NULL,
            waiting_for TEXT NOT NULL,
            wake_ms INTEGER,
            active INTEGER NOT NULL,
            started_ms INTEGER NOT NULL,
            updated_ms INTEGER NOT NULL,
            head_version INTEGER NOT NULL)""",
        "CREATE UNIQUE INDEX sessions_by_key ON sessions(tenant, key) WHERE key IS NOT NULL",
        "CREATE INDEX sessions_by_parent ON sessions(parent) WHERE parent IS NOT NULL",
        "CREATE INDEX sessions_by_status ON sessions(status)",
        "CREATE INDEX sessions_by_wake ON sessions(wake_ms) WHERE wake_ms IS NOT NULL",
        "CREATE INDEX sessions_active ON sessions(active) WHERE active = 1",
        """CREATE TABLE commits(
            position INTEGER PRIMARY KEY,
            session INTEGER NOT NULL,
            version INTEGER NOT NULL,
            count INTEGER NOT NULL,
            at_ms INTEGER NOT NULL,
            payload BLOB NOT NULL)""",
        "CREATE UNIQUE INDEX commits_of_session ON commits(session, version)",
        """CREATE TABLE snapshots(
            session INTEGER PRIMARY KEY,
            version INTEGER NOT NULL,
            payload BLOB NOT NULL)""",
        """CREATE TABLE artifacts(
            number INTEGER PRIMARY KEY,
            digest TEXT NOT NULL UNIQUE,
            payload BLOB NOT NULL)""",
    ),
    # Format 2 made a table for pieces; like the mailbox it is now made by who first needs it, so
    # that a file is no larger for what it does not hold.
    (),
    (
        # One bit for each of `WaitsFor`. What waited was to be read from the sentence only; what
        # runs is written anew when it is taken up.
        "ALTER TABLE sessions ADD COLUMN waits INTEGER NOT NULL DEFAULT 0",
        """UPDATE sessions SET waits =
            (instr(waiting_for, 'a decision on ') OR instr(waiting_for, 'a person to '))
            + 2 * (instr(waiting_for, 'a signal for ') > 0)
            + 4 * (instr(waiting_for, 'timer ' || char(39)) > 0)
            WHERE status = 'waiting'""",
    ),
)
"""Statements that lead from format n to n + 1. Only ever added to; a shipped one never changes."""

FORMAT: Final = len(MIGRATIONS)


def format_of(connection: sqlite3.Connection, file: str) -> int:
    """Return the format of the file, 0 when it is empty.

    Raises:
        CorruptLog: another program's database, or one of a newer release.
        StoreUnavailable: it was moved.
    """
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and (application or found or tables):
        raise CorruptLog(
            f"{file} is the database of another program (application id {application:#x}, "
            f"{tables} tables); nothing was changed. Give Tenuto a file of its own."
        )
    if found > FORMAT:
        raise CorruptLog(
            f"{file} has format {found}, and this release reads formats up to {FORMAT}; nothing "
            "was changed. Open it with the newer release that wrote it, or give another file."
        )
    require_here(connection, file)
    return found


def migrate(connection: sqlite3.Connection, file: str) -> None:
    """Bring the file to the newest format, in one transaction."""
    if format_of(connection, file) == FORMAT:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[format_of(connection, file) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def require_newest(connection: sqlite3.Connection, file: str) -> None:
    """Check that the file can be read as it is.

    Raises:
        StoreUnavailable: it is empty or of an older format, and may not be changed here.
    """
    found = format_of(connection, file)
    if found < FORMAT:
        raise StoreUnavailable(
            f"{file} has format {found} and must be brought to {FORMAT} first; "
            "open it once for writing."
        )
