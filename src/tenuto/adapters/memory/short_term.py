"""Locks and counters of one process."""

import time
from collections.abc import Sequence


def _now_ms() -> float:
    return time.monotonic() * 1000


class MemoryLocks:
    """`Locks` that end with the process."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, float]] = {}
        self._token = 0

    async def take(self, name: str, *, lasting_ms: int) -> int | None:
        """See `Locks.take`."""
        if self._holder(name):
            return None
        self._token += 1
        self._held[name] = self._token, _now_ms() + lasting_ms
        return self._token

    async def keep(self, name: str, token: int, *, lasting_ms: int) -> bool:
        """See `Locks.keep`."""
        if self._holder(name) != token:
            return False
        self._held[name] = token, _now_ms() + lasting_ms
        return True

    async def give(self, name: str, token: int) -> bool:
        """See `Locks.give`."""
        return self._holder(name) == token and bool(self._held.pop(name))

    def _holder(self, name: str) -> int:
        token, until_ms = self._held.get(name, (0, 0.0))
        if until_ms > _now_ms():
            return token
        self._held.pop(name, None)
        return 0


class MemoryCounters:
    """`Counters` that end with the process."""

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[int, float]] = {}

    async def add(self, name: str, by: int, *, lasting_ms: int) -> int:
        """See `Counters.add`."""
        number = self._number(name) + by
        self._numbers[name] = number, _now_ms() + lasting_ms
        return number

    async def read(self, names: Sequence[str]) -> tuple[int, ...]:
        """See `Counters.read`."""
        return tuple([self._number(name) for name in names])

    def _number(self, name: str) -> int:
        number, until_ms = self._numbers.get(name, (0, 0.0))
        if until_ms > _now_ms():
            return number
        self._numbers.pop(name, None)
        return 0
