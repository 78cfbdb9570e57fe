"""How long agents took: bars of a histogram, day by day, and percentiles of them."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.session.inputs import CancelSession
from tenuto.core.session.state import SessionState
from tenuto.core.tables import Row
from tenuto.core.workflow.model import Node
from tenuto.views.tables.durations import MS_MAX, STEPS, bar_of, percentile
from tenuto.views.tables.sessions import SessionTables
from tests.views.logs import WRITER, Log, flow

DAY_MS = 86_400_000
MS = st.integers(0, MS_MAX)


def writing() -> Log:
    return Log(flow(Node(id="write", kind="agent", ref="writer"), agents=(WRITER,)))


def durations_of(log: Log) -> list[Row]:
    tables = SessionTables(SessionState(), log.program)
    changes = tables.add([event for _, event in log.events])
    return [change.values for change in changes if change.table == "agent_durations"]


@given(MS)
def test_a_bar_ends_at_most_one_part_in_32_above_what_it_holds(ms: int) -> None:
    end = bar_of(ms)

    assert ms <= end <= ms + ms / STEPS
    assert bar_of(end) == end


@given(MS, MS)
def test_bars_keep_the_order_of_durations(one: int, other: int) -> None:
    assert bar_of(min(one, other)) <= bar_of(max(one, other))


def test_a_clock_that_was_set_makes_no_strange_bar() -> None:
    assert (bar_of(-5), bar_of(MS_MAX * 9)) == (0, bar_of(MS_MAX))


@given(st.lists(MS, min_size=1, max_size=60), st.floats(0, 1))
def test_a_percentile_of_bars_is_the_bar_of_the_percentile(values: list[int], share: float) -> None:
    exact = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]

    assert percentile([(bar_of(value), 1) for value in values], share) == bar_of(exact)


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None


def test_an_agent_s_task_counts_on_the_day_on_which_it_ends() -> None:
    log = writing()
    log.later(DAY_MS + 1_000).answer("so")

    assert durations_of(log) == [
        {
            "tenant": "local",
            "day": "2023-11-15",
            "workflow": log.definition.name,
            "agent_id": "writer",
            "status": "completed",
            "ms": bar_of(DAY_MS + 1_000),
            "tasks": 1,
        }
    ]


def test_tasks_that_fail_or_are_cancelled_are_told_apart() -> None:
    failed, cancelled = writing(), writing()
    failed.later(7).fail("model", "fatal")
    cancelled.later(9).give(CancelSession(at_ms=cancelled.now_ms))

    assert [(row["status"], row["ms"]) for row in durations_of(failed)] == [("failed", 7)]
    assert [(row["status"], row["ms"]) for row in durations_of(cancelled)] == [("cancelled", 9)]
