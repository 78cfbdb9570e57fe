"""The index file: its tables, and how one is told from any other file.

The index can be made again at any time, so a file of ours that is of another format, or broken, is
emptied and filled anew. A file that is not ours is never touched.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from tenuto.ports.collections import CollectionUnavailable, NotACollection

APPLICATION_ID: Final = 0x74656E63
"""Marks the file as ours, in SQLite's header: `tenc` as a number."""

FORMAT: Final = 1
"""Raise it when the tables, or the way documents are cut, change: old indexes are made anew."""

BUSY_SECONDS: Final = 30.0
"""How long a reader or writer waits for another process before it gives up."""

_HEADER: Final = b"SQLite format 3\0"

_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    problem TEXT NOT NULL,
    lines TEXT NOT NULL
);
CREATE TABLE passage (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (id),
    first_line INTEGER NOT NULL,
    last_line INTEGER NOT NULL,
    heading TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX passage_document ON passage (document);
CREATE VIRTUAL TABLE passage_words USING fts5(
    heading, text, content='passage', content_rowid='id',
    tokenize='porter unicode61 remove_diacritics 2'
);
"""


def connect(index: Path) -> sqlite3.Connection:
    """Return a connection to the index at `index`, made empty when there is none or it is broken.

    Raises:
        NotACollection: the file belongs to something else.
        CollectionUnavailable: the file or its folder cannot be used.
    """
    try:
        index.parent.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(index)
    except OSError as error:
        raise unavailable(index, error) from error
    try:
        return _prepared(index)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise unavailable(index, error) from error
    # Ours by its mark, but damaged: nothing in it is worth keeping.
    for path in (index, index.with_name(index.name + "-wal"), index.with_name(index.name + "-shm")):
        path.unlink(missing_ok=True)
    try:
        return _prepared(index)
    except sqlite3.Error as error:
        raise unavailable(index, error) from error


def unavailable(index: Path, error: Exception) -> CollectionUnavailable:
    """Return the error to raise when the index file cannot be used now."""
    return CollectionUnavailable(
        f"The collection index {str(index)!r} cannot be used: {error}. Check its folder's "
        "permissions and free space; the index can be deleted and is then made again."
    )


def _refuse_foreign(index: Path) -> None:
    if not index.exists() or index.stat().st_size == 0:
        return
    with index.open("rb") as file:
        header = file.read(100)
    # Source: SQLite file format, bytes 68 to 71 of the header.
    if header[:16] == _HEADER and int.from_bytes(header[68:72], "big") == APPLICATION_ID:
        return
    raise NotACollection(
        f"{str(index)!r} is no collection index and was left as it is. Name another file.",
        code="not_a_collection",
    )


def _prepared(index: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(index, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        # Enough against a process crash; after a power cut the index is made again.
        connection.execute("PRAGMA synchronous = NORMAL")
        if _format(connection) != FORMAT:
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have made it while this one waited.
            if _format(connection) != FORMAT:
                _create(connection)
            connection.execute("COMMIT")
        _let_readers_go_on(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _let_readers_go_on(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log, for good. Not before the tables are made: until the first
    checkpoint the file itself would not bear our mark, and another process would refuse it."""
    with closing(connection.execute("PRAGMA journal_mode")) as rows:
        if rows.fetchone()[0] == "wal":
            return
    # Another process may be reading just now; then the next one to open it switches.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")


def _create(connection: sqlite3.Connection) -> None:
    for table in ("passage_words", "passage", "document", "meta"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def _format(connection: sqlite3.Connection) -> int:
    with closing(connection.execute("PRAGMA user_version")) as rows:
        return int(rows.fetchone()[0])
