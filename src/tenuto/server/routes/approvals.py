"""Approvals: what waits for a person, and what the person says."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from tenuto.core.agent.asks import Risk
from tenuto.core.errors import NotAllowed, NotFound, Rejected, SessionEnded
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json, JsonObject, SessionId
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.sdk.session import Session
from tenuto.server.asked import Call, source
from tenuto.server.deciding import may_decide, voice_of
from tenuto.server.paging import LIMIT_MAX, Page, cursor_of, place_of
from tenuto.server.principal import Principal, check, needs, needs_some
from tenuto.server.problems import ProblemError
from tenuto.server.service import Given, Service
from tenuto.views.approvals import Consequences, InboxEntry, consequences_of, inbox_of
from tenuto.views.moments import moment_text

_WHOLE_BYTES_MAX: Final = 4_000
"""Of arguments that stand in the ledger as they are; of larger ones a digest does."""


class Approval(msgspec.Struct, kw_only=True):
    """One decision that a session waits for."""

    session: str
    task: int
    workflow: str
    node: str
    kind: Literal["approval", "permission", "failure", "doubt"]
    """approval: the workflow asks. permission: something is to be allowed first. failure: work
    cannot go on by itself. doubt: did it happen?"""
    title: str
    message: str
    """What happened, where the kind is not approval."""
    agent: str
    tool: str
    arguments: JsonObject | None
    """With what the tool would be called; they may be changed by who approves."""
    risk: Risk
    """What may come of yes, as the tool declares it. read_only: it changes nothing and tells
    nobody. changes: a second time would change no more. destructive: it must not happen twice, and
    may not be undone. unknown: nothing says so."""
    details: JsonObject
    consequences: Consequences
    assignees: list[str]
    """Ids or names of users, `role:NAME`; empty: everybody who may decide."""
    may_decide: bool
    """Whether who asks is one of them."""
    quorum: int
    approvers: list[str]
    since: str
    expires_at: str | None
    on_expiry: str
    form: JsonObject | None
    """JSON Schema of the `data` that comes with a yes; null: any, or none."""


class Approving(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is said beside yes."""

    note: str = ""
    data: Json = None
    """approval: what the workflow gets with the answer. doubt: what the work gave."""
    arguments: JsonObject | None = None
    """permission: with what the tool is called instead."""


