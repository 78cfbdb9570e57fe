"""No seed breaks a promise. `TENUTO_SEEDS=100000` looks further than every test run does."""

import os
from typing import Final

import pytest

from tenuto.testing import simulate_random

SEEDS: Final = int(os.environ.get("TENUTO_SEEDS", "2400"))
PARTS: Final = 12

assert SEEDS >= PARTS, "each part has a seed"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_promises_hold_whatever_goes_wrong(part: int) -> None:
    for seed in range(SEEDS * part // PARTS, SEEDS * (part + 1) // PARTS):
        simulate_random(seed).check()
