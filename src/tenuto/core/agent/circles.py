"""Notices an agent that does the same again and again."""

from collections.abc import Sequence

from tenuto.core.agent.compacting import COMPACT
from tenuto.core.agent.state import Turn


def repeats(turns: Sequence[Turn]) -> int:
    """Return how many turns at the end made the same calls and got the same: 1 for one alone, 0
    where the last made none."""
    if not turns or not turns[-1].answer.calls:
        return 0
    last = _seen(turns[-1])
    count = 0
    for turn in reversed(turns):
        if turn.answer.purpose == COMPACT:
            continue
        if _seen(turn) != last:
            break
        count += 1
    return count


def _seen(turn: Turn) -> list[object]:
    calls = [(call.tool, call.arguments) for call in turn.answer.calls]
    results = [(r.value, r.error) if r is not None else None for r in turn.results]
    return [calls, results]
