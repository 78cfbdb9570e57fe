"""The tables that are kept from events: how far they are, and having them made anew."""

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from tenuto.sdk.read_models import Progress
from tenuto.server.asked import Call, source
from tenuto.server.principal import needs
from tenuto.server.service import Given


class ReadModelsState(msgspec.Struct, kw_only=True):
    """How far the tables are, in positions of the log."""

    position: int
    """Of the last event that they have taken in."""
    end: int
    """Of the last event in the log."""
    behind: int
    """How many events are still to be taken in."""


def _told(progress: Progress) -> ReadModelsState:
    return ReadModelsState(position=progress.position, end=progress.end, behind=progress.behind)


@get("/read-models", tags=["system"], opt=needs("settings:read", home=True))
async def show_read_models(service: Given) -> ReadModelsState:
    """Return how far the tables are, for admins of the organisation `local`."""
    return _told(await service.runtime.read_models.progress())


@post(
    "/read-models/rebuild",
    status_code=200,
    tags=["system"],
    opt=needs("settings:write", home=True),
)
async def rebuild_read_models(request: Call, service: Given) -> ReadModelsState:
    """Empty the tables and make them again from the log, for admins of the organisation `local`.

    Takes time in the size of the log, and what asks the tables meanwhile finds less. Who asks while
    another waits gets the same answer; who hangs up stops nothing."""
    await service.enter(
        request.user, "read_models.rebuild", ("setting", "read_models"), source=source(request)
    )
    return _told(await service.rebuilding.result())


ROUTES: list[HTTPRouteHandler] = [show_read_models, rebuild_read_models]
