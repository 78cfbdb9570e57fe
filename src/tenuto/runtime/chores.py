"""Work beside everything else that nobody waits for."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final

_log: Final = logging.getLogger("tenuto")


class Chores:
    """Running chores. What one raises is logged: its session stays as it is."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def add(self, chore: Coroutine[None, None, None]) -> None:
        """Run `chore` from now on."""
        task = asyncio.get_running_loop().create_task(chore)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Interrupt all of them."""
        for task in tuple(self._running):
            task.cancel()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("%s: %s", type(error).__name__, error)
