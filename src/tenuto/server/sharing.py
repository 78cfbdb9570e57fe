"""Work that reads the whole database: done once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")


class Shared(Generic[Found]):
    """One piece of work, which whoever asks for it while it runs waits for with the others."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, Found]]) -> None:
        self._work = work
        self._running: asyncio.Task[Found] | None = None

    async def result(self) -> Found:
        """Return what comes of it. Who hangs up ends it for nobody; what it raises leaves this."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work())
        return await asyncio.shield(self._running)

    async def close(self) -> None:
        """End what runs."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
