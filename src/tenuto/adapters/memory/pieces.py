"""Pieces of answers in memory."""

import asyncio
from collections import deque
from typing import Final

from msgspec import structs

from tenuto.core.vocabulary import SessionId
from tenuto.ports.pieces import Piece

KEPT: Final = 10_000
"""Pieces that are kept of all sessions together."""


class MemoryPieces:
    """`Pieces` that end with the process."""

    def __init__(self) -> None:
        self._kept: deque[tuple[SessionId, Piece]] = deque(maxlen=KEPT)
        self._count = 0
        self._news = asyncio.Event()

    def append(self, session: SessionId, piece: Piece) -> None:
        """See `Pieces.append`."""
        self._count += 1
        self._kept.append((session, structs.replace(piece, offset=self._count)))
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def read(self, session: SessionId, *, after: int, limit: int) -> tuple[Piece, ...]:
        """See `Pieces.read`."""
        found = [p for owner, p in self._kept if owner == session and p.offset > after]
        return tuple(found[:limit])

    async def wait(self, session: SessionId, *, after: int) -> None:
        """See `Pieces.wait`."""
        news = self._news
        if not await self.read(session, after=after, limit=1):
            await news.wait()
