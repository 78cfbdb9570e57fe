"""What processes keep together for a moment: who does something now, and how far it is.

It may be lost at any time, as when the server that keeps it is restarted. So a lock saves work, and
what must not be done twice is guarded by its token where it is written.
"""

from collections.abc import Sequence
from typing import Protocol


class Locks(Protocol):
    """Who does something now. Every method may raise `PortError`."""

    async def take(self, name: str, *, lasting_ms: int) -> int | None:
        """Return a token, higher than all before it, when nobody has the lock; it is let go by
        itself after `lasting_ms`. None: somebody has it."""
        ...

    async def keep(self, name: str, token: int, *, lasting_ms: int) -> bool:
        """Return whether who has the token still has the lock; it lasts anew from now on."""
        ...

    async def give(self, name: str, token: int) -> bool:
        """Return whether who has the token still had the lock; nobody has it now."""
        ...


class Counters(Protocol):
    """How far something is. Every method may raise `PortError`."""

    async def add(self, name: str, by: int, *, lasting_ms: int) -> int:
        """Return a number after something was added to it, 0 before the first time; it is forgotten
        when nothing is added for so long."""
        ...

    async def read(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the numbers, in order; 0 for those that nobody added to."""
        ...
