"""Procedures: sequences of tools that led to an answer, and how often they did.

A procedure is tried when a task begins for which it was recalled, and has worked when that task
came to an answer on its path. One that was recalled and not followed was not tried.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tenuto.core.agent.state import Turn
from tenuto.core.memory.items import KEY_CHARS_MAX, MemoryItem
from tenuto.core.vocabulary import Json, JsonObject

STEPS_MAX: Final = 30
"""A longer sequence is no procedure that anybody would follow."""


def steps_of(turns: Sequence[Turn]) -> list[str]:
    """Return the calls that gave something, in their order, each with the names of its arguments.
    The same call several times in a row is one step."""
    steps: list[str] = []
    for turn in turns:
        for call, result in zip(turn.answer.calls, turn.results, strict=True):
            step = f"{call.tool}({', '.join(call.arguments)})"
            if result is not None and result.error is None and steps[-1:] != [step]:
                steps.append(step)
    return steps


def key_of(kind: str, steps: Sequence[str]) -> str:
    """Return the key of a procedure for tasks of a kind."""
    key = f"{kind}: {' > '.join(step.partition('(')[0] for step in steps)}"
    if len(key) <= KEY_CHARS_MAX:
        return key
    return f"{key[: KEY_CHARS_MAX - 17]}…{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def in_words(kind: str, steps: Sequence[str], example: str) -> str:
    """Return a procedure as a model reads it."""
    return f"For tasks of {kind}, as {example!r}, this led to an answer: {' → '.join(steps)}."


def followed(item: MemoryItem, steps: Sequence[str]) -> bool:
    """Return whether all steps of the procedure are among `steps`, in their order."""
    known = _field(item, "steps")
    left = iter(steps)
    return (
        isinstance(known, list)
        and bool(known)
        and all(any(step == wanted for step in left) for wanted in known)
    )


def begun(item: MemoryItem, task: str) -> MemoryItem:
    """Return the procedure, tried once more by `task`; unchanged where that is known."""
    if _field(item, "begun") == task:
        return item
    return msgspec.structs.replace(item, tries=item.tries + 1, data=_with(item, "begun", task))


def ended(item: MemoryItem, task: str, steps: Sequence[str]) -> MemoryItem:
    """Return the procedure after `task` came to its answer by `steps`; unchanged where that is
    known."""
    if _field(item, "ended") == task:
        return item
    data = _with(item, "ended", task)
    if followed(item, steps):
        return msgspec.structs.replace(item, successes=item.successes + 1, data=data)
    return msgspec.structs.replace(item, tries=max(0, item.tries - 1), data=data)


def rate(item: MemoryItem) -> str:
    """Return how often it worked, in words."""
    return f"It worked {item.successes} of {item.tries} times."


def data_of(steps: Iterable[str]) -> JsonObject:
    """Return the data of a new procedure."""
    return {"steps": list(steps)}


def _field(item: MemoryItem, name: str) -> Json:
    return item.data.get(name) if isinstance(item.data, dict) else None


def _with(item: MemoryItem, name: str, value: Json) -> Json:
    return {**(item.data if isinstance(item.data, dict) else {}), name: value}
