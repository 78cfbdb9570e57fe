"""What lists and recovery need to know of a session, from its state."""

from tenuto.core.lifecycle import STATUS, Status
from tenuto.core.session.decide import needs_person
from tenuto.core.session.effects import is_active, is_at_work
from tenuto.core.session.state import SessionState, Task, next_due
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
