"""Calls of pools whose outcomes are awaited here: who settles one tells, and what nobody tells of
is found by looking."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from tenuto.core.errors import TenutoError
from tenuto.ports.membership import Signals, Topic
from tenuto.ports.pools import Calls
from tenuto.runtime.gathering import Gathered
from tenuto.runtime.room import Room

LOOK_S: Final = 0.5
TOLD_AFTER_S: Final = 5.0
"""When calls have waited for so long for a pool that no process serves, the log says so."""

Outcome = bytes | None
"""None: the process that carried the call out is gone."""

_log: Final = logging.getLogger("tenuto")


class AwaitedCalls:
    """Calls by id, and who waits for them. Who waits takes up no room."""

    def __init__(self, calls: Calls, room: Room, *, signals: Signals | None) -> None:
        self._calls, self._room = calls, room
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}
        self._placed: dict[str, tuple[str, float]] = {}
        """Calls that are known to be put: the pool, and since when."""
        self._looks = Gathered(self._look)
        self._watch: asyncio.Task[None] | None = None
        self.is_served: Callable[[str], bool] = lambda pool: True
        """Says whether a process serves a pool."""
        self._told: set[str] = set()
        if signals is not None:
            signals.listen(self._heard)

    def begin(self, id: str) -> "asyncio.Future[Outcome]":
        """Return the outcome to come; who asks runs no more until it is there. `end` it."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[id] = outcome
        self._room.leave()
        return outcome

    def placed(self, id: str, pool: str) -> None:
        """Know that the call is there from now on; in which pool, where that is known."""
        if id not in self._waiting or self._waiting[id].done():
            return
        self._placed[id] = pool, asyncio.get_running_loop().time()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._keep_looking())
        if not pool:
            self._looks.ask(id)

    def deliver(self, id: str, outcome: Outcome) -> None:
        """Tell who waits for a call what became of it."""
        waiting = self._waiting.get(id)
        if waiting is not None and not waiting.done():
            # At once: who waits until nothing runs must not believe so in between.
            self._room.enter()
            waiting.set_result(outcome)

    def end(self, id: str, outcome: "asyncio.Future[Outcome]") -> None:
        """Wait no more; who asked runs again."""
        if not outcome.done() or outcome.cancelled():
            self._room.enter()
        if self._waiting.get(id) is outcome:
            del self._waiting[id]
            self._placed.pop(id, None)

    def stop(self) -> None:
        """Look at nothing any more."""
        if self._watch is not None:
            self._watch.cancel()

    async def _look(self, ids: list[str]) -> list[None]:
        """Deliver what is settled or lost."""
        found = await self._calls.find(ids)
        for id in ids:
            one = found.get(id)
            if one is not None and one.standing == "settled":
                self.deliver(id, one.outcome)
            elif one is not None and one.standing == "lost":
                self.deliver(id, None)
            elif one is None and id in self._placed:
                # The server lost it, as a crash of its machine may.
                self.deliver(id, None)
        return [None] * len(ids)

    async def _keep_looking(self) -> None:
        while self._placed:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look([*self._placed])
            except TenutoError as error:
                _log.warning("Calls of pools cannot be looked at now: %s", error)
            self._tell_of_unserved()

    def _tell_of_unserved(self) -> None:
        late_s = asyncio.get_running_loop().time() - TOLD_AFTER_S
        for pool in {pool for pool, since_s in self._placed.values() if pool and since_s < late_s}:
            if self.is_served(pool):
                self._told.discard(pool)
            elif pool not in self._told:
                self._told.add(pool)
                _log.warning(
                    "Calls wait for a worker of pool %r, and none is there. Start one: "
                    "tenuto worker --pool %s.",
                    pool,
                    pool,
                )

    def _heard(self, topic: Topic, text: str) -> None:
        if topic == "outcomes":
            for id in text.split() or [*self._waiting]:
                if id in self._waiting:
                    self._looks.ask(id)
