"""Sessions: lists, one, its state at any version, its events, its trace."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, cast

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from tenuto.core.accounts.principal import HOME
from tenuto.core.errors import NotFound
from tenuto.core.lifecycle import Status, WaitsFor
from tenuto.core.session.effects import is_at_work
from tenuto.core.vocabulary import Json, JsonObject, SessionId, TaskNo, Version
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.sdk.history import StoredEvent
from tenuto.sdk.session import Session
from tenuto.server.asked import Call, moment_ms
from tenuto.server.paging import LIMIT_MAX, Page, cursor_of, place_of
from tenuto.server.principal import Principal, needs
from tenuto.server.service import Given, Service
from tenuto.server.summaries import facts_of
from tenuto.views.event_json import event_json, plain_json
from tenuto.views.finding import BATCH, Finder
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTasks
from tenuto.views.recap import Recap
from tenuto.views.waiting import Queue, Wait, why_waiting


class SessionSummary(msgspec.Struct, kw_only=True):
    """What lists show of a session."""

    id: str
    workflow: str
    workflow_version: str
    status: Status
    waiting_for: str
    """In words, where the status is waiting or paused; the error where it is failed."""
    waits_for: list[WaitsFor]
    """What some of its work waits for, whatever the status: other work may go on meanwhile."""
    user: str
    parent: str | None
    origin: str | None
    origin_version: int
    key: str | None
    started_at: str
    updated_at: str
    version: int


class SessionPage(Page[SessionSummary], kw_only=True):
    """A part of the list of sessions."""

    items: list[SessionSummary]
    count: int | None = None
    """How many there are in all, where that was asked for."""
    count_is_exact: bool | None = None
    """False: there are more."""


class SessionDetail(SessionSummary, kw_only=True):
    """A session: with what it was given, what came of it, and what it waits for."""

    inputs: JsonObject
    output: Json
    failure: JsonObject | None
    waits: list[Wait]


class StateAt(msgspec.Struct, kw_only=True):
    """The state after a version of the log."""

    session: str
    version: int
    phase: str
    values: JsonObject
    outputs: JsonObject
    open_tasks: list[JsonObject]


def summary_of(head: Head) -> SessionSummary:
    """Return what lists show."""
    return SessionSummary(**cast("dict[str, Any]", facts_of(head)))


async def detail_of(
    service: Service, principal: Principal, id: str, *, asks_pools: bool = False
) -> SessionDetail:
    """Return a session of the principal's organisation.

    Args:
        asks_pools: say of calls that run whether they wait for a worker.

    Raises:
        NotFound: there is none.
    """
    look = await service.look(principal, id)
    head, state = look.head, look.state
    queues: dict[TaskNo, Queue] = {}
    if asks_pools and any(map(is_at_work, state.tasks.values())):
        # How much others have there is for no other organisation.
        of_all = principal.organisation == HOME
        queues = await service.runtime.pools.queues_of(id, of_all=of_all)
    failure = plain_json(state.failure)
    facts: dict[str, Any] = facts_of(head) | {
        "version": state.version,
        "updated_at": moment_text(state.updated_ms),
    }
    return SessionDetail(
        **facts,
        inputs=state.inputs,
        output=state.output,
        failure=failure if isinstance(failure, dict) else None,
        waits=list(why_waiting(state, look.definition, in_pools=queues)),
    )


@get("/sessions", tags=["sessions"], opt=needs("sessions:read"))
async def list_sessions(
    request: Call,
    service: Given,
    status: FromQuery[list[Status] | None] = None,
    workflow: FromQuery[str | None] = None,
    user: FromQuery[str | None] = None,
    parent: FromQuery[str | None] = None,
    waits_for: FromQuery[list[WaitsFor] | None] = None,
    roots: FromQuery[bool] = False,
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    count: FromQuery[bool] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    cursor: FromQuery[str | None] = None,
) -> SessionPage:
    """Return the organisation's sessions, newest first.

    `waits_for` leaves those of which some work waits for one of these, whatever their status is;
    `roots` leaves out those that another session started; `q` is what an id or a key begins with,
    or a part of a workflow's name; `since` and `until` bound the start; `count` asks for how many
    there are.
    """
    query = HeadQuery(
        tenant=request.user.organisation,
        statuses=tuple(status or ()),
        workflow=workflow,
        user=user,
        parent=None if parent is None else SessionId(parent),
        waits_for=tuple(waits_for or ()),
        roots=roots,
        text=q,
        since_ms=moment_ms(since),
        until_ms=moment_ms(until),
    )
    page = msgspec.structs.replace(query, before=place_of(cursor, SessionId), limit=limit)
    heads = await service.runtime.sessions(page)
    found = SessionPage(
        items=[summary_of(head) for head in heads],
        next_cursor=cursor_of(heads[-1].session) if len(heads) == limit else None,
    )
    if count and service.runtime.lists is not None:
        counted = await service.runtime.lists.count(query)
        found.count, found.count_is_exact = counted.count, counted.is_exact
    return found


@get("/sessions/{session_id:str}", tags=["sessions"], opt=needs("sessions:read"))
async def show_session(request: Call, service: Given, session_id: FromPath[str]) -> SessionDetail:
    """Return a session."""
    return await detail_of(service, request.user, session_id, asks_pools=True)


@get("/sessions/{session_id:str}/state", tags=["sessions"], opt=needs("sessions:read"))
async def show_state(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    at: Annotated[int | None, QueryParameter(ge=1)] = None,
) -> StateAt:
    """Return the state at version `at`, else the newest."""
    session, _ = await service.session(request.user, session_id)
    state = await session.state(at)
    tasks = [plain_json(task) for task in state.tasks.values()]
    return StateAt(
        session=state.session,
        version=state.version,
        phase=state.phase,
        values=state.values,
        outputs=state.outputs,
        open_tasks=[task for task in tasks if isinstance(task, dict)],
    )


@get("/sessions/{session_id:str}/events", tags=["sessions"], opt=needs("sessions:read"))
async def list_events(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 100,
    q: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Page[JsonObject]:
    """Return the events beyond version `after`, oldest first; `next_cursor` is the next `after`.

    With `q`, only those that hold each of its words; of these the `path` is not told.
    """
    session, _ = await service.session(request.user, session_id)
    if q.strip():
        return await found_events(session, q, after=after, limit=limit)
    definition = await session.definition()
    tasks = OpenTasks(definition)
    if after:
        try:
            tasks = OpenTasks.of_state(await session.state(at=after), definition)
        except NotFound:
            # So far the log does not go.
            return Page(items=[])
    items: list[JsonObject] = []
    async for stored in session.events(after, follow=False):
        tasks.begin(stored.event)
        items.append(
            event_json(stored.event, version=stored.version, position=stored.position, tasks=tasks)
        )
        tasks.end(stored.event)
        if len(items) == limit:
            return Page(items=items, next_cursor=str(stored.version))
    return Page(items=items)


async def found_events(session: Session, q: str, *, after: int, limit: int) -> Page[JsonObject]:
    """Return a page of the events that hold each word of `q`."""
    finder, items = Finder(q), list[JsonObject]()
    async for batch in batches(session, after):
        for place in finder.found([stored.event for stored in batch]):
            stored = batch[place]
            items.append(event_json(stored.event, version=stored.version, position=stored.position))
            if len(items) == limit:
                return Page(items=items, next_cursor=str(stored.version))
    return Page(items=items)


async def batches(session: Session, after: int) -> AsyncIterator[list[StoredEvent]]:
    """Return the events beyond a version, some at a time."""
    batch: list[StoredEvent] = []
    async for stored in session.events(after, follow=False):
        batch.append(stored)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


@get("/sessions/{session_id:str}/recap", tags=["sessions"], opt=needs("sessions:read"))
async def show_recap(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    at: Annotated[int | None, QueryParameter(ge=0)] = None,
    behind: Annotated[int, QueryParameter(ge=0)] = 0,
) -> Recap:
    """Return what the session did up to a version, no larger than what is open: a program that
    shows its last events goes on from there.

    It is `behind` versions before version `at`, else before the newest; version 0, at which there
    is nothing to tell, where the log is less than twice as long as that.
    """
    session, _ = await service.session(request.user, session_id)
    newest = (await service.look(request.user, session_id)).state.version
    version = newest if at is None else Version(min(at, newest))
    place = version - behind if version >= 2 * behind else 0
    return await service.recaps.of(session, Version(place), newest)


ROUTES: list[HTTPRouteHandler] = [
    list_sessions,
    show_session,
    show_state,
    list_events,
    show_recap,
]
