"""What everything that keeps calls of pools must do. Subclass it and build what is tested."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.core.pools import Pool
from tenuto.core.vocabulary import SessionId
from tenuto.ports.pools import Calls, Claim, PoolCall

_Test: TypeAlias = Callable[[Calls], Awaitable[None]]

GPU: Final = "gpu"
YEAR_S: Final = 365 * 86_400.0


def pool_call(id: str, **facts: Any) -> PoolCall:
    """Return a call in the pool `gpu`."""
    call = PoolCall(
        id=id, session=SessionId("ses_1"), pool=GPU, tenant="local", payload=id.encode()
    )
    return msgspec.structs.replace(call, **facts)


async def claimed(calls: Calls, room: int = 100) -> list[str]:
    """Return the ids of what was claimed in the pool `gpu`, in order."""
    return [claim.id for claim in (await calls.claim(GPU, room)).claims]


class _Suite(ABC):
    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Calls]:
        """Give those of one process, with nothing in them."""

    def _run(self, test: _Test, *pools: Pool) -> None:
        async def main() -> None:
            async with self.opened() as calls:
                await calls.declare(pools or [Pool(GPU)])
                await test(calls)

        asyncio.run(asyncio.wait_for(main(), 30))


class PoolCallsContract(_Suite):
    """Calls are put once, claimed in their order, settled, and dropped."""

    def test_a_call_is_claimed_with_its_payload_and_its_outcome_is_found(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a", payload=b"\0do it")])
            assert (await calls.find(["a", "b"]))["a"].standing == "waiting"

            (claim,) = (await calls.claim(GPU, 10)).claims
            assert claim == Claim(id="a", number=1, payload=b"\0do it")
            assert (await calls.find(["a"]))["a"].standing == "running"

            assert await calls.settle([(claim, b"done\0")]) == [True]
            found = await calls.find(["a", "b"])
            assert found.keys() == {"a"}
            assert (found["a"].standing, found["a"].outcome) == ("settled", b"done\0")

        self._run(test)

    def test_a_call_that_is_put_again_is_left_as_it_is_however_far_it_is(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("a")])
            await calls.put([pool_call("a", payload=b"other")])
            (claim,) = (await calls.claim(GPU, 10)).claims
            assert claim.payload == b"a"
            await calls.put([pool_call("a")])
            assert await claimed(calls) == []
            await calls.settle([(claim, b"done")])
            await calls.put([pool_call("a")])
            assert await claimed(calls) == []

        self._run(test)

    def test_no_outcome_is_taken_twice_nor_of_a_claim_that_is_none(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b")])
            (a,) = (await calls.claim(GPU, 1)).claims
            other = msgspec.structs.replace(a, number=2)
            waiting = Claim(id="b", number=0, payload=b"")
            unknown = Claim(id="c", number=1, payload=b"")
            tried = [(other, b"x"), (waiting, b"x"), (unknown, b"x"), (a, b"first")]
            assert await calls.settle(tried) == [False, False, False, True]
            assert await calls.settle([(a, b"second")]) == [False]
            assert (await calls.find(["a"]))["a"].outcome == b"first"

        self._run(test)

    def test_higher_priorities_go_first_and_equals_in_the_order_they_came(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b", priority=5), pool_call("c")])
            await calls.put([pool_call("d", priority=5), pool_call("e", priority=-1)])
            assert await claimed(calls, 2) == ["b", "d"]
            assert await claimed(calls) == ["a", "c", "e"]

        self._run(test)

    def test_tenants_take_turns_however_much_one_of_them_has_put(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call(f"big-{n}", tenant="big") for n in range(50)])
            assert await claimed(calls, 10) == [f"big-{n}" for n in range(10)]
            await calls.put([pool_call(f"small-{n}", tenant="small") for n in range(3)])
            await calls.put([pool_call(f"late-{n}", tenant="late") for n in range(2)])
            found = await claimed(calls, 9)
            # Nobody waits for more than one call of each other tenant between two of its own.
            assert [id.partition("-")[0] for id in found].count("big") in (3, 4)
            assert {f"small-{n}" for n in range(3)} | {f"late-{n}" for n in range(2)} <= {*found}
            # Who did nothing meanwhile has not saved up turns.
            await claimed(calls, 20)
            await calls.put([pool_call(f"more-{n}", tenant="small") for n in range(5)])
            found = await claimed(calls, 4)
            assert sorted(id.partition("-")[0] for id in found) == ["big", "big", "more", "more"]

        self._run(test)

    def test_a_call_that_waits_is_gone_when_it_is_dropped(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b")])
            await calls.drop(["a", "never"])
            assert await calls.find(["a"]) == {}
            assert await claimed(calls) == ["b"]

        self._run(test)

    def test_a_call_that_runs_is_withdrawn_and_counts_until_it_is_settled(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b")])
            (claim,) = (await calls.claim(GPU, 10)).claims
            await calls.drop(["a"])
            found = (await calls.find(["a"]))["a"]
            assert (found.standing, found.is_withdrawn) == ("running", True)
            assert await claimed(calls) == []
            assert await calls.settle([(claim, b"late")]) == [False]
            assert await calls.find(["a"]) == {}
            assert await claimed(calls) == ["b"]

        self._run(test, Pool(GPU, concurrency=1))

    def test_an_outcome_is_there_until_it_is_dropped_and_then_the_id_is_free(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a")])
            (claim,) = (await calls.claim(GPU, 10)).claims
            await calls.settle([(claim, b"done")])
            await calls.drop(["a"])
            assert await calls.find(["a"]) == {}
            await calls.put([pool_call("a")])
            assert await claimed(calls) == ["a"]

        self._run(test)

    def test_pools_know_nothing_of_one_another(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b", pool="cpu"), pool_call("c")])
            assert await claimed(calls) == ["a"]
            other = await calls.claim("cpu", 10)
            assert ([claim.id for claim in other.claims], other.are_more) == (["b"], False)
            assert (await calls.claim("nobody's", 10)).claims == ()

        self._run(test, Pool(GPU, concurrency=1), Pool("cpu"))


class PoolGivenBackContract(_Suite):
    """What a process has and knows nothing of, it gives back when it claims."""

    def test_what_it_does_not_hold_is_claimed_anew_and_its_old_claim_settles_nothing(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b", once=True), pool_call("c")])
            a, b, c = (await calls.claim(GPU, 3)).claims
            found = await calls.claim(GPU, 10, held=["c", "never"])
            assert [(claim.id, claim.number) for claim in found.claims] == [("a", 2), ("b", 2)]
            assert await calls.settle([(a, b""), (b, b""), (c, b"")]) == [False, False, True]
            again = [(claim, b"done") for claim in found.claims]
            assert await calls.settle(again) == [True, True]

        self._run(test)

    def test_it_goes_back_to_its_place_and_makes_room_for_others(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("low"), pool_call("high", priority=1)])
            assert await claimed(calls) == ["high"]
            found = await calls.claim(GPU, 0, held=[])
            assert (found.claims, found.are_more) == ((), True)
            assert (await calls.find(["high"]))["high"].standing == "waiting"
            await calls.put([pool_call("higher", priority=2)])
            assert await claimed(calls) == ["higher"]
            await calls.drop(["higher"])
            assert [one.id for one in (await calls.claim(GPU, 1, held=[])).claims] == ["high"]

        self._run(test, Pool(GPU, concurrency=1))

    def test_what_was_withdrawn_is_gone(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b", once=True), pool_call("c")])
            await calls.claim(GPU, 2)
            await calls.drop(["a", "b"])
            assert (await calls.claim(GPU, 10, held=["a", "b"])).claims == ()
            assert [one.id for one in (await calls.claim(GPU, 10, held=[])).claims] == ["c"]
            assert await calls.find(["a", "b"]) == {}

        self._run(test, Pool(GPU, concurrency=2))

    def test_of_other_pools_and_of_what_is_settled_nothing_is_given_back(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call("a"), pool_call("b", pool="cpu"), pool_call("c")])
            a, _ = (await calls.claim(GPU, 10)).claims
            await calls.claim("cpu", 10)
            await calls.settle([(a, b"done")])
            assert (await calls.claim(GPU, 10, held=["c"])).claims == ()
            found = await calls.find(["a", "b", "c"])
            standings = {id: one.standing for id, one in found.items()}
            assert standings == {"a": "settled", "b": "running", "c": "running"}

        self._run(test, Pool(GPU), Pool("cpu"))


class PoolLimitsContract(_Suite):
    """No more calls are claimed than the limits of a pool let."""

    def test_no_more_run_at_once_than_the_pool_lets(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call(str(n)) for n in range(5)])
            first = await calls.claim(GPU, 10)
            assert [claim.id for claim in first.claims] == ["0", "1"]
            assert first.are_more
            assert (await calls.claim(GPU, 10)).claims == ()
            await calls.settle([(first.claims[0], b"")])
            assert await claimed(calls) == ["2"]
            await calls.declare([Pool(GPU, concurrency=3)])
            last = await calls.claim(GPU, 10)
            assert ([claim.id for claim in last.claims], last.are_more) == (["3"], True)

        self._run(test, Pool(GPU, concurrency=2))

    def test_no_more_run_at_once_in_one_process_than_the_pool_lets(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call(str(n)) for n in range(5)])
            assert await claimed(calls) == ["0", "1"]
            assert await claimed(calls) == []

        self._run(test, Pool(GPU, worker_concurrency=2))

    def test_of_one_key_no_more_run_at_once_and_others_pass_it_by(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call(f"x{n}", key="x") for n in range(3)])
            await calls.put([pool_call("y0", key="y"), pool_call("none0"), pool_call("none1")])
            first = await calls.claim(GPU, 10)
            assert [claim.id for claim in first.claims] == ["x0", "y0", "none0"]
            assert first.are_more
            await calls.settle([(first.claims[0], b"")])
            assert await claimed(calls) == ["x1"]

        self._run(test, Pool(GPU, key="tenant", key_concurrency=1))

    def test_no_more_begin_within_a_time_than_the_rate_lets(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call(str(n)) for n in range(5)])
            first = await calls.claim(GPU, 2)
            assert [claim.id for claim in first.claims] == ["0", "1"]
            await calls.settle([(claim, b"") for claim in first.claims])
            second = await calls.claim(GPU, 10)
            assert [claim.id for claim in second.claims] == ["2"]
            third = await calls.claim(GPU, 10)
            assert (third.claims, third.are_more) == ((), True)
            assert third.again_ms is not None and 0 < third.again_ms <= YEAR_S * 1000

        self._run(test, Pool(GPU, rate=3, per=YEAR_S))

    def test_when_the_time_has_passed_that_it_tells_more_begin(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call(str(n)) for n in range(3)])
            assert await claimed(calls) == ["0"]
            found = await calls.claim(GPU, 10)
            for _ in range(100):
                if found.claims:
                    break
                assert found.again_ms is not None
                await asyncio.sleep(found.again_ms / 1000)
                found = await calls.claim(GPU, 10)
            assert [claim.id for claim in found.claims] == ["1"]

        self._run(test, Pool(GPU, rate=1, per=0.02))

    def test_of_one_key_no_more_begin_within_a_time(self) -> None:
        async def test(calls: Calls) -> None:
            await calls.put([pool_call(f"x{n}", key="x") for n in range(3)])
            await calls.put([pool_call(f"y{n}", key="y") for n in range(3)])
            first = await calls.claim(GPU, 10)
            assert [claim.id for claim in first.claims] == ["x0", "x1", "y0", "y1"]
            await calls.settle([(claim, b"") for claim in first.claims])
            assert (await calls.claim(GPU, 10)).claims == ()

        self._run(test, Pool(GPU, key="tenant", key_rate=2, per=YEAR_S))
