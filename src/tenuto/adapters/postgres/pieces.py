"""Pieces of answers, in a table whose rows no crash of the server has to keep: a turn whose answer
was not recorded is asked again anyway."""

from __future__ import annotations

import asyncio
import time

from tenuto.adapters.postgres.connection import Connection
from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.sqlite.following import POLL_S
from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.adapters.sqlite.pieces import DELETE_OLD, INSERT, SELECT, SWEEP_EVERY
from tenuto.core.vocabulary import Position, SessionId, TaskNo
from tenuto.ports.pieces import KEPT_MS, Piece


class PostgresPieces:
    """`Pieces` of one schema. `commits` is None in a process that only reads."""

    def __init__(self, *, reads: ReadPool, commits: GroupCommit | None) -> None:
        self._reads, self._commits = reads, commits
        self._written = 0
        self._news = asyncio.Event()

    def append(self, session: SessionId, piece: Piece) -> None:
        """See `Pieces.append`."""
        assert self._commits is not None, "who only reads asks no models"
        now_ms = time.time_ns() // 1_000_000
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
        if not await self.read(session, after=after, limit=1):
            await news.wait()

    def _tell(self, written: asyncio.Future[Position]) -> None:
        _ignored(written)
        news, self._news = self._news, asyncio.Event()
        news.set()


def _ignored(written: asyncio.Future[Position]) -> None:
    """A piece that was not written is missed by who reads along, and by nobody else."""
    if not written.cancelled():
        written.exception()


def _select(
    connection: Connection, session: SessionId, after: int, limit: int
) -> tuple[Piece, ...]:
    rows = connection.execute(SELECT, (session, after, limit))
    return tuple(
        Piece(offset=row[0], task=TaskNo(row[1]), text=row[2], restart=bool(row[3])) for row in rows
    )
