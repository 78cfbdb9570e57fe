"""Repeated failures are slowed down: who guesses waits, and waits longer each time.

Three counts: of a user from one address, of a user from anywhere, and of an address. The second
allows more and waits less than the first, so that nobody can lock another person out for long. An
attempt counts as failed until it succeeded: many at once gain nothing.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from tenuto.ports.clock import Clock
from tenuto.server.accounts.refusals import TooManyAttempts

FORGOTTEN_MS: Final = 15 * 60_000
"""A count ends so long after the last failure."""
PLACES_MAX: Final = 10_000
"""Counts of one kind that are kept; the longest untouched go first."""


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """How many failures are free, and how long the wait becomes at most."""

    free: int
    wait_ms_max: int


class _Count(msgspec.Struct):
    failures: int = 0
    last_ms: int = 0
    until_ms: int = 0


USER_AT_ADDRESS: Final = Allowance(free=5, wait_ms_max=5 * 60_000)
USER: Final = Allowance(free=30, wait_ms_max=30_000)
ADDRESS: Final = Allowance(free=100, wait_ms_max=60_000)


class Failures:
    """Counts of failed attempts, in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[Allowance, OrderedDict[str, _Count]] = {
            allowance: OrderedDict() for allowance in (USER_AT_ADDRESS, USER, ADDRESS)
        }

    def begin(self, *, user: str = "", address: str = "") -> None:
        """Count an attempt as failed.

        Raises:
            TooManyAttempts: it is not to be made now.
        """
        now = self._clock.now_ms()
        places = _places(user, address)
        until = max((self._until(*place, now) for place in places), default=0)
        if until > now:
            raise TooManyAttempts(-(-(until - now) // 1000))
        for allowance, place in places:
            count = self._count(allowance, place, now)
            count.failures += 1
            count.last_ms = now
            over = count.failures - allowance.free
            if over >= 0:
                count.until_ms = now + min(1000 << min(over, 20), allowance.wait_ms_max)

    def succeeded(self, *, user: str = "", address: str = "") -> None:
        """Take back what `begin` counted. The address keeps its earlier failures: else a single
        own account would free it for guessing at others."""
        for allowance, place in _places(user, address):
            count = self._counts[allowance].get(place)
            if count is None:
                continue
            if allowance is ADDRESS:
                count.failures -= 1
                count.until_ms = 0
            if allowance is not ADDRESS or count.failures <= 0:
                del self._counts[allowance][place]

    def _until(self, allowance: Allowance, place: str, now: int) -> int:
        count = self._counts[allowance].get(place)
        return count.until_ms if count is not None and now - count.last_ms < FORGOTTEN_MS else 0

    def _count(self, allowance: Allowance, place: str, now: int) -> _Count:
        counts = self._counts[allowance]
        count = counts.get(place)
        if count is None or now - count.last_ms >= FORGOTTEN_MS:
            count = counts[place] = _Count()
        counts.move_to_end(place)
        if len(counts) > PLACES_MAX:
            counts.popitem(last=False)
        return count


def _places(user: str, address: str) -> list[tuple[Allowance, str]]:
    found = []
    if user and address:
        found.append((USER_AT_ADDRESS, f"{user}\n{address}"))
    if user:
        found.append((USER, user))
    if address:
        found.append((ADDRESS, address))
    return found
