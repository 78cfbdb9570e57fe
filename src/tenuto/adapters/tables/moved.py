"""What a move leaves in a store: in the one that is left the mark, in the other what arrived.

The mark is a table, which whoever opens the store looks for, and triggers, which stop those who
opened it before.
"""

from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.core.errors import StoreUnavailable

MARK: Final = "moved"
ARRIVED: Final = "moved_from"


def moved_to(connection: Connection) -> str:
    """Return where the store was moved to, '' when it was not."""
    if not has_table(connection, MARK):
        return ""
    (target,) = connection.execute(f"SELECT target FROM {MARK}").fetchone()
    return str(target)


def require_here(connection: Connection, name: str) -> None:
    """Check that the store was not moved.

    Raises:
        StoreUnavailable: it was; the message says where to.
    """
    target = moved_to(connection)
    if target:
        raise StoreUnavailable(text_of(name, target))


def text_of(name: str, target: str) -> str:
    """Return what people are told of a store that was moved."""
    return f"{name} was moved to {target}; use --db or TENUTO_DB with that address."


def mark(connection: Connection, target: str, *, at_ms: int) -> None:
    """Make the table of the mark."""
    connection.execute(f"CREATE TABLE {MARK}(target TEXT NOT NULL, at_ms INTEGER NOT NULL)")
    connection.execute(f"INSERT INTO {MARK} VALUES (?, ?)", (target, at_ms))


def note_arrival(connection: Connection, digest: str, *, at_ms: int) -> None:
    """Note the digest of all that was moved here."""
    connection.execute(f"CREATE TABLE {ARRIVED}(digest TEXT NOT NULL, at_ms INTEGER NOT NULL)")
    connection.execute(f"INSERT INTO {ARRIVED} VALUES (?, ?)", (digest, at_ms))


def arrived_in(connection: Connection) -> str:
    """Return the digest of what was moved here, '' when nothing was."""
    if not has_table(connection, ARRIVED):
        return ""
    (digest,) = connection.execute(f"SELECT digest FROM {ARRIVED}").fetchone()
    return str(digest)
