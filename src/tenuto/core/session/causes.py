"""The input behind a recorded event: what makes replay possible without a log of inputs.

Every rule of `decide` begins its events with one that tells which rule it was and with what. Moves
of the core itself are caused by `Advance`, for the parent whose child moved or for the token that
waits.
"""

from collections.abc import Sequence

from msgspec import structs

from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.failing import IN_DOUBT
from tenuto.core.session.state import REVIEW, SessionState, Task

_INLINE = frozenset({"map", "loop", "agent", "message", "wait", "condition"})
"""Kinds whose outcome is a move of the core, never an input."""


def cause_of(state: SessionState, log: Sequence[e.SessionEvent], at: int) -> i.SessionInput:
    """Return the input that made the events of `log` from index `at` on, given the state before."""
    event = log[at]
    now = event.at_ms
    match event:
        case e.SessionStarted():
            return i.StartSession(
                at_ms=now,
                session=event.session,
                inputs=event.inputs,
                tenant=event.tenant,
                user=event.user,
                key=event.key,
                parent=event.parent,
                parent_effect=event.parent_effect,
                depth=event.depth,
                budget=event.budget,
                labels=event.labels,
                notes=_notes_of_start(log, at + 1),
            )
        case e.SessionForked():
            return _forked(event)
        case e.Noted():
            return _noted(state, log, at)
        case e.TaskCompleted():
            return _completed(state, log, at)
        case e.TaskFailed():
            return _failed(state, event)
        case e.AttemptFailed():
            return _attempt_failed(state, event)
        case e.TaskEscalated():
            return _escalated(state, event)
        case e.TaskRetried():
            return _retried(state, event)
        case e.TaskBegun():
            return i.BeginTask(at_ms=now, task=event.task)
        case e.TaskDoubted():
            return i.RecoverSession(at_ms=now)
        case e.SignalReceived():
            return _sent(event)
        case e.ApprovalDecided():
            return _decided(state, log, at)
        case e.ChildSessionStarted():
            return i.RecordChild(at_ms=now, task=event.task, session=event.session)
        case e.ChildReleased():
            return i.ReleaseChild(at_ms=now, effect=event.effect)
        case e.OutcomeReported():
            return i.ConfirmReport(at_ms=now)
        case e.SessionPausing() if event.by:
            by = "" if event.by == "request" else event.by
            return i.PauseSession(at_ms=now, by=by, reason=event.reason)
        case e.SessionResumed():
            return i.ResumeSession(at_ms=now, by=event.by, steps=event.steps, budget=event.budget)
        case e.SessionCancelled():
            return i.CancelSession(at_ms=now, by=event.by, reason=event.reason)
        case e.ChildrenStarted():
            return i.Advance(at_ms=now, parent=event.parent)
        case e.SessionCompleting():
            # Which guards the process had then is not on record, but what came of it is.
            following = log[at + 1] if at + 1 < len(log) else None
            return i.Advance(at_ms=now, review=isinstance(following, e.TaskStarted))
        case e.SessionPausing(short="seconds"):
            return i.Wake(at_ms=now)
        case e.MapOpened() | e.SignalTaken() | e.TimerSet() | e.SessionPausing():
            return i.Advance(at_ms=now, parent=event.task)
        case _:
            return i.Advance(at_ms=now)


def _notes_of_start(log: Sequence[e.SessionEvent], at: int) -> tuple[i.Note, ...]:
    """Return the notes of no task that stand from `at` on."""
    notes: list[i.Note] = []
    while at < len(log):
        event = log[at]
        if not isinstance(event, e.Noted) or event.task:
            break
        notes.append(i.Note(event.kind, event.data))
        at += 1
    return tuple(notes)


def _forked(event: e.SessionForked) -> i.ForkSession:
    return i.ForkSession(
        at_ms=event.at_ms,
        session=event.session,
        origin=event.origin,
        origin_version=event.origin_version,
        patch=event.patch,
    )


def _completed(state: SessionState, log: Sequence[e.SessionEvent], at: int) -> i.SessionInput:
    event = log[at]
    assert isinstance(event, e.TaskCompleted)
    now = event.at_ms
    task = state.tasks.get(event.task)
    if task is None or task.kind in _INLINE:
        if task is not None and task.kind == "wait" and task.due_ms and task.due_ms <= now:
            return i.Wake(at_ms=now)
        return i.Advance(at_ms=now, parent=event.task)
    if task.kind == "timer":
        return i.Wake(at_ms=now)
    output = event.output
    if task.kind == REVIEW:
        following = log[at + 1] if at + 1 < len(log) else None
        output = following.output if isinstance(following, e.SessionCompleted) else None
    # Also where `verify` found that it happened: that adds what a report of it would have added.
    return i.CompleteTask(
        at_ms=now,
        task=event.task,
        output=output,
        spent=event.spent,
        labels=event.labels,
    )


