"""The fold: one event at a time, in place, judging nothing.

`evolve` is total over every event that any release ever wrote: a task that an event names and the
state does not have can only come from a log that contradicts itself, which is `CorruptLog`.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from tenuto.core import limits
from tenuto.core.agent.evolve import add_answer, add_result
from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.agent.state import AgentState
from tenuto.core.budget import Spending
from tenuto.core.errors import CorruptLog
from tenuto.core.lifecycle import next_phase
from tenuto.core.session import events as e
from tenuto.core.session import labelling, mailbox, spending
from tenuto.core.session.reducers import capture, reduce_into, unshared
from tenuto.core.session.state import (
    REVIEW,
    WHOLE,
    Finished,
    Origin,
    Progress,
    SessionState,
    Task,
    Undo,
)
from tenuto.core.vocabulary import Json, TaskNo, Version, effect_id

_TENDED: Final = frozenset({"map", "loop", "agent", "message", "wait", "condition", "timer"})
"""Kinds whose start calls for a move of the core itself, not of the outside world."""


def evolve(state: SessionState, event: e.SessionEvent) -> SessionState:
    """Return `state` after `event`; it is the same object, changed.

    Raises:
        CorruptLog: the event cannot follow in this state.
    """
    _FOLDS[type(event)](state, event)
    state.version = Version(state.version + 1)
    state.updated_ms = event.at_ms
    return state


def _session_started(state: SessionState, event: e.SessionStarted) -> None:
    state.phase = next_phase(state.phase, "SessionStarted")
    state.session = event.session
    state.tenant = event.tenant
    state.user = event.user
    state.workflow = event.workflow
    state.workflow_version = event.workflow_version
    state.digest = event.digest
    state.key = event.key
    state.parent = event.parent
    state.parent_effect = event.parent_effect
    state.depth = event.depth
    state.rules = event.rules
    state.started_ms = event.at_ms
    state.inputs = event.inputs
    state.keys = event.state
    state.values = {name: unshared(key.initial) for name, key in event.state.items()}
    state.steps_max = event.steps_max
    state.input_labels = state.labels_seen = event.labels
    state.budget = event.budget
    spending.begin_time(state, event.at_ms)


def _session_forked(state: SessionState, event: e.SessionForked) -> None:
    state.phase = next_phase(state.phase, "SessionForked")
    state.origin = Origin(session=event.origin, version=event.origin_version)
    state.session = event.session
    state.key = None
    state.parent = None
    state.parent_effect = None
    state.started_ms = event.at_ms
    spending.take_over(state, event.at_ms)
    state.pause_reason = ""
    state.orphans = {}
    for name, value in event.patch.items():
        state.values[name] = unshared(value)
    for task in state.tasks.values():
        # The fork's work is its own: new effect ids, child sessions of its own, the patched state.
        task.child = None
        if task.captured is not None and event.patch:
            paths = [f"state.{name}" for name in task.captured.state]
            paths += [f"state.{name}" for name in task.captured.lengths]
            paths += [f"outputs.{name}" for name in task.captured.outputs]
            task.captured = capture(state, tuple(sorted(set(paths))))
        state.promises += 1
        task.promised = state.promises
        if task.kind in _TENDED:
            state.tend[task.no] = None


def _task_started(state: SessionState, event: e.TaskStarted) -> None:
    if state.phase == "ready":
        state.phase = next_phase(state.phase, "TaskStarted")
    _clear_finished(state, event.after)
    no = event.task
    kind = event.kind
    state.next_task = TaskNo(no + 1)
    # What belongs to no node is no step of the workflow.
    state.steps += kind != REVIEW
    state.promises += 1
    task = Task(
        no=no,
        node=event.node,
        kind=kind,
        promised=state.promises,
        started_ms=event.at_ms,
        captured=capture(state, event.captures) if event.captures else None,
        labels=labelling.labels_of_new(state, None, event.captures),
    )
    state.tasks[no] = task
    if event.due_ms:
        task.due_ms = state.due[no] = event.due_ms
    spending.hold(state, task, spending.shares(state, None, kind, count=1, at_ms=event.at_ms))
    if kind in _TENDED:
        state.tend[no] = None
        if kind == "agent":
            task.agent = AgentState()
        elif kind == "loop":
            task.progress = Progress(total=0)


def _map_opened(state: SessionState, event: e.MapOpened) -> None:
    task = _open(state, event.task)
    task.progress = Progress(total=event.count, results=[None] * event.count)
    state.tend[event.task] = None


def _children_started(state: SessionState, event: e.ChildrenStarted) -> None:
    parent = _open(state, event.parent)
    captured = capture(state, event.captures) if event.captures else None
    kind = event.kind
    parent.children += event.count
    if parent.progress is not None and kind != "recover":
        parent.progress.started += event.count
        if parent.kind == "loop":
            state.steps += event.count
    elif kind == "recover":
        parent.waiting = "recover"
        parent.recoveries += 1
    if event.shown is not None:
        mailbox.show(state, parent, event.index, event.shown)
    if parent.agent is not None:
        spending.count_calls(state, kind, event.count)
    share = spending.shares(state, parent, kind, count=event.count, at_ms=event.at_ms)
    labels = labelling.labels_of_new(state, parent, event.captures)
    for offset in range(event.count):
        no = TaskNo(event.first + offset)
        state.promises += 1
        task = Task(
            no=no,
            node=event.node,
            kind=kind,
            promised=state.promises,
            started_ms=event.at_ms,
            captured=captured,
            parent=event.parent,
            index=event.index + offset,
            labels=labels,
        )
        state.tasks[no] = task
        if event.due_ms:
            task.due_ms = state.due[no] = event.due_ms
        if share is not None:
            spending.hold(state, task, share)
        if kind in _TENDED:
            state.tend[no] = None
            if kind == "agent":
                task.agent = AgentState()
    state.next_task = TaskNo(event.first + event.count)
    if kind == "message":
        # Sent before anything else moves: an addressee that ends in the same commit shall see it.
        rest = {no: None for no in state.tend if no < event.first}
        state.tend = {no: None for no in state.tend if no >= event.first} | rest


def _timer_set(state: SessionState, event: e.TimerSet) -> None:
    task = _open(state, event.task)
    task.due_ms = state.due[event.task] = event.due_ms


def _task_begun(state: SessionState, event: e.TaskBegun) -> None:
    _open(state, event.task).begun = True


def _task_doubted(state: SessionState, event: e.TaskDoubted) -> None:
    task = _open(state, event.task)
    task.waiting = "verify"
    _promise_again(state, task)


def _task_completed(state: SessionState, event: e.TaskCompleted) -> None:
    task = _close(state, event.task, event.spent)
    output = event.output
    if event.labels or task.labels:
        labelling.mark_ended(state, task, event.labels)
    if task.kind == "message":
        mailbox.keep(state, task, output)
    if task.parent:
        parent = _child_settled(state, task, output, error=None)
        if parent.kind == "loop":
            reduce_into(state, output, event.updates)
            labelling.mark_state(state, task, output, event.updates)
        return
    if task.kind in ("undo", REVIEW):
        return
    state.outputs[task.node] = output
    reduce_into(state, output, event.updates)
    labelling.mark_output(state, task)
    labelling.mark_state(state, task, output, event.updates)
    state.finished.append(Finished(task=task.no, node=task.node, skipped=False))
    if event.undo:
        undo = Undo(
            task=task.no,
            node=task.node,
            output=output,
            captured=task.captured,
            override=task.override,
        )
        state.undo.append(undo)


def _attempt_failed(state: SessionState, event: e.AttemptFailed) -> None:
    task = _open(state, event.task)
    task.failure = event.failure
    task.begun = False
    if event.retry_ms:
        task.waiting = "retry"
        task.due_ms = state.due[event.task] = event.retry_ms


def _task_retried(state: SessionState, event: e.TaskRetried) -> None:
    task = _open(state, event.task)
    task.attempt += 1
    task.waiting = ""
    task.begun = False
    task.due_ms = 0
    state.due.pop(event.task, None)
    if event.inputs is not None:
        task.override = event.inputs
    if task.ask is not None:
        # Who approved other arguments has not approved these.
        kept = task.granted if event.inputs is None else ()
        task.granted = (*kept, task.ask.kind)
        task.ask, task.approvers = None, ()
    if task.kind in _TENDED:
        state.tend[event.task] = None
    _promise_again(state, task)


def _task_escalated(state: SessionState, event: e.TaskEscalated) -> None:
    task = _open(state, event.task)
    task.failure = event.failure
    task.waiting = "doubt" if task.waiting == "verify" else "person"
    task.due_ms = 0
    state.due.pop(event.task, None)
    task.ask = event.ask
    if event.ask is not None and event.ask.expires_ms:
        task.due_ms = state.due[event.task] = event.at_ms + event.ask.expires_ms


def _task_failed(state: SessionState, event: e.TaskFailed) -> None:
    task = _close(state, event.task, event.spent)
    labelling.mark_ended(state, task, event.labels)
    if event.abandons:
        _abandon_session(state, task)
    if task.parent:
        # A child whose parent failed with it leaves nothing behind.
        if event.goes_on and task.parent in state.tasks:
            _child_settled(state, task, None, error=event.failure.message)
        else:
            _forget_child(state, task)
    elif event.goes_on and task.kind != "undo":
        state.outputs[task.node] = None
        state.finished.append(Finished(task=task.no, node=task.node, skipped=True))


def _task_skipped(state: SessionState, event: e.TaskSkipped) -> None:
    if state.phase == "ready":
        state.phase = next_phase(state.phase, "TaskStarted")
    _clear_finished(state, event.after)
    state.next_task = TaskNo(event.task + 1)
    state.outputs.setdefault(event.node, None)
    state.finished.append(Finished(task=event.task, node=event.node, skipped=True))


def _task_cancelled(state: SessionState, event: e.TaskCancelled) -> None:
    task = _close(state, event.task)
    if task.kind == "workflow":
        _abandon_session(state, task)
    _forget_child(state, task)


def _routed(state: SessionState, event: e.Routed) -> None:
    _clear_finished(state, event.after)
    for name, arrivals in event.joins.items():
        if arrivals is None:
            state.joins.pop(name, None)
        else:
            state.joins[name] = arrivals
    for name, wave in event.waves.items():
        if wave is None:
            state.waves.pop(name, None)
        else:
            state.waves[name] = wave
    for name, exits in event.cycles.items():
        if exits is None:
            state.cycles.pop(name, None)
        else:
            state.cycles[name] = exits


def _noted(state: SessionState, event: e.Noted) -> None:
    """Notes are for people and views; no rule reads them."""


def _signal_received(state: SessionState, event: e.SignalReceived) -> None:
    kept = state.signals.setdefault(event.name, [])
    kept.append(event.data)
    if event.key:
        state.signal_keys[event.key] = None
        if len(state.signal_keys) > limits.SIGNAL_KEYS_MAX:
            del state.signal_keys[next(iter(state.signal_keys))]
    if event.labels or event.name in state.signal_labels:
        labels = state.signal_labels.setdefault(event.name, [()] * (len(kept) - 1))
        labels.append(event.labels)
    for task in state.tasks.values():
        if task.kind == "wait":
            state.tend[task.no] = None


def _signal_taken(state: SessionState, event: e.SignalTaken) -> None:
    kept = state.signals[event.name]
    kept.pop(0)
    labels = state.signal_labels.get(event.name)
    if labels is not None:
        labelling.mark_ended(state, _open(state, event.task), labels.pop(0))
    if not kept:
        del state.signals[event.name]
        state.signal_labels.pop(event.name, None)


def _approval_decided(state: SessionState, event: e.ApprovalDecided) -> None:
    """What follows from the decision is an event of its own, once enough people have decided."""
    task = state.tasks.get(event.task)
    if task is not None and task.ask is not None and event.approved:
        task.approvers = (*task.approvers, event.by)


def _child_session_started(state: SessionState, event: e.ChildSessionStarted) -> None:
    _open(state, event.task).child = event.session


def _child_released(state: SessionState, event: e.ChildReleased) -> None:
    state.orphans.pop(event.effect, None)


def _undo_started(state: SessionState, event: e.UndoStarted) -> None:
    undo = state.undo.pop()
    if undo.task != event.of:
        raise CorruptLog(f"Task {event.of} was compensated out of order; next is {undo.task}.")
    state.next_task = TaskNo(event.task + 1)
    state.promises += 1
    task = state.tasks[event.task] = Task(
        no=event.task,
        node=undo.node,
        kind="undo",
        promised=state.promises,
        started_ms=event.at_ms,
        captured=undo.captured,
        override={"output": undo.output, "inputs": undo.override},
    )
    labelling.mark_whole(state, task)


def _session_pausing(state: SessionState, event: e.SessionPausing) -> None:
    state.phase = next_phase(state.phase, "SessionPausing")
    state.pause_reason = event.reason
    state.short = event.short
    spending.stop_time(state, event.at_ms)


def _session_paused(state: SessionState, event: e.SessionPaused) -> None:
    state.phase = next_phase(state.phase, "SessionPaused")


def _session_resumed(state: SessionState, event: e.SessionResumed) -> None:
    state.phase = next_phase(state.phase, "SessionResumed")
    state.pause_reason = ""
    state.steps_max += event.steps
    spending.go_on(state, event.budget, event.at_ms)
    for task in state.tasks.values():
        if task.kind in _TENDED:
            state.tend[task.no] = None


def _session_completing(state: SessionState, event: e.SessionCompleting) -> None:
    _close_from_here(state)
    state.phase = next_phase(state.phase, "SessionCompleting")


def _session_completed(state: SessionState, event: e.SessionCompleted) -> None:
    state.phase = next_phase(state.phase, "SessionCompleted")
    state.output = event.output
    state.promises += 1


def _session_failing(state: SessionState, event: e.SessionFailing) -> None:
    _close_from_here(state)
    state.phase = next_phase(state.phase, "SessionFailing")
    state.failure = event.failure
    state.finished.clear()


def _session_failed(state: SessionState, event: e.SessionFailed) -> None:
    state.phase = next_phase(state.phase, "SessionFailed")
    state.failure = event.failure
    state.promises += 1


def _session_cancelled(state: SessionState, event: e.SessionCancelled) -> None:
    _close_from_here(state)
    state.phase = next_phase(state.phase, "SessionCancelled")
    state.ended_by = event.by
    state.pause_reason = event.reason
    state.finished.clear()
    state.tend.clear()
    state.promises += 1


def _outcome_reported(state: SessionState, event: e.OutcomeReported) -> None:
    state.reported = True


def _close_from_here(state: SessionState) -> None:
    state.due.pop(WHOLE, None)
    if not state.closing_from:
        state.closing_from = Version(state.version + 1)


def _open(state: SessionState, no: TaskNo) -> Task:
    try:
        return state.tasks[no]
    except KeyError:
        raise CorruptLog(
            f"Session {state.session!r} at version {state.version}: "
            f"the next event names task {no}, which is not open."
        ) from None


def _close(state: SessionState, no: TaskNo, spent: Spending | None = None) -> Task:
    task = _open(state, no)
    del state.tasks[no]
    if task.share is not None or spent is not None:
        spending.settle(state, task, spent)
    if task.due_ms:
        state.due.pop(no, None)
    state.tend.pop(no, None)
    if task.agent is not None and state.messages:
        mailbox.close(state, task)
    return task


def _promise_again(state: SessionState, task: Task) -> None:
    state.promises += 1
    task.promised = state.promises
    del state.tasks[task.no]
    state.tasks[task.no] = task


def _clear_finished(state: SessionState, after: TaskNo) -> None:
    finished = state.finished
    if finished and finished[0].task == after:
        del finished[0]


def _child_settled(state: SessionState, child: Task, output: Json, *, error: str | None) -> Task:
    """Hand a child's outcome to its parent, which decides what follows. Return the parent."""
    parent = _open(state, child.parent)
    parent.children -= 1
    state.tend[parent.no] = None
    if child.kind == "recover":
        if isinstance(output, dict):
            parent.override, parent.waiting = output, "recovered"
        return parent
    if parent.agent is not None:
        if child.kind == "model":
            answer = msgspec.convert(output, ModelAnswer)
            spending.add_usage(state, answer.usage)
            add_answer(parent.agent, answer)
            if answer.recalled:
                labelling.mark_recalled(state, parent, answer)
        else:
            add_result(parent.agent, child.index, value=output, error=error)
        return parent
    progress = parent.progress
    if progress is None:
        raise CorruptLog(f"Task {child.no} settled below task {parent.no}, which has no children.")
    progress.done += 1
    result: Json = output if error is None else {"error": error}
    if parent.kind == "map":
        progress.results[child.index] = result
    else:
        progress.results = [result]
    return parent


