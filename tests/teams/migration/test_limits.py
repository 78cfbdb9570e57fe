"""Windows and deadlines as people write them, and how work is handed out in rounds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from tenuto.teams.migration import directing
from tenuto.teams.migration.directing import Open, Report, Standing
from tenuto.teams.migration.limits import deadline_from, window_from
from tenuto.teams.migration.moving.loads import Range
from tests.teams.migration.moving.ground import column, plan_of

PLAN = msgspec.structs.replace(
    plan_of(column("id", "integer"), batch_rows=10_000, rows=1_000_000), parallel=4
)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("window", "now", "is_open", "changes"),
    [
        ("22:00-05:00", "2026-03-01T23:00+00:00", True, "2026-03-02T05:00+00:00"),
        ("22:00-05:00", "2026-03-02T04:59:59+00:00", True, "2026-03-02T05:00+00:00"),
        ("22:00-05:00", "2026-03-02T05:00+00:00", False, "2026-03-02T22:00+00:00"),
        ("01:00-04:00", "2026-03-02T12:00+00:00", False, "2026-03-03T01:00+00:00"),
        ("22:00-05:00 Europe/Madrid", "2026-07-01T20:30+00:00", True, "2026-07-02T03:00+00:00"),
        # In this night the clock goes on from 2 to 3: the window has an hour less.
        ("22:00-05:00 Europe/Madrid", "2026-03-28T23:00+00:00", True, "2026-03-29T03:00+00:00"),
        ("22:00:30-22:00:40", "2026-03-01T22:00:35+00:00", True, "2026-03-01T22:00:40+00:00"),
    ],
)
def test_a_window_says_whether_it_is_open_and_until_when(
    window: str, now: str, is_open: bool, changes: str
) -> None:
    found = window_from(window)

    assert found is not None
    assert found.until(ms(now)) == (is_open, ms(changes))


def test_a_deadline_is_a_moment_or_a_time_from_the_start() -> None:
    assert deadline_from("2026-12-01T06:00:00+01:00", 0) == ms("2026-12-01T05:00+00:00")
    assert deadline_from("1.5h", 1_000) == 1_000 + 5_400_000
    assert deadline_from("", 1_000) == 0
    for wrong in ("soon", "2026-12-01T06:00:00", "6 weeks"):
        with pytest.raises(ValueError, match="no deadline"):
            deadline_from(wrong, 0)


def standing(*left: int, **more: Any) -> Standing:
    """Return that so many rows are left in so many ranges."""
    opened = tuple(
        Open(table="t", range=Range(number=number, by=("id",), rows=rows), rows=rows)
        for number, rows in enumerate(left)
    )
    facts = {"lanes": 4, "rounds": 3, "rate": 1_000.0, "seconds": 60.0, "next": {"t": len(left)}}
    return Standing(open=opened, **{**facts, **more})


def report(number: int, **more: Any) -> Report:
    facts = {"table": "t", "number": number, "read": 100, "rows": 100, "batch_rows": 10_000}
    return Report(**{**facts, **more})


def test_the_largest_ranges_are_begun_first_and_all_workers_have_some() -> None:
    lanes = directing.lanes_of(standing(10, 500, 20, 400, 300, 5), 30, PLAN)

    assert [[one.left for one in lane] for lane in lanes] == [[500], [400], [300], [20, 10, 5]]


def test_a_range_is_cut_when_workers_would_be_idle_and_it_is_worth_it() -> None:
    assert directing.to_split(standing(90_000, 10), 30) is not None
    assert directing.to_split(standing(100, 10), 30) is None
    assert directing.to_split(standing(90_000, 10, 10, 10), 30) is None
    assert directing.to_split(standing(90_000, rounds=0), 30) is None


def test_long_migrations_have_long_rounds_so_that_events_stay_few() -> None:
    stands, rounds = standing(1, rounds=0, seconds=0.0), 0
    while stands.seconds < 2 * 86_400:
        seconds = directing.round_s(stands, 30.0)
        assert 5 <= seconds <= 600
        stands = msgspec.structs.replace(
            stands, seconds=stands.seconds + seconds, rounds=stands.rounds + 1
        )
        rounds += 1

    assert rounds < 600


def test_batches_that_take_long_become_smaller_and_grow_again() -> None:
    slow, answers = directing.adapted(standing(9), [report(0, slowest_seconds=7.0)], PLAN)
    still, _ = directing.adapted(slow, [report(0, slowest_seconds=2.0, batch_rows=5_000)], PLAN)
    quick, _ = directing.adapted(still, [report(0, slowest_seconds=0.1, batch_rows=5_000)], PLAN)

    assert slow.batch_rows == still.batch_rows == {"t": 5_000}
    assert quick.batch_rows == {}
    assert answers == ["Batches of t have 5,000 rows now, not 10,000."]


@pytest.mark.parametrize(("gain", "workers"), [(0.0, 2), (1.0, 4)])
def test_so_many_workers_go_on_as_are_of_use(gain: float, workers: int) -> None:
    """A source that moves no more for four than for two has two; one that scales has four."""
    stands = standing(*[100_000_000] * 8)
    for _ in range(6):
        rate = 1_000.0 * (1 + gain * (stands.lanes - 2) / 2)
        stands = msgspec.structs.replace(stands, rate=rate, rounds=stands.rounds + 1)
        stands, _ = directing.adapted(stands, [], PLAN)

    assert stands.lanes == workers


def test_parts_of_which_the_conductor_was_not_told_are_moved_too() -> None:
    part = Range(number=7, by=("id",), rows=900)

    stands = directing.measured(standing(1_000), [report(0, done=True, parts=(part,))], 10.0)

    assert [one.range for one in stands.open] == [part] and stands.next == {"t": 8}
    assert stands.moved["t"].rows == 100


def test_what_came_is_counted_once_however_often_it_is_reported() -> None:
    first = directing.measured(standing(1_000, 500), [report(0), report(1, done=True)], 10.0)
    second = directing.measured(first, [report(0, read=400, rows=390, done=True)], 10.0)

    assert first.rows == 200 and first.rate == 20.0 and first.left == 900
    assert second.open == () and second.rows == 500
    assert second.moved["t"].rows == 490
