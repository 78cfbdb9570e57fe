"""The mailbox of a file: other processes post inputs, its owner takes and answers them.

A letter that was taken but not settled is taken again by the next owner, so its reader must know it
by its id. Answers are kept for a day, then swept.
"""

import os
import sqlite3
import time
from typing import Final

from tenuto.adapters.sqlite.connection import checked_path, connect_to, has_table, telling
from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.schema import require_newest
from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import SessionId

Letter = tuple[int, SessionId, bytes]
"""Id, session and payload of what was posted."""

POST_S_MAX: Final = 10.0
"""How long a post waits for the owner's transactions."""

ANSWERS_KEPT_MS: Final = 24 * 60 * 60 * 1000

MAKE: Final = """
    CREATE TABLE IF NOT EXISTS mailbox(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session TEXT NOT NULL,
        payload BLOB NOT NULL,
        posted_ms INTEGER NOT NULL,
        answer BLOB)"""
"""Made by the first post. AUTOINCREMENT: an id that was swept must not come again."""
INSERT_LETTER: Final = "INSERT INTO mailbox(session, payload, posted_ms) VALUES (?, ?, ?)"
SELECT_ANSWER: Final = "SELECT answer FROM mailbox WHERE id = ?"
SELECT_LETTERS: Final = """
    SELECT id, session, payload FROM mailbox WHERE id > ? AND answer IS NULL
    ORDER BY id LIMIT 1000"""
UPDATE_ANSWER: Final = "UPDATE mailbox SET answer = ? WHERE id = ?"
DELETE_ANSWERED: Final = "DELETE FROM mailbox WHERE answer IS NOT NULL AND posted_ms < ?"


class SqliteMailbox:
    """The outsider's side: hands inputs to the process that owns the file. Every method blocks."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = checked_path(path)
        if not os.path.exists(self._file):
            raise NotFound(what="store", name=self._file, hint="Check the path.")
        with telling(file=self._file, doing="opening"):
            self._connection = connect_to(
                self._file, durability="sync", readonly=False, connect=sqlite3.connect
            )
            try:
                self._connection.execute(f"PRAGMA busy_timeout = {int(POST_S_MAX * 1000)}")
                require_newest(self._connection, self._file)
            except BaseException:
                self._connection.close()
                raise

    def post(self, session: SessionId, payload: bytes) -> int:
        """Return the id of the letter, once it is durable."""
        with telling(file=self._file, doing="posting"):
            self._connection.execute(MAKE)
            row = self._connection.execute(INSERT_LETTER, (session, payload, _now_ms()))
        assert row.lastrowid is not None, "an insert has a row"
        return row.lastrowid

    def answer(self, id: int) -> bytes | None:
        """Return the owner's answer, or None as long as there is none.

        Raises:
            NotFound: there is no such letter, or it was answered more than a day ago.
        """
        with telling(file=self._file, doing="reading"):
            made = has_table(self._connection, "mailbox")
            row = self._connection.execute(SELECT_ANSWER, (id,)).fetchone() if made else None
        if row is None:
            raise NotFound(what="letter", name=str(id))
        return None if row[0] is None else bytes(row[0])

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


class Inbox:
    """The owner's side. Keep one: it remembers what it has handed out."""

    def __init__(self, *, reads: ReadPool, commits: GroupCommit) -> None:
        self._reads = reads
        self._commits = commits
        self._taken = 0
        self._swept_ms = 0

    def take(self) -> list[Letter]:
        """Return the letters that came since the last call; nearly free when none did."""
        letters = self._reads.run_here(_letters, self._taken)
        if letters:
            self._taken = letters[-1][0]
        return letters

    async def settle(self, id: int, answer: bytes) -> None:
        """Return when the answer is durable; the letter is not taken again."""
        now_ms = _now_ms()
        if now_ms - self._swept_ms > ANSWERS_KEPT_MS // 24:
            self._swept_ms = now_ms
            self._commits.execute(DELETE_ANSWERED, (now_ms - ANSWERS_KEPT_MS,))
        await self._commits.execute(UPDATE_ANSWER, (answer, id))


def _letters(connection: sqlite3.Connection, after: int) -> list[Letter]:
    if not has_table(connection, "mailbox"):
        return []
    return [
        (row[0], SessionId(row[1]), bytes(row[2]))
        for row in connection.execute(SELECT_LETTERS, (after,))
    ]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
