"""Why a session does not go on: each wait with reason, owner, time, and the way out (P8)."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.lifecycle import TERMINAL
from tenuto.core.session.decide import needs_person
from tenuto.core.session.effects import is_working
from tenuto.core.session.state import SessionState, Task
from tenuto.core.vocabulary import JsonObject, SessionId, TaskNo
from tenuto.core.workflow.model import Node, WorkflowDefinition
from tenuto.views.excerpts import excerpt
from tenuto.views.open_tasks import NO_TASK, OpenTasks

_STEPS_MORE: Final = 10_000
_AT_EXPIRY: Final = {
    "deny": "it counts as denied",
    "approve": "it counts as approved",
    "fail": "it fails",
    "continue": "the work goes on without it",
}

EndedBy: TypeAlias = Literal["person", "signal", "clock", "session", "agent", "worker"]
"""What kind of thing ends a wait: only those of the clock end by themselves for sure."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a session waits for."""

    reason: str
    """A sentence without its full stop."""
    owner: str
    """Who or what ends the wait."""
    task: TaskNo = NO_TASK
    """0: the session itself."""
    node: str = ""
    by: EndedBy
    child: SessionId | None = None
    """The session that is waited for."""
    since_ms: int
    until_ms: int | None = None
    """When it ends by itself at the latest."""
    then: str = ""
    """What follows when nobody ended it until then, where that is not plain."""
    commands: tuple[str, ...] = ()
    """Commands that end it."""
    signal: str = ""
    """The name of the signal that ends it, where it is one."""


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A pool in which a call waits."""

    pool: str
    workers: int
    """Processes that serve it."""
    waiting: int | None = None
    """Calls, whosesoever they are; None: that is not told."""
    running: int | None = None


def why_waiting(
    state: SessionState,
    definition: WorkflowDefinition | None = None,
    *,
    since: Mapping[TaskNo, int] | None = None,
    in_pools: Mapping[TaskNo, Queue] | None = None,
) -> tuple[Wait, ...]:
    """Return what the session waits for, what needs a person first; empty when nothing waits.

    `since` tells more exactly than the state when tasks came to wait (a timeline knows); under 0,
    when the session was paused. `in_pools` are the tasks whose calls wait for a worker."""
    since, in_pools = since or {}, in_pools or {}
    if state.phase in TERMINAL:
        return ()
    if state.phase == "paused":
        return (_paused(state, since.get(NO_TASK, state.updated_ms)),)
    tasks = OpenTasks.of_state(state, definition)
    persons = sum(needs_person(task) for task in state.tasks.values())
    waits: list[Wait] = []
    for task in state.tasks.values():
        if task.no in in_pools:
            start = since.get(task.no, task.started_ms)
            waits.append(_for_worker(task, in_pools[task.no], since_ms=start))
        if task.children or (is_working(task) and task.child is None):
            continue
        node = tasks.node(task.node)
        start = since.get(task.no, task.started_ms)
        if needs_person(task):
            waits.append(_for_person(state, task, node, since_ms=start, alone=persons == 1))
        else:
            wait = _for_event(state, task, node, since_ms=start)
            if wait is not None:
                waits.append(wait)
    return tuple(sorted(waits, key=lambda wait: wait.by != "person"))


def _for_worker(task: Task, queue: Queue, *, since_ms: int) -> Wait:
    if queue.workers:
        reason = f"its turn in pool {queue.pool!r}"
        if queue.waiting is not None and queue.running is not None:
            reason += f", where {queue.waiting:,} wait and {queue.running:,} run"
        commands: tuple[str, ...] = ()
    else:
        reason = f"a worker of pool {queue.pool!r}, and none is there"
        commands = (f"tenuto worker --pool {queue.pool}",)
    return Wait(
        reason=reason,
        owner="a worker",
        task=task.no,
        node=task.node,
        by="worker",
        since_ms=since_ms,
        commands=commands,
    )


def _paused(state: SessionState, since_ms: int) -> Wait:
    command = f"tenuto resume {state.session}"
    if state.short:
        bound = getattr(state.budget, state.short)
        command += f" --{state.short.replace('_', '-')} {bound or 1}"
    elif state.steps >= state.steps_max:
        command += f" --steps {_STEPS_MORE}"
    return Wait(
        reason=f"paused: {state.pause_reason or 'no reason given'}",
        owner="whoever resumes it",
        by="person",
        since_ms=since_ms,
        commands=(command, f"tenuto cancel {state.session}"),
    )


def _for_person(
    state: SessionState, task: Task, node: Node | None, *, since_ms: int, alone: bool
) -> Wait:
    which = "" if alone else f" --task {task.no}"
    commands = (f"tenuto approve {state.session}{which}", f"tenuto deny {state.session}{which}")
    owner, then = "anybody", ""
    if task.kind == "approval" and not task.waiting:
        title = node.title if node is not None and node.title else task.node
        reason = f"{title!r} is to be approved or denied"
        if node is not None and node.assignees:
            owner = ", ".join(node.assignees)
        then = _AT_EXPIRY[node.on_expiry] if task.due_ms and node is not None else ""
        if node is not None and node.form is not None:
            commands = (f"{commands[0]} -d '{_blank(node.form)}'", commands[1])
    elif task.ask is not None:
        ask = task.ask
        reason = ask.title
        if "arguments" in ask.details:
            reason += f" (with {excerpt(ask.details['arguments'])})"
        elif "output" in ask.details:
            reason = f"{reason.rstrip('.')} ({excerpt(ask.details['output'])})"
        if ask.quorum > 1:
            reason += f"; {len(task.approvers)} of {ask.quorum} have approved"
        owner = ", ".join(ask.assignees) or owner
        then = _AT_EXPIRY["deny"] if task.due_ms else ""
    else:
        assert task.failure is not None, "an escalated task has a failure"
        reason = f"{task.node!r} cannot go on by itself: {task.failure.message}"
    return Wait(
        reason=reason.rstrip("."),
        owner=owner,
        task=task.no,
        node=task.node,
        by="person",
        since_ms=since_ms,
        until_ms=task.due_ms or None,
        then=then,
        commands=commands,
    )


def _blank(form: JsonObject) -> str:
    """Return what is to be filled in, as JSON with gaps."""
    fields = form.get("properties")
    names = list(fields) if isinstance(fields, dict) else []
    return "{" + ", ".join(f'"{name}": …' for name in names) + "}"


def _for_event(state: SessionState, task: Task, node: Node | None, *, since_ms: int) -> Wait | None:
    commands: tuple[str, ...] = ()
    then = ""
    by: EndedBy = "clock"
    signal = ""
    if task.waiting == "retry":
        assert task.failure is not None, "a retry follows a failure"
        owner = "the clock"
        reason = (
            f"attempt {task.attempt + 1} of {task.node!r} follows a failure: {task.failure.message}"
        )
    elif task.kind == "timer":
        owner, reason = "the clock", f"timer {task.node!r} runs"
    elif task.kind == "wait":
        by, signal = "signal", node.signal if node is not None else ""
        name = signal or "NAME"
        owner, reason = f"whoever sends signal {name!r}", f"{task.node!r} wants signal {name!r}"
        blank = _blank(node.form) if node is not None and node.form is not None else '"…"'
        commands = (f"tenuto signal {state.session} {name} -d '{blank}'",)
        then = _AT_EXPIRY[node.on_timeout] if task.due_ms and node is not None else ""
    elif task.kind == "workflow" and task.child is not None:
        by = "session"
        owner, reason = f"session {task.child}", f"{task.node!r} runs as a session of its own"
        commands = (f"tenuto show {task.child}",)
    elif task.agent is not None and task.agent.post is not None and task.agent.post.awaits:
        asked = task.agent.post.awaits
        by, owner = "agent", ", ".join(dict.fromkeys(n for names in asked.values() for n in names))
        numbers = ", ".join(map(str, asked))
        reason = f"{task.node!r} has its answer and waits for responses to message {numbers}"
    else:
        return None
    return Wait(
        reason=reason.rstrip("."),
        owner=owner,
        task=task.no,
        node=task.node,
        by=by,
        child=task.child,
        since_ms=since_ms,
        until_ms=task.due_ms or None,
        then=then,
        commands=commands,
        signal=signal,
    )
