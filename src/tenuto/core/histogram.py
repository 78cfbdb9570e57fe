"""Counts of measurements by how large they were."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Bounds for what goes over a network."""
SHORT_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, *SECONDS[:-1])
"""Bounds for what goes to a disk."""


class Histogram:
    """How many values were within each bound, and their sum. `bounds` ascend; a value that is equal
    to one is within it."""

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds, self.sum = tuple(bounds), 0.0
        self._counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def upto(self) -> list[int]:
        """Return how many were within each bound, and in all, last."""
        return list(accumulate(self._counts))
