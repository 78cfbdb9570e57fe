"""Answers to what a task asks before it carries an effect out: yes, yes with changes, no, or none.

An answer holds for the task that asked, and for what it told: another effect asks again.
"""

from tenuto.core.agent.asks import has_role
from tenuto.core.errors import Failure, NotAllowed, Rejected
from tenuto.core.session import events as e
from tenuto.core.session.failing import give_up
from tenuto.core.session.inputs import DecideApproval
from tenuto.core.session.state import REVIEW, SessionState, Task
from tenuto.core.workflow.program import Program


def answered(
    state: SessionState, task: Task, cause: DecideApproval, program: Program
) -> list[e.SessionEvent]:
    """Return what a person's answer to the question of `task` adds.

    Raises:
        Rejected: the person may not answer, has answered, or changes what cannot be changed.
    """
    ask = task.ask
    assert ask is not None, "there is a question"
    _check_person(state, task, cause)
    decided: e.SessionEvent = e.ApprovalDecided(
        at_ms=cause.at_ms,
        task=task.no,
        approved=cause.approved,
        by=cause.by,
        note=cause.note,
    )
    if not cause.approved:
        who = f" by {cause.by}" if cause.by else ""
        why = f": {cause.note}" if cause.note else "."
        return [decided, *_denied(state, task, f"was denied{who}{why}", cause.at_ms, program)]
    changed = cause.data
    if changed is not None:
        _check_change(task, ask.quorum)
        if not isinstance(changed, dict):
            raise Rejected(f"Changed arguments are an object, found {changed!r:.80}.")
    if len(task.approvers) + 1 < ask.quorum:
        return [decided]
    inputs = changed if isinstance(changed, dict) else None
    return [
        decided,
        e.TaskRetried(at_ms=cause.at_ms, task=task.no, inputs=inputs, by=cause.by),
    ]


def expired(
    state: SessionState, task: Task, *, at_ms: int, program: Program
) -> list[e.SessionEvent]:
    """Return what follows when nobody has answered in time."""
    decided = e.ApprovalDecided(at_ms=at_ms, task=task.no, approved=False, by="expiry", note="")
    return [decided, *_denied(state, task, "was not answered in time.", at_ms, program)]


def _denied(
    state: SessionState, task: Task, what: str, at_ms: int, program: Program
) -> list[e.SessionEvent]:
    assert task.ask is not None, "there is a question"
    failure = Failure(kind="fatal", code="denied", message=f"{task.ask.title}: this {what}")
    return give_up(state, task, failure, at_ms=at_ms, program=program)


def _check_person(state: SessionState, task: Task, cause: DecideApproval) -> None:
    ask = task.ask
    assert ask is not None, "there is a question"
    found = ""
    if ask.assignees and not has_role(ask.assignees) and cause.by not in ask.assignees:
        found = f"{cause.by or 'somebody without a name'!r} is none of {', '.join(ask.assignees)}"
    elif ask.quorum > 1 and cause.approved and not cause.by:
        found = f"{ask.quorum} different people must approve, and nobody is named"
    elif ask.quorum > 1 and cause.by in task.approvers:
        found = f"{cause.by!r} has approved already, and {ask.quorum} different people must"
    if found:
        raise NotAllowed(
            session=state.session,
            wanted=f"take a decision on task {task.no}",
            found=found,
            hint="Say who decides.",
        )


def _check_change(task: Task, quorum: int) -> None:
    if task.kind == "model":
        raise Rejected("What a model is asked cannot be changed; approve it as it is, or deny it.")
    if task.kind == REVIEW:
        raise Rejected("A session's output cannot be changed; approve it as it is, or deny it.")
    if quorum > 1:
        raise Rejected(
            "With several people to approve nobody can change the arguments: the others would "
            "approve something else. Deny it and say why."
        )
