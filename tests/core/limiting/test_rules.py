"""No rule lets more through than it says, and who waits as long as it says is let through."""

from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.limiting.rules import (
    SLOTS,
    Bucket,
    Rule,
    State,
    Verdict,
    Window,
    is_idle,
    judged,
    taken,
    tightest,
)

GAPS = st.lists(st.integers(0, 5_000), max_size=60)
BUCKETS = st.builds(Bucket, st.sampled_from([0.2, 1.0, 3.0, 50.0]), st.integers(1, 20))
WINDOWS = st.builds(Window, st.integers(1, 20), st.integers(1, 30))
RULES: st.SearchStrategy[Rule] = st.one_of(BUCKETS, WINDOWS)
BEGIN_MS = 1_700_000_000_123


def let_through(rule: Rule, gaps: list[int]) -> tuple[list[int], State | None, int]:
    """Return when requests, each so long after the one before, were let through."""
    now, state, passed = BEGIN_MS, None, list[int]()
    for gap in gaps:
        now += gap
        if judged(rule, state, now).allowed:
            state = taken(rule, state, now)
            passed.append(now)
    return passed, state, now


@given(WINDOWS, GAPS)
def test_no_stretch_of_the_window_has_more_than_the_limit(rule: Window, gaps: list[int]) -> None:
    passed, _, _ = let_through(rule, gaps)

    for moment in passed:
        inside = [m for m in passed if moment <= m < moment + rule.seconds * 1000]
        assert len(inside) <= rule.limit


@given(BUCKETS, GAPS)
def test_no_stretch_has_more_than_the_burst_and_what_flows_in_meanwhile(
    rule: Bucket, gaps: list[int]
) -> None:
    passed, _, _ = let_through(rule, gaps)

    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], start=first):
            flown = (end - begin) * rule.per_second / 1000
            assert last - first + 1 <= rule.burst + flown + 1e-6


@given(RULES, GAPS)
def test_who_waits_as_long_as_was_said_is_let_through_and_not_before(
    rule: Rule, gaps: list[int]
) -> None:
    _, state, now = let_through(rule, gaps)
    verdict = judged(rule, state, now)

    if not verdict.allowed:
        assert verdict.wait_ms > 0
        assert judged(rule, state, now + verdict.wait_ms).allowed
        assert not judged(rule, state, now + verdict.wait_ms - 1).allowed
    else:
        assert verdict.wait_ms == 0


@given(RULES, GAPS)
def test_as_many_as_remain_are_let_through_at_once(rule: Rule, gaps: list[int]) -> None:
    _, state, now = let_through(rule, gaps)
    verdict = judged(rule, state, now)
    if verdict.allowed:
        state = taken(rule, state, now)
    for _ in range(verdict.remaining):
        assert judged(rule, state, now).allowed
        state = taken(rule, state, now)

    assert not judged(rule, state, now).allowed


@given(RULES, GAPS)
def test_after_the_reset_more_is_left(rule: Rule, gaps: list[int]) -> None:
    _, state, now = let_through(rule, gaps)
    verdict = judged(rule, state, now)
    if verdict.allowed:
        state = taken(rule, state, now)

    later = judged(rule, state, now + verdict.reset_ms)
    assert later.remaining + later.allowed > verdict.remaining or verdict.reset_ms == 0


@given(RULES, GAPS, st.integers(0, 10_000))
def test_time_that_runs_backwards_lets_nothing_more_through(
    rule: Rule, gaps: list[int], back: int
) -> None:
    _, state, now = let_through(rule, gaps)

    before, after = judged(rule, state, now), judged(rule, state, now - back)
    assert after.allowed <= before.allowed
    assert after.remaining <= before.remaining


@given(RULES, GAPS)
def test_what_is_idle_can_be_forgotten(rule: Rule, gaps: list[int]) -> None:
    _, state, now = let_through(rule, gaps)
    if state is None:
        return
    long_ms = 2 * SLOTS * 30_000
    assert is_idle(rule, state, now + long_ms)
    if is_idle(rule, state, now):
        assert judged(rule, state, now) == judged(rule, None, now)


def test_the_tightest_of_several_is_the_one_that_makes_wait_longest() -> None:
    def verdict(wait: int, remaining: int) -> Verdict:
        return Verdict(allowed=not wait, remaining=remaining, wait_ms=wait, reset_ms=0)

    assert tightest([verdict(0, 3), verdict(0, 1), verdict(0, 2)]) == 1
    assert tightest([verdict(0, 0), verdict(5, 0), verdict(9, 0)]) == 2
