"""Pieces of answers that are still being given: a durable stream beside the event log.

It is no part of a session's past. What an answer came to is one event; its pieces are kept for an
hour, so that who reads along can lose the connection and go on where he was.
"""

from typing import Final, Protocol

import msgspec

from tenuto.core.vocabulary import SessionId, TaskNo

KEPT_MS: Final = 60 * 60 * 1000
"""How long pieces are kept at least."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the text of one turn. Offsets of a session ascend; they may leave gaps."""

    task: TaskNo
    """The turn, as its events name it."""
    text: str
    restart: bool = False
    """The answer begins with this piece: forget what was shown of the turn before it."""
    offset: int = 0

    def onto(self, shown: str) -> str:
        """Return what a reader has of the turn after this piece, who had `shown` before it."""
        return self.text if self.restart else shown + self.text


class Pieces(Protocol):
    """Keeps pieces and tells who waits for them."""

    def append(self, session: SessionId, piece: Piece) -> None:
        """Keep a piece behind those of its session. Returns at once; the offset is given later."""
        ...

    async def read(self, session: SessionId, *, after: int, limit: int) -> tuple[Piece, ...]:
        """Return up to `limit` pieces with offsets above `after`, in their order.

        Raises:
            StoreUnavailable: it may work later.
        """
        ...

    async def wait(self, session: SessionId, *, after: int) -> None:
        """Return when there may be pieces with offsets above `after`."""
        ...
