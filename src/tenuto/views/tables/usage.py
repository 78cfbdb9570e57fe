"""Rows of `agent_usage`: what a day's work of agents took, added up as it happens.

A row is of no session, so there are as many as days, users, workflows, agents and models go
together, however many sessions there are. A fork adds what it does itself, as its rows of tasks.
"""

from collections.abc import Iterator
from typing import Final

from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState
from tenuto.core.tables import COUNTS, KEYS, Change, Row
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTask, OpenTasks, answer_of

USING: Final = (e.TaskCompleted, e.TaskFailed, e.AttemptFailed)
"""Events that tell what was used."""
NANO: Final = 1_000_000_000
COUNT_MAX: Final = 10**15
"""Of one answer: tokens, and billionths of a dollar. What a provider says wrongly does not make
sums overflow."""


def used(
    state: SessionState,
    task: OpenTask,
    tasks: OpenTasks,
    event: e.TaskCompleted | e.TaskFailed | e.AttemptFailed,
) -> Iterator[Change]:
    """Yield what `event` adds, where `task`, which it is about, is work of an agent."""
    if not task.agent or task.kind == "agent":
        return
    counts: Row = dict.fromkeys(COUNTS, 0)
    model = ""
    if not isinstance(event, e.TaskCompleted):
        counts["failed_attempts"] = 1
    if task.call is not None:
        counts["tool_calls"] = int(not isinstance(event, e.AttemptFailed))
        caller = tasks.get(task.parent)
        if caller is not None and caller.answer is not None:
            model = caller.answer.model
    elif isinstance(event, e.TaskCompleted):
        answer = answer_of(event.output)
        model = answer.model
        counts |= {
            "turns": 1,
            "cached_turns": int(bool(answer.cached)),
            "input_tokens": min(answer.usage.input_tokens, COUNT_MAX),
            "output_tokens": min(answer.usage.output_tokens, COUNT_MAX),
            "cached_tokens": min(answer.usage.cached_tokens, COUNT_MAX),
            "cost_nano_usd": round(min(answer.usage.cost_usd * NANO, COUNT_MAX)),
        }
    if not any(counts.values()):
        return
    key = (
        state.tenant,
        moment_text(event.at_ms)[:10],
        state.user or "",
        state.workflow,
        task.agent,
        model or task.model,
    )
    row: Row = {**dict(zip(KEYS["agent_usage"], key, strict=True)), **counts}
    yield Change(table="agent_usage", key=key, values=row, whole=False, adds=True)
