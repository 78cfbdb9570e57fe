"""Measurements are counted once each, within the bounds that they do not exceed."""

from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.histogram import SECONDS, SHORT_SECONDS, Histogram

VALUES = st.lists(st.one_of(st.floats(0, 100), st.sampled_from(SHORT_SECONDS)), max_size=40)


@given(VALUES)
def test_each_bound_counts_what_does_not_exceed_it_and_the_last_number_counts_all(
    values: list[float],
) -> None:
    counts = Histogram(SHORT_SECONDS)
    for value in values:
        counts.observe(value)

    within = [sum(value <= bound for value in values) for bound in SHORT_SECONDS]
    assert counts.upto() == [*within, len(values)]
    assert counts.sum == sum(values)


def test_bounds_ascend() -> None:
    for bounds in (SECONDS, SHORT_SECONDS):
        assert sorted(set(bounds)) == list(bounds)
