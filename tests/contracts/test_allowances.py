"""Whatever counts requests passes the port's suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tenuto.adapters.memory import MemoryAllowances
from tenuto.adapters.redis import Line, RedisAllowances
from tenuto.ports.allowances import Allowances
from tenuto.testing.contracts import AllowancesContract
from tests.redis_ground import fresh_redis, needs_redis


class TestMemoryAllowances(AllowancesContract):
    def opened(self) -> AbstractAsyncContextManager[Allowances]:
        return in_memory()


@needs_redis
class TestRedisAllowances(AllowancesContract):
    def opened(self) -> AbstractAsyncContextManager[Allowances]:
        return in_redis()


@asynccontextmanager
async def in_memory() -> AsyncIterator[Allowances]:
    yield MemoryAllowances()


@asynccontextmanager
async def in_redis() -> AsyncIterator[Allowances]:
    line = Line(fresh_redis(), answer_s_max=10)
    await line.open()
    assert line.is_here
    try:
        yield RedisAllowances(line, Nobody(), clock_here=True)
    finally:
        await line.close()


class Nobody:
    """Who must not be asked."""

    async def take(self, *_: object) -> tuple[()]:
        raise AssertionError("Redis was there")
