"""What a session did, told in other ways than by its events: messages, tasks, trace, cost, export.

Each is a fold of the whole log, read a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from tenuto.core.vocabulary import JsonObject
from tenuto.sdk.session import Session
from tenuto.server.asked import Call
from tenuto.server.paging import LIMIT_MAX, Page
from tenuto.server.principal import needs
from tenuto.server.service import Given
from tenuto.views.bundle import Bundle
from tenuto.views.cost import Cost, Costs
from tenuto.views.event_json import plain_json
from tenuto.views.graph import Graph, graph_of
from tenuto.views.messages import Messages
from tenuto.views.moments import moment_text
from tenuto.views.otlp import span_json, trace_json
from tenuto.views.timeline import Row, Spent, Timeline
from tenuto.views.trace import Trace

_READ: Final = needs("sessions:read")
_CHUNK_BYTES: Final = 64_000
_BUNDLE: Final = "application/x-ndjson"
_TIMES: Final = {
    "started_ms": "started_at",
    "since_ms": "since",
    "ended_ms": "ended_at",
    "due_ms": "due_at",
}


class Tasks(msgspec.Struct, kw_only=True):
    """The tasks of a session. Of many that are settled below one task only the last and the failed
    ones are listed; `folded` counts the others."""

    session: str
    version: int
    status: str
    started_at: str
    updated_at: str
    ended_at: str | None
    spent: Spent
    folded: int
    items: list[JsonObject]


class CostReport(msgspec.Struct, kw_only=True):
    """What a session has spent so far, without the sessions that it started."""

    session: str
    version: int
    total: Cost
    agents: dict[str, Cost]


@get("/sessions/{session_id:str}/messages", tags=["sessions"], opt=_READ)
async def list_messages(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 100,
) -> Page[JsonObject]:
    """Return what was said in the session after version `after`, oldest first; `next_cursor` is the
    next `after`."""
    session, _ = await service.session(request.user, session_id)
    messages = Messages(await session.definition())
    items: list[JsonObject] = []
    async for stored in session.events(follow=False):
        message = messages.add(stored.version, stored.event)
        if message is None or stored.version <= after:
            continue
        told = msgspec.to_builtins(message)
        told["at"] = moment_text(told.pop("at_ms"))
        items.append(told)
        if len(items) == limit:
            return Page(items=items, next_cursor=str(stored.version))
    return Page(items=items)


@get("/sessions/{session_id:str}/tasks", tags=["sessions"], opt=_READ)
async def list_tasks(request: Call, service: Given, session_id: FromPath[str]) -> Tasks:
    """Return the session's tasks in the order of their start: state, attempts, parents, times."""
    session, _ = await service.session(request.user, session_id)
    timeline = Timeline(await session.definition())
    async for stored in session.events(follow=False):
        timeline.add(stored.version, stored.event)
    ended_ms = timeline.ended_ms
    return Tasks(
        session=session.id,
        version=timeline.version,
        status="waiting" if timeline.is_waiting else timeline.status,
        started_at=moment_text(timeline.started_ms),
        updated_at=moment_text(timeline.updated_ms),
        ended_at=moment_text(ended_ms) if ended_ms is not None else None,
        spent=timeline.spent,
        folded=timeline.folded,
        items=[task_json(timeline.rows[no]) for no in sorted(timeline.rows)],
    )


def task_json(row: Row) -> JsonObject:
    """Return a row of a timeline; moments are texts."""
    told: JsonObject = {}
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if name in _TIMES:
            told[_TIMES[name]] = moment_text(value) if value else None
        elif name != "below":
            told[name] = plain_json(value)
    return told


@get("/sessions/{session_id:str}/graph", tags=["sessions"], opt=_READ)
async def show_session_graph(request: Call, service: Given, session_id: FromPath[str]) -> Graph:
    """Return the workflow that the session runs as nodes and edges to draw, as it was when the
    session began, and as Mermaid."""
    session, _ = await service.session(request.user, session_id)
    return graph_of(await session.definition())


@get("/sessions/{session_id:str}/cost", tags=["sessions"], opt=_READ)
async def show_cost(request: Call, service: Given, session_id: FromPath[str]) -> CostReport:
    """Return what the session's agents have spent: tokens, money, turns and calls."""
    session, _ = await service.session(request.user, session_id)
    costs, version = Costs(await session.definition()), 0
    async for stored in session.events(follow=False):
        costs.add(stored.version, stored.event)
        version = stored.version
    return CostReport(session=session.id, version=version, total=costs.total, agents=costs.agents)


@get(
    "/sessions/{session_id:str}/trace",
    tags=["sessions"],
    opt=_READ,
    media_type="application/json",
)
async def show_trace(request: Call, service: Given, session_id: FromPath[str]) -> Stream:
    """Return the session as an OpenTelemetry trace in OTLP/JSON, as any OTLP/HTTP receiver takes
    it."""
    session, _ = await service.session(request.user, session_id)
    lines = trace_pieces(session, release=service.version)
    return Stream(in_chunks(lines), media_type="application/json")


@get("/sessions/{session_id:str}/export", tags=["sessions"], opt=_READ, media_type=_BUNDLE)
async def export_session(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    artifacts: Annotated[bool, QueryParameter()] = True,
) -> Stream:
    """Return the session as one portable file, without secrets. See the guide to streams.

    `artifacts=false`: large payloads are named by their digests only."""
    session, _ = await service.session(request.user, session_id)
    bundle = Bundle(await session.definition(), artifacts=artifacts)
    begin = bundle.begin(
        session=session.id, release=service.version, at=moment_text(service.clock.now_ms())
    )
    head = f'attachment; filename="{session.id}.bundle.jsonl"'
    return Stream(
        in_chunks(bundle_lines(session, bundle, begin=b"".join(begin))),
        media_type=_BUNDLE,
        headers={"Content-Disposition": head},
    )


async def bundle_lines(session: Session, bundle: Bundle, *, begin: bytes) -> AsyncIterator[bytes]:
    """Return the lines of a bundle."""
    yield begin
    async for stored in session.events(follow=False):
        for line in bundle.add(stored.event, version=stored.version, position=stored.position):
            yield line
    head = await session.head()
    for line in bundle.end(status=head.status):
        yield line


async def trace_pieces(session: Session, *, release: str) -> AsyncIterator[bytes]:
    """Return a trace piece by piece: a log may be long."""
    empty = msgspec.json.encode(trace_json((), version=release))
    begin, _, end = empty.partition(b'"spans":[]')
    yield begin + b'"spans":['
    trace, comma = Trace(session.id, await session.definition()), b""
    async for stored in session.events(follow=False):
        for span in trace.add(stored.event):
            yield comma + msgspec.json.encode(span_json(span))
            comma = b",\n"
    for span in trace.close():
        yield comma + msgspec.json.encode(span_json(span))
        comma = b",\n"
    yield b"]" + end


async def in_chunks(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the pieces, so many at a time that each is worth sending."""
    chunk = bytearray()
    async for piece in pieces:
        chunk += piece
        if len(chunk) >= _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)


ROUTES: list[HTTPRouteHandler] = [
    list_messages,
    list_tasks,
    show_session_graph,
    show_cost,
    show_trace,
    export_session,
]
