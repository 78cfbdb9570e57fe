"""How many effects run at once in this process."""

import asyncio
from collections.abc import Callable


class Room:
    """Counts what runs. Who begins something looks at `free` first, and enters."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.running = 0
        self._reserved = 0
        self._empty = asyncio.Event()
        self.on_free: list[Callable[[], None]] = []
        """Told, in order, when something ended; each may begin something while there is room."""

    @property
    def free(self) -> int:
        """Return how many more may begin."""
        return self._size - self.running - self._reserved

    def enter(self) -> None:
        """One runs, whether or not there is room for it."""
        self.running += 1

    def leave(self) -> None:
        """One runs no more, or waits for another process; others may begin."""
        self.running -= 1
        self._tell()

    def reserve(self, count: int) -> None:
        """Keep room for so many more, or so many fewer where it is below 0."""
        self._reserved += count
        if count < 0:
            self._tell()

    async def wait_until_empty(self, timeout_ms: int) -> bool:
        """Return whether all that runs ended within `timeout_ms`."""
        if self.running or self._reserved:
            self._empty.clear()
            try:
                async with asyncio.timeout(timeout_ms / 1000):
                    await self._empty.wait()
            except TimeoutError:
                return False
        return True

    def _tell(self) -> None:
        for told in self.on_free:
            if self.running + self._reserved < self._size:
                told()
        if not self.running and not self._reserved:
            self._empty.set()
