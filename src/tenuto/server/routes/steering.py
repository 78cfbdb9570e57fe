"""What can be told to a session: cancel, pause, resume, signal, fork."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from tenuto.core.vocabulary import Json, JsonObject
from tenuto.server.asked import Call, source
from tenuto.server.idempotency import command_key
from tenuto.server.principal import needs
from tenuto.server.routes.sessions import SessionDetail, detail_of
from tenuto.server.service import Given, Service


class Reason(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Why something is done, for the record."""

    reason: str = ""


class Signal(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a session is told."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    data: Json = None


class ForkAt(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """From where to go on, and what to change."""

    at: int | None = None
    patch: JsonObject = {}


_OPERATE = needs("sessions:write")


@post("/sessions/{session_id:str}/cancel", status_code=200, tags=["sessions"], opt=_OPERATE)
async def cancel(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    data: JSONBody[Reason],
) -> SessionDetail:
    """Give the session up, and its child sessions with it."""
    session, _ = await service.session(request.user, session_id)
    await session.cancel(data.reason, by=request.user.actor)
    return await _entered(request, service, session_id, "cancel")


@post("/sessions/{session_id:str}/pause", status_code=200, tags=["sessions"], opt=_OPERATE)
async def pause(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    data: JSONBody[Reason],
) -> SessionDetail:
    """Start nothing new in the session; what runs may finish."""
    session, _ = await service.session(request.user, session_id)
    await session.pause(by=request.user.actor, reason=data.reason)
    return await _entered(request, service, session_id, "pause")


@post("/sessions/{session_id:str}/resume", status_code=200, tags=["sessions"], opt=_OPERATE)
async def resume(request: Call, service: Given, session_id: FromPath[str]) -> SessionDetail:
    """Go on after a pause."""
    session, _ = await service.session(request.user, session_id)
    await session.resume(by=request.user.actor)
    return await _entered(request, service, session_id, "resume")


@post("/sessions/{session_id:str}/signal", status_code=200, tags=["sessions"], opt=_OPERATE)
async def signal(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    data: JSONBody[Signal],
) -> SessionDetail:
    """Send a signal; a `wait` node takes it now, or when it comes to wait."""
    session, _ = await service.session(request.user, session_id)
    key = command_key(request) or ""
    await session.signal(data.name, data.data, by=request.user.actor, key=key)
    return await _entered(request, service, session_id, "signal")


@post("/sessions/{session_id:str}/fork", status_code=201, tags=["sessions"], opt=_OPERATE)
async def fork(
    request: Call,
    service: Given,
    session_id: FromPath[str],
    data: JSONBody[ForkAt],
) -> SessionDetail:
    """Go on from an earlier version, as a new session."""
    session, _ = await service.session(request.user, session_id)
    other = await session.fork(at=data.at, patch=data.patch)
    return await _entered(request, service, other.id, "fork", origin=session_id)


async def _entered(
    request: Call,
    service: Service,
    session_id: str,
    action: str,
    **detail: Json,
) -> SessionDetail:
    await service.enter(
        request.user,
        f"session.{action}",
        ("session", session_id),
        source=source(request),
        detail=detail,
    )
    return await detail_of(service, request.user, session_id)


ROUTES: list[HTTPRouteHandler] = [cancel, pause, resume, signal, fork]
