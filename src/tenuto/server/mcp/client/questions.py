"""What a session, or one below it, wants of a person, as a client can ask its user."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import JsonObject, SessionId, TaskNo
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.sdk.runtime import Runtime
from tenuto.server.mcp.client.flat_forms import flat_form
from tenuto.views.approvals import InboxEntry, consequences_of, inbox_of
from tenuto.views.excerpts import excerpt
from tenuto.views.open_tasks import OpenTasks

FAMILY_MAX: Final = 200
"""So many sessions below one are looked at."""
MESSAGE_CHARS_MAX: Final = 4_000


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person can answer."""

    session: SessionId
    task: TaskNo
    kind: Literal["approval", "signal"]
    signal: str = ""
    message: str
    schema: JsonObject
    """Of what comes with the answer, as clients show it."""
    has_form: bool
    """Whether anything comes with the answer."""

    @property
    def key(self) -> str:
        """Return what names the question among all others."""
        return f"{self.session}/{self.task}"


class Member(msgspec.Struct, frozen=True):
    """A session of a family, and how it stands."""

    state: SessionState
    definition: WorkflowDefinition


async def family_of(runtime: Runtime, session: SessionId) -> list[Member]:
    """Return a session and those below it that it waits for, from the top down."""
    found: list[Member] = []
    names = [session]
    while names and len(found) < FAMILY_MAX:
        handle = runtime.session(names.pop(0))
        state = await handle.state()
        found.append(Member(state, await handle.definition()))
        names += [task.child for task in state.tasks.values() if task.child is not None]
    return found


def questions_of(member: Member, user: str) -> Iterator[Question]:
    """Yield what `user` may answer, of what a client can show.

    What is for other people, for a role, or about something that went wrong stays where it is."""
    state, definition = member.state, member.definition
    tasks = OpenTasks.of_state(state, definition)
    for entry in inbox_of(state, definition):
        if entry.kind in ("approval", "permission") and _may_answer(entry, user):
            schema = flat_form(entry.form)
            if schema is not None:
                yield Question(
                    session=entry.session,
                    task=entry.task,
                    kind="approval",
                    message=_message_of(entry),
                    schema=schema,
                    has_form=entry.form is not None,
                )
    if state.phase == "running":
        yield from _signals_of(state, tasks)


def _signals_of(state: SessionState, tasks: OpenTasks) -> Iterator[Question]:
    for task in state.tasks.values():
        node = tasks.node(task.node)
        if task.kind != "wait" or task.waiting or node is None or node.form is None:
            continue
        schema = flat_form(node.form)
        if schema is not None:
            text = str(node.form.get("description") or node.form.get("title") or "")
            yield Question(
                session=state.session,
                task=task.no,
                kind="signal",
                signal=node.signal,
                message=excerpt(text or f"Workflow {state.workflow!r} wants {node.signal!r}.", 500),
                schema=schema,
                has_form=True,
            )


def _may_answer(entry: InboxEntry, user: str) -> bool:
    if entry.assignees:
        return bool(user) and user in entry.assignees and user not in entry.approvers
    return entry.quorum == 1 or (bool(user) and user not in entry.approvers)


def _message_of(entry: InboxEntry) -> str:
    lines = [entry.title]
    if entry.arguments is not None:
        lines.append(excerpt(entry.arguments, MESSAGE_CHARS_MAX))
    elif entry.details:
        lines.append(excerpt(entry.details, MESSAGE_CHARS_MAX))
    if entry.kind == "permission":
        what = consequences_of(entry)
        lines += [f"Accept: {what.approve}", f"Decline: {what.deny}"]
    return "\n".join(lines)
