"""A clock that stands still until a test moves it."""


class FakeClock:
    """A `Clock` that tells what it was told.

    Example:
        clock = FakeClock()
        clock.advance(1_500)
    """

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """See `Clock.now_ms`."""
        return self._now_ms

    def advance(self, ms: int) -> None:
        """Let `ms` pass; a negative number is a clock that was put back."""
        self._now_ms += ms
