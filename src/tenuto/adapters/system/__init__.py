"""The machine's own clock and random numbers. May import `core`, `ports`."""

import os
import random
import time

from tenuto.core.vocabulary import SessionId

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's Base32, lower case. Source: https://www.crockford.com/base32.html"""


class SystemClock:
    """The time of this machine."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 (UTC)."""
        return time.time_ns() // 1_000_000


class SystemIds:
    """Ids that sort by time: 9 digits of milliseconds, then 80 random bits."""

    def __init__(self) -> None:
        self._jitter = random.Random()
        self._random_bytes = b""

    def session_id(self, at_ms: int, *, beside: SessionId | None = None) -> SessionId:
        """Return `ses_` and 25 characters; ids of a later millisecond sort later. One `beside`
        another ends with the same two."""
        if not self._random_bytes:
            # Asking the system is dear: once for 100 ids.
            self._random_bytes = os.urandom(1_000)
        mine, self._random_bytes = self._random_bytes[:10], self._random_bytes[10:]
        number = (at_ms << 80) | int.from_bytes(mine, "big")
        digits = [_ALPHABET[number >> shift & 31] for shift in range(120, -1, -5)]
        if beside is not None:
            digits[-2:] = beside[-2:]
        return SessionId("ses_" + "".join(digits))

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
        return self._jitter.random()
