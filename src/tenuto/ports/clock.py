"""Time, ids and chance, so that tests and simulation can decide them."""

from typing import Protocol

from tenuto.core.vocabulary import SessionId


class Clock(Protocol):
    """Tells the time. Waiting is the event loop's, which simulation replaces as a whole."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 (UTC)."""
        ...


class Ids(Protocol):
    """Makes names and random numbers."""

    def session_id(self, at_ms: int, *, beside: SessionId | None = None) -> SessionId:
        """Return a new session id; ids made later sort later. One made `beside` another ends as
        that does, where ids are long enough, so that one process has both."""
        ...

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
        ...
