"""Notices an agent that does the same again and again."""

from collections.abc import Sequence

from tenuto.core.agent.compacting import COMPACT
from tenuto.core.agent.messages import ToolCall, ToolResult
from tenuto.core.agent.state import Turn
from tenuto.core.agent.writing import REPLY, SEND
from tenuto.core.vocabulary import Json


def repeats(turns: Sequence[Turn], count: int | None = None) -> int:
    """Return how many of the first `count` turns (None: of all), at their end, made the same calls
    and got the same: 1 for one alone, 0 where the last made none."""
    end = len(turns) if count is None else count
    last = turns[end - 1] if end else None
    if last is None or not last.answer.calls:
        return 0
    found, number = 1, end - 2
    while number >= 0:
        turn = turns[number]
        if turn.answer.purpose != COMPACT:
            # Calls differ more often than not, and are compared more quickly.
            if not _are_alike(turn.answer.calls, last.answer.calls):
                break
            if _results(turn) != _results(last):
                break
            found += 1
        number -= 1
    return found


def _told(result: ToolResult) -> Json:
    """Return what a call gave. The number of a message is new each time, and tells nothing new."""
    if isinstance(result.value, dict) and result.tool in (SEND, REPLY):
        return {name: value for name, value in result.value.items() if name != "message"}
    return result.value


def _are_alike(some: Sequence[ToolCall], others: Sequence[ToolCall]) -> bool:
    """Return whether they call the same with the same. Their ids are new each time."""
    if len(some) != len(others):
        return False
    for number, one in enumerate(some):
        other = others[number]
        if one.arguments != other.arguments or one.tool != other.tool:
            return False
    return True


def _results(turn: Turn) -> list[object]:
    return [(_told(r), r.error) if r is not None else None for r in turn.results]
