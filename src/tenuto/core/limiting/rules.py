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
_EMPTY: Final = (0,) * SLOTS
"""Beside the newest: one slot more than the window has, for the oldest may still reach into it."""


class Bucket(msgspec.Struct, frozen=True, tag="bucket"):
    """`burst` requests at once, `per_second` in the long run."""

    per_second: float
    burst: int


class Window(msgspec.Struct, frozen=True, tag="window"):
    """`limit` requests in any `seconds`."""

    limit: int
    seconds: int


Rule: TypeAlias = Bucket | Window


class Level(msgspec.Struct, frozen=True, tag="level", gc=False):
    """Of a bucket: `tokens` at the moment `at_ms`."""

    tokens: float
    at_ms: int


class Counts(msgspec.Struct, frozen=True, tag="counts", gc=False):
    """Of a window: how many requests count, and from which slot on."""

    slot: int
    newest: int
    """In that slot."""
    older: tuple[int, ...]
    """In those before it, the newest first."""
    used: int
    """In all of them."""
    first: int
    """The oldest slot that has some, else the newest."""


State: TypeAlias = Level | Counts


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
    # Every request asks several rules: so each kind answers within one function.
    if isinstance(rule, Bucket):
        return _bucket_asked(rule, state, now_ms)
    return _window_asked(rule, state, now_ms)


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
            return _level(rule, state, now_ms)[0] >= rule.burst
        case Window():
            return not _counts(now_ms // _slot_ms(rule), state).used


def _level(rule: Bucket, state: State | None, now_ms: int) -> tuple[float, int]:
    """Return the tokens now, and the moment that counts as now."""
    if not isinstance(state, Level):
        return float(rule.burst), now_ms
    passed_ms = now_ms - state.at_ms
    if passed_ms <= 0:
        return state.tokens, state.at_ms
    tokens = state.tokens + passed_ms * rule.per_second / 1000
    return (tokens if tokens < rule.burst else float(rule.burst)), now_ms


def _bucket_asked(rule: Bucket, state: State | None, now_ms: int) -> tuple[Verdict, Level]:
    tokens, at_ms = _level(rule, state, now_ms)
    after = Level(tokens - 1, at_ms)
    if tokens >= 1:
        remaining = int(after.tokens)
        # One token more than remain is never more than fit in: this one was taken.
        reset_ms = _filling_ms(rule, remaining + 1 - after.tokens)
        return Verdict(allowed=True, remaining=remaining, wait_ms=0, reset_ms=reset_ms), after
    wait_ms = _filling_ms(rule, 1 - tokens)
    return Verdict(allowed=False, remaining=0, wait_ms=wait_ms, reset_ms=wait_ms), after


def _filling_ms(rule: Bucket, tokens: float) -> int:
    return math.ceil(tokens * 1000 / rule.per_second)


def _slot_ms(rule: Window) -> int:
    return rule.seconds * 1000 // SLOTS


def _counts(slot: int, state: State | None) -> Counts:
    """Return what counts in a slot, or still counts in it."""
    if not isinstance(state, Counts):
        return Counts(slot, 0, _EMPTY, 0, slot)
    passed = slot - state.slot
    if passed <= 0:
        return state
    older = (*_EMPTY[: passed - 1], state.newest, *state.older)[:SLOTS]
    ages = [age for age, count in enumerate(older, start=1) if count]
    return Counts(slot, 0, older, sum(older), slot - ages[-1] if ages else slot)


def _window_asked(rule: Window, state: State | None, now_ms: int) -> tuple[Verdict, Counts]:
    size_ms = _slot_ms(rule)
    now = _counts(now_ms // size_ms, state)
    first = now.first if now.used else now.slot
    after = Counts(now.slot, now.newest + 1, now.older, now.used + 1, first)
    # A clock that ran backwards stands at the newest slot's begin.
    gone_ms = max(now_ms, now.slot * size_ms) - size_ms * (SLOTS + 1)
    remaining, reset_ms = rule.limit - after.used, first * size_ms - gone_ms
    if remaining >= 0:
        return Verdict(allowed=True, remaining=remaining, wait_ms=0, reset_ms=reset_ms), after
    wait_ms = _slot_of(now, -remaining) * size_ms - gone_ms
    return Verdict(allowed=False, remaining=0, wait_ms=wait_ms, reset_ms=reset_ms), after


def _slot_of(now: Counts, wanted: int) -> int:
    """Return the slot of the request that is the `wanted`th, from the oldest on."""
    for age in range(SLOTS, 0, -1):
        wanted -= now.older[age - 1]
        if wanted <= 0:
            return now.slot - age
    return now.slot


def tightest(verdicts: Sequence[Verdict]) -> int:
    """Return which of them leaves the least: the index of the one that refuses longest, else of the
    one with the fewest remaining."""
    assert verdicts, "there is a rule"
    places = [(-one.wait_ms, one.remaining, -one.reset_ms) for one in verdicts]
    return places.index(min(places))
