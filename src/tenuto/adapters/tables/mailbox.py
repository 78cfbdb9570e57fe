"""The mailbox: other processes post inputs, the owner takes and answers them.

A letter that was taken but not settled is taken again by the next owner, so its reader must know it
by its id. Answers are kept for a day, then swept.
"""

import time
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Final

from tenuto.adapters.tables.connection import Connection, OwnConnection, has_table
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.reading import Reads
from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import SessionId

Letter = tuple[int, SessionId, bytes]
"""Id, session and payload of what was posted."""

ANSWERS_KEPT_MS: Final = 24 * 60 * 60 * 1000

TABLE: Final = "mailbox"
MAKE: Final = """
    CREATE TABLE IF NOT EXISTS mailbox(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session TEXT NOT NULL,
        payload BLOB NOT NULL,
        posted_ms INTEGER NOT NULL,
        answer BLOB)"""
"""Made by the first post. AUTOINCREMENT: an id that was swept must not come again."""
INSERT_LETTER: Final = (
    "INSERT INTO mailbox(session, payload, posted_ms) VALUES (?, ?, ?) RETURNING id"
)
SELECT_ANSWER: Final = "SELECT answer FROM mailbox WHERE id = ?"
SELECT_LETTERS: Final = """
    SELECT id, session, payload FROM mailbox WHERE id > ? AND answer IS NULL
    ORDER BY id LIMIT 1000"""
UPDATE_ANSWER: Final = "UPDATE mailbox SET answer = ? WHERE id = ?"
DELETE_ANSWERED: Final = "DELETE FROM mailbox WHERE answer IS NOT NULL AND posted_ms < ?"


class TableMailbox(ABC):
    """The outsider's side: hands inputs to the process that owns the database. Every method
    blocks."""

    def __init__(self, connection: OwnConnection) -> None:
        self._connection = connection

    def post(self, session: SessionId, payload: bytes) -> int:
        """Return the id of the letter, once it is durable."""
        with self._telling("posting"):
            if not has_table(self._connection, TABLE):
                self._connection.execute(MAKE)
            row = (session, payload, now_ms())
            # All of it is fetched: only then is the statement over, and committed.
            ((id,),) = self._connection.execute(INSERT_LETTER, row).fetchall()
        return int(id)

    def answer(self, id: int) -> bytes | None:
        """Return the owner's answer, or None as long as there is none.

        Raises:
            NotFound: there is no such letter, or it was answered more than a day ago.
        """
        with self._telling("reading"):
            made = has_table(self._connection, TABLE)
            row = self._connection.execute(SELECT_ANSWER, (id,)).fetchone() if made else None
        if row is None:
            raise NotFound(what="letter", name=str(id))
        return None if row[0] is None else bytes(row[0])

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()

    @abstractmethod
    def _telling(self, doing: str) -> AbstractContextManager[None]:
        """Turn what the driver raises inside into an error of ours."""


class Inbox:
    """The owner's side. Keep one: it remembers what it has handed out."""

    def __init__(self, *, reads: Reads, commits: GroupCommit) -> None:
        self._reads, self._commits = reads, commits
        self._taken = 0
        self._back: set[int] = set()
        """Taken before, and to be taken again."""
        self._swept_ms = 0

    async def take(self) -> list[Letter]:
        """Return the letters that came since the last call; nearly free when none did."""
        back, self._back = self._back, set()
        after = min(self._taken, *(id - 1 for id in back)) if back else self._taken
        found = await self._reads.run_soon(letters_after, after)
        letters = [letter for letter in found if letter[0] > self._taken or letter[0] in back]
        if letters:
            self._taken = max(self._taken, letters[-1][0])
        return letters

    def put_back(self, id: int) -> None:
        """Have a letter taken again."""
        self._back.add(id)

    async def settle(self, id: int, answer: bytes) -> None:
        """Return when the answer is durable; the letter is not taken again."""
        at_ms = now_ms()
        if at_ms - self._swept_ms > ANSWERS_KEPT_MS // 24:
            self._swept_ms = at_ms
            self._commits.execute(DELETE_ANSWERED, (at_ms - ANSWERS_KEPT_MS,))
        await self._commits.execute(UPDATE_ANSWER, (answer, id))


def letters_after(connection: Connection, id: int) -> list[Letter]:
    """Return letters with larger ids that have no answer, in order."""
    if not has_table(connection, TABLE):
        return []
    return [
        (row[0], SessionId(row[1]), bytes(row[2]))
        for row in connection.execute(SELECT_LETTERS, (id,))
    ]


def now_ms() -> int:
    return time.time_ns() // 1_000_000
