"""How spending is kept: set aside when work is promised, told when it is settled (P9).

Part of the fold. What is set aside follows from the state alone, so no event has to tell it.
"""

from typing import Final

from msgspec import structs

from tenuto.core.agent.messages import Usage
from tenuto.core.budget import UNBOUNDED, Budget, Spending, set_aside, share_of, short_of, wider
from tenuto.core.session.state import CALLED, WHOLE, SessionState, Task, left_now

_NOTHING_LEFT: Final = 1e-9
"""So little money is what rounding leaves when all that was set aside has come back."""


def begin_time(state: SessionState, at_ms: int) -> None:
    """Let the session's time run from `at_ms`, where it is bounded."""
    if state.budget.seconds is not None:
        state.due[WHOLE] = at_ms + round(state.budget.seconds * 1000)


def stop_time(state: SessionState, at_ms: int) -> None:
    """Let it stand still while the session is paused."""
    due = state.due.pop(WHOLE, None)
    if due is not None:
        state.ms_left = due - at_ms


def go_on(state: SessionState, more: Budget, at_ms: int) -> None:
    """Take up again after a pause, with `more` to spend."""
    if state.budget.seconds is not None:
        state.due[WHOLE] = at_ms + state.ms_left + round((more.seconds or 0) * 1000)
    state.budget = wider(state.budget, more)
    state.short = ""


def take_over(state: SessionState, at_ms: int) -> None:
    """Give a fork the time that its origin had left there."""
    due = state.due.get(WHOLE)
    if due is not None:
        state.due[WHOLE] = at_ms + due - state.updated_ms


def count_calls(state: SessionState, kind: str, count: int) -> None:
    """Count what an agent has just promised to do."""
    spent = state.spent
    if kind == "model":
        state.spent = structs.replace(spent, turns=spent.turns + count)
    elif kind in CALLED:
        state.spent = structs.replace(spent, tool_calls=spent.tool_calls + count)


def shares(
    state: SessionState, parent: Task | None, kind: str, *, count: int, at_ms: int
) -> Budget | None:
    """Return what each of `count` new tasks of a kind has set aside for it, or None."""
    if state.budget == UNBOUNDED:
        return None
    if kind == "workflow":
        return share_of(left_now(state, at_ms), count)
    if kind == "model" and parent is not None:
        wanted = wanted_of(parent)
        return Budget(tokens=wanted.tokens, usd=wanted.usd)
    return None


def wanted_of(agent: Task) -> Spending:
    """Return what the next turn of an agent most likely takes: no less than its last."""
    assert agent.agent is not None, "only agents have turns"
    turns = agent.agent.turns
    usage = turns[-1].answer.usage if turns else Usage()
    tokens = usage.input_tokens + usage.output_tokens
    return Spending(tokens=tokens, usd=usage.cost_usd, turns=1)


def lacking(state: SessionState, wanted: Spending, at_ms: int) -> str:
    """Return the bound that does not allow `wanted`, or nothing."""
    return short_of(left_now(state, at_ms), wanted)


def waits_for_others(state: SessionState, short: str) -> bool:
    """Return whether some of what is lacking is set aside, and may come back."""
    aside: float = getattr(state.reserved, short, 0)
    return aside > _NOTHING_LEFT


def hold(state: SessionState, task: Task, share: Budget | None) -> None:
    """Set a share aside for `task`."""
    if share is not None:
        task.share = share
        state.reserved = state.reserved.plus(set_aside(share))


def settle(state: SessionState, task: Task, spent: Spending | None) -> None:
    """Give back what was set aside for `task`; what a child session has spent is spent here too.

    Of one whose end nobody waits for, all of its share counts as spent."""
    share = task.share
    if share is not None:
        task.share = None
        state.reserved = state.reserved.plus(set_aside(share), times=-1)
        if task.kind == "workflow" and spent is None:
            spent = set_aside(share)
    if spent is not None:
        state.spent = state.spent.plus(spent)
    if share is not None:
        _wake_agents(state)


def add_usage(state: SessionState, usage: Usage) -> None:
    """Count what a turn took."""
    tokens = usage.input_tokens + usage.output_tokens
    if tokens or usage.cost_usd:
        state.spent = state.spent.plus(Spending(tokens=tokens, usd=usage.cost_usd))


def in_words(state: SessionState, short: str) -> str:
    """Return why a session that has spent a bound stops, and what to do."""
    found = getattr(state.budget, short)
    bound = f"{found:,}" if isinstance(found, int) else f"{found:g}"
    what = {"usd": "US dollars", "tool_calls": "tool calls"}.get(short, short)
    return (
        f"its budget of {bound} {what} is spent; "
        f"resume it with more {what}, or cancel it if it runs in circles"
    )


def _wake_agents(state: SessionState) -> None:
    """Something came back: an agent that waited for it may go on."""
    for task in state.tasks.values():
        if task.kind == "agent" and not task.children:
            state.tend[task.no] = None
