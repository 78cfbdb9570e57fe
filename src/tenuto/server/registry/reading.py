"""Reading texts that people send: a few at a time, as each takes a processor for a second or so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from tenuto.server.problems import ProblemError

AT_ONCE_MAX: Final = 2
WAITING_MAX: Final = 20
"""Those beyond it would wait longer than most clients do."""
_WAIT_S: Final = 5

P = ParamSpec("P")
T = TypeVar("T")


class Reading:
    """The places of those who read. Whoever finds none waits, while there are few who do."""

    def __init__(self, at_once: int = AT_ONCE_MAX, waiting_max: int = WAITING_MAX) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._waiting, self._waiting_max = 0, waiting_max

    async def run(self, read: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Return what `read` returns, on a thread.

        Raises:
            ProblemError: too many wait already.
        """
        if self._places.locked() and self._waiting >= self._waiting_max:
            raise ProblemError(
                "reading_busy",
                f"{self._waiting} texts wait to be read; this one was not looked at.",
                headers={"Retry-After": str(_WAIT_S)},
            )
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        reading = asyncio.create_task(asyncio.to_thread(read, *args, **named))
        # Who goes away leaves a thread at work: its place is free when that has ended.
        reading.add_done_callback(self._ended)
        return await asyncio.shield(reading)

    def _ended(self, reading: asyncio.Task[T]) -> None:
        self._places.release()
        if not reading.cancelled():
            reading.exception()
