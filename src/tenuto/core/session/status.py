"""The coarse status that users see of a session, from its state."""

from collections.abc import Iterable
from typing import Final, get_args

from tenuto.core.lifecycle import STATUS, TERMINAL, Status, WaitsFor
from tenuto.core.session.decide import needs_person
from tenuto.core.session.effects import is_at_work
from tenuto.core.session.state import SessionState, Task


def status_of(state: SessionState) -> tuple[Status, str]:
    """Return the coarse status that users see, and in words what it waits for or why it failed."""
    status = STATUS[state.phase]
    if status == "failed" and state.failure is not None:
        return status, state.failure.message
    if status in ("paused", "cancelled"):
        return status, state.pause_reason
    if status != "running":
        return status, ""
    tasks = [task for task in state.tasks.values() if task.children == 0]
    if not tasks or any(is_at_work(task) for task in tasks):
        return status, ""
    # What a person is asked comes first: by these words the inbox finds the session.
    first = sorted(tasks, key=lambda task: not needs_person(task))[:5]
    return "waiting", "; ".join(dict.fromkeys(_reason(task) for task in first))


WAIT_OF_KIND: Final[dict[str, WaitsFor]] = {
    "approval": "approval",
    "wait": "signal",
    "timer": "timer",
}
"""What tasks of a kind wait for by what they are. Those of no other kind wait from the start."""
_PERSON: Final = ("person", "doubt")


def wait_of(task: Task) -> WaitsFor | None:
    """Return what outside of the session the task waits for, if it does."""
    if task.waiting:
        return "approval" if task.waiting in _PERSON else None
    return WAIT_OF_KIND.get(task.kind)


def waits_of(state: SessionState) -> tuple[WaitsFor, ...]:
    """Return what open tasks of the session wait for, each once, in the order of `WaitsFor`."""
    if state.phase in TERMINAL:
        return ()
    return in_order(found for task in state.tasks.values() if (found := wait_of(task)))


def in_order(waits: Iterable[WaitsFor]) -> tuple[WaitsFor, ...]:
    """Return each once, in the order of `WaitsFor`."""
    found = set(waits)
    return tuple(kind for kind in get_args(WaitsFor) if kind in found)


def _reason(task: Task) -> str:
    if needs_person(task):
        if task.waiting == "doubt":
            return f"a person to say whether {task.node!r} happened (task {task.no})"
        if task.waiting == "person" and task.failure is not None:
            return f"a person to settle {task.node!r} (task {task.no}): {task.failure.message}"
        return f"a decision on {task.node!r} (task {task.no})"
    if task.waiting == "retry":
        return f"the next attempt at {task.node!r}"
    if task.kind == "wait":
        return f"a signal for {task.node!r}"
    if task.kind == "timer":
        return f"timer {task.node!r}"
    if task.kind == "workflow":
        return f"session {task.child!r} of {task.node!r}"
    if task.agent is not None and task.agent.post is not None and task.agent.post.awaits:
        numbers = ", ".join(map(str, task.agent.post.awaits))
        return f"responses to {task.node!r} (message {numbers})"
    return f"{task.node!r}"
