"""Processes that share a database and a Redis: the same things work, whether it is there or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import redis

import tenuto
from tenuto.adapters.redis import parted
from tenuto.core.limiting.limits import Limits, read_limits
from tenuto.server.fences import Fencing
from tests.postgres import fresh_database, needs_postgres
from tests.redis_ground import fresh_redis, needs_own_redis, needs_redis, own_redis
from tests.server.api.served import serving
from tests.sharing import flows
from tests.sharing.test_together import of_other, owned, until

pytestmark = [needs_postgres, pytest.mark.slow]

Test = Callable[[tenuto.Runtime, tenuto.Runtime, str], Awaitable[None]]


def shared(test: Test) -> None:
    """Run the test with two runtimes, each with half of the sessions, and the address of Redis."""

    async def main(url: str, beside: str) -> None:
        async with (
            tenuto.open(url, workflows=flows.flows, redis=beside) as one,
            tenuto.open(url, workflows=flows.flows, redis=beside) as two,
        ):
            await until(lambda: owned(one) == owned(two))
            await test(one, two, beside)

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url, fresh_redis()), 60))


def hearing(client: redis.Redis, beside: str) -> int:
    """Return how many processes listen to what is told."""
    _, prefix = parted(beside)
    return sum(client.pubsub_numsub(name)[0][1] for name in client.pubsub_channels(f"{prefix}*"))


@needs_redis
def test_two_processes_hear_one_another_by_redis() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime, beside: str) -> None:
        with redis.Redis.from_url(parted(beside)[0]) as client:
            await until(lambda: hearing(client, beside) == 2)
        session = await of_other(flows.waiting(), one, two)
        await session.signal("word", {"to": "you"}, by="ann")
        assert await session.result(5) == {"to": "you"}

    shared(test)


@needs_own_redis
def test_sessions_go_on_when_redis_dies_and_when_it_comes_back() -> None:
    async def test(one: tenuto.Runtime, two: tenuto.Runtime, beside: str) -> None:
        async def all_works() -> None:
            for here, there in ((one, two), (two, one)):
                session = await of_other(flows.waiting(), here, there)
                await session.signal("word", 7)
                assert await session.result(5) == 7
                assert isinstance(
                    await (await of_other(flows.telling(), here, there)).result(5), int
                )

        await all_works()
        own_redis().kill()
        try:
            await all_works()
        finally:
            own_redis().start()
        await all_works()
        with redis.Redis.from_url(own_redis().url) as client:
            await until(lambda: hearing(client, beside) == 2)
        await all_works()

    shared(test)


@needs_own_redis
def test_a_limit_of_requests_holds_over_two_servers_and_apart_while_redis_is_dead() -> None:
    async def main(url: str) -> None:
        given = {"db": url, "redis": fresh_redis(on=own_redis())}
        fencing = Fencing(limits=read_limits(["user=6/h"], Limits()))
        async with (
            serving(fencing=fencing, **given) as one,
            serving(fencing=fencing, **given) as two,
        ):

            async def codes() -> list[int]:
                asked = [s.client.get("/sessions") for s in (one, two) for _ in range(7)]
                return sorted([answer.status_code for answer in await asyncio.gather(*asked)])

            assert await codes() == [200] * 6 + [429] * 8
            own_redis().kill()
            try:
                assert await codes() == [200] * 12 + [429] * 2
            finally:
                own_redis().start()

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 60))


def test_what_is_told_of_an_address_that_is_away_has_no_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main(url: str) -> None:
        beside = "redis://:hidden@127.0.0.1:1/0"
        async with tenuto.open(url, workflows=flows.flows, redis=beside) as runtime:
            session = await runtime.start(flows.telling())
            assert isinstance(await session.result(5), int)

    with fresh_database() as url:
        asyncio.run(main(url))
    told = [record.getMessage() for record in caplog.records]
    assert any("redis://127.0.0.1:1/0 is away" in text for text in told)
    assert not any("hidden" in text for text in told)


def test_the_environment_names_a_redis_and_an_empty_setting_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TENUTO_REDIS", "redis://127.0.0.1:1/0")

    async def opened(url: str, **settings: str) -> int:
        caplog.clear()
        async with tenuto.open(url, **settings):  # type: ignore[arg-type]
            return sum("is away" in record.getMessage() for record in caplog.records)

    with fresh_database() as url:
        assert asyncio.run(opened(url)) == 1
        assert asyncio.run(opened(url, redis="")) == 0
