"""Serves pools: claims their calls, carries them out here, and settles them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from tenuto.core.errors import TenutoError
from tenuto.ports.membership import Signals, Topic
from tenuto.ports.pools import Calls, Claim, Claimed
from tenuto.runtime.gathering import Gathered
from tenuto.runtime.insisting import insist
from tenuto.runtime.room import Room

LOOK_S: Final = 1.0
"""What nobody told of is found by looking."""
AT_ONCE: Final = 16
"""Calls that are claimed together. While they are, they take up room that others could use."""

CarryOut = Callable[[bytes], Awaitable[bytes]]

_log: Final = logging.getLogger("tenuto")


class _Served:
    """One pool: when it is looked at next."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.are_more = False
        """Others waited at the last look."""
        self.again_s = LOOK_S
        self.due_s = 0.0
        """Then it is looked at although there is no room, for the sake of what is given back."""
        self.work: asyncio.Task[None] | None = None


class _Carried:
    """A call that is this process's until its outcome is told."""

    def __init__(self, pool: str, claim: Claim) -> None:
        self.pool, self.claim = pool, claim
        self.is_over = False
        """It is only told any more, which nothing interrupts."""
        self.task: asyncio.Task[None]


class PoolServer:
    """Serves some pools, from `start` on."""

    def __init__(
        self,
        calls: Calls,
        carry_out: CarryOut,
        room: Room,
        *,
        settled: Callable[[str, bytes], None],
        signals: Signals | None = None,
    ) -> None:
        """
        Args:
            carry_out: gives the outcome of a payload, whatever it was.
            settled: told of each outcome that was taken.
        """
        self._calls, self._carry_out, self._room = calls, carry_out, room
        self._settled = settled
        self._pools: dict[str, _Served] = {}
        self._carried: dict[str, _Carried] = {}
        self._settles = Gathered(calls.settle)
        self._watch: asyncio.Task[None] | None = None
        self._closing = False
        if signals is not None:
            signals.listen(self._heard)

    def serve(self, pools: Iterable[str]) -> None:
        """Serve these pools too."""
        for pool in pools:
            if pool not in self._pools and not self._closing:
                served = self._pools[pool] = _Served()
                served.work = asyncio.create_task(self._serve(pool, served))

    def look(self, pool: str) -> None:
        """Look soon whether there are calls in a pool."""
        served = self._pools.get(pool)
        if served is not None:
            served.news.set()

    def look_for_more(self) -> None:
        """Look at the pools in which calls had to wait: there may be room now."""
        for served in self._pools.values():
            if served.are_more:
                served.news.set()

    def dropped(self, ids: list[str]) -> None:
        """Stop what nobody wants any more."""
        mine = [id for id in ids if id in self._carried]
        if mine:
            task = asyncio.create_task(self._look_after(mine))
            task.add_done_callback(_ignored)

    def stop(self) -> None:
        """Claim nothing any more."""
        self._closing = True
        for served in self._pools.values():
            served.news.set()

    async def close(self) -> None:
        """Interrupt what still runs, and return when what has ended is settled."""
        self.stop()
        tasks = [served.work for served in self._pools.values() if served.work is not None]
        if self._watch is not None:
            self._watch.cancel()
        for one in self._carried.values():
            one.task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(
            *(one.task for one in [*self._carried.values()]), return_exceptions=True
        )

    async def _serve(self, pool: str, served: _Served) -> None:
        while not self._closing:
            served.news.clear()
            try:
                await self._claim_all(pool, served)
            except TenutoError as error:
                _log.warning("No calls of pool %r can be claimed now: %s", pool, error)
                served.again_s = LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(served.again_s):
                    await served.news.wait()

    async def _claim_all(self, pool: str, served: _Served) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing:
            room = max(0, min(self._room.free, AT_ONCE))
            served.are_more, served.again_s = room == 0, LOOK_S
            if room == 0 and loop.time() < served.due_s:
                return
            served.due_s = loop.time() + LOOK_S
            claimed = await self._claim(pool, room)
            served.are_more = claimed.are_more or room == 0
            if claimed.again_ms is not None:
                served.again_s = min(LOOK_S, claimed.again_ms / 1000)
            if len(claimed.claims) < room or room == 0:
                return

    async def _claim(self, pool: str, room: int) -> Claimed:
        """Return what was claimed, which runs."""
        held = [id for id, one in self._carried.items() if one.pool == pool]
        self._room.reserve(room)
        claimed = Claimed()
        try:
            claimed = await self._calls.claim(pool, room, held=held)
        finally:
            for _ in claimed.claims:
                self._room.enter()
            self._room.reserve(-room)
        for claim in claimed.claims:
            before = self._carried.get(claim.id)
            if before is not None and not before.is_over:
                before.task.cancel()
            one = self._carried[claim.id] = _Carried(pool, claim)
            one.task = asyncio.create_task(self._run(one))
        if claimed.claims and (self._watch is None or self._watch.done()):
            self._watch = asyncio.create_task(self._keep_watch())
        return claimed

    async def _run(self, one: _Carried) -> None:
        id, outcome = one.claim.id, b""
        try:
            try:
                outcome = await self._carry_out(one.claim.payload)
            except asyncio.CancelledError:
                if self._closing:
                    raise
                # It was withdrawn.
            one.is_over = True
            await self._tell(one.claim, outcome)
            # Not where that failed: it has begun, and must not be given back.
            if self._carried.get(id) is one:
                del self._carried[id]
        finally:
            self._room.leave()
            self.look(one.pool)

    async def _tell(self, claim: Claim, outcome: bytes) -> None:
        async def settle() -> bool:
            return await asyncio.shield(self._settles.ask((claim, outcome)))

        is_taken = await insist(settle)
        if is_taken:
            self._settled(claim.id, outcome)

    async def _keep_watch(self) -> None:
        """Stop what is this process's no more, or is wanted by nobody."""
        while self._carried:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look_after([*self._carried])
            except TenutoError as error:
                _log.warning("Calls of pools cannot be looked at now: %s", error)

    async def _look_after(self, ids: list[str]) -> None:
        # What is claimed anew meanwhile is not what was asked about.
        asked = [self._carried[id] for id in ids if id in self._carried]
        found = await self._calls.find([one.claim.id for one in asked])
        for one in asked:
            kept = found.get(one.claim.id)
            is_ours = kept is not None and kept.number == one.claim.number
            if (kept is None or kept.is_withdrawn or not is_ours) and not one.is_over:
                one.task.cancel()

    def _heard(self, topic: Topic, text: str) -> None:
        match topic:
            case "calls":
                for pool in text.split() or [*self._pools]:
                    self.look(pool)
            case "outcomes":
                self.look_for_more()
            case "withdrawals":
                self.dropped(text.split())
                self.look_for_more()


def _ignored(task: "asyncio.Task[None]") -> None:
    """What was not seen now is seen at the next look."""
    if not task.cancelled():
        task.exception()
