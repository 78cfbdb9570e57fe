"""Two rules for how often something may be done, and the state that each keeps of it.

A bucket holds `burst` tokens and gets `per_second` new ones; each request takes one. So it allows
bursts, and a steady rate in the long run. A window allows `limit` requests in any stretch of its
length. It counts in slots of a tenth of the window, and a slot counts until all of it has passed:
never more than the limit are let through, and who was refused waits up to one slot longer than an
exact list of moments would ask for.
"""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

SLOTS: Final = 10
"""Of a window. More would make it exacter, and its state larger."""
_EMPTY: Final = (0,) * (SLOTS + 1)
"""One slot more than the window has: the oldest may still reach into it."""


class Bucket(msgspec.Struct, frozen=True, tag="bucket"):
    """`burst` requests at once, `per_second` in the long run."""

    per_second: float
    burst: int


class Window(msgspec.Struct, frozen=True, tag="window"):
    """`limit` requests in any `seconds`."""

    limit: int
    seconds: int


Rule: TypeAlias = Bucket | Window


class Level(msgspec.Struct, frozen=True, tag="level"):
    """Of a bucket: `tokens` at the moment `at_ms`."""

    tokens: float
    at_ms: int


class Counts(msgspec.Struct, frozen=True, tag="counts"):
    """Of a window: requests in the slot `slot`, and in those before it, the newest first."""

    slot: int
    counts: tuple[int, ...]


State: TypeAlias = Level | Counts


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a rule lets the request through, and what is left of it afterwards."""

    allowed: bool
    remaining: int
    """How many more it lets through at once."""
    wait_ms: int
    """How long until it lets one through; 0 where it does so now."""
    reset_ms: int
    """How long until more is left than now; 0 where all is left."""


def asked(rule: Rule, state: State | None, now_ms: int) -> tuple[Verdict, State]:
    """Return what the rule says to one more request now, and the state after it was let through.

    Time that runs backwards counts as standing still.

    Args:
        state: None: nothing was asked before.
    """
    if isinstance(rule, Bucket):
        level = _level(rule, state, now_ms)
        return _bucket_judged(rule, level), Level(level.tokens - 1, level.at_ms)
    now = _counts(rule, state, now_ms)
    after = Counts(now.slot, (now.counts[0] + 1, *now.counts[1:]))
    return _window_judged(rule, now, after, now_ms), after


def judged(rule: Rule, state: State | None, now_ms: int) -> Verdict:
    """Return what the rule says to one more request now."""
    return asked(rule, state, now_ms)[0]


def taken(rule: Rule, state: State | None, now_ms: int) -> State:
    """Return the state after one more request was let through now."""
    return asked(rule, state, now_ms)[1]


def is_idle(rule: Rule, state: State, now_ms: int) -> bool:
    """Return whether the state says no more than having none: it may be forgotten."""
    match rule:
        case Bucket():
            return _level(rule, state, now_ms).tokens >= rule.burst
        case Window():
            return not any(_counts(rule, state, now_ms).counts)


def _level(rule: Bucket, state: State | None, now_ms: int) -> Level:
    if not isinstance(state, Level):
        return Level(float(rule.burst), now_ms)
    passed_ms = max(0, now_ms - state.at_ms)
    tokens = min(float(rule.burst), state.tokens + passed_ms * rule.per_second / 1000)
    return Level(tokens, max(now_ms, state.at_ms))


def _bucket_judged(rule: Bucket, level: Level) -> Verdict:
    allowed = level.tokens >= 1
    left = level.tokens - 1 if allowed else level.tokens
    remaining = max(0, math.floor(left))
    return Verdict(
        allowed=allowed,
        remaining=remaining,
        wait_ms=0 if allowed else _filling_ms(rule, 1 - level.tokens),
        reset_ms=_filling_ms(rule, min(rule.burst, remaining + 1) - left),
    )


def _filling_ms(rule: Bucket, tokens: float) -> int:
    return max(0, math.ceil(tokens * 1000 / rule.per_second))


def _slot_ms(rule: Window) -> int:
    return max(1, rule.seconds * 1000 // SLOTS)


def _counts(rule: Window, state: State | None, now_ms: int) -> Counts:
    slot = now_ms // _slot_ms(rule)
    if not isinstance(state, Counts):
        return Counts(slot, _EMPTY)
    passed = slot - state.slot
    if passed <= 0:
        return state
    return Counts(slot, (*_EMPTY[:passed], *state.counts)[: SLOTS + 1])


def _window_judged(rule: Window, now: Counts, after: Counts, now_ms: int) -> Verdict:
    used = sum(now.counts)
    allowed = used < rule.limit
    return Verdict(
        allowed=allowed,
        remaining=max(0, rule.limit - used - allowed),
        wait_ms=0 if allowed else _leaving_ms(rule, now, used - rule.limit + 1, now_ms),
        reset_ms=_leaving_ms(rule, after if allowed else now, 1, now_ms),
    )


def _leaving_ms(rule: Window, now: Counts, wanted: int, now_ms: int) -> int:
    """Return how long until `wanted` of those that were counted do not count any more."""
    size_ms, gone = _slot_ms(rule), 0
    # A clock that ran backwards stands at the newest slot's begin.
    now_ms = max(now_ms, now.slot * size_ms)
    for age in range(SLOTS, -1, -1):
        gone += now.counts[age]
        if gone >= wanted:
            return (now.slot - age + SLOTS + 1) * size_ms - now_ms
    return 0


def tightest(verdicts: Sequence[Verdict]) -> int:
    """Return which of them leaves the least: the index of the one that refuses longest, else of the
    one with the fewest remaining."""
    assert verdicts, "there is a rule"
    places = [(-one.wait_ms, one.remaining, -one.reset_ms) for one in verdicts]
    return places.index(min(places))
