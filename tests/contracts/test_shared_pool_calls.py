"""Calls of pools that several members of a PostgreSQL schema share."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from tenuto.core.pools import CLAIMS_MAX, Pool
from tenuto.ports.membership import Together
from tenuto.ports.pools import Claim
from tenuto.testing.contracts.pool_calls import GPU, YEAR_S, pool_call
from tests.contracts.pool_members import members
from tests.postgres import fresh_database, needs_postgres

pytestmark = needs_postgres

Test = Callable[[list[Together]], Awaitable[None]]


def shared(test: Test, *pools: Pool, count: int = 2) -> None:
    async def main(url: str) -> None:
        async with members(url, count) as found:
            await found[0].calls.declare(pools or [Pool(GPU)])
            await test(found)

    with fresh_database() as url:
        asyncio.run(asyncio.wait_for(main(url), 60))


class Tally:
    """What is at work at each moment, as those who do it know."""

    def __init__(self) -> None:
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.done: list[str] = []

    def begin(self, *names: str) -> None:
        for name in names:
            self.now[name] += 1
            self.most[name] = max(self.most[name], self.now[name])

    def end(self, *names: str) -> None:
        for name in names:
            self.now[name] -= 1


async def work(one: Together, name: str, tally: Tally, *, total: int, seed: int) -> None:
    """Claim and settle until all is done, as one of several processes, somewhat at once."""
    dice = random.Random(seed)
    holds: list[Claim] = []
    while len(tally.done) < total:
        found = await one.calls.claim(GPU, dice.randint(1, 8))
        for claim in found.claims:
            holds.append(claim)
            tally.begin("all", name, "key " + claim.payload.decode())
        if not holds:
            await asyncio.sleep(0.001)
            continue
        dice.shuffle(holds)
        some = [holds.pop() for _ in range(dice.randint(1, len(holds)))]
        for claim in some:
            # Before it is told: while it is told, another may begin already.
            tally.end("all", name, "key " + claim.payload.decode())
            tally.done.append(claim.id)
        assert all(await one.calls.settle([(claim, b"") for claim in some]))


def test_limits_hold_exactly_over_all_processes_and_each_call_is_claimed_once() -> None:
    tally, total = Tally(), 240

    async def test(found: list[Together]) -> None:
        for n in range(total):
            key = "abcd"[n % 4]
            call = pool_call(str(n), tenant=f"t{n % 3}", key=key, payload=key.encode())
            await found[n % len(found)].calls.put([call])
        await asyncio.gather(
            *(work(one, f"process {n}", tally, total=total, seed=n) for n, one in enumerate(found))
        )

    limits = Pool(GPU, concurrency=7, worker_concurrency=3, key="tenant", key_concurrency=2)
    shared(test, limits, count=5)
    assert sorted(map(int, tally.done)) == list(range(total))
    assert 3 < tally.most["all"] <= 7
    assert max(count for name, count in tally.most.items() if "process" in name) <= 3
    assert max(count for name, count in tally.most.items() if "key" in name) <= 2


def test_of_a_rate_no_more_begin_than_it_lets_whoever_claims_at_once() -> None:
    async def test(found: list[Together]) -> None:
        await found[0].calls.put([pool_call(str(n)) for n in range(100)])
        claimed = await asyncio.gather(
            *(one.calls.claim(GPU, 3) for one in found for _ in range(10))
        )
        assert sum(len(one.claims) for one in claimed) == 23

    shared(test, Pool(GPU, rate=23, per=YEAR_S), count=4)


def test_what_a_process_had_that_is_gone_another_claims_and_it_settles_nothing() -> None:
    async def test(found: list[Together]) -> None:
        one, two = found
        await two.calls.put([pool_call("a"), pool_call("b")])
        (lost,) = (await one.calls.claim(GPU, 10)).claims
        assert (await two.calls.claim(GPU, 10)).claims == ()
        await one.membership.leave()

        (claim,) = (await two.calls.claim(GPU, 10)).claims
        assert (claim.id, claim.number) == ("a", 2)
        assert await one.calls.settle([(lost, b"late")]) == [False]
        assert (await one.calls.claim(GPU, 10)).claims == ()
        assert await two.calls.settle([(claim, b"done")]) == [True]
        assert (await two.calls.find(["a"]))["a"].outcome == b"done"

    shared(test, Pool(GPU, concurrency=1))


def test_a_once_call_whose_process_is_gone_is_lost_and_never_claimed_again() -> None:
    async def test(found: list[Together]) -> None:
        one, two = found
        await two.calls.put([pool_call("a", once=True), pool_call("b")])
        (lost,) = (await one.calls.claim(GPU, 1)).claims
        await one.membership.leave()

        assert (await two.calls.find(["a"]))["a"].standing == "lost"
        assert [claim.id for claim in (await two.calls.claim(GPU, 10)).claims] == ["b"]
        # What it did becomes known too late: its owner may have given it up.
        assert await one.calls.settle([(lost, b"done")]) == [False]
        assert (await two.calls.find(["a"]))["a"].standing == "lost"
        await two.calls.drop(["a"])
        assert await two.calls.find(["a"]) == {}

    # What is lost takes up no room.
    shared(test, Pool(GPU, concurrency=1))


def test_a_call_that_ends_every_process_that_takes_it_is_lost_after_some() -> None:
    async def test(found: list[Together]) -> None:
        *doomed, last = found
        await last.calls.put([pool_call("poison")])
        for one in doomed:
            assert len((await one.calls.claim(GPU, 1)).claims) == 1
            await one.membership.leave()
        assert (await last.calls.claim(GPU, 1)).claims == ()
        assert (await last.calls.find(["poison"]))["poison"].standing == "lost"

    shared(test, count=CLAIMS_MAX + 1)


def test_a_withdrawn_call_of_a_process_that_is_gone_is_gone_too() -> None:
    async def test(found: list[Together]) -> None:
        one, two = found
        await two.calls.put([pool_call("a")])
        await one.calls.claim(GPU, 1)
        await two.calls.drop(["a"])
        await one.membership.leave()

        assert (await two.calls.claim(GPU, 1)).claims == ()
        assert await two.calls.find(["a"]) == {}

    shared(test)


def test_who_is_no_member_claims_nothing() -> None:
    async def test(found: list[Together]) -> None:
        one, two = found
        await two.calls.put([pool_call("a")])
        await one.membership.leave()
        assert (await one.calls.claim(GPU, 1)).claims == ()

    shared(test)
