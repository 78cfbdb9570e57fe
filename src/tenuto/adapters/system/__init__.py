"""The machine's own clock and random numbers. May import `core`, `ports`."""

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
        self._random = random.SystemRandom()
        self._jitter = random.Random()

    def session_id(self, at_ms: int) -> SessionId:
        """Return `ses_` and 25 characters; ids of a later millisecond sort later."""
        number = (at_ms << 80) | self._random.getrandbits(80)
        digits = []
        for _ in range(25):
            digits.append(_ALPHABET[number & 31])
            number >>= 5
        return SessionId("ses_" + "".join(reversed(digits)))

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
        return self._jitter.random()
