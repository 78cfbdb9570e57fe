"""What every keeper of pieces must do. Subclass it and build one."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from tenuto.core.vocabulary import SessionId, TaskNo
from tenuto.ports.pieces import Piece, Pieces

_Check: TypeAlias = Callable[[Pieces], Awaitable[None]]

ONE, OTHER = SessionId("one"), SessionId("other")


class PiecesContract(ABC):
    """Pieces come back in order, above an offset, and only those of the session."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Pieces]:
        """Return a context that gives a keeper without pieces."""
        ...

    def test_pieces_come_back_in_their_order_with_ascending_offsets(self) -> None:
        async def check(pieces: Pieces) -> None:
            for text in "abc":
                pieces.append(ONE, Piece(task=TaskNo(2), text=text, restart=text == "a"))

            found = await _all(pieces, ONE, 3)

            assert [(piece.text, piece.restart) for piece in found] == [
                ("a", True),
                ("b", False),
                ("c", False),
            ]
            offsets = [piece.offset for piece in found]
            assert offsets == sorted(set(offsets))
            assert offsets[0] > 0

        self._run(check)

    def test_who_comes_back_goes_on_behind_what_he_saw(self) -> None:
        async def check(pieces: Pieces) -> None:
            for text in "abc":
                pieces.append(ONE, Piece(task=TaskNo(2), text=text))
            first, *rest = await _all(pieces, ONE, 3)

            again = await pieces.read(ONE, after=first.offset, limit=10)

            assert list(again) == rest
            assert await pieces.read(ONE, after=rest[-1].offset, limit=10) == ()

        self._run(check)

    def test_another_session_s_pieces_are_not_seen(self) -> None:
        async def check(pieces: Pieces) -> None:
            pieces.append(OTHER, Piece(task=TaskNo(2), text="not yours"))
            pieces.append(ONE, Piece(task=TaskNo(2), text="yours"))

            found = await _all(pieces, ONE, 1)

            assert [piece.text for piece in found] == ["yours"]

        self._run(check)

    def test_who_waits_is_told_of_what_comes(self) -> None:
        async def check(pieces: Pieces) -> None:
            waiting = asyncio.ensure_future(pieces.wait(ONE, after=0))
            await asyncio.sleep(0)
            pieces.append(ONE, Piece(task=TaskNo(2), text="here"))

            await asyncio.wait_for(waiting, 5)

            assert [piece.text for piece in await _all(pieces, ONE, 1)] == ["here"]

        self._run(check)

    def test_no_more_than_asked_for_are_read_at_once(self) -> None:
        async def check(pieces: Pieces) -> None:
            for text in "abc":
                pieces.append(ONE, Piece(task=TaskNo(2), text=text))
            await _all(pieces, ONE, 3)

            assert len(await pieces.read(ONE, after=0, limit=2)) == 2

        self._run(check)

    def _run(self, check: _Check) -> None:
        async def main() -> None:
            async with self.opened() as pieces:
                await check(pieces)

        asyncio.run(main())


async def _all(pieces: Pieces, session: SessionId, count: int) -> tuple[Piece, ...]:
    """Return the first `count` pieces, once they are there."""
    async for found in _reads(pieces, session):
        if len(found) >= count:
            return found
    raise AssertionError("reading never ends by itself")


async def _reads(pieces: Pieces, session: SessionId) -> AsyncIterator[tuple[Piece, ...]]:
    after = 0
    while True:
        await asyncio.wait_for(pieces.wait(session, after=after), 5)
        found = await pieces.read(session, after=0, limit=100)
        after = found[-1].offset if found else 0
        yield found
