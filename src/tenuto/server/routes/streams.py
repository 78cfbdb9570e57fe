"""Live streams of sessions, as server-sent events and over WebSockets."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import WebSocket, get, websocket
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.params import FromPath, HeaderParameter, QueryParameter

from tenuto.core.errors import TenutoError
from tenuto.server.asked import Call
from tenuto.server.edge import refuse
from tenuto.server.principal import Connection, Principal, needs
from tenuto.server.problems import ProblemError, problem_of
from tenuto.server.service import Given, Service
from tenuto.server.streaming.commands import Subscribe
from tenuto.server.streaming.frames import END_ID
from tenuto.server.streaming.hub import Check
from tenuto.server.streaming.socket import Opening, Socket
from tenuto.server.streaming.sse import MEDIA_TYPE, EventStream

_READ = needs("sessions:read")
_STREAM = _READ | {"stream": True}


@get("/sessions/{session_id:str}/stream", tags=["sessions"], opt=_STREAM, media_type=MEDIA_TYPE)
async def stream_events(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0)] = 0,
    pieces: Annotated[int | None, QueryParameter(ge=0)] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> EventStream:
    """Return the session's events after a version as server-sent events, then those to come.

    `Last-Event-ID` goes before `after`; both are versions. A WebSocket gets the same frames at the
    same path. See the guide to streams.
    """
    await service.session(request.user, session_id)
    if last_event_id == END_ID:
        # What makes a browser stop connecting again.
        return EventStream(None)
    after = after if last_event_id is None else version_of(last_event_id)
    return EventStream(
        service.hub.reading(
            session_id, after=after, pieces=pieces, check=allowance(service, request)
        )
    )


@websocket("/sessions/{session_id:str}/stream", opt=_READ)
async def stream_to_socket(
    socket: WebSocket[Any, Any, Any],
    service: Given,
    session_id: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0)] = 0,
    pieces: Annotated[int | None, QueryParameter(ge=0)] = None,
) -> None:
    """Send the session's frames as JSON texts, and take commands."""

    async def opened(wish: Subscribe) -> Opening:
        await service.session(socket.user, wish.session)
        return opening_of(service, socket, wish)

    try:
        opening = await opened(Subscribe(session=session_id, after=after, pieces=pieces))
    except (TenutoError, ProblemError) as error:
        await refuse(socket.scope, socket.send, problem_of(error))
        return
    await Socket(socket.scope, socket.receive, socket.send, opened).run(session_id, opening)


@get("/events", tags=["sessions"], opt=_STREAM, media_type=MEDIA_TYPE)
async def stream_sessions(
    request: Call,
    service: Given,
    after: Annotated[int | None, QueryParameter(ge=0)] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> EventStream:
    """Return the organisation's sessions as they change, as server-sent events.

    Each frame says how a session is now. Ids are positions in the store; without one only what
    changes from now on is told. A WebSocket gets the same frames at the same path.
    """
    after = after if last_event_id is None else version_of(last_event_id)
    return EventStream(
        service.hub.listening(
            request.user.organisation, after=after, check=allowance(service, request)
        )
    )


@websocket("/events", opt=_READ)
async def stream_sessions_to_socket(
    socket: WebSocket[Any, Any, Any],
    service: Given,
    after: Annotated[int | None, QueryParameter(ge=0)] = None,
) -> None:
    """Send the frames of the organisation's sessions as JSON texts, and take commands."""
    try:
        check = allowance(service, socket)
        opening = service.hub.listening(socket.user.organisation, after=after, check=check)
    except ProblemError as error:
        await refuse(socket.scope, socket.send, error)
        return

    async def opened(wish: Subscribe) -> Opening:
        await service.session(socket.user, wish.session)
        return opening_of(service, socket, wish)

    await Socket(socket.scope, socket.receive, socket.send, opened).run("", opening)


def opening_of(service: Service, connection: Connection, wish: Subscribe) -> Opening:
    """Return the place in a session that a client wishes."""
    check = allowance(service, connection)
    return service.hub.reading(wish.session, after=wish.after, pieces=wish.pieces, check=check)


def allowance(service: Service, connection: Connection) -> Check:
    """Return what says whether the client is still who it was, and may still read sessions."""
    before: Principal = connection.scope["user"]

    async def is_allowed() -> bool:
        try:
            now = await service.authenticator.authenticate(connection)
        except ProblemError:
            return False
        if now is None or now.organisation != before.organisation:
            return False
        return now.may("sessions:read")

    return is_allowed


def version_of(text: str) -> int:
    """Return the version that an SSE id names.

    Raises:
        ProblemError: it names none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ProblemError(
            "bad_request",
            f"Last-Event-ID is the id of an event that was sent, not {text!r:.40}.",
        )
    return int(text)


ROUTES: list[HTTPRouteHandler | WebsocketRouteHandler] = [
    stream_events,
    stream_to_socket,
    stream_sessions,
    stream_sessions_to_socket,
]