def _forget_child(state: SessionState, child: Task) -> None:
    parent = state.tasks.get(child.parent)
    if parent is not None:
        parent.children -= 1
        state.tend[parent.no] = None


def _abandon_session(state: SessionState, task: Task) -> None:
    """The child session of `task` may run and nobody wants its outcome any more."""
    state.promises += 1
    state.orphans[effect_id(state.session, task.no)] = state.promises


_FOLDS: Final[dict[type[e.SessionEvent], Callable[..., None]]] = {
    e.SessionStarted: _session_started,
    e.SessionForked: _session_forked,
    e.TaskStarted: _task_started,
    e.MapOpened: _map_opened,
    e.ChildrenStarted: _children_started,
    e.TimerSet: _timer_set,
    e.TaskBegun: _task_begun,
    e.TaskDoubted: _task_doubted,
    e.TaskCompleted: _task_completed,
    e.AttemptFailed: _attempt_failed,
    e.TaskRetried: _task_retried,
    e.TaskEscalated: _task_escalated,
    e.TaskFailed: _task_failed,
    e.TaskSkipped: _task_skipped,
    e.TaskCancelled: _task_cancelled,
    e.Routed: _routed,
    e.Noted: _noted,
    e.SignalReceived: _signal_received,
    e.SignalTaken: _signal_taken,
    e.ApprovalDecided: _approval_decided,
    e.ChildSessionStarted: _child_session_started,
    e.ChildReleased: _child_released,
    e.UndoStarted: _undo_started,
    e.SessionPausing: _session_pausing,
    e.SessionPaused: _session_paused,
    e.SessionResumed: _session_resumed,
    e.SessionCompleting: _session_completing,
    e.SessionCompleted: _session_completed,
    e.SessionFailing: _session_failing,
    e.SessionFailed: _session_failed,
    e.SessionCancelled: _session_cancelled,
    e.OutcomeReported: _outcome_reported,
}
