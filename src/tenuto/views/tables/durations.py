"""Rows of `agent_durations`: how long the tasks of agents took, and how they ended, day by day.

A row is one bar of a histogram. Bars are so narrow that what is read from them is at most one part
in 32 above what was measured, and so few that a day has some hundred at most.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState
from tenuto.core.tables import KEYS, Change, Row
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTask

STEPS: Final = 32
"""Bars between a number and its double."""
MS_MAX: Final = 10**12
"""Thirty years: where a clock was set, durations say nothing."""

Settled: TypeAlias = e.TaskCompleted | e.TaskFailed | e.TaskCancelled
_STATUSES: Final[dict[type[Settled], str]] = {
    e.TaskCompleted: "completed",
    e.TaskFailed: "failed",
    e.TaskCancelled: "cancelled",
}


def lasted(state: SessionState, task: OpenTask, event: Settled) -> Iterator[Change]:
    """Yield what `event` adds, where `task`, which it settles, is an agent's."""
    if task.kind != "agent" or not task.agent:
        return
    ms = bar_of(event.at_ms - task.started_ms)
    day = moment_text(event.at_ms)[:10]
    status = _STATUSES[type(event)]
    row: Row = dict(
        zip(
            KEYS["agent_durations"],
            (state.tenant, day, state.workflow, task.agent, status, ms),
            strict=True,
        )
    )
    key = tuple(str(value) for value in row.values())
    yield Change(
        table="agent_durations", key=key, values={**row, "tasks": 1}, whole=False, adds=True
    )


def bar_of(ms: int) -> int:
    """Return the upper end of the bar that holds a duration."""
    ms = max(0, min(ms, MS_MAX))
    width = 1 << max(0, (ms - 1).bit_length() - STEPS.bit_length())
    return -(-ms // width) * width


def percentile(bars: Sequence[tuple[int, int]], share: float) -> int | None:
    """Return the end of the first bar with which at least `share` (0 to 1) of all are counted; None
    of none. `bars` are their ends and counts. Source: the nearest-rank definition."""
    left = max(1, math.ceil(share * sum(count for _, count in bars)))
    for ms, count in sorted(bars):
        left -= count
        if left <= 0:
            return ms
    return None
