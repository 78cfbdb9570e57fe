"""What lists and recovery need to know of a session, from its state."""

from tenuto.core.session.effects import is_active, is_at_work
from tenuto.core.session.state import SessionState, next_due
from tenuto.core.session.status import status_of
from tenuto.core.vocabulary import Version
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
    )


def is_news(old: Head, state: SessionState) -> bool:
    """Return whether the head of `state` says something that `old` does not.

    The usual step of a running session is not: it must not cost a row of its own."""
    if state.phase == "running" and old.status == "running" and old.active:
        if next_due(state) != old.wake_ms:
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
