"""Simulation is worth its time only if it finds what is wrong: here it is shown to."""

from typing import Final

import pytest

from tenuto.testing import simulate_random
from tests.simulation import planted
from tests.simulation.planted import BUGS, Bug
from tests.simulation.planted_in_agents import AGENT_BUGS

SEEDS_MAX: Final = 800
"""A third of what every test run tries."""


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with bug():
        found = next((seed for seed in range(SEEDS_MAX) if breaks_a_promise(seed)), None)

    assert found is not None, f"{SEEDS_MAX} seeds did not notice: {bug.__doc__}"
    # What was found is the bug, and not the simulation's own.
    assert not breaks_a_promise(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("promise", "bug"), AGENT_BUGS, ids=[bug.__name__ for _, bug in AGENT_BUGS]
)
def test_a_bug_in_what_agents_do_is_put_down_to_the_promise_that_it_breaks(
    promise: str, bug: Bug
) -> None:
    seed = seed_that_breaks(promise, bug)

    assert not breaks_a_promise(seed)


def seed_that_breaks(promise: str, bug: Bug) -> int:
    """Return the first seed in which the bug is put down to the promise. In others it may break
    another one first: what is carried out twice was decided wrongly before."""
    others: list[str] = []
    with bug():
        for seed in range(SEEDS_MAX):
            violation = simulate_random(seed, shorten=False).violation
            if violation is not None and violation.promise == promise:
                return seed
            others += [violation.promise] if violation is not None else []
    raise AssertionError(f"{SEEDS_MAX} seeds did not notice, but broke {others}: {bug.__doc__}")


def breaks_a_promise(seed: int) -> bool:
    return simulate_random(seed, shorten=False).violation is not None


@pytest.mark.parametrize(
    ("promise", "bug"),
    [
        ("P1", planted.dispatch_before_commit),
        ("P2", planted.decisions_by_chance),
        ("P3", planted.once_effect_repeated_blindly),
        ("P4", planted.follower_skips_what_comes_together),
        ("P5", planted.snapshot_of_an_earlier_state),
        ("P8", planted.lost_wake_up),
        ("P9", planted.budget_of_steps_ignored),
    ],
    ids=["p1", "p2", "p3", "p4", "p5", "p8", "p9"],
)
def test_a_bug_is_put_down_to_the_promise_that_it_breaks(promise: str, bug: Bug) -> None:
    assert not breaks_a_promise(seed_that_breaks(promise, bug))
