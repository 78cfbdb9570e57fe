"""Time, ids and chance, so that tests and simulation can decide them."""

from typing import Protocol

from tenuto.core.vocabulary import SessionId


class Clock(Protocol):
    """Tells the time and wakes callers."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 (UTC)."""
        ...

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return when at least `duration_ms` have passed."""
        ...


class Ids(Protocol):
    """Makes names and random numbers."""

    def session_id(self, at_ms: int) -> SessionId:
        """Return a new session id; ids made later sort later."""
        ...

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
        ...
