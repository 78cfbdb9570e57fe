"""Workflows: those that the server offers, and those that organisations register."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from tenuto.core.budget import UNBOUNDED, Budget
from tenuto.core.errors import DefinitionError
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.model import definition_digest, encode_definition
from tenuto.ports.ledger import Outdated
from tenuto.server.asked import Call, source
from tenuto.server.etags import etag_of, expected_by, expected_if_said
from tenuto.server.paging import LIMIT_MAX, Page, cursor_of, place_of
from tenuto.server.principal import check, needs, needs_some
from tenuto.server.problems import ProblemError, errors_of
from tenuto.server.registry.overtaken import overtaken
from tenuto.server.registry.versions import Asked, Kept, Overtaken
from tenuto.server.registry.workflows import WRITE, Startable
from tenuto.server.routes.sessions import SessionDetail
from tenuto.server.service import Given, Service
from tenuto.server.starting import ENDED, START, StartKey, WaitQuery, Wanted, start
from tenuto.server.texts import TakesText, text_in
from tenuto.views.graph import Graph, graph_of
from tenuto.views.moments import moment_text


class WorkflowSummary(msgspec.Struct, kw_only=True):
    """What lists show of a workflow."""

    name: str
    version: int
    """Counts the changes of one that the organisation registered; 0: the server offers it."""
    workflow_version: str
    """As the workflow itself says."""
    source: Literal["server", "organisation"]
    description: str
    digest: str
    updated_at: str | None


class WorkflowDetail(WorkflowSummary, kw_only=True):
    """A workflow, and how it was written."""

    text: str
    """As it was uploaded; empty where the server offers it."""
    media_type: str
    definition: JsonObject


class WorkflowVersion(msgspec.Struct, kw_only=True):
    """One of the versions of a workflow or agent."""

    version: int
    actor: str
    at: str


class Verdict(msgspec.Struct, kw_only=True):
    """Whether a text is a workflow that could be kept, and what it would be."""

    valid: bool
    errors: list[JsonObject]
    name: str | None = None
    digest: str | None = None


class Start(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """With what a workflow is started."""

    inputs: JsonObject = {}
    key: StartKey | None = None
    """With one that was used before, the session of that first start is given."""
    budget: Budget | None = None
    version: int | None = None
    """Of the workflow; the newest by default."""


VersionQuery = Annotated[int | None, QueryParameter(name="version", ge=0)]

_READ = needs("workflows:read")
_WRITE = needs_some(WRITE)


def summary_of(found: Startable) -> WorkflowSummary:
    """Return what lists show."""
    return WorkflowSummary(**_facts(found))


def _facts(found: Startable) -> dict[str, Any]:
    return {
        "name": found.name,
        "version": found.version,
        "workflow_version": found.definition.version,
        "source": found.source,
        "description": found.description,
        "digest": found.digest,
        "updated_at": moment_text(found.at_ms) if found.at_ms else None,
    }


def detail_of_workflow(found: Startable) -> WorkflowDetail:
    """Return all of a workflow."""
    return WorkflowDetail(
        **_facts(found),
        text=found.text,
        media_type=found.media_type,
        definition=msgspec.to_builtins(found.definition),
    )


@get("/workflows", tags=["workflows"], opt=_READ)
async def list_workflows(
    request: Call,
    service: Given,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> Page[WorkflowSummary]:
    """Return the workflows that the organisation can start, by name."""
    organisation, after = request.user.organisation, place_of(cursor, str) or ""

    async def made() -> Page[WorkflowSummary]:
        found = await service.registry.workflows.find_all(organisation, after=after, limit=limit)
        more = len(found) == limit
        return Page(
            items=[summary_of(one) for one in found],
            next_cursor=cursor_of(found[-1].name) if more else None,
        )

    return await service.copies.of(("workflows", organisation, after, limit), made)


@post("/workflows", tags=["workflows"], opt=_WRITE, operation_class=TakesText)
async def add_workflow(request: Call, service: Given) -> Response[WorkflowDetail]:
    """Register a workflow: its YAML or JSON as the body, or as `{"text": …}`."""
    workflows, asked = service.registry.workflows, _asked(request)
    try:
        kept = await workflows.put(asked, await text_in(request), name="", expected=0)
    except Outdated as error:
        raise ProblemError(
            "conflict",
            f"There is a workflow {error.target!r} already; change it by PUT.",
            headers={"Location": f"/api/v1/workflows/{error.target}"},
        ) from None
    return await _answer(service, request, kept, status=201)


@post(
    "/workflows/validate",
    status_code=200,
    tags=["workflows"],
    opt=_READ,
    operation_class=TakesText,
)
async def validate_workflow(request: Call, service: Given) -> Verdict:
    """Say what is wrong with a workflow, if anything; nothing is kept."""
    text = await text_in(request)
    try:
        found = await service.registry.workflows.check(request.user.organisation, text.text)
    except DefinitionError as error:
        return Verdict(valid=False, errors=errors_of(error))
    digest = definition_digest(encode_definition(found))
    return Verdict(valid=True, errors=[], name=found.name, digest=digest)


@get("/workflows/{name:str}", tags=["workflows"], opt=_READ)
async def show_workflow(
    request: Call, service: Given, name: FromPath[str], version: VersionQuery = None
) -> Response[WorkflowDetail]:
    """Return a workflow, at a version or the newest; its ETag is for If-Match."""
    found = await service.registry.workflows.get(request.user.organisation, name, version)
    return Response(detail_of_workflow(found), headers={"ETag": etag_of(found.version)})


@put(
    "/workflows/{name:str}",
    tags=["workflows"],
    opt=_WRITE,
    operation_class=TakesText,
    responses={201: ResponseSpec(WorkflowDetail, description="It is new.")},
)
async def change_workflow(
    request: Call, service: Given, name: FromPath[str]
) -> Response[WorkflowDetail]:
    """Register the next version of a workflow. `If-Match` names the one that was changed; `*` any.

    Sessions that run keep the version that they were started with."""
    workflows, asked = service.registry.workflows, _asked(request)
    expected = expected_by(request)
    try:
        kept = await workflows.put(asked, await text_in(request), name=name, expected=expected)
    except Outdated as error:
        raise await _outdated(service, request, error) from None
    return await _answer(service, request, kept, status=201 if kept.is_first else 200)


@delete("/workflows/{name:str}", tags=["workflows"], opt=_WRITE)
async def delete_workflow(request: Call, service: Given, name: FromPath[str]) -> None:
    """Take a workflow out of the registry. Its sessions go on; the ledger keeps its versions."""
    check(request.user, WRITE, {"workflow": name})
    workflows, organisation = service.registry.workflows, request.user.organisation
    if name in service.offered and await workflows.versions.find(organisation, name) is None:
        raise ProblemError("conflict", f"The server offers {name!r}; it cannot be deleted.")
    try:
        await workflows.versions.delete(_asked(request), name, expected=expected_if_said(request))
    except Outdated as error:
        raise await _outdated(service, request, error) from None


@get("/workflows/{name:str}/versions", tags=["workflows"], opt=_READ)
async def list_versions(
    request: Call,
    service: Given,
    name: FromPath[str],
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> Page[WorkflowVersion]:
    """Return the versions of a workflow, newest first; one that the server offers has none."""
    organisation = request.user.organisation
    await service.registry.workflows.get_plain(organisation, name)
    history = service.registry.workflows.versions.history(
        organisation, name, before=place_of(cursor, int)
    )
    return await page_of_versions(history, limit)


@get("/workflows/{name:str}/schema", tags=["workflows"], opt=_READ)
async def show_schema(
    request: Call, service: Given, name: FromPath[str], version: VersionQuery = None
) -> JsonObject:
    """Return the JSON Schema of the inputs."""
    found = await service.registry.workflows.get(request.user.organisation, name, version)
    return found.definition.input_schema or {"type": "object"}


@get("/workflows/{name:str}/graph", tags=["workflows"], opt=_READ)
async def show_graph(
    request: Call, service: Given, name: FromPath[str], version: VersionQuery = None
) -> Graph:
    """Return the workflow as nodes and edges to draw, and as Mermaid."""
    found = await service.registry.workflows.get(request.user.organisation, name, version)
    return graph_of(found.definition)


@post(
    "/workflows/{name:str}/start",
    status_code=202,
    tags=["workflows"],
    opt=needs_some(START),
    responses=ENDED,
)
async def start_workflow(
    request: Call,
    service: Given,
    name: FromPath[str],
    data: JSONBody[Start],
    wait: WaitQuery = None,
) -> Response[SessionDetail]:
    """Start a session: 202 and where it is, or 200 with its result if that came within `wait`.

    Who hangs up cancels nothing."""
    found = await service.registry.workflows.get(request.user.organisation, name, data.version)
    wanted = Wanted(
        workflow=found.workflow,
        name=found.definition.name,
        inputs=data.inputs,
        key=data.key,
        budget=data.budget or UNBOUNDED,
        detail={"version": found.version, "digest": found.digest},
    )
    return await start(request, service, wanted, wait=wait)


async def page_of_versions(history: AsyncIterator[Kept], limit: int) -> Page[WorkflowVersion]:
    """Return the first versions of a history, at most so many."""
    items: list[WorkflowVersion] = []
    async for kept in history:
        at = moment_text(kept.at_ms)
        items.append(WorkflowVersion(version=kept.version, actor=kept.actor, at=at))
        if len(items) == limit:
            return Page(items=items, next_cursor=cursor_of(kept.version))
    return Page(items=items)


def _asked(request: Call) -> Asked:
    return Asked(principal=request.user, source=source(request))


async def _answer(
    service: Service, request: Call, kept: Kept, *, status: int
) -> Response[WorkflowDetail]:
    found = await service.registry.workflows.get(request.user.organisation, kept.id, kept.version)
    return Response(
        detail_of_workflow(found),
        status_code=status,
        headers={
            "ETag": etag_of(kept.version),
            "Location": f"/api/v1/workflows/{kept.id}",
        },
    )


async def _outdated(service: Service, request: Call, error: Outdated) -> ProblemError:
    mine = error.mine if isinstance(error, Overtaken) else None
    versions = service.registry.workflows.versions
    return await overtaken(versions, request.user.organisation, error, mine=mine)


ROUTES: list[HTTPRouteHandler] = [
    list_workflows,
    add_workflow,
    validate_workflow,
    show_workflow,
    change_workflow,
    delete_workflow,
    list_versions,
    show_schema,
    show_graph,
    start_workflow,
]
