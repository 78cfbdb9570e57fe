"""Tasks for agents: a session is started for each request."""

from typing import Any

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec.structs import asdict

from tenuto.server.asked import Call
from tenuto.server.principal import needs_some
from tenuto.server.registry.executing import Execution, TaskFor, wanted_by
from tenuto.server.routes.sessions import SessionDetail
from tenuto.server.service import Given
from tenuto.server.starting import ENDED, START, WaitQuery, start

_START = needs_some(START)


@post("/agents/execute", status_code=202, tags=["agents"], opt=_START, responses=ENDED)
async def execute(
    request: Call, service: Given, data: JSONBody[Execution], wait: WaitQuery = None
) -> Response[SessionDetail]:
    """Give a task to agents, side by side or one after the other: 202 and the session, or 200 with
    its result if that came within `wait`. Who hangs up cancels nothing."""
    wanted = await wanted_by(service.registry, request.user.organisation, data)
    return await start(request, service, wanted, wait=wait)


@post(
    "/agents/{agent_id:str}/execute",
    status_code=202,
    tags=["agents"],
    opt=_START,
    responses=ENDED,
)
async def execute_one(
    request: Call,
    service: Given,
    agent_id: FromPath[str],
    data: JSONBody[TaskFor],
    wait: WaitQuery = None,
) -> Response[SessionDetail]:
    """Give a task to one agent; its output is the session's."""
    given: dict[str, Any] = asdict(data)
    execution = Execution(**given, agents=[agent_id])
    wanted = await wanted_by(service.registry, request.user.organisation, execution)
    return await start(request, service, wanted, wait=wait)


ROUTES: list[HTTPRouteHandler] = [execute, execute_one]
