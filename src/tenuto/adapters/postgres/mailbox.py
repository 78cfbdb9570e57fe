"""The mailbox of a schema: other processes post inputs, its owner takes and answers them."""

from __future__ import annotations

import time

from tenuto.adapters.postgres.connection import Connection, connect_to, name_of, parted, telling
from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.postgres.schema import require_newest
from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.adapters.sqlite.mailbox import (
    ANSWERS_KEPT_MS,
    DELETE_ANSWERED,
    INSERT_LETTER,
    SELECT_ANSWER,
    SELECT_LETTERS,
    UPDATE_ANSWER,
    Letter,
)
from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import SessionId


class PostgresMailbox:
    """The outsider's side: hands inputs to the process that owns the schema. Every method
    blocks."""

    def __init__(self, url: str) -> None:
        self._name = name_of(url)
        with telling(name=self._name, doing="opening"):
            self._connection = connect_to(url, durability="sync", readonly=False)
            try:
                require_newest(self._connection, parted(url)[1], self._name)
            except BaseException:
                self._connection.close()
                raise

    def post(self, session: SessionId, payload: bytes) -> int:
        """Return the id of the letter, once it is durable."""
        with telling(name=self._name, doing="posting"):
            row = self._connection.execute(
                f"{INSERT_LETTER} RETURNING id", (session, payload, _now_ms())
            ).fetchone()
        assert row is not None, "an insert has a row"
        return int(row[0])

    def answer(self, id: int) -> bytes | None:
        """Return the owner's answer, or None as long as there is none.

        Raises:
            NotFound: there is no such letter, or it was answered more than a day ago.
        """
        with telling(name=self._name, doing="reading"):
            row = self._connection.execute(SELECT_ANSWER, (id,)).fetchone()
        if row is None:
            raise NotFound(what="letter", name=str(id))
        return None if row[0] is None else bytes(row[0])

    def close(self) -> None:
        """Let the server go."""
        self._connection.close()


class Inbox:
    """The owner's side. Keep one: it remembers what it has handed out."""

    def __init__(self, *, reads: ReadPool, commits: GroupCommit) -> None:
        self._reads, self._commits = reads, commits
        self._taken: set[int] = set()
        self._swept_ms = 0

    def take(self) -> list[Letter]:
        """Return the letters that came since the last call. Blocks for one read."""
        letters = self._reads.run_here(_letters)
        new = [letter for letter in letters if letter[0] not in self._taken]
        # Ids of letters that were posted at once need not become visible in their order.
        self._taken = {letter[0] for letter in letters}
        return new

    async def settle(self, id: int, answer: bytes) -> None:
        """Return when the answer is durable; the letter is not taken again."""
        now_ms = _now_ms()
        if now_ms - self._swept_ms > ANSWERS_KEPT_MS // 24:
            self._swept_ms = now_ms
            self._commits.execute(DELETE_ANSWERED, (now_ms - ANSWERS_KEPT_MS,))
        await self._commits.execute(UPDATE_ANSWER, (answer, id))


def _letters(connection: Connection) -> list[Letter]:
    return [
        (row[0], SessionId(row[1]), bytes(row[2]))
        for row in connection.execute(SELECT_LETTERS, (0,))
    ]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
