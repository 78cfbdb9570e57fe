"""Which sessions change, over all of a store."""

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from tenuto.core.vocabulary import Position, SessionId
from tenuto.runtime.engine import Engine

_PAGE: Final = 1_000


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A session got events; the last of them is at `position` in the store."""

    position: Position
    session: SessionId


class Changes:
    """The changes of a store. No handle of a user: servers tell their clients with it."""

    def __init__(self, engine: Engine) -> None:
        self._store = engine.store

    async def after(self, position: int, *, follow: bool = True) -> AsyncIterator[Change]:
        """Return the changes behind a position, in order; with `follow` those to come, too."""
        if follow:
            async for commit in self._store.follow(after=position):
                if commit.is_pruned:
                    continue
                yield Change(position=commit.position, session=commit.session)
            return
        while page := await self._store.read(after=position, limit=_PAGE):
            for commit in page:
                if commit.is_pruned:
                    continue
                yield Change(position=commit.position, session=commit.session)
            position = page[-1].position

    async def last(self) -> int:
        """Return the position of the last event, 0 where there is none, after some twice its
        logarithm of reads."""
        known, beyond = 0, 1
        while page := await self._store.read(after=beyond, limit=1):
            known = page[-1].position
            beyond = 2 * known
        # The end is at `known` or behind it, and before or at `beyond`.
        while known < beyond:
            page = await self._store.read(after=(known + beyond) // 2, limit=1)
            if page:
                known = page[-1].position
            else:
                beyond = (known + beyond) // 2
        return known
