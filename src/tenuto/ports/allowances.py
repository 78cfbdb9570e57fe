"""Allowances: what is left of the rules for who asks how often."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from tenuto.core.limiting.rules import Rule, Verdict


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, and for whom it counts."""

    key: str
    """Of whom, and of which of their rules: `user:org/u1:0`."""
    rule: Rule


class Allowances(Protocol):
    """Counts requests. It may forget those of whoever asked least lately."""

    async def take(self, wanted: Sequence[Allowance], now_ms: int) -> tuple[Verdict, ...]:
        """Return what each rule says to one request more, in order. It is counted by all of them
        when all allow it, else by none.

        Raises:
            PortError: it may work later.
        """
        ...
