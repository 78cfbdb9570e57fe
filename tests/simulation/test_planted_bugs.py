"""Simulation is worth its time only if it finds what is wrong: here it is shown to."""

from typing import Final

import pytest

from tenuto.testing import simulate_random
from tests.simulation.planted import BUGS, Bug

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


def breaks_a_promise(seed: int) -> bool:
    return simulate_random(seed, shorten=False).violation is not None
