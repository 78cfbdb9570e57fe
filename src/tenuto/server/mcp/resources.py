"""Resources: what the catalogue of the server holds, and sessions, at `tenuto://sessions/{id}` and
`tenuto://sessions/{id}/events`."""

import re
from typing import Any, Final

import mcp_types as types
import msgspec
from mcp import MCPError
from mcp.server import ServerRequestContext

from tenuto.core.errors import NotFound, Rejected
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject, SessionId
from tenuto.ports.event_store import Head, HeadQuery
from tenuto.server.mcp.catalog.shelf import Shelf
from tenuto.server.mcp.telling import session_uri, told
from tenuto.server.mcp.visits import TENANT, Visits
from tenuto.views.event_json import event_json
from tenuto.views.open_tasks import OpenTasks

PAGE: Final = 100
"""Sessions in one answer to `resources/list`, and resources of the catalogue."""
COMPLETIONS_MAX: Final = 100
"""Source: MCP 2025-11-25, server/utilities/completion."""
EVENTS_MAX: Final = 1_000
EVENTS_BYTES_MAX: Final = 1024 * 1024
"""An answer ends after so many events or bytes, and says where the rest is."""
_JSON: Final = "application/json"
_SHELF_CURSOR: Final = "catalogue:"
"""Begins a cursor among the resources of the catalogue; the others are ids of sessions."""
_URI: Final = re.compile(r"tenuto://sessions/(?P<id>[^/?#]+)(?P<events>/events(?:\?after=(\d+))?)?")

TEMPLATES: Final = (
    types.ResourceTemplate(
        uri_template="tenuto://sessions/{id}",
        name="session",
        description="How a session stands, with its output.",
        mime_type=_JSON,
    ),
    types.ResourceTemplate(
        uri_template="tenuto://sessions/{id}/events{?after}",
        name="events",
        description=f"The log of a session, {EVENTS_MAX:,} events at most, above version `after`.",
        mime_type=_JSON,
    ),
)


def session_in(uri: str) -> str | None:
    """Return the id in the address of a session or of its events, else None."""
    match = _URI.fullmatch(uri)
    return match["id"] if match is not None else None


class Resources:
    """Lists and reads the catalogue, and the sessions of the offered workflows."""

    def __init__(self, visits: Visits, shelf: Shelf) -> None:
        self._visits, self._shelf = visits, shelf

    async def listed(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        """Return the catalogue, then sessions, newest first; those that another session started
        are left out.

        Raises:
            MCPError: the cursor is none that was given.
        """
        cursor = (params.cursor if params is not None else None) or _SHELF_CURSOR + "0"
        resources: list[types.Resource] = []
        if cursor.startswith(_SHELF_CURSOR):
            start = cursor.removeprefix(_SHELF_CURSOR)
            if not start.isdecimal() or len(start) > 9:
                message = f"There is no page {cursor!r:.80}."
                raise MCPError(code=types.INVALID_PARAMS, message=message)
            kept = await self._shelf.listed()
            resources, end = kept[int(start) : int(start) + PAGE], int(start) + PAGE
            if end < len(kept):
                return types.ListResourcesResult(
                    resources=resources, next_cursor=f"{_SHELF_CURSOR}{end}"
                )
            cursor = ""
        shown, more = await self._page(SessionId(cursor) if cursor else None)
        return types.ListResourcesResult(
            resources=[*resources, *map(_resource_of, shown)],
            next_cursor=shown[-1].session if more else None,
        )

    async def templates(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        """Return how resources are addressed."""
        return types.ListResourceTemplatesResult(
            resource_templates=[*self._shelf.templates(), *TEMPLATES]
        )

    async def read(
        self, context: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """Return what the catalogue has there; else a session, or its events, as JSON.

        Raises:
            MCPError: there is no such resource.
        """
        uri = str(params.uri)
        try:
            kept = await self._shelf.read(uri)
        except (NotFound, Rejected) as error:
            raise _missing(uri, str(error)) from None
        if kept is not None:
            return types.ReadResourceResult(contents=[kept])
        value = await self._value(uri)
        text = msgspec.json.encode(value).decode()
        contents = types.TextResourceContents(uri=params.uri, mime_type=_JSON, text=text)
        return types.ReadResourceResult(contents=[contents])

    async def complete(self, template: str, variable: str, beginning: str) -> types.Completion:
        """Return values of a template's variable that begin so; ids of sessions newest first."""
        kept = await self._shelf.complete(template, variable, beginning)
        if kept or variable != "id" or all(template != one.uri_template for one in TEMPLATES):
            more = len(kept) > COMPLETIONS_MAX
            return types.Completion(values=kept[:COMPLETIONS_MAX], has_more=more)
        found, more = await self._page(None, prefix=beginning)
        return types.Completion(values=[str(head.session) for head in found], has_more=more)

    async def _page(self, before: SessionId | None, *, prefix: str = "") -> tuple[list[Head], bool]:
        """Return a page of sessions listed after `before`, and whether there are more."""
        found: list[Head] = []
        while len(found) <= PAGE:
            query = HeadQuery(tenant=TENANT, before=before, prefix=prefix, limit=PAGE)
            page = await self._visits.runtime.sessions(query)
            if not page:
                break
            before = page[-1].session
            found += [
                head for head in page if head.parent is None and head.workflow in self._visits.names
            ]
        return found[:PAGE], len(found) > PAGE

    async def _value(self, uri: str) -> JsonObject:
        match = _URI.fullmatch(uri)
        if match is None:
            known = ", ".join(one.uri_template for one in self._shelf.templates())
            own = " and ".join(template.uri_template for template in TEMPLATES)
            known = f"{known}, {own}" if known else own
            raise _missing(uri, f"There is no resource {uri!r:.200}. There are {known}.")
        try:
            session, _ = await self._visits.find(match["id"])
        except NotFound as error:
            raise _missing(uri, str(error)) from None
        if match["events"]:
            return await self._events(match["id"], after=int(match[3] or 0))
        state, definition = await session.state(), await session.definition()
        return {**told(state, definition), "inputs": state.inputs, "output": state.output}

    async def _events(self, text: str, *, after: int) -> JsonObject:
        session, _ = await self._visits.find(text)
        definition = await session.definition()
        before = await session.state(after) if after else SessionState()
        tasks = OpenTasks.of_state(before, definition)
        events: list[Json] = []
        size = 0
        rest: str | None = None
        async for stored in session.events(after, follow=False):
            if len(events) >= EVENTS_MAX or size > EVENTS_BYTES_MAX:
                rest = f"{session_uri(session.id)}/events?after={stored.version - 1}"
                break
            tasks.begin(stored.event)
            told_event = event_json(
                stored.event, version=stored.version, position=stored.position, tasks=tasks
            )
            tasks.end(stored.event)
            events.append(told_event)
            size += len(msgspec.json.encode(told_event))
        return {"session": session.id, "events": events, "next": rest}


def _resource_of(head: Head) -> types.Resource:
    waiting = f": {head.waiting_for}" if head.waiting_for else ""
    return types.Resource(
        uri=session_uri(head.session),
        name=head.session,
        title=f"{head.workflow} {head.workflow_version}",
        description=f"{head.status}{waiting}",
        mime_type=_JSON,
    )


def _missing(uri: str, message: str) -> MCPError:
    return MCPError(code=types.INVALID_PARAMS, message=message, data={"uri": uri})
