"""What a process does that serves a pool when the server goes away, before it answers or after."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress

from tenuto.adapters.memory import MemoryCalls
from tenuto.core.errors import StoreUnavailable
from tenuto.core.pools import Pool
from tenuto.ports.pools import Claim, Claimed
from tenuto.runtime.room import Room
from tenuto.runtime.serving_pools import LOOK_S, PoolServer
from tenuto.testing.clock import FakeClock
from tenuto.testing.contracts.pool_calls import GPU, pool_call
from tests.simulation.driving import driven

SOON_S = 3 * LOOK_S


class Forgetful(MemoryCalls):
    """Calls on a server that breaks lines, and crashes before the last outcomes are on its disk."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.claims_to_lose = 0
        """Claims that are made and not told to who made them."""
        self.outcomes_to_lose = 0
        """Outcomes that are taken and forgotten."""
        self.takes_outcomes = True

    async def claim(self, pool: str, room: int, *, held: Collection[str] | None = None) -> Claimed:
        found = await super().claim(pool, room, held=held)
        if found.claims and self.claims_to_lose:
            self.claims_to_lose -= 1
            raise StoreUnavailable("the line broke")
        return found

    async def settle(self, outcomes: Sequence[tuple[Claim, bytes]]) -> list[bool]:
        if not self.takes_outcomes:
            raise StoreUnavailable("the server is starting")
        if self.outcomes_to_lose:
            self.outcomes_to_lose -= 1
            return [True] * len(outcomes)
        return await super().settle(outcomes)


class Site:
    """A process that serves the pool."""

    def __init__(self, calls: MemoryCalls, *, size: int = 10) -> None:
        self.calls, self.room = calls, Room(size)
        self.begun: list[bytes] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.drops = False
        """Outcomes are told to owners that drop their calls at once."""
        self._drops: list[asyncio.Task[None]] = []
        self.server = PoolServer(calls, self._carry_out, self.room, settled=self._settled)

    async def _carry_out(self, payload: bytes) -> bytes:
        self.begun.append(payload)
        await self.may_end.wait()
        return b"done"

    def _settled(self, id: str, outcome: bytes) -> None:
        if self.drops:
            self._drops.append(asyncio.create_task(self.calls.drop([id])))

    async def standing(self, id: str) -> str:
        """Return how far a call is."""
        found = await self.calls.find([id])
        return found[id].standing if id in found else "gone"


def on_site(test: Callable[[Forgetful, Site], Awaitable[None]], *, size: int = 10) -> None:
    async def main() -> None:
        calls = Forgetful()
        await calls.declare([Pool(GPU, concurrency=1)])
        site = Site(calls, size=size)
        site.server.serve([GPU])
        with suppress(asyncio.CancelledError):
            await test(calls, site)
        await site.server.close()

    driven(main())


def test_a_claim_that_was_never_told_of_is_given_back_and_carried_out() -> None:
    async def test(calls: Forgetful, site: Site) -> None:
        calls.claims_to_lose = 1
        await calls.put([pool_call("a")])
        await asyncio.sleep(SOON_S)
        assert await site.standing("a") == "settled"
        assert site.begun == [b"a"]

    on_site(test)


def test_a_once_call_is_begun_once_though_its_first_claim_was_never_told_of() -> None:
    async def test(calls: Forgetful, site: Site) -> None:
        calls.claims_to_lose = 1
        await calls.put([pool_call("a", once=True)])
        await asyncio.sleep(SOON_S)
        assert await site.standing("a") == "settled"
        assert site.begun == [b"a"]

    on_site(test)


def test_who_has_no_room_any_more_gives_back_all_the_same() -> None:
    async def test(calls: Forgetful, site: Site) -> None:
        calls.claims_to_lose = 1
        await calls.put([pool_call("a")])
        await asyncio.sleep(LOOK_S / 2)
        assert await site.standing("a") == "running"
        site.room.enter()
        await asyncio.sleep(SOON_S)
        assert await site.standing("a") == "waiting"
        assert site.begun == []

    on_site(test, size=1)


def test_a_call_whose_outcome_the_server_lost_is_carried_out_again() -> None:
    async def test(calls: Forgetful, site: Site) -> None:
        calls.outcomes_to_lose = 1
        await calls.put([pool_call("a")])
        await asyncio.sleep(SOON_S)
        assert await site.standing("a") == "settled"
        assert site.begun == [b"a", b"a"]

    on_site(test)


def test_a_call_that_nobody_wants_and_nobody_makes_keeps_no_other_back() -> None:
    async def test(calls: Forgetful, site: Site) -> None:
        # The owner has the outcome, and the server does not.
        calls.outcomes_to_lose, site.drops = 1, True
        await calls.put([pool_call("a"), pool_call("b")])
        await asyncio.sleep(SOON_S)
        assert await site.standing("a") == "gone"
        assert await site.standing("b") == "gone"
        assert site.begun == [b"a", b"b"]

    on_site(test)


def test_what_is_carried_out_or_told_is_not_given_back_however_long_it_takes() -> None:
    async def test(calls: Forgetful, site: Site) -> None:
        calls.takes_outcomes = False
        site.may_end.clear()
        await calls.put([pool_call("a")])
        await asyncio.sleep(SOON_S)
        site.may_end.set()
        await asyncio.sleep(SOON_S)
        assert await site.standing("a") == "running"
        calls.takes_outcomes = True
        await asyncio.sleep(10 * LOOK_S)
        assert await site.standing("a") == "settled"
        assert site.begun == [b"a"]

    on_site(test)


def test_a_call_that_was_withdrawn_is_told_to_have_ended_as_soon_as_the_server_hears_it() -> None:
    async def test(calls: Forgetful, site: Site) -> None:
        calls.takes_outcomes = False
        site.may_end.clear()
        await calls.put([pool_call("a")])
        await asyncio.sleep(LOOK_S / 2)
        await calls.drop(["a"])
        site.server.dropped(["a"])
        await asyncio.sleep(10 * LOOK_S)
        # It is not done with: who gave it back now would have it begun again.
        assert await site.standing("a") == "running"
        assert site.room.running == 1
        calls.takes_outcomes = True
        await asyncio.sleep(10 * LOOK_S)
        assert await site.standing("a") == "gone"
        assert site.room.running == 0

    on_site(test)
