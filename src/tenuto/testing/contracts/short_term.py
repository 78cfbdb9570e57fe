"""What all locks and counters must do. Subclass these and build one."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from tenuto.ports.short_term import Counters, Locks

_LocksCheck: TypeAlias = Callable[[Locks], Awaitable[None]]
_CountersCheck: TypeAlias = Callable[[Counters], Awaitable[None]]

LONG_MS = 60_000
SHORT_MS = 20
SECONDS_MAX = 10


class LocksContract(ABC):
    """One has a lock at a time, until he gives it or it ends by itself."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Locks]:
        """Return a context that gives locks that nobody has."""
        ...

    def test_of_many_who_want_it_at_once_one_gets_it(self) -> None:
        async def check(locks: Locks) -> None:
            found = await asyncio.gather(*(locks.take("it", lasting_ms=LONG_MS) for _ in range(20)))
            assert len([token for token in found if token is not None]) == 1
            assert await locks.take("another", lasting_ms=LONG_MS) is not None

        self._run(check)

    def test_the_next_one_gets_it_when_it_was_given_and_a_higher_token(self) -> None:
        async def check(locks: Locks) -> None:
            first = await locks.take("it", lasting_ms=LONG_MS)
            assert first is not None
            assert await locks.give("it", first)
            second = await locks.take("it", lasting_ms=LONG_MS)
            assert second is not None
            assert second > first

        self._run(check)

    def test_it_ends_by_itself_and_who_had_it_can_neither_keep_nor_give_it(self) -> None:
        async def check(locks: Locks) -> None:
            first = await locks.take("it", lasting_ms=SHORT_MS)
            assert first is not None

            second = None
            async with asyncio.timeout(SECONDS_MAX):
                while second is None:
                    second = await locks.take("it", lasting_ms=LONG_MS)

            assert not await locks.keep("it", first, lasting_ms=LONG_MS)
            assert not await locks.give("it", first)
            assert await locks.keep("it", second, lasting_ms=LONG_MS)

        self._run(check)

    def test_who_keeps_it_has_it_for_longer(self) -> None:
        async def check(locks: Locks) -> None:
            token = await locks.take("it", lasting_ms=LONG_MS)
            assert token is not None
            assert await locks.keep("it", token, lasting_ms=SHORT_MS)
            async with asyncio.timeout(SECONDS_MAX):
                while await locks.take("it", lasting_ms=LONG_MS) is None:  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0)

        self._run(check)

    def _run(self, check: _LocksCheck) -> None:
        async def main() -> None:
            async with self.opened() as locks:
                await check(locks)

        asyncio.run(main())


class CountersContract(ABC):
    """Nothing that is added is lost, until nothing is added for long."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Counters]:
        """Return a context that gives counters at 0."""
        ...

    def test_what_is_added_at_once_is_all_there(self) -> None:
        async def check(counters: Counters) -> None:
            found = await asyncio.gather(
                *(counters.add("done", 2, lasting_ms=LONG_MS) for _ in range(30))
            )
            assert sorted(found) == list(range(2, 62, 2))
            assert await counters.add("done", -10, lasting_ms=LONG_MS) == 50
            assert await counters.read(["none", "done"]) == (0, 50)
            assert await counters.read([]) == ()

        self._run(check)

    def test_what_nobody_adds_to_is_forgotten(self) -> None:
        async def check(counters: Counters) -> None:
            assert await counters.add("done", 5, lasting_ms=SHORT_MS) == 5
            async with asyncio.timeout(SECONDS_MAX):
                while await counters.read(["done"]) != (0,):  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0)
            assert await counters.add("done", 1, lasting_ms=LONG_MS) == 1

        self._run(check)

    def _run(self, check: _CountersCheck) -> None:
        async def main() -> None:
            async with self.opened() as counters:
                await check(counters)

        asyncio.run(main())
