"""Locks and counters of one process and of many keep the same contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import pytest

from tenuto.adapters.memory.short_term import MemoryCounters, MemoryLocks
from tenuto.adapters.redis import Line, RedisAway
from tenuto.adapters.redis.short_term import RedisCounters, RedisLocks
from tenuto.ports.short_term import Counters, Locks
from tenuto.testing.contracts import CountersContract, LocksContract
from tests.redis_ground import fresh_redis, needs_own_redis, needs_redis, own_redis

Made = TypeVar("Made")


@asynccontextmanager
async def in_memory(make: Callable[[], Made]) -> AsyncIterator[Made]:
    yield make()


@asynccontextmanager
async def in_redis(make: Callable[[Line], Made]) -> AsyncIterator[Made]:
    line = Line(fresh_redis(), answer_s_max=10)
    await line.open()
    try:
        yield make(line)
    finally:
        await line.close()


class TestMemoryLocks(LocksContract):
    def opened(self) -> AbstractAsyncContextManager[Locks]:
        return in_memory(MemoryLocks)


class TestMemoryCounters(CountersContract):
    def opened(self) -> AbstractAsyncContextManager[Counters]:
        return in_memory(MemoryCounters)


@needs_redis
class TestRedisLocks(LocksContract):
    def opened(self) -> AbstractAsyncContextManager[Locks]:
        return in_redis(RedisLocks)


@needs_redis
class TestRedisCounters(CountersContract):
    def opened(self) -> AbstractAsyncContextManager[Counters]:
        return in_redis(RedisCounters)


@needs_own_redis
def test_while_redis_is_dead_who_asks_is_told_so_and_later_tokens_are_higher_all_the_same() -> None:
    async def main() -> None:
        fresh = fresh_redis(on=own_redis())
        line = Line(fresh)
        await line.open()
        locks, counters = RedisLocks(line), RedisCounters(line)
        before = await locks.take("it", lasting_ms=60_000)
        own_redis().kill()
        try:
            with pytest.raises(RedisAway):
                await locks.take("it", lasting_ms=60_000)
            with pytest.raises(RedisAway):
                await counters.read(["it"])
        finally:
            own_redis().start()
        async with asyncio.timeout(20):
            while not line.is_here:  # noqa: ASYNC110  # nobody tells of it
                await asyncio.sleep(0.01)
        after = await locks.take("it", lasting_ms=60_000)
        assert before is not None
        assert after is not None
        assert after > before
        await line.close()

    asyncio.run(main())
