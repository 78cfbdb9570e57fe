"""The tables of memory, and how a file that has none, or newer ones, is told.

They are made with the first item, so that a file without memory is no larger for it, and have a
format of their own.

`memory_current` has one narrow row for each item that may be recalled: what a search looks at in
every item, side by side by scope. `memory_words` says which of them hold a word. It is a plain
table, not FTS5, for two reasons. How rare a word is must be counted within the scopes that are
asked, or the items of one tenant would change the ranking of another (P7); FTS5 counts over all
rows. And what is forgotten must be gone: FTS5 keeps deleted words in old segments, unless SQLite is
3.42 or newer and the file may not be read by older ones any more.
"""

from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.core.errors import CorruptLog

FORMAT: Final = 1
"""Raise it, and rebuild `memory_words`, when `words_of` takes other words from a text: the old ones
would not be found again to be deleted."""

TABLES: Final = (
    "CREATE TABLE memory_format(number INTEGER NOT NULL)",
    f"INSERT INTO memory_format VALUES ({FORMAT})",
    """CREATE TABLE memory_scopes(
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        agent TEXT NOT NULL,
        user TEXT NOT NULL,
        UNIQUE(tenant, agent, user))""",
    """CREATE TABLE memory_items(
        number INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        scope INTEGER NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        text TEXT NOT NULL,
        characters INTEGER NOT NULL,
        body BLOB NOT NULL,
        created_ms INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        superseded_by TEXT NOT NULL,
        accessed_ms INTEGER NOT NULL,
        accesses INTEGER NOT NULL,
        UNIQUE(tenant, id))""",
    "CREATE INDEX memory_items_by_age ON memory_items(tenant, created_ms, id)",
    """CREATE UNIQUE INDEX memory_items_by_key ON memory_items(scope, kind, key)
        WHERE key <> '' AND superseded_by = ''""",
    "CREATE INDEX memory_items_expiring ON memory_items(expires_ms) WHERE expires_ms > 0",
    """CREATE TABLE memory_vectors(
        item INTEGER PRIMARY KEY,
        embedder TEXT NOT NULL,
        vector BLOB NOT NULL)""",
    """CREATE TABLE memory_current(
        scope INTEGER NOT NULL,
        item INTEGER NOT NULL,
        kind TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        words INTEGER NOT NULL,
        embedder TEXT NOT NULL,
        code BLOB NOT NULL,
        PRIMARY KEY(scope, item)) WITHOUT ROWID""",
    """CREATE TABLE memory_words(
        scope INTEGER NOT NULL,
        word TEXT NOT NULL,
        item INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY(scope, word, item)) WITHOUT ROWID""",
)

SUMS: Final = (
    """CREATE TABLE IF NOT EXISTS memory_sums(
        tenant TEXT NOT NULL,
        source TEXT NOT NULL,
        summary TEXT NOT NULL,
        PRIMARY KEY(tenant, source, summary)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS memory_sums_by_summary ON memory_sums(tenant, summary)",
)
"""Which summaries tell of an item, also when that is gone. Made with the first summary."""

SELECT_FORMAT: Final = "SELECT number FROM memory_format"


def has_memory(connection: Connection) -> bool:
    """Return whether the file has the tables.

    Raises:
        CorruptLog: they are of a newer release.
    """
    if not has_table(connection, "memory_format"):
        return False
    (found,) = connection.execute(SELECT_FORMAT).fetchone()
    if found != FORMAT:
        raise CorruptLog(
            f"The memory in the file has format {found}, and this release reads format {FORMAT}; "
            "nothing was changed. Open it with the newer release that wrote it."
        )
    return True


def make_tables(connection: Connection) -> None:
    """Make the tables if there are none."""
    if not has_memory(connection):
        for statement in TABLES:
            connection.execute(statement)


def make_sums(connection: Connection) -> None:
    """Make the table of what is summed up if there is none."""
    for statement in SUMS:
        connection.execute(statement)
