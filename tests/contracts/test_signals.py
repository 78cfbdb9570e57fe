"""Whatever members tell one another by passes the port's suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tenuto.adapters.postgres import PostgresEventStore
from tenuto.adapters.postgres.membership import PostgresMembership
from tenuto.adapters.postgres.signals import PostgresSignals
from tenuto.adapters.postgres.store import Database
from tenuto.adapters.redis import Line, RedisSignals
from tenuto.ports.membership import Heard, Signals, Topic
from tenuto.testing.contracts import SignalsContract
from tests.postgres import fresh_database, needs_postgres
from tests.redis_ground import fresh_redis, needs_redis


@needs_postgres
@pytest.mark.slow
class TestPostgresSignals(SignalsContract):
    def opened(self) -> AbstractAsyncContextManager[tuple[Signals, Signals]]:
        return by_notify()


@needs_redis
class TestRedisSignals(SignalsContract):
    def opened(self) -> AbstractAsyncContextManager[tuple[Signals, Signals]]:
        return by_redis()


@asynccontextmanager
async def by_notify() -> AsyncIterator[tuple[Signals, Signals]]:
    with fresh_database() as url:
        await (await PostgresEventStore.open(url)).close()
        database = Database(url=url, durability="wal")
        opened = database.open_sharing
        members = [PostgresMembership(opened, name="it", joined=lambda _: None) for _ in range(2)]
        made = [
            PostgresSignals(opened, schema=database.schema, name="it", membership=membership)
            for membership in members
        ]
        for membership in members:
            await membership.join(works=True, adopts=True)
        try:
            yield made[0], made[1]
        finally:
            for signals, membership in zip(made, members, strict=True):
                await signals.close()
                await membership.leave()
                await membership.close()


@asynccontextmanager
async def by_redis() -> AsyncIterator[tuple[Signals, Signals]]:
    url = fresh_redis()
    lines = [Line(url, answer_s_max=10) for _ in range(2)]
    made = [
        RedisSignals(line, channel=line.maker.prefix, notify=Nobody(), members=lambda: 1)
        for line in lines
    ]
    for line in lines:
        await line.open()
    try:
        yield made[0], made[1]
    finally:
        for signals, line in zip(made, lines, strict=True):
            await signals.close()
            await line.close()


class Nobody:
    """Who must not be told."""

    def listen(self, heard: Heard) -> None:
        """Hear nothing."""

    def tell(self, topic: Topic, text: str = "") -> None:
        raise AssertionError("Redis was there")
