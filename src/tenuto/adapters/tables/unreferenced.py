"""Artifacts that a deleted event referred to, and whether another one still does.

Which events refer to an artifact stands nowhere but in them. So what a deleted one referred to is
noted, and looked for in the log some time later. Who stores an artifact strikes it off the notes
first, and who deletes it takes its note first: whoever comes second waits, and sees what the other
one did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table

TABLE: Final = "pruning_artifacts"
MAKE: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE}(digest TEXT PRIMARY KEY, left_ms INTEGER NOT NULL)"
)
KEEP: Final = f"DELETE FROM {TABLE} WHERE digest = ?"
JUDGED_AT_ONCE: Final = 10_000
COMMITS_AT_ONCE: Final = 500

_REFERENCE: Final = re.compile(rb"(?=\xc7\x20\x01(.{32}))", re.DOTALL)
"""As `codec.events` writes one: a MessagePack extension of 32 bytes. What only looks like one keeps
an artifact that nobody needs, and does no harm."""
_NOTE: Final = f"""
    INSERT INTO {TABLE}(digest, left_ms) VALUES (?, ?)
    ON CONFLICT(digest) DO UPDATE SET left_ms = excluded.left_ms"""
_LEFT: Final = f"SELECT digest FROM {TABLE} WHERE left_ms < ? ORDER BY digest LIMIT ?"
_PAYLOADS: Final = """
    SELECT position, payload FROM commits WHERE position > ? AND session <> 0
    ORDER BY position LIMIT ?"""
_TAKE: Final = f"DELETE FROM {TABLE} WHERE digest = ? AND left_ms < ? RETURNING digest"
_DELETE: Final = "DELETE FROM artifacts WHERE digest = ?"


def is_made(connection: Connection) -> bool:
    """Return whether artifacts may be noted."""
    return has_table(connection, TABLE)


def note(connection: Connection, payloads: Iterable[bytes], now_ms: int) -> None:
    """Note what the payloads refer to; they are deleted now."""
    found = sorted({digest for payload in payloads for digest in references(payload)})
    if found:
        connection.executemany(_NOTE, [(digest, now_ms) for digest in found])


def references(payload: bytes) -> set[str]:
    """Return the digests of the artifacts that a commit's payload refers to."""
    return {found.hex() for found in _REFERENCE.findall(bytes(payload))}


def left_before(connection: Connection, moment_ms: int) -> list[str]:
    """Return artifacts that were noted before the moment, few enough to be judged at once."""
    if not is_made(connection):
        return []
    rows = connection.execute(_LEFT, (moment_ms, JUDGED_AT_ONCE))
    return [digest for (digest,) in rows]


def referred_after(connection: Connection, position: int) -> tuple[set[str], int]:
    """Return what the next commits behind a position refer to, and the last one's position; 0:
    there is no more."""
    rows = connection.execute(_PAYLOADS, (position, COMMITS_AT_ONCE)).fetchall()
    found = {digest for _, payload in rows for digest in references(payload)}
    return found, rows[-1][0] if len(rows) == COMMITS_AT_ONCE else 0


def take(connection: Connection, digest: str, moment_ms: int) -> bool:
    """Return whether the artifact is still noted since before the moment; it is not any more."""
    return connection.execute(_TAKE, (digest, moment_ms)).fetchone() is not None


def delete(connection: Connection, digest: str) -> None:
    """Delete the artifact's row, if it is one."""
    connection.execute(_DELETE, (digest,))
