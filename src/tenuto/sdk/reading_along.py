"""Reads along while models answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from tenuto.core.vocabulary import SessionId
from tenuto.ports.pieces import Piece
from tenuto.runtime.engine import Engine
from tenuto.sdk.waiting import has_ended, until

_READ: Final = 500


async def read_pieces(engine: Engine, session: SessionId, after: int) -> AsyncIterator[Piece]:
    """Return the pieces behind offset `after`, those that are there and those to come, until the
    session has ended."""
    pieces = engine.pieces
    if pieces is None:
        return
    ended = asyncio.ensure_future(until(engine, session, has_ended))
    try:
        while True:
            is_over = ended.done()
            found = await pieces.read(session, after=after, limit=_READ)
            for piece in found:
                after = piece.offset
                yield piece
            if found:
                continue
            if is_over:
                ended.result()
                return
            news = asyncio.ensure_future(pieces.wait(session, after=after))
            try:
                await asyncio.wait({news, ended}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
    finally:
        ended.cancel()
