"""Agents: those of offered workflows, and those that organisations register; how they do."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter

from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.ledger import Outdated
from tenuto.ports.read_models import AgentWork, UsageSum
from tenuto.server.asked import Call, source
from tenuto.server.etags import etag_of, expected_by, expected_if_said
from tenuto.server.paging import LIMIT_MAX, Page, cursor_of, place_of
from tenuto.server.principal import check, needs, needs_some
from tenuto.server.problems import ProblemError
from tenuto.server.registry.agents import WRITE, AgentFound
from tenuto.server.registry.overtaken import overtaken
from tenuto.server.registry.versions import Asked, Kept, Overtaken
from tenuto.server.routes.usage import Used, behind, used_of
from tenuto.server.routes.workflows import VersionQuery, WorkflowVersion, page_of_versions
from tenuto.server.service import Given, Service
from tenuto.server.texts import TakesText, text_in
from tenuto.views.moments import moment_text
from tenuto.views.tables.durations import percentile


class AgentSummary(msgspec.Struct, kw_only=True):
    """What lists show of an agent."""

    id: str
    name: str
    type: str
    """Its strategy."""
    role: str
    description: str
    capabilities: list[str]
    """What it said of itself, its role, and what it can call: `tool:search`, `agent:critic`,
    `memory`."""
    model: str
    is_active: bool
    source: Literal["server", "organisation"]
    version: int
    """Counts the changes of one that the organisation registered; 0: it comes with the server."""
    updated_at: str | None


class AgentDetail(AgentSummary, kw_only=True):
    """An agent, and how it was written."""

    configuration: JsonObject
    """The whole definition, without what is as by default."""
    text: str
    media_type: str


class Latency(msgspec.Struct, kw_only=True):
    """How long tasks took, from start to end, waits included, at most one part in 32 too much; null
    of none."""

    p50: int | None
    p95: int | None
    p99: int | None


class AgentMetrics(Used, kw_only=True):
    """What an agent does, and did since the day `since`."""

    running: int
    """Tasks that are open now, those that wait among them."""
    completed: int
    failed: int
    cancelled: int
    success_rate: float | None
    """Share of the tasks that completed or failed which completed; null of none."""
    latency_ms: Latency
    """Of tasks that completed or failed."""


class AgentStatus(msgspec.Struct, kw_only=True):
    """How an agent does."""

    id: str
    state: Literal["working", "idle", "inactive"]
    metrics: AgentMetrics
    since: date
    """What ended or was used on this day (in UTC) or later is counted."""
    behind: int
    """Events that happened and are not counted yet; a moment later they are."""


_READ = needs("agents:read")
_WRITE = needs_some(WRITE)


@get("/agents", tags=["agents"], opt=_READ)
async def list_agents(
    request: Call,
    service: Given,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> Page[AgentSummary]:
    """Return the agents that can be given work, by id, with what they can do."""
    organisation, after = request.user.organisation, place_of(cursor, str) or ""

    async def made() -> Page[AgentSummary]:
        found = await service.registry.agents.find_all(organisation, after=after, limit=limit)
        more = len(found) == limit
        return Page(
            items=[AgentSummary(**_facts(one)) for one in found],
            next_cursor=cursor_of(found[-1].id) if more else None,
        )

    return await service.copies.of(("agents", organisation, after, limit), made)


@post("/agents", tags=["agents"], opt=_WRITE, operation_class=TakesText)
async def add_agent(request: Call, service: Given) -> Response[AgentDetail]:
    """Register an agent: as under `agents` of a workflow, with its `name`; YAML or JSON."""
    try:
        kept = await service.registry.agents.put(
            _asked(request), await text_in(request), id="", expected=0
        )
    except Outdated as error:
        raise ProblemError(
            "conflict",
            f"There is an agent {error.target!r} already; change it by PUT.",
            headers={"Location": f"/api/v1/agents/{error.target}"},
        ) from None
    return await _answer(service, request, kept, status=201)


@get("/agents/{agent_id:str}", tags=["agents"], opt=_READ)
async def show_agent(
    request: Call, service: Given, agent_id: FromPath[str], version: VersionQuery = None
) -> Response[AgentDetail]:
    """Return an agent, at a version or the newest; its ETag is for If-Match."""
    found = await service.registry.agents.get(request.user.organisation, agent_id, version)
    return Response(_detail(found), headers={"ETag": etag_of(found.version)})


@put(
    "/agents/{agent_id:str}",
    tags=["agents"],
    opt=_WRITE,
    operation_class=TakesText,
    responses={201: ResponseSpec(AgentDetail, description="It is new.")},
)
async def change_agent(
    request: Call, service: Given, agent_id: FromPath[str]
) -> Response[AgentDetail]:
    """Register the next version of an agent. `If-Match` names the one that was changed; `*` any."""
    _refuse_of_server(service, agent_id)
    expected = expected_by(request)
    try:
        kept = await service.registry.agents.put(
            _asked(request), await text_in(request), id=agent_id, expected=expected
        )
    except Outdated as error:
        raise await _outdated(service, request, error) from None
    return await _answer(service, request, kept, status=201 if kept.is_first else 200)


@delete("/agents/{agent_id:str}", tags=["agents"], opt=_WRITE)
async def delete_agent(request: Call, service: Given, agent_id: FromPath[str]) -> None:
    """Take an agent out of the registry. Its sessions go on; the ledger keeps its versions."""
    check(request.user, WRITE, {"agent": agent_id})
    _refuse_of_server(service, agent_id)
    try:
        await service.registry.agents.versions.delete(
            _asked(request), agent_id, expected=expected_if_said(request)
        )
    except Outdated as error:
        raise await _outdated(service, request, error) from None


@get("/agents/{agent_id:str}/versions", tags=["agents"], opt=_READ)
async def list_agent_versions(
    request: Call,
    service: Given,
    agent_id: FromPath[str],
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> Page[WorkflowVersion]:
    """Return the versions of an agent, newest first; one that comes with the server has none."""
    organisation = request.user.organisation
    await service.registry.agents.get(organisation, agent_id)
    history = service.registry.agents.versions.history(
        organisation, agent_id, before=place_of(cursor, int)
    )
    return await page_of_versions(history, limit)


@get("/agents/{agent_id:str}/status", tags=["agents"], opt=_READ)
async def show_status(
    request: Call,
    service: Given,
    agent_id: FromPath[str],
    since: FromQuery[date | None] = None,
) -> AgentStatus:
    """Return what an agent does, and what it did from the day `since` on, in UTC; by default from
    yesterday on."""
    organisation = request.user.organisation
    found = await service.registry.agents.get(organisation, agent_id)
    workflows: tuple[str, ...] | None = None
    if found.source == "server":
        offered = service.offered[agent_id.rpartition(".")[0]].definition
        workflows = (*sorted(_names(offered)), f"agents/{found.definition.name}")
    now = datetime.fromtimestamp(service.clock.now_ms() / 1000, UTC)
    first = since or now.date() - timedelta(days=1)
    missing, models = await behind(service), service.runtime.read_models
    name, day = found.definition.name, str(first)
    work = await models.work(name, organisation, workflows=workflows, since=day)
    used = await models.usage(organisation, agent=name, workflows=workflows, since=day)
    state: Literal["working", "idle"] = "working" if work.running else "idle"
    return AgentStatus(
        id=found.id,
        state=state if found.active else "inactive",
        metrics=_metrics(work, used[0] if used else UsageSum()),
        since=first,
        behind=missing,
    )


def _metrics(work: AgentWork, used: UsageSum) -> AgentMetrics:
    counts = Counter[str]()
    for one in work.ended:
        counts[one.status] += one.tasks
    bars = [(one.ms, one.tasks) for one in work.ended if one.status != "cancelled"]
    ended = counts["completed"] + counts["failed"]
    return AgentMetrics(
        running=work.running,
        completed=counts["completed"],
        failed=counts["failed"],
        cancelled=counts["cancelled"],
        success_rate=counts["completed"] / ended if ended else None,
        latency_ms=Latency(
            p50=percentile(bars, 0.5), p95=percentile(bars, 0.95), p99=percentile(bars, 0.99)
        ),
        **msgspec.structs.asdict(used_of(used)),
    )


def _names(definition: WorkflowDefinition) -> set[str]:
    return {definition.name}.union(*map(_names, definition.children))


def _facts(found: AgentFound) -> dict[str, Any]:
    agent = found.definition
    return {
        "id": found.id,
        "name": agent.name,
        "type": agent.strategy,
        "role": agent.role,
        "description": agent.description,
        "capabilities": list(found.capabilities),
        "model": agent.model,
        "is_active": found.active,
        "source": found.source,
        "version": found.version,
        "updated_at": moment_text(found.at_ms) if found.at_ms else None,
    }


def _detail(found: AgentFound) -> AgentDetail:
    return AgentDetail(
        **_facts(found),
        configuration=msgspec.to_builtins(found.definition),
        text=found.text,
        media_type=found.media_type,
    )


def _asked(request: Call) -> Asked:
    return Asked(principal=request.user, source=source(request))


def _refuse_of_server(service: Service, id: str) -> None:
    if id in service.registry.agents.of_server:
        raise ProblemError(
            "conflict", f"The agent {id!r} comes with the server; it cannot be changed here."
        )
    if "." in id:
        raise NotFound(what="agent", name=id)


async def _answer(
    service: Service, request: Call, kept: Kept, *, status: int
) -> Response[AgentDetail]:
    found = await service.registry.agents.get(request.user.organisation, kept.id, kept.version)
    return Response(
        _detail(found),
        status_code=status,
        headers={"ETag": etag_of(kept.version), "Location": f"/api/v1/agents/{kept.id}"},
    )


async def _outdated(service: Service, request: Call, error: Outdated) -> ProblemError:
    mine = error.mine if isinstance(error, Overtaken) else None
    versions = service.registry.agents.versions
    return await overtaken(versions, request.user.organisation, error, mine=mine)


ROUTES: list[HTTPRouteHandler] = [
    list_agents,
    add_agent,
    show_agent,
    change_agent,
    delete_agent,
    list_agent_versions,
    show_status,
]
