"""Whether the server lives, and whether it can be used."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from tenuto.ports.event_store import HeadQuery
from tenuto.server.problems import ProblemError
from tenuto.server.service import Given


class Health(msgspec.Struct, kw_only=True):
    """How the server is."""

    status: str
    version: str


@get("/healthz", tags=["system"], opt={"public": True}, sync_to_thread=False)
def healthz(service: Given) -> Health:
    """Return that the process answers."""
    return Health(status="alive", version=service.version)


@get("/readyz", tags=["system"], opt={"public": True})
async def readyz(service: Given) -> Health:
    """Return that the database can be read and sessions can be started."""
    if service.closing:
        raise ProblemError("not_ready", "The server is stopping.")
    await service.runtime.sessions(HeadQuery(limit=1))
    return Health(status="ready", version=service.version)


ROUTES: list[HTTPRouteHandler] = [healthz, readyz]
