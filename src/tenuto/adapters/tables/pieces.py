"""Pieces of answers, in a table of their own, made with the first of them.

They are written with the next batch of commits and nobody waits for the disk: a crash loses the
last ones, and the turn is asked again anyway.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.following import POLL_S
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.reading import Reads
from tenuto.core.vocabulary import Position, SessionId, TaskNo
from tenuto.ports.pieces import KEPT_MS, Piece

LONE_S: Final = 1.0
"""How long a process that is alone waits before it looks whether it still is."""
SWEEP_EVERY: Final = 2_000
"""Pieces written between two looks for old ones."""

MAKE: Final = (
    """CREATE TABLE IF NOT EXISTS pieces(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session TEXT NOT NULL,
        task INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        text TEXT NOT NULL,
        restart INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS pieces_of_session ON pieces(session, id)",
)
INSERT: Final = "INSERT INTO pieces(session, task, at_ms, text, restart) VALUES (?, ?, ?, ?, ?)"
DELETE_OLD: Final = "DELETE FROM pieces WHERE at_ms < ?"
SELECT: Final = """
    SELECT id, task, text, restart FROM pieces WHERE session = ? AND id > ? ORDER BY id LIMIT ?"""


class TablePieces:
    """`Pieces` of one database. `commits` is None in a process that only reads; `is_shared` says
    whether another process may be writing some now."""

    def __init__(
        self,
        *,
        reads: Reads,
        commits: GroupCommit | None,
        is_shared: Callable[[], bool] = lambda: False,
    ) -> None:
        self._reads, self._commits, self._is_shared = reads, commits, is_shared
        self._written = 0
        self._news = asyncio.Event()

    def append(self, session: SessionId, piece: Piece) -> None:
        """See `Pieces.append`."""
        assert self._commits is not None, "who only reads asks no models"
        now_ms = time.time_ns() // 1_000_000
        if not self._written:
            # With the piece in one transaction: a row without its table would refuse the commits of
            # sessions that are written with it.
            for statement in MAKE:
                self._commits.execute(statement, ()).add_done_callback(_ignored)
        if self._written % SWEEP_EVERY == 0:
            self._commits.execute(DELETE_OLD, (now_ms - KEPT_MS,)).add_done_callback(_ignored)
        self._written += 1
        row = session, piece.task, now_ms, piece.text, int(piece.restart)
        self._commits.execute(INSERT, row).add_done_callback(self._tell)

    async def read(self, session: SessionId, *, after: int, limit: int) -> tuple[Piece, ...]:
        """See `Pieces.read`."""
        return await self._reads.run(_select, session, after, limit)

    async def wait(self, session: SessionId, *, after: int) -> None:
        """See `Pieces.wait`."""
        if self._commits is None:
            await asyncio.sleep(POLL_S)
            return
        news = self._news
        if await self.read(session, after=after, limit=1):
            return
        with suppress(TimeoutError):
            # Nothing tells of what another process writes, nor when it begins to.
            async with asyncio.timeout(POLL_S if self._is_shared() else LONE_S):
                await news.wait()

    def _tell(self, written: "asyncio.Future[Position]") -> None:
        _ignored(written)
        news, self._news = self._news, asyncio.Event()
        news.set()


def _ignored(written: "asyncio.Future[Position]") -> None:
    """A piece that was not written is missed by who reads along, and by nobody else."""
    if not written.cancelled():
        written.exception()


def _select(
    connection: Connection, session: SessionId, after: int, limit: int
) -> tuple[Piece, ...]:
    if not has_table(connection, "pieces"):
        return ()
    rows = connection.execute(SELECT, (session, after, limit))
    return tuple(
        Piece(offset=row[0], task=TaskNo(row[1]), text=row[2], restart=bool(row[3])) for row in rows
    )
