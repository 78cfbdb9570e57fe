"""The rules: what an input adds to a session.

`decide` is a pure function; `step` is the loop that the runtime, replay and tests share: decide,
fold, and let the core make the moves that follow, until it has none. All events of one `step`
belong into one commit, so a state with half a move never outlives a crash.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import structs

from tenuto.core import limits
from tenuto.core.agent.guards import guards_at
from tenuto.core.budget import fault_of, narrower
from tenuto.core.errors import ExpressionFailed, Failure, NotAllowed, Rejected, SessionEnded
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.answering import answered, expired
from tenuto.core.session.effects import is_at_work, is_working
from tenuto.core.session.evolve import evolve
from tenuto.core.session.failing import IN_DOUBT, TIMEOUT, attempt_failed, doubt_in_words, give_up
from tenuto.core.session.routing import Router, resting_cycle
from tenuto.core.session.scope import failure_of, output_of, scope_now, truth
from tenuto.core.session.spending import in_words
from tenuto.core.session.state import REVIEW, WHOLE, Finished, SessionState, Task
from tenuto.core.session.tending import complete, steps_spent, tend, waits_for_deadline
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.core.workflow.model import REDUCER_EMPTY, StateKey
from tenuto.core.workflow.program import CompiledNode, Program

RULES: Final = 1
"""The rule set that new sessions are decided by. A change that old logs would feel gets a new
number, and the old way stays for sessions that started under it. Source: DESIGN 3.1."""

Events = list[e.SessionEvent]


def decide(
    state: SessionState, cause: i.SessionInput, program: Program
) -> tuple[e.SessionEvent, ...]:
    """Return the facts that `cause` adds, perhaps none. Changes nothing.

    Raises:
        Rejected: the state does not allow the input. Nothing else is ever raised.
    """
    return tuple(_RULES[type(cause)](state, cause, program))


def step(
    state: SessionState,
    causes: Iterable[i.SessionInput],
    program: Program,
    *,
    review: bool | None = None,
) -> Events:
    """Return the events that `causes` and all that follows from them add; `state` has folded them.
    `review`: see `Advance`.

    Raises:
        Rejected: by an input that the state does not allow; those before it have been folded.
    """
    events: Events = []
    at_ms = 0
    for cause in causes:
        at_ms = cause.at_ms
        events += take(state, cause, program)
    return events + move_on(state, program, at_ms, review=review)


def take(state: SessionState, cause: i.SessionInput, program: Program) -> Events:
    """Return the events that `cause` itself adds; `state` has folded them.

    Raises:
        Rejected: the state does not allow it; nothing was folded.
    """
    events: Events = []
    while facts := _RULES[type(cause)](state, cause, program):
        for event in facts:
            evolve(state, event)
        events += facts
        # Each deadline is decided on what those before it have changed.
        if type(cause) is not i.Wake:
            break
    return events


def move_on(
    state: SessionState, program: Program, at_ms: int, *, review: bool | None = None
) -> Events:
    """Return the events of all moves that the core makes by itself; `state` has folded them.

    Outcomes of one batch are taken before the moves that they allow, so that a map refills its
    window once per batch. `review`: see `Advance`."""
    events: Events = []
    while moves := _next_moves(state, program, at_ms, review):
        for event in moves:
            evolve(state, event)
        events += moves
    return events


def _next_moves(state: SessionState, program: Program, at_ms: int, review: bool | None) -> Events:
    while state.tend and state.phase == "running":
        no = next(iter(state.tend))
        del state.tend[no]
        moves = tend(state, no, program, at_ms)
        if moves:
            return moves
    return _advance(state, program, at_ms, review)


def _start(state: SessionState, cause: i.StartSession, program: Program) -> Events:
    if state.phase != "initializing":
        raise NotAllowed(session=state.session, wanted="start", found="it has started already")
    definition = program.definition
    return [
        e.SessionStarted(
            at_ms=cause.at_ms,
            session=cause.session,
            tenant=cause.tenant,
            user=cause.user,
            workflow=definition.name,
            workflow_version=definition.version,
            digest=program.digest,
            inputs=cause.inputs,
            state=definition.state,
            steps_max=definition.limits.steps,
            key=cause.key,
            parent=cause.parent,
            parent_effect=cause.parent_effect,
            depth=cause.depth,
            rules=RULES,
            budget=narrower(definition.limits.budget, cause.budget),
            labels=cause.labels,
        ),
        *_notes(cause, TaskNo(0)),
    ]


def _fork(state: SessionState, cause: i.ForkSession, program: Program) -> Events:
    if state.phase not in ("ready", "running", "pausing", "paused"):
        raise NotAllowed(
            session=state.session,
            wanted=f"be forked at version {state.version}",
            found=f"it is {state.phase} there",
            hint="Choose an earlier version, at which work was still to be done.",
        )
    check_patch(state.keys, cause.patch)
    return [
        e.SessionForked(
            at_ms=cause.at_ms,
            session=cause.session,
            origin=cause.origin,
            origin_version=cause.origin_version,
            patch=cause.patch,
        )
    ]


def check_patch(keys: Mapping[str, StateKey], patch: JsonObject) -> None:
    """Check that a fork may replace the state keys of `patch`.

    Raises:
        Rejected: the workflow has no such key, or the value is of a kind that its reducer cannot
        take.
    """
    for name, value in patch.items():
        key = keys.get(name)
        if key is None:
            known = ", ".join(sorted(keys)) or "none"
            raise Rejected(f"The workflow has no state key {name!r}; it has: {known}.")
        empty = REDUCER_EMPTY[key.reducer]
        if isinstance(empty, list | dict) and type(value) is not type(empty):
            wanted = "a list" if isinstance(empty, list) else "an object"
            raise Rejected(f"State key {name!r} holds {wanted}, found {value!r:.80}.")


def _complete(state: SessionState, cause: i.CompleteTask, program: Program) -> Events:
    task = state.tasks.get(cause.task)
    if task is None or not is_working(task):
        return []
    events = complete(state, task, cause.output, program=program, at_ms=cause.at_ms)
    if cause.notes or cause.labels or cause.spent is not None:
        events = [*_notes(cause, task.no), *_telling(events, cause)]
    return events


def _telling(events: Events, cause: i.CompleteTask | i.FailTask) -> Events:
    """Have the outcome tell what its session has spent, and the labels of what came back."""
    spent, labels = cause.spent, cause.labels
    if spent is None and not labels:
        return events
    return [
        structs.replace(event, spent=spent, labels=labels)
        if isinstance(event, (e.TaskCompleted, e.TaskFailed)) and event.task == cause.task
        else event
        for event in events
    ]


def _fail(state: SessionState, cause: i.FailTask, program: Program) -> Events:
    task = state.tasks.get(cause.task)
    if task is None or not is_working(task):
        return []
    events = _notes(cause, task.no)
    events += attempt_failed(state, task, cause, program)
    return _telling(events, cause)


def _notes(
    cause: i.StartSession
    | i.CompleteTask
    | i.FailTask
    | i.SettleDoubt
    | i.SendSignal
    | i.DecideApproval,
    task: TaskNo,
) -> Events:
    return [
        e.Noted(at_ms=cause.at_ms, task=task, kind=note.kind, data=note.data)
        for note in cause.notes
    ]


def _begin(state: SessionState, cause: i.BeginTask, program: Program) -> Events:
    task = state.tasks.get(cause.task)
    if task is None or task.begun or not is_working(task):
        return []
    if task.kind not in ("function", "tool"):
        return []
    return [e.TaskBegun(at_ms=cause.at_ms, task=task.no)]


def _recover(state: SessionState, cause: i.RecoverSession, program: Program) -> Events:
    """A begun effect of a process that is gone may or may not have happened (P3)."""
    return [
        e.TaskDoubted(at_ms=cause.at_ms, task=task.no)
        for task in state.tasks.values()
        if task.begun and not task.waiting
    ]


def _settle_doubt(state: SessionState, cause: i.SettleDoubt, program: Program) -> Events:
    task = state.tasks.get(cause.task)
    if task is None or task.waiting != "verify":
        return []
    if cause.happened is None:
        failure = Failure(kind="escalatable", code=IN_DOUBT, message=doubt_in_words(task))
        return [e.TaskEscalated(at_ms=cause.at_ms, task=task.no, failure=failure)]
    if cause.happened:
        done = complete(state, task, cause.output, program=program, at_ms=cause.at_ms)
        return [*_notes(cause, task.no), *done]
    return [e.TaskRetried(at_ms=cause.at_ms, task=task.no, inputs=None, by="verify")]


def _advance_rule(state: SessionState, cause: i.Advance, program: Program) -> Events:
    if cause.parent:
        if state.phase != "running":
            return []
        return tend(state, cause.parent, program, cause.at_ms)
    return _advance(state, program, cause.at_ms, cause.review)


def _advance(state: SessionState, program: Program, at_ms: int, review: bool | None) -> Events:
    """Return the routing of one finished task, or what follows when there is none."""
    phase = state.phase
    if phase == "running":
        if state.finished:
            return _route(state, state.finished[0], program, at_ms)
        cycle = resting_cycle(state, program) if state.cycles else None
        if cycle is not None:
            router = Router(state, program, at_ms)
            router.rest(cycle)
            return _activate(state, router, TaskNo(0), program)
        if not state.tasks:
            return _end_well(state, program, at_ms, review)
    elif phase == "ready":
        router = Router(state, program, at_ms)
        router.enter()
        return _activate(state, router, TaskNo(0), program)
    elif phase == "pausing":
        if not any(is_at_work(task) for task in state.tasks.values()):
            return [e.SessionPaused(at_ms=at_ms)]
    elif phase == "failing" and not state.tasks:
        return _compensate(state, at_ms)
    return []


def _route(state: SessionState, finished: Finished, program: Program, at_ms: int) -> Events:
    router = Router(state, program, at_ms)
    try:
        router.pass_tokens(finished)
    except ExpressionFailed as error:
        return _fail_session(state, failure_of(error), task=finished.task, at_ms=at_ms)
    if state.steps + len(router.activations) > state.steps_max and router.exceeds_steps():
        return [steps_spent(state, at_ms)]
    return _activate(state, router, finished.task, program)


def _activate(state: SessionState, router: Router, after: TaskNo, program: Program) -> Events:
    events: Events = []
    if router.changed() or (after and not router.activations):
        events.append(router.routed(after))
    no = state.next_task
    for name, live in router.activations:
        node = program.nodes[name]
        try:
            runs = live and _may_run(state, node)
        except ExpressionFailed as error:
            # Nothing of this move happens.
            return _fail_session(state, failure_of(error), task=after, at_ms=router.at_ms)
        events.append(_activated(node, no, after=after, runs=runs, at_ms=router.at_ms))
        no = TaskNo(no + 1)
    return events


def _may_run(state: SessionState, node: CompiledNode) -> bool:
    if node.condition is None:
        return True
    scope = scope_now(state)
    own = {name: expression.evaluate(scope) for name, expression in node.inputs}
    return truth(node.condition, {**scope, "inputs": {**state.inputs, **own}})


def _activated(
    node: CompiledNode, no: TaskNo, *, after: TaskNo, runs: bool, at_ms: int
) -> e.SessionEvent:
    if not runs:
        return e.TaskSkipped(at_ms=at_ms, task=no, node=node.id, after=after)
    return e.TaskStarted(
        at_ms=at_ms,
        task=no,
        node=node.id,
        kind=node.node.kind,
        after=after,
        captures=node.captures,
        due_ms=at_ms + node.node.timeout_ms if waits_for_deadline(node) else 0,
    )


def _fail_session(state: SessionState, failure: Failure, *, task: TaskNo, at_ms: int) -> Events:
    events: Events = [e.SessionFailing(at_ms=at_ms, failure=failure, task=task)]
    events += [e.TaskCancelled(at_ms=at_ms, task=no) for no in sorted(state.tasks, reverse=True)]
    return events


def _end_well(state: SessionState, program: Program, at_ms: int, review: bool | None) -> Events:
    """Return the end of a session in which no token is left; before it guards look at its output,
    where there are such."""
    try:
        output = output_of(state, program)
    except ExpressionFailed as error:
        return _fail_session(state, failure_of(error), task=TaskNo(0), at_ms=at_ms)
    if review is None:
        review = bool(guards_at("output", program.definition.guards))
    return [
        e.SessionCompleting(at_ms=at_ms),
        _review(state, at_ms) if review else e.SessionCompleted(at_ms=at_ms, output=output),
    ]


def _review(state: SessionState, at_ms: int) -> e.TaskStarted:
    return e.TaskStarted(
        at_ms=at_ms,
        task=state.next_task,
        node="output",
        kind=REVIEW,
        after=TaskNo(0),
        captures=(),
        due_ms=0,
    )


def _compensate(state: SessionState, at_ms: int) -> Events:
    if state.undo:
        return [e.UndoStarted(at_ms=at_ms, task=state.next_task, of=state.undo[-1].task)]
    assert state.failure is not None, "a failing session has a failure"
    return [e.SessionFailed(at_ms=at_ms, failure=state.failure)]


def _wake(state: SessionState, cause: i.Wake, program: Program) -> Events:
    """Return what follows from the first deadline that has come; `take` asks for the others."""
    if state.phase in TERMINAL or state.phase in ("pausing", "paused"):
        return []
    due = [no for no, due_ms in state.due.items() if due_ms <= cause.at_ms]
    if WHOLE in due:
        reason = in_words(state, "seconds")
        return [e.SessionPausing(at_ms=cause.at_ms, by="", reason=reason, short="seconds")]
    return _due(state, state.tasks[min(due)], program, cause.at_ms) if due else []


def _due(state: SessionState, task: Task, program: Program, at_ms: int) -> Events:
    """Return what follows when the deadline of `task` has come."""
    if task.waiting == "retry":
        return [e.TaskRetried(at_ms=at_ms, task=task.no, inputs=None, by="")]
    if task.ask is not None:
        return expired(state, task, at_ms=at_ms, program=program)
    node = program.nodes[task.node].node
    if task.kind == "timer":
        return complete(state, task, {"due_ms": task.due_ms}, program=program, at_ms=at_ms)
    if task.kind == "approval" and node.on_expiry != "fail":
        return _approval(
            state,
            task,
            i.DecideApproval(
                at_ms=at_ms, approved=node.on_expiry == "approve", task=task.no, by="expiry"
            ),
            program,
        )
    if task.kind == "wait" and node.on_timeout == "continue":
        return complete(state, task, None, program=program, at_ms=at_ms)
    waited_ms = node.timeout_ms or task.due_ms - task.started_ms
    waited = {
        "approval": "a decision",
        "wait": f"signal {node.signal!r}",
        "workflow": "its session",
    }
    message = (
        f"Node {task.node!r} waited {waited_ms} ms for {waited.get(task.kind, task.kind)} in vain."
    )
    failure = Failure(kind="fatal", code=TIMEOUT, message=message)
    return give_up(state, task, failure, at_ms=at_ms, program=program)


def _signal(state: SessionState, cause: i.SendSignal, program: Program) -> Events:
    if cause.key in state.signal_keys:
        return []
    _refuse_ended(state, f"take signal {cause.name!r}")
    if sum(map(len, state.signals.values())) >= limits.SIGNALS_BUFFERED_MAX:
        raise NotAllowed(
            session=state.session,
            wanted=f"keep signal {cause.name!r}",
            found=f"it keeps {limits.SIGNALS_BUFFERED_MAX} signals that no wait has taken yet",
        )
    taken = e.SignalReceived(
        at_ms=cause.at_ms,
        name=cause.name,
        data=cause.data,
        by=cause.by,
        labels=cause.labels,
        key=cause.key,
    )
    return [*_notes(cause, TaskNo(0)), taken]


def _decide_approval(state: SessionState, cause: i.DecideApproval, program: Program) -> Events:
    word = "be approved" if cause.approved else "be denied"
    _refuse_ended(state, word)
    waiting = [task for task in state.tasks.values() if needs_person(task)]
    if cause.task:
        waiting = [task for task in waiting if task.no == cause.task]
    if len(waiting) != 1:
        if waiting:
            names = ", ".join(f"{task.no} ({_asked_about(task)})" for task in waiting)
            found, hint = f"{len(waiting)} tasks wait for a decision", f"Say which: {names}."
        elif cause.task:
            found, hint = f"task {cause.task} does not wait for a decision", ""
        else:
            found, hint = "no task waits for a decision", ""
        raise NotAllowed(session=state.session, wanted=word, found=found, hint=hint)
    events = _approval(state, waiting[0], cause, program)
    return [*_notes(cause, waiting[0].no), *events]


def _asked_about(task: Task) -> str:
    tool = task.ask.details.get("tool") if task.ask is not None else None
    return f"{task.node!r}" if tool is None else f"tool {tool!r} for {task.node!r}"


def needs_person(task: Task) -> bool:
    """Return whether `task` goes on only when a person decides."""
    return task.waiting in ("person", "doubt") or (task.kind == "approval" and not task.waiting)


def _approval(state: SessionState, task: Task, cause: i.DecideApproval, program: Program) -> Events:
    if task.ask is not None:
        return answered(state, task, cause, program)
    at_ms = cause.at_ms
    decided = e.ApprovalDecided(
        at_ms=at_ms, task=task.no, approved=cause.approved, by=cause.by, note=cause.note
    )
    events: Events = [decided]
    if task.kind == "approval":
        output: Json = {"approved": cause.approved, "by": cause.by, "note": cause.note}
        if cause.data is not None:
            assert isinstance(output, dict)
            output["data"] = cause.data
        ended = complete(state, task, output, program=program, at_ms=at_ms)
        return events + _labelled(ended, task, cause)
    if task.waiting == "doubt" and cause.approved:
        return events + complete(state, task, cause.data, program=program, at_ms=at_ms)
    if cause.approved or task.waiting == "doubt":
        return [*events, e.TaskRetried(at_ms=at_ms, task=task.no, inputs=None, by=cause.by)]
    assert task.failure is not None, "an escalated task has a failure"
    return events + give_up(state, task, task.failure, at_ms=at_ms, program=program)


def _labelled(events: Events, task: Task, cause: i.DecideApproval) -> Events:
    """Have the output of an approval bear the labels of what came with the decision."""
    if cause.data is None or not cause.labels:
        return [*events]
    return [
        structs.replace(event, labels=cause.labels)
        if isinstance(event, (e.TaskCompleted, e.TaskFailed)) and event.task == task.no
        else event
        for event in events
    ]


def _record_child(state: SessionState, cause: i.RecordChild, program: Program) -> Events:
    task = state.tasks.get(cause.task)
    if task is None or task.child is not None:
        return []
    return [e.ChildSessionStarted(at_ms=cause.at_ms, task=task.no, session=cause.session)]


def _release_child(state: SessionState, cause: i.ReleaseChild, program: Program) -> Events:
    if cause.effect not in state.orphans:
        return []
    return [e.ChildReleased(at_ms=cause.at_ms, effect=cause.effect)]


def _confirm_report(state: SessionState, cause: i.ConfirmReport, program: Program) -> Events:
    if state.reported or state.phase not in TERMINAL:
        return []
    return [e.OutcomeReported(at_ms=cause.at_ms)]


def _pause(state: SessionState, cause: i.PauseSession, program: Program) -> Events:
    _refuse_ended(state, "pause")
    if state.phase in ("pausing", "paused"):
        return []
    if state.phase != "running":
        raise NotAllowed(session=state.session, wanted="pause", found=f"it is {state.phase}")
    reason = cause.reason or f"paused by {cause.by or 'request'}"
    return [e.SessionPausing(at_ms=cause.at_ms, by=cause.by or "request", reason=reason)]


def _resume(state: SessionState, cause: i.ResumeSession, program: Program) -> Events:
    _refuse_ended(state, "resume")
    if state.phase not in ("pausing", "paused"):
        return []
    if cause.steps < 0:
        raise Rejected(f"Steps to add must not be negative, found {cause.steps!r}.")
    fault = fault_of(cause.budget)
    if fault:
        raise Rejected(f"{fault[0].upper()}{fault[1:]}.")
    return [
        e.SessionResumed(at_ms=cause.at_ms, by=cause.by, steps=cause.steps, budget=cause.budget)
    ]


def _cancel(state: SessionState, cause: i.CancelSession, program: Program) -> Events:
    if state.phase == "cancelled":
        return []
    _refuse_ended(state, "be cancelled")
    cancelled: Events = [e.SessionCancelled(at_ms=cause.at_ms, by=cause.by, reason=cause.reason)]
    return cancelled + [
        e.TaskCancelled(at_ms=cause.at_ms, task=no) for no in sorted(state.tasks, reverse=True)
    ]


def _refuse_ended(state: SessionState, wanted: str) -> None:
    if state.phase in TERMINAL:
        raise SessionEnded(session=state.session, phase=state.phase, wanted=wanted)


_RULES: Final[dict[type[i.SessionInput], Callable[..., Events]]] = {
    i.StartSession: _start,
    i.ForkSession: _fork,
    i.CompleteTask: _complete,
    i.FailTask: _fail,
    i.BeginTask: _begin,
    i.SettleDoubt: _settle_doubt,
    i.RecoverSession: _recover,
    i.Advance: _advance_rule,
    i.Wake: _wake,
    i.SendSignal: _signal,
    i.DecideApproval: _decide_approval,
    i.RecordChild: _record_child,
    i.ReleaseChild: _release_child,
    i.ConfirmReport: _confirm_report,
    i.PauseSession: _pause,
    i.ResumeSession: _resume,
    i.CancelSession: _cancel,
}
