"""A source is asked for no more than it may be asked for."""

from __future__ import annotations

import threading

import pyarrow as pa
import pytest

from tenuto.teams.migration.moving.pacing import Pacing


class Time(threading.Event):
    """A clock that goes on when somebody waits, or a source takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0.0
        return False


def batches(time: Time, count: int, took: float) -> object:
    for _ in range(count):
        time.now += took
        yield pa.record_batch({"id": list(range(100))})


def test_at_no_time_more_rows_were_given_than_the_limit_allows() -> None:
    time = Time()
    pacing = Pacing(50, 0.0, time, clock=lambda: time.now)

    for number, _ in enumerate(pacing.kept(batches(time, 5, 0.01))):  # type: ignore[arg-type]
        assert (number + 1) * 100 <= 50 * time.now + 1e-6

    assert pacing.batch_rows(10_000) == 50


@pytest.mark.parametrize("took", [0.1, 0.8])
def test_a_source_that_answers_slowly_is_asked_less(took: float) -> None:
    time = Time()
    pacing = Pacing(None, 0.25, time, clock=lambda: time.now)

    given = list(pacing.kept(batches(time, 10, took)))  # type: ignore[arg-type]

    assert len(given) == 10
    assert time.now == pytest.approx(10 * took / 0.25)
