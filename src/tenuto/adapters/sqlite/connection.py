"""Connections to a store's file, and what its errors mean."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

from tenuto.adapters.tables.connection import Durability
from tenuto.core.errors import CorruptLog, StoreUnavailable, TenutoError

Connect: TypeAlias = Callable[..., sqlite3.Connection]
"""`sqlite3.connect`, or a stand-in that makes faults."""

LOCK_S_MAX: Final = 5.0
"""How long opening and reading wait for the moments in which a file must be one process's alone."""

CACHE_KIB: Final = 8_000
CACHED_STATEMENTS: Final = 128
LOG_BYTES_KEPT_MAX: Final = 64 * 1024 * 1024

ADVICE: Final = {
    sqlite3.SQLITE_FULL: "Make room on the disk; the work goes on by itself afterwards.",
    sqlite3.SQLITE_IOERR: "Look at the disk and at the system's log; nothing more was written.",
    sqlite3.SQLITE_BUSY: "Another program holds its write lock; find it and stop it.",
    sqlite3.SQLITE_READONLY: "Check the permissions of the file and of its folder.",
    sqlite3.SQLITE_CANTOPEN: "Check that the folder exists and may be written to.",
}


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code. Source: sqlite.org/rescode.html, its low eight bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    return primary_code(error) == sqlite3.SQLITE_BUSY


def told(error: sqlite3.Error, *, file: str, doing: str) -> TenutoError:
    """Return the error of ours that says what SQLite's means, which file, and what to do."""
    code = primary_code(error)
    cause = f"{getattr(error, 'sqlite_errorname', type(error).__name__)}: {error}"
    if code == sqlite3.SQLITE_NOTADB:
        return CorruptLog(
            f"{file} is not an SQLite database ({cause}); nothing was changed. "
            "Check the path, or restore the file from a backup."
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return CorruptLog(
            f"{file} is damaged ({cause}, found while {doing}). Copy it away, run "
            f"`sqlite3 {file} .recover`, or restore a backup."
        )
    advice = ADVICE.get(code, "Nothing was written; try again.")
    return StoreUnavailable(f"{doing} failed on {file} ({cause}). {advice}")


@contextmanager
def telling(*, file: str, doing: str) -> Iterator[None]:
    """Turn what SQLite raises inside into an error of ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise told(error, file=file, doing=doing) from error


def checked_path(path: str | os.PathLike[str]) -> str:
    """Return the file's one true name: absolute, with links followed.

    Raises:
        StoreUnavailable: its folder does not exist, or it is a folder itself.
    """
    file = Path(os.path.realpath(path))
    if not file.parent.is_dir():
        raise StoreUnavailable(
            f"The folder {str(file.parent)!r} for {file} does not exist; make it."
        )
    if file.is_dir():
        raise StoreUnavailable(f"{file} is a folder; give the path of a file, as {file}/tenuto.db.")
    return str(file)


def connect_to(
    file: str, *, durability: Durability, readonly: bool, connect: Connect
) -> sqlite3.Connection:
    """Return a connection that may be used by one thread after another, in autocommit mode.

    One for writing never waits for a lock by itself: whoever may wait does so on purpose. One for
    reading may have to wait while another process mends or removes the write-ahead log."""
    connection = connect(
        f"file:{quote(file)}?mode={'ro' if readonly else 'rwc'}",
        uri=True,
        timeout=LOCK_S_MAX if readonly else 0.0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=CACHED_STATEMENTS,
    )
    try:
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # The default of some builds overwrites what is deleted with zeros: each replaced snapshot
        # would be written once more.
        connection.execute("PRAGMA secure_delete = OFF")
        if not readonly:
            connection.execute(
                f"PRAGMA synchronous = {'FULL' if durability == 'sync' else 'NORMAL'}"
            )
            # macOS tells its disk to flush only when asked so; elsewhere this changes nothing.
            connection.execute(f"PRAGMA fullfsync = {int(durability == 'sync')}")
            # A log that grew under a rare load gives its room back.
            connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES_KEPT_MAX}")
            # Checkpoints are made by the writer thread, never in the middle of an append.
            connection.execute("PRAGMA wal_autocheckpoint = 0")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
