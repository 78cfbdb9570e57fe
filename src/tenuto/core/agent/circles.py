"""Notices an agent that does the same again and again."""

from collections.abc import Sequence

from tenuto.core.agent.compacting import COMPACT
from tenuto.core.agent.messages import ToolResult
from tenuto.core.agent.state import Turn
from tenuto.core.agent.writing import REPLY, SEND
from tenuto.core.vocabulary import Json


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


def _told(result: ToolResult) -> Json:
    """Return what a call gave. The number of a message is new each time, and tells nothing new."""
    if isinstance(result.value, dict) and result.tool in (SEND, REPLY):
        return {name: value for name, value in result.value.items() if name != "message"}
    return result.value


def _seen(turn: Turn) -> list[object]:
    calls = [(call.tool, call.arguments) for call in turn.answer.calls]
    results = [(_told(r), r.error) if r is not None else None for r in turn.results]
    return [calls, results]
