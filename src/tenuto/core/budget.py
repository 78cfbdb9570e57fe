"""What a session may spend, what it has spent, and what is set aside for work under way (P9).

Nothing is spent before it is set aside: a turn of a model sets aside what the agent's last turn
took, a child session its share of what is left. What was set aside and not used comes back.
"""

from typing import Final

import msgspec

NAMES: Final = ("tokens", "usd", "turns", "tool_calls", "seconds")
"""All bounds, in the order in which one that is spent is told."""


class Budget(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Bounds on what a session and all sessions below it may spend; None: no bound."""

    tokens: int | None = None
    """Of models, in and out."""
    usd: float | None = None
    turns: int | None = None
    """Requests to models."""
    tool_calls: int | None = None
    """Calls that models make, of tools and of other agents."""
    seconds: float | None = None
    """Wall time from the start; time in which it is paused does not count."""


class Spending(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """Amounts of what a budget bounds; time is told by the clock."""

    tokens: int = 0
    usd: float = 0.0
    turns: int = 0
    tool_calls: int = 0

    def plus(self, other: "Spending", *, times: int = 1) -> "Spending":
        """Return the sum with `times` the other."""
        return Spending(
            tokens=self.tokens + times * other.tokens,
            usd=self.usd + times * other.usd,
            turns=self.turns + times * other.turns,
            tool_calls=self.tool_calls + times * other.tool_calls,
        )


NOTHING: Final = Spending()
UNBOUNDED: Final = Budget()


def left_of(budget: Budget, taken: Spending, *, seconds: float | None = None) -> Budget:
    """Return what is left when `taken` is gone; below zero where more was spent than allowed."""
    return Budget(
        tokens=None if budget.tokens is None else budget.tokens - taken.tokens,
        usd=None if budget.usd is None else budget.usd - taken.usd,
        turns=None if budget.turns is None else budget.turns - taken.turns,
        tool_calls=None if budget.tool_calls is None else budget.tool_calls - taken.tool_calls,
        seconds=seconds,
    )


def share_of(left: Budget, parts: int) -> Budget:
    """Return one of `parts` equal shares of what is left; time is everybody's."""
    return Budget(
        tokens=None if left.tokens is None else max(0, left.tokens // parts),
        usd=None if left.usd is None else max(0.0, left.usd / parts),
        turns=None if left.turns is None else max(0, left.turns // parts),
        tool_calls=None if left.tool_calls is None else max(0, left.tool_calls // parts),
        seconds=left.seconds,
    )


def narrower(one: Budget, other: Budget) -> Budget:
    """Return a budget that keeps within both."""
    return Budget(
        tokens=_least(one.tokens, other.tokens),
        usd=_least_real(one.usd, other.usd),
        turns=_least(one.turns, other.turns),
        tool_calls=_least(one.tool_calls, other.tool_calls),
        seconds=_least_real(one.seconds, other.seconds),
    )


def wider(budget: Budget, more: Budget) -> Budget:
    """Return `budget` with `more` added to the bounds that it has."""
    return Budget(
        tokens=_sum(budget.tokens, more.tokens),
        usd=_sum_real(budget.usd, more.usd),
        turns=_sum(budget.turns, more.turns),
        tool_calls=_sum(budget.tool_calls, more.tool_calls),
        seconds=_sum_real(budget.seconds, more.seconds),
    )


def set_aside(share: Budget) -> Spending:
    """Return the bounded amounts of a share."""
    return Spending(
        tokens=share.tokens or 0,
        usd=share.usd or 0.0,
        turns=share.turns or 0,
        tool_calls=share.tool_calls or 0,
    )


def short_of(left: Budget, wanted: Spending) -> str:
    """Return the name of a bound that `wanted` would break, or nothing.

    Of tokens and money nobody knows what the first request takes: there must be some left."""
    if (
        wanted.turns
        and left.tokens is not None
        and (left.tokens <= 0 or left.tokens < wanted.tokens)
    ):
        return "tokens"
    if wanted.turns:
        if left.tokens is not None and left.tokens < max(1, wanted.tokens):
            return "tokens"
        if left.usd is not None and (left.usd <= 0 or left.usd < wanted.usd):
            return "usd"
    if left.turns is not None and left.turns < wanted.turns:
        return "turns"
    if left.tool_calls is not None and left.tool_calls < wanted.tool_calls:
        return "tool_calls"
    return ""


def fault_of(budget: Budget) -> str:
    """Return what is wrong with a budget that somebody wrote, or nothing."""
    for name in NAMES:
        bound: float | None = getattr(budget, name)
        if bound is not None and not 0 <= bound < 2**53:
            return f"a budget of {bound} {name} makes no sense; give 0 or more"
    return ""


def _least(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _least_real(one: float | None, other: float | None) -> float | None:
    """A whole number becomes a real one, as it does on its way through the log."""
    if one is None or other is None:
        one = other = other if one is None else one
    return None if one is None or other is None else float(min(one, other))


def _sum(one: int | None, other: int | None) -> int | None:
    return one if one is None or other is None else one + other


def _sum_real(one: float | None, other: float | None) -> float | None:
    return None if one is None else float(one + (other or 0))
