"""Requests are counted over all servers while Redis is there, and no request waits for it or fails
while it is not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from tenuto.adapters.memory import MemoryAllowances
from tenuto.adapters.redis import Line, RedisAllowances, parted
from tenuto.adapters.redis.line import TOGETHER_MAX
from tenuto.core.errors import Rejected
from tenuto.core.limiting.rules import Bucket, Rule, State, Window, asked
from tenuto.ports.allowances import Allowance
from tests.faulty_line import FaultyLine
from tests.redis_ground import fresh_redis, needs_own_redis, needs_redis, own_redis

NOW_MS = 1_700_000_000_000
FIVE = [Allowance(key="user:ann", rule=Window(5, 3_600))]
BUCKETS = st.builds(Bucket, st.sampled_from([0.2, 1 / 3, 3.0, 50.0]), st.integers(1, 20))
WINDOWS = st.builds(Window, st.integers(1, 20), st.integers(1, 30))


@asynccontextmanager
async def counting(url: str, answer_s_max: float = 10) -> AsyncIterator[RedisAllowances]:
    """Give what counts as one server does; by default it has much patience, so that a machine with
    much to do changes nothing."""
    line = Line(url, answer_s_max=answer_s_max)
    await line.open()
    try:
        yield RedisAllowances(line, MemoryAllowances())
    finally:
        await line.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110  # nobody tells of it
            await asyncio.sleep(0.01)


async def remaining(allowances: RedisAllowances) -> int:
    """Return what is left after one request more; -1: it was refused."""
    (verdict,) = await allowances.take(FIVE, NOW_MS)
    return verdict.remaining if verdict.allowed else -1


@needs_redis
def test_a_limit_holds_exactly_over_several_servers() -> None:
    async def main() -> None:
        url = fresh_redis()
        async with counting(url) as one, counting(url) as two, counting(url) as three:
            found = await asyncio.gather(
                *(remaining(server) for server in (one, two, three) for _ in range(20))
            )
            assert sorted(left for left in found if left >= 0) == [0, 1, 2, 3, 4]

    asyncio.run(main())


@needs_redis
def test_more_requests_at_once_than_go_together_are_all_answered() -> None:
    async def main() -> None:
        async with counting(fresh_redis()) as server:
            found = await asyncio.gather(*(remaining(server) for _ in range(3 * TOGETHER_MAX)))
            assert sorted(left for left in found if left >= 0) == [0, 1, 2, 3, 4]

    asyncio.run(main())


@needs_redis
def test_deployments_with_prefixes_of_their_own_do_not_count_for_each_other() -> None:
    async def main() -> None:
        async with counting(fresh_redis()) as one, counting(fresh_redis()) as two:
            assert [await remaining(server) for server in (one, one, two)] == [4, 3, 4]

    asyncio.run(main())


@needs_redis
@settings(max_examples=30, deadline=None)
@given(st.one_of(BUCKETS, WINDOWS), st.lists(st.integers(-300, 5_000), max_size=40))
def test_redis_says_of_each_request_what_the_rules_say(rule: Rule, gaps: list[int]) -> None:
    async def main() -> None:
        line = Line(fresh_redis(), answer_s_max=10)
        await line.open()
        allowances = RedisAllowances(line, MemoryAllowances(), clock_here=True)
        state: State | None = None
        now_ms = NOW_MS
        for gap in gaps:
            now_ms += gap
            wanted, after = asked(rule, state, now_ms)
            state = after if wanted.allowed else state
            assert await allowances.take([Allowance(key="it", rule=rule)], now_ms) == (wanted,)
        await line.close()

    asyncio.run(main())


@needs_redis
def test_counts_are_forgotten_when_they_say_no_more_than_having_none() -> None:
    async def main() -> None:
        url = fresh_redis()
        async with counting(url) as allowances:
            bucket = Allowance(key="b", rule=Bucket(2.0, 20))
            await allowances.take([*FIVE, bucket], NOW_MS)
        address, prefix = parted(url)
        with redis.Redis.from_url(address) as client:
            lasting = sorted(client.ttl(key) for key in client.keys(f"{prefix}*"))
        assert 9 <= lasting[0] <= 11
        assert 3_600 <= lasting[1] <= 4_400

    asyncio.run(main())


@needs_own_redis
def test_while_the_server_is_dead_each_process_counts_and_afterwards_all_together(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        url = fresh_redis(on=own_redis())
        async with counting(url) as one, counting(url) as two:
            assert [await remaining(one), await remaining(two)] == [4, 3]

            own_redis().kill()

            apart = [await remaining(server) for server in (one, two, one, two)]
            assert apart == [4, 4, 3, 3]
            own_redis().start()
            await until(lambda: one._line.is_here and two._line.is_here)
            assert [await remaining(server) for server in (one, two, one)] == [4, 3, 2]

    with caplog.at_level(logging.WARNING, "tenuto"):
        asyncio.run(main())

    told = [record.getMessage() for record in caplog.records]
    assert sum("is away" in text for text in told) == 2, "one line of each process"
    assert sum("is back" in text for text in told) == 2
    assert not any(urlsplit(own_redis().url).password in text for text in told)  # type: ignore[operator]


@needs_redis
def test_a_line_that_swallows_everything_costs_one_short_wait_and_no_request_fails() -> None:
    async def main() -> None:
        url = fresh_redis()
        port = urlsplit(url).port
        assert port is not None
        with FaultyLine(port) as line:
            async with counting(line.leading(url), 0.25) as allowances:
                assert await remaining(allowances) == 4
                loop = asyncio.get_running_loop()

                line.black_hole()
                begin_s = loop.time()
                at_once = await asyncio.gather(*(remaining(allowances) for _ in range(4)))
                first_s = loop.time() - begin_s
                afterwards = await remaining(allowances)

                assert sorted(at_once) == [1, 2, 3, 4], "this process's own counts"
                assert afterwards == 0
                assert first_s < 2.0
                assert not allowances._line.is_here, "so nobody waits any more"
                line.cut()
                line.resume()
                await until(lambda: allowances._line.is_here)
                assert await remaining(allowances) >= 2, "Redis knows what it was asked"

    asyncio.run(main())


@needs_redis
@pytest.mark.parametrize("place", [0, 1, 17, 60])
def test_a_line_that_breaks_within_an_answer_lets_the_request_be_counted_here(place: int) -> None:
    async def main() -> None:
        url = fresh_redis()
        port = urlsplit(url).port
        assert port is not None
        with FaultyLine(port) as line:
            async with counting(line.leading(url)) as allowances:
                assert await remaining(allowances) == 4
                line.cut_after(place, to="client")
                found = [await remaining(allowances) for _ in range(8)]
                assert set(found) <= {-1, 0, 1, 2, 3, 4}
                line.resume()
                line.cut()
                await until(lambda: allowances._line.is_here)

    asyncio.run(main())


@needs_redis
def test_a_server_that_is_away_from_the_beginning_is_taken_up_when_it_comes() -> None:
    async def main() -> None:
        url = fresh_redis()
        port = urlsplit(url).port
        assert port is not None
        with FaultyLine(port) as line:
            line.refuse()
            async with counting(line.leading(url)) as allowances:
                assert [await remaining(allowances) for _ in range(2)] == [4, 3]
                line.resume()
                await until(lambda: allowances._line.is_here)
                assert await remaining(allowances) == 4

    asyncio.run(main())


@needs_own_redis
def test_a_redis_that_refuses_to_write_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        url = fresh_redis(on=own_redis())
        with redis.Redis.from_url(own_redis().url) as client:
            async with counting(url) as allowances:
                assert await remaining(allowances) == 4
                client.config_set("maxmemory", "1")
                try:
                    assert [await remaining(allowances) for _ in range(3)] == [4, 3, 2]
                finally:
                    client.config_set("maxmemory", "0")
                assert await remaining(allowances) == 3

    with caplog.at_level(logging.WARNING, "tenuto"):
        asyncio.run(main())

    told = [record.getMessage() for record in caplog.records]
    assert [("does not count" in text, "again" in text) for text in told] == [
        (True, False),
        (False, True),
    ]


@needs_redis
def test_the_script_is_brought_again_when_redis_has_forgotten_it() -> None:
    async def main() -> None:
        url = fresh_redis()
        with redis.Redis.from_url(parted(url)[0]) as client:
            async with counting(url) as allowances:
                assert await remaining(allowances) == 4
                client.script_flush()
                found = await asyncio.gather(*(remaining(allowances) for _ in range(3)))
                assert sorted(found) == [1, 2, 3]

    asyncio.run(main())


@pytest.mark.parametrize(
    "url", ["http://it", "127.0.0.1:6379", "redis://it:port/0", "redis://it?x=1"]
)
def test_what_is_no_address_of_a_redis_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(Rejected, match=r"Redis"):
        Line(url)
    with pytest.raises(Rejected) as refused:
        Line(url.replace("://", "://:hidden@"))
    assert "hidden" not in str(refused.value)
