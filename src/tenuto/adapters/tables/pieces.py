"""Pieces of answers, in a table of their own, made with the first of them.

They are written with the next batch of commits and nobody waits for the disk: a crash loses the
last ones, and the turn is asked again anyway.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Final

from tenuto.adapters.tables.connection import Connection, has_table
from tenuto.adapters.tables.following import POLL_S
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.reading import Reads
from tenuto.core.vocabulary import Position, SessionId, TaskNo
from tenuto.ports.pieces import KEPT_MS, Piece

LOOK_S: Final = 1.0
"""How long who waits is told nothing before he looks by himself."""
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
    """`Pieces` of one database. `commits` is None in a process that only reads."""

    def __init__(self, *, reads: Reads, commits: GroupCommit | None) -> None:
        self._reads, self._commits = reads, commits
        self._written = 0
        self._waiting: dict[SessionId, set[asyncio.Future[None]]] = {}
        self.written: Callable[[SessionId], None] = lambda session: None
        """Told of each session with a new piece that can be read."""

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
        self._commits.execute(INSERT, row).add_done_callback(partial(self._tell, session))

    async def read(self, session: SessionId, *, after: int, limit: int) -> tuple[Piece, ...]:
        """See `Pieces.read`."""
        return await self._reads.run(_select, session, after, limit)

    async def wait(self, session: SessionId, *, after: int) -> None:
        """See `Pieces.wait`."""
        if self._commits is None:
            await asyncio.sleep(POLL_S)
            return
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(session, set())
        waiting.add(news)
        try:
            if not await self.read(session, after=after, limit=1):
                with suppress(TimeoutError):
                    # What another process tells may be lost, and nothing tells when one begins.
                    async with asyncio.timeout(LOOK_S):
                        await news
        finally:
            waiting.discard(news)
            if not waiting and self._waiting.get(session) is waiting:
                del self._waiting[session]

    def look_for(self, sessions: Iterable[SessionId] = ()) -> None:
        """Have who waits for pieces of these sessions look: there may be some; none: of all."""
        for session in tuple(sessions) or tuple(self._waiting):
            for news in self._waiting.get(session, ()):
                if not news.done():
                    news.set_result(None)

    def _tell(self, session: SessionId, written: "asyncio.Future[Position]") -> None:
        _ignored(written)
        self.look_for([session])
        self.written(session)


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
