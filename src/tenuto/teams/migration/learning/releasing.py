"""Counts that may be known: with noise, and only of patterns that many migrations share.

One migration more or less changes what is released only as far as (ε, δ) lets it: each contributes
at most `PATTERNS_MAX` patterns, each counts once, Laplace noise of scale `PATTERNS_MAX / ε` is
added, and what does not reach a floor stays unknown. Source: Rogers, A Unifying Privacy Analysis
Framework for Unknown Domain Algorithms in Differential Privacy, 2023 (arXiv 2309.09170), by OpenDP.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from tenuto.teams.migration.learning.patterns import PATTERNS_MAX

EPSILON: Final = 1.0
DELTA: Final = 1e-6


def floor(
    epsilon: float = EPSILON, delta: float = DELTA, *, patterns_max: int = PATTERNS_MAX
) -> int:
    """Return how many migrations must share a pattern, about, before it can be known: 15 when each
    contributes one, 60 with four, 256 with sixteen (ε = 1, δ = 1e-6)."""
    scale = patterns_max / epsilon
    return math.ceil(1 + scale * math.log(patterns_max / (2 * delta)))


def noisy(
    counts: Mapping[str, int],
    *,
    epsilon: float = EPSILON,
    delta: float = DELTA,
    patterns_max: int = PATTERNS_MAX,
) -> dict[str, int]:
    """Return the patterns that reach the floor, each with its count and noise.

    Raises:
        ValueError: the mechanism would spend more than ε or δ.
    """
    import opendp.prelude as dp
    from opendp.measurements import make_laplace_threshold

    dp.enable_features("contrib")
    domain = dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=int))
    metric = dp.l01inf_distance(dp.absolute_distance(T=int))
    mechanism = make_laplace_threshold(
        domain,
        metric,
        scale=patterns_max / epsilon,
        threshold=floor(epsilon, delta, patterns_max=patterns_max),
    )
    spent, lost = mechanism.map((patterns_max, patterns_max, 1))  # type: ignore[no-untyped-call]  # it has none
    if spent > epsilon * (1 + 1e-9) or lost > delta:
        raise ValueError(
            f"A release would spend ε = {spent}, δ = {lost}; {epsilon} and {delta} may."
        )
    return dict(mechanism(dict(counts)))
