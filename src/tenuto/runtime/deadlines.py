"""The next deadlines of all sessions: near ones in memory, far ones in the store's heads."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable
from typing import Final

from tenuto.core.vocabulary import SessionId
from tenuto.ports.clock import Clock
from tenuto.runtime.insisting import insist

_HORIZON_MS: Final = 600_000
"""Deadlines farther away are left to the store and looked up again in time."""
_SWEEP_MS: Final = 300_000
assert _SWEEP_MS < _HORIZON_MS, "a deadline must be seen before it is due"


class Deadlines:
    """Wakes sessions when they are due."""

    def __init__(
        self,
        clock: Clock,
        wake: Callable[[SessionId], None],
        due_before: Callable[[int], Awaitable[list[tuple[int, SessionId]]]],
    ) -> None:
        self._clock, self._wake, self._due_before = clock, wake, due_before
        self._heap: list[tuple[int, SessionId]] = []
        self._known: dict[SessionId, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms = 0
        self._sweeper: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Look up what is due soon."""
        await self._sweep()

    async def start(self) -> None:
        """Look up what is due soon, and keep looking."""
        await self._sweep()
        self._sweeper = asyncio.create_task(self._keep_sweeping())

    def stop(self) -> None:
        """Wake nobody any more."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._heap.clear()
        self._known.clear()

    def set(self, session: SessionId, due_ms: int) -> None:
        """Wake `session` at `due_ms` (ms since 1970) or soon after."""
        is_far = due_ms > self._clock.now_ms() + _HORIZON_MS
        # Where nothing is swept, nobody else would remember a far one.
        if (is_far and self._sweeper is not None) or self._known.get(session) == due_ms:
            return
        self._known[session] = due_ms
        heapq.heappush(self._heap, (due_ms, session))
        self._arm()

    def _arm(self) -> None:
        if not self._heap:
            return
        due_ms = self._heap[0][0]
        if self._timer is not None:
            if self._timer_ms <= due_ms:
                return
            self._timer.cancel()
        self._timer_ms = due_ms
        wait = max(0, due_ms - self._clock.now_ms()) / 1000
        self._timer = asyncio.get_running_loop().call_later(wait, self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._clock.now_ms()
        while self._heap and self._heap[0][0] <= now:
            due_ms, session = heapq.heappop(self._heap)
            if self._known.get(session) == due_ms:
                del self._known[session]
                self._wake(session)
        self._arm()

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_MS / 1000)
            await insist(self._sweep)

    async def _sweep(self) -> None:
        for due_ms, session in await self._due_before(self._clock.now_ms() + _HORIZON_MS):
            self.set(session, due_ms)
        if self._timer is not None:
            # The clock may have been put forward since the timer was set.
            self._timer.cancel()
            self._timer = None
            self._arm()