def _sent(event: e.SignalReceived) -> i.SendSignal:
    return i.SendSignal(
        at_ms=event.at_ms,
        name=event.name,
        data=event.data,
        by=event.by,
        labels=event.labels,
        key=event.key,
    )


def _attempt_failed(state: SessionState, event: e.AttemptFailed) -> i.SessionInput:
    task = state.tasks.get(event.task)
    return i.FailTask(
        at_ms=event.at_ms,
        task=event.task,
        failure=event.failure,
        retry_after_ms=max(0, event.retry_ms - event.at_ms),
        jitter=event.jitter,
        # Another attempt followed, so one was allowed.
        attempts_max=task.attempt + 1 if task is not None else 0,
    )


def _failed(state: SessionState, event: e.TaskFailed) -> i.SessionInput:
    task = state.tasks.get(event.task)
    if task is None or _fails_by_itself(task):
        return i.Advance(at_ms=event.at_ms, parent=event.task)
    if task.kind in ("approval", "wait") or event.abandons:
        return i.Wake(at_ms=event.at_ms)
    # What its tool said of the number of attempts is not on record, but what came of it is: this
    # attempt was the last.
    return i.FailTask(
        at_ms=event.at_ms,
        task=event.task,
        failure=event.failure,
        spent=event.spent,
        labels=event.labels,
        attempts_max=task.attempt,
    )


def _fails_by_itself(task: Task) -> bool:
    if task.kind == "wait":
        # Its deadline could not be worked out.
        return not task.due_ms
    return task.kind in _INLINE or task.kind == "timer" or task.waiting in ("recover", "recovered")


def _escalated(state: SessionState, event: e.TaskEscalated) -> i.SessionInput:
    task = state.tasks.get(event.task)
    if task is not None and task.waiting == "verify" and event.failure.code == IN_DOUBT:
        return i.SettleDoubt(at_ms=event.at_ms, task=event.task, happened=None)
    if task is not None and task.kind == "agent":
        return i.Advance(at_ms=event.at_ms, parent=event.task)
    return i.FailTask(at_ms=event.at_ms, task=event.task, failure=event.failure, ask=event.ask)


def _retried(state: SessionState, event: e.TaskRetried) -> i.SessionInput:
    if event.by == "recover":
        return i.Advance(at_ms=event.at_ms, parent=event.task)
    if event.by == "verify":
        return i.SettleDoubt(at_ms=event.at_ms, task=event.task, happened=False)
    return i.Wake(at_ms=event.at_ms)


def _decided(state: SessionState, log: Sequence[e.SessionEvent], at: int) -> i.SessionInput:
    event = log[at]
    assert isinstance(event, e.ApprovalDecided)
    if event.by == "expiry":
        return i.Wake(at_ms=event.at_ms)
    following = log[at + 1] if at + 1 < len(log) else None
    data = None
    labels: tuple[str, ...] = ()
    # Of several people the first one's decision adds no more: what follows is something else's.
    if getattr(following, "task", None) != event.task:
        following = None
    if isinstance(following, e.TaskCompleted):
        data = following.output
        task = state.tasks.get(event.task)
        if task is not None and task.kind == "approval" and isinstance(data, dict):
            data, labels = data.get("data"), following.labels
    elif isinstance(following, e.TaskRetried):
        data = following.inputs
    return i.DecideApproval(
        at_ms=event.at_ms,
        approved=event.approved,
        task=event.task,
        by=event.by,
        note=event.note,
        data=data,
        labels=labels,
    )


def _noted(state: SessionState, log: Sequence[e.SessionEvent], at: int) -> i.SessionInput:
    """Notes come before the outcome that brought them."""
    notes: list[i.Note] = []
    end = at
    first = log[at]
    assert isinstance(first, e.Noted)
    while end < len(log):
        event = log[end]
        if not isinstance(event, e.Noted) or event.task != first.task:
            break
        notes.append(i.Note(event.kind, event.data))
        end += 1
    cause = cause_of(state, log, end) if end < len(log) else i.Advance(at_ms=first.at_ms)
    if isinstance(cause, (i.CompleteTask, i.FailTask, i.SendSignal, i.DecideApproval)):
        return structs.replace(cause, notes=tuple(notes))
    return cause
