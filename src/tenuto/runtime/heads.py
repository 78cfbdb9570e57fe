"""What lists and recovery need to know of a session, from its state."""

from collections.abc import Iterable
from typing import Final

from tenuto.core.lifecycle import TERMINAL, WaitsFor
from tenuto.core.session import events as e
from tenuto.core.session.effects import is_active, is_at_work
from tenuto.core.session.state import SessionState, next_due
from tenuto.core.session.status import WAIT_OF_KIND, in_order, status_of, wait_of, waits_of
from tenuto.core.vocabulary import TaskNo, Version
from tenuto.ports.event_store import Head


def head_of(state: SessionState) -> Head:
    """Return the head of `state`."""
    status, waiting_for = status_of(state)
    return Head(
        session=state.session,
        tenant=state.tenant,
        user=state.user,
        workflow=state.workflow,
        workflow_version=state.workflow_version,
        parent=state.parent,
        key=state.key,
        origin=state.origin.session if state.origin else None,
        origin_version=state.origin.version if state.origin else Version(0),
        status=status,
        waiting_for=waiting_for,
        wake_ms=next_due(state),
        active=is_active(state),
        started_ms=state.started_ms,
        updated_ms=state.updated_ms,
        version=state.version,
        waits_for=waits_of(state),
    )


_ENDS: Final = frozenset({e.TaskCompleted, e.TaskFailed, e.TaskCancelled})
"""Events after which a task is open no more."""


class Waits:
    """What open tasks of a loaded session wait for, kept up without a look at all of them."""

    __slots__ = ("_of",)

    def __init__(self, state: SessionState) -> None:
        self._of: dict[TaskNo, WaitsFor] = {}
        for no in state.tasks:
            self._look(state, no)

    def follow(self, state: SessionState, events: Iterable[e.SessionEvent]) -> None:
        """Take up what `events`, which have been folded into `state`, changed: a task waits or does
        no more by an event that names it, or since it was opened."""
        for event in events:
            if type(event) is e.ChildrenStarted:
                if event.kind in WAIT_OF_KIND:
                    for number in range(event.first, event.first + event.count):
                        self._look(state, TaskNo(number))
            elif self._of or type(event) not in _ENDS:
                no: TaskNo | None = getattr(event, "task", None)
                if no:
                    self._look(state, no)

    def now(self, state: SessionState) -> tuple[WaitsFor, ...]:
        """Return what `waits_of` does."""
        if not self._of or state.phase in TERMINAL:
            return ()
        return in_order(self._of.values())

    def _look(self, state: SessionState, no: TaskNo) -> None:
        task = state.tasks.get(no)
        found = None if task is None else wait_of(task)
        if found is not None:
            self._of[no] = found
        elif self._of:
            self._of.pop(no, None)


def is_news(old: Head, state: SessionState, waits: Waits) -> bool:
    """Return whether the head of `state` says something that `old` does not.

    The usual step of a running session is not: it must not cost a row of its own."""
    if waits.now(state) != old.waits_for:
        return True
    if state.phase == "running" and old.status == "running" and old.active:
        if (next_due(state) if state.due else None) != old.wake_ms:
            return True
        # Someone works and nothing is due: as before.
        for task in reversed(state.tasks.values()):
            if is_at_work(task):
                return False
    new = head_of(state)
    return (new.status, new.waiting_for, new.wake_ms, new.active) != (
        old.status,
        old.waiting_for,
        old.wake_ms,
        old.active,
    )
