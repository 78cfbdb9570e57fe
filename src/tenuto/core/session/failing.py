"""What follows when work fails: retry, recover, escalate, go on without it, or fail the session.

Source of the classes and of what each calls for: DESIGN 3.4.
"""

from typing import Final

import msgspec

from tenuto.core import limits
from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session.inputs import FailTask
from tenuto.core.session.state import CALLED, REVIEW, SessionState, Task
from tenuto.core.vocabulary import TaskNo
from tenuto.core.workflow.model import RETRY_MODEL, RETRY_TOOL, RetryPolicy
from tenuto.core.workflow.program import Program

IN_DOUBT: Final = "in_doubt"
"""Code of a failure after which nobody knows whether a `once` effect happened: a time-out, a broken
connection. It is not tried again, but verified or settled by a person (P3)."""


TIMEOUT: Final = "timeout"
"""Code of a wait that was in vain: whatever was waited for may still come."""


def retry_policy(task: Task, program: Program, attempts_max: int = 0) -> RetryPolicy:
    """Return how often and how long apart `task` is tried again.

    `attempts_max` is what its tool says of itself, 0 if nothing: a node that says otherwise knows
    better, and the default does not."""
    if task.kind == "model":
        return RETRY_MODEL
    if task.kind == REVIEW:
        return RETRY_TOOL
    node = program.nodes[task.node]
    by_agent = task.kind == "tool" and node.node.kind == "agent"
    policy = RETRY_TOOL if by_agent else node.retry
    if attempts_max and task.kind == "tool" and (by_agent or node.node.retry is None):
        return msgspec.structs.replace(policy, max_attempts=attempts_max)
    return policy


def retry_wait_ms(policy: RetryPolicy, *, attempt: int, jitter: float) -> int:
    """Return the wait after failed attempt number `attempt`; `jitter` in [0, 1) shortens it."""
    factor = policy.factor ** (attempt - 1) if policy.backoff == "exponential" else 1.0
    wait = min(policy.initial_ms * factor, policy.max_ms)
    return max(1, round(wait * (1 - policy.jitter * jitter)))


def doubt_in_words(task: Task) -> str:
    """Return why nobody knows what became of a `once` effect, and what a person can do."""
    told = f"The effect of task {task.no} ({task.node!r}) was in flight when its process died,"
    reason = ""
    failure = task.failure
    # One that somebody wrote for people says more than that. What kept logs tell of the others
    # stays as it is.
    if failure is not None and (failure.kind, failure.code) == ("escalatable", IN_DOUBT):
        told = f"The effect of task {task.no} ({task.node!r}) ended without an outcome,"
        reason = f": {failure.message.rstrip('.')}"
    told += f" and it must not run twice{reason}."
    return f"{told} Approve if it did happen (its output may be given), deny if it did not."


def attempt_failed(
    state: SessionState, task: Task, cause: FailTask, program: Program
) -> list[e.SessionEvent]:
    """Return what follows from one failed attempt at `task`."""
    failure, at_ms = cause.failure, cause.at_ms
    if failure.code == IN_DOUBT and task.begun:
        return [
            e.AttemptFailed(at_ms=at_ms, task=task.no, failure=failure, retry_ms=0, jitter=0.0),
            e.TaskDoubted(at_ms=at_ms, task=task.no),
        ]
    if state.phase in ("running", "pausing", "completing", "failing"):
        policy = retry_policy(task, program, cause.attempts_max)
        if failure.kind == "transient" and task.attempt < policy.max_attempts:
            wait = retry_wait_ms(policy, attempt=task.attempt, jitter=cause.jitter)
            wait = max(wait, cause.retry_after_ms)
            return [
                e.AttemptFailed(
                    at_ms=at_ms,
                    task=task.no,
                    failure=failure,
                    retry_ms=at_ms + wait,
                    jitter=cause.jitter,
                )
            ]
        if failure.kind == "recoverable" and _can_recover(task, program):
            return _start_recovery(state, task, failure, at_ms)
        if failure.kind == "escalatable" and task.kind not in ("recover", "undo"):
            return [e.TaskEscalated(at_ms=at_ms, task=task.no, failure=failure, ask=cause.ask)]
    return give_up(state, task, failure, at_ms=at_ms, program=program)


def _can_recover(task: Task, program: Program) -> bool:
    return (
        task.kind not in ("recover", "undo", "model", REVIEW)
        and bool(program.nodes[task.node].node.recover)
        and task.recoveries < limits.RECOVERIES_MAX
    )


def _start_recovery(
    state: SessionState, task: Task, failure: Failure, at_ms: int
) -> list[e.SessionEvent]:
    return [
        e.AttemptFailed(at_ms=at_ms, task=task.no, failure=failure, retry_ms=0, jitter=0.0),
        e.ChildrenStarted(
            at_ms=at_ms,
            parent=task.no,
            first=state.next_task,
            index=task.recoveries,
            count=1,
            node=task.node,
            kind="recover",
            captures=(),
            due_ms=0,
        ),
    ]


def give_up(
    state: SessionState,
    task: Task,
    failure: Failure,
    *,
    at_ms: int,
    program: Program,
) -> list[e.SessionEvent]:
    """Return what follows when `task` fails for good: for it, what it belongs to, and its session.

    The failure climbs until something goes on without the failed part, or the session fails. Then
    whatever else was open below that point is cancelled, youngest first."""
    chain = [task]
    while chain[-1].parent and not _parent_goes_on(chain[-1], state, program):
        chain.append(state.tasks[chain[-1].parent])
    top = chain[-1]
    goes_on = bool(top.parent) or _session_goes_on(top, program)
    ends_session = not goes_on and state.phase in ("running", "pausing", "paused", "completing")
    events: list[e.SessionEvent] = [
        e.TaskFailed(
            at_ms=at_ms,
            task=part.no,
            failure=failure,
            goes_on=goes_on and part is top,
            abandons=part is task and task.kind == "workflow" and failure.code == TIMEOUT,
        )
        for part in chain
    ]
    if ends_session:
        events.append(e.SessionFailing(at_ms=at_ms, failure=failure, task=task.no))
    failed = {part.no for part in chain}
    for no in sorted(state.tasks, reverse=True):
        if no not in failed and (ends_session or _is_below(state, state.tasks[no], top.no)):
            events.append(e.TaskCancelled(at_ms=at_ms, task=no))
    return events


def _parent_goes_on(task: Task, state: SessionState, program: Program) -> bool:
    """An error of what an agent called goes back to it; a map may collect failures; a recovery may
    fail."""
    parent = state.tasks[task.parent]
    if parent.kind == "agent":
        return task.kind in CALLED
    if task.kind == "recover":
        return True
    return parent.kind == "map" and program.nodes[parent.node].node.on_item_failure == "collect"


def _session_goes_on(task: Task, program: Program) -> bool:
    if task.kind == "undo":
        return True
    if task.kind == REVIEW:
        return False
    node = program.nodes[task.node].node
    return node.on_failure == "continue" or program.definition.on_failure == "continue"


def _is_below(state: SessionState, task: Task, ancestor: TaskNo) -> bool:
    while task.parent in state.tasks:
        if task.parent == ancestor:
            return True
        task = state.tasks[task.parent]
    return False