class Denying(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is said beside no."""

    note: str = ""


class Decision(msgspec.Struct, kw_only=True):
    """What was decided."""

    session: str
    task: int
    approved: bool
    by: str
    repeated: bool
    """True: it had been decided so before, by the same person; nothing was done now."""
    open: bool
    """True: others must approve as well."""


DECIDE: Final = "approvals:decide"

_READ = needs("approvals:read")
_DECIDE = needs_some(DECIDE)


@get("/approvals", tags=["approvals"], opt=_READ)
async def list_approvals(
    request: Call,
    service: Given,
    mine: Annotated[
        bool, QueryParameter(description="Only those that who asks may decide.")
    ] = False,
    risk: Annotated[
        list[Risk] | None, QueryParameter(description="Only those of one of these risks.")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> Page[Approval]:
    """Return what waits for a decision, by session, newest start first, those that are at work
    meanwhile among them. `limit` counts sessions."""
    heads = await service.runtime.sessions(
        HeadQuery(
            tenant=request.user.organisation,
            waits_for=("approval",),
            before=place_of(cursor, SessionId),
            limit=limit,
        )
    )
    items: list[Approval] = []
    for head in heads:
        items += await _asked_by(service.runtime.session(head.session), request.user)
    return Page(
        items=[
            item
            for item in items
            if (item.may_decide or not mine) and (not risk or item.risk in risk)
        ],
        next_cursor=cursor_of(heads[-1].session) if len(heads) == limit else None,
    )


@get("/approvals/{session_id:str}/{task:int}", tags=["approvals"], opt=_READ)
async def show_approval(
    request: Call, service: Given, session_id: FromPath[str], task: FromPath[int]
) -> Approval:
    """Return one decision that is waited for."""
    session, _ = await service.session(request.user, session_id)
    for found in await _asked_by(session, request.user):
        if found.task == task:
            return found
    raise NotFound(
        what="approval", name=f"{session_id}/{task}", hint="That task waits for no decision now."
    )


@post(
    "/approvals/{session_id:str}/{task:int}/approve",
    status_code=200,
    tags=["approvals"],
    opt=_DECIDE,
)
async def approve(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    task: FromPath[int],
    data: JSONBody[Approving],
) -> Decision:
    """Approve, as it is or with other arguments. Approving again changes nothing."""
    return await _decide(request, service, (session_id, task), data)


@post(
    "/approvals/{session_id:str}/{task:int}/deny",
    status_code=200,
    tags=["approvals"],
    opt=_DECIDE,
)
async def deny(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    task: FromPath[int],
    data: JSONBody[Denying],
) -> Decision:
    """Deny. Denying again changes nothing."""
    return await _decide(request, service, (session_id, task), data)


async def _decide(
    request: Call, service: Service, place: tuple[str, int], said: Approving | Denying
) -> Decision:
    session_id, task = place
    session, head = await service.session(request.user, session_id)
    check(request.user, DECIDE, {"workflow": head.workflow})
    approved = isinstance(said, Approving)
    entry = await _entry(session, task)
    if entry is None:
        return await _again(session, head, request.user, task, approved=approved)
    voice = voice_of(request.user, entry.assignees, entry.approvers)
    if voice is None:
        raise ProblemError("not_permitted", f"This is for {', '.join(entry.assignees)} to decide.")
    decision = Decision(
        session=session_id,
        task=task,
        approved=approved,
        by=voice,
        repeated=approved and voice in entry.approvers,
        open=approved and len({*entry.approvers, voice}) < entry.quorum,
    )
    if decision.repeated:
        return decision
    try:
        if isinstance(said, Approving):
            data = _data_of(said, entry)
            await session.approve(task, by=voice, note=said.note, data=data)
        else:
            await session.deny(task, by=voice, note=said.note)
    except (NotAllowed, SessionEnded):
        if await _entry(session, task) is not None:
            raise
        # Somebody else was quicker.
        return await _again(session, head, request.user, task, approved=approved)
    await service.enter(
        request.user,
        f"approval.{'approve' if approved else 'deny'}",
        ("session", session_id),
        source=source(request),
        detail=_detail_of(entry, said, by=voice),
    )
    return decision


def _data_of(said: Approving, entry: InboxEntry) -> Json:
    if said.arguments is None:
        return said.data
    if entry.kind != "permission":
        raise Rejected("There are no arguments to change: no tool is to be called.")
    if said.data is not None:
        raise Rejected("Give `arguments` or `data`, not both.")
    return said.arguments


async def _again(
    session: Session, head: Head, principal: Principal, task: int, *, approved: bool
) -> Decision:
    """Return the decision that was made of a task that asks nothing now.

    Raises:
        NotFound: the task never asked anything.
        ProblemError: somebody else decided, or otherwise.
    """
    last: e.ApprovalDecided | None = None
    async for stored in session.events(follow=False):
        if isinstance(stored.event, e.ApprovalDecided) and stored.event.task == task:
            last = stored.event
    if last is None:
        raise NotFound(
            what="approval",
            name=f"{session.id}/{task}",
            hint="That task waits for no decision.",
        )
    same = last.approved == approved and voice_of(principal, (last.by,), ()) == last.by
    if not same:
        word = "approved" if last.approved else "denied"
        raise ProblemError(
            "conflict",
            f"It was {word} by {last.by or 'somebody without a name'} "
            f"at {moment_text(last.at_ms)}.",
        )
    return Decision(
        session=session.id, task=task, approved=approved, by=last.by, repeated=True, open=False
    )


async def _asked_by(session: Session, principal: Principal) -> list[Approval]:
    state = await session.state()
    return [_approval(entry, principal) for entry in inbox_of(state, await session.definition())]


async def _entry(session: Session, task: int) -> InboxEntry | None:
    state = await session.state()
    for entry in inbox_of(state, await session.definition()):
        if entry.task == task:
            return entry
    return None


def _approval(entry: InboxEntry, principal: Principal) -> Approval:
    return Approval(
        session=entry.session,
        task=entry.task,
        workflow=entry.workflow,
        node=entry.node,
        kind=entry.kind,
        title=entry.title,
        message=entry.message,
        agent=entry.agent,
        tool=entry.tool,
        arguments=entry.arguments,
        risk=entry.risk,
        details=entry.details,
        consequences=consequences_of(entry),
        assignees=list(entry.assignees),
        may_decide=may_decide(principal, entry.assignees),
        quorum=entry.quorum,
        approvers=list(entry.approvers),
        since=moment_text(entry.since_ms),
        expires_at=moment_text(entry.until_ms) if entry.until_ms is not None else None,
        on_expiry=entry.on_expiry,
        form=entry.form,
    )


def _detail_of(entry: InboxEntry, said: Approving | Denying, *, by: str) -> JsonObject:
    detail: dict[str, Any] = {
        "task": entry.task,
        "node": entry.node,
        "kind": entry.kind,
        "title": entry.title,
        "by": by,
        "note": said.note,
    }
    if entry.tool:
        detail["tool"] = entry.tool
        detail["asked"] = _shown(entry.arguments)
    if isinstance(said, Approving) and said.arguments is not None:
        detail["ran"] = _shown(said.arguments)
    return detail


def _shown(arguments: JsonObject | None) -> Json:
    encoded = msgspec.json.encode(arguments)
    if len(encoded) <= _WHOLE_BYTES_MAX:
        return arguments
    return {"sha256": hashlib.sha256(encoded).hexdigest(), "bytes": len(encoded)}


ROUTES: list[HTTPRouteHandler] = [list_approvals, show_approval, approve, deny]
