"""The models that agents can ask: providers, routes, health; and what they took."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import structs

from tenuto.core.accounts.principal import HOME
from tenuto.core.agent.routes import CircuitState
from tenuto.server.asked import Call
from tenuto.server.principal import needs
from tenuto.server.routes.usage import Used, used_of
from tenuto.server.service import Given
from tenuto.views.moments import moment_text


class RouteOf(msgspec.Struct, kw_only=True):
    """A route: several models under one name, asked as `route:NAME`."""

    name: str
    order: str
    models: list[str]


class Health(msgspec.Struct, kw_only=True):
    """How a model of the routes has done lately."""

    model: str
    state: CircuitState
    failures: int
    error: str
    since: str | None
    rests_until: str | None


class Spend(Used, kw_only=True):
    """What the organisation used of a model, of all time."""

    model: str


class Models(msgspec.Struct, kw_only=True):
    """What can be asked, and how it does."""

    providers: list[str]
    routes: list[RouteOf]
    health: list[Health]
    """Of all organisations' requests, so only the operators' organisation sees it."""


class Spending(msgspec.Struct, kw_only=True):
    """What the organisation used of models."""

    items: list[Spend]
    """Those that cost most first, at most 1,000."""


@get("/models", tags=["models"], opt=needs("models:read"))
async def list_models(request: Call, service: Given) -> Models:
    """Return the providers and routes of this server, and how models of routes did lately."""
    models = service.runtime.models
    assert models is not None, "a runtime that is served was made by tenuto.open"
    return Models(
        providers=list(models.providers()),
        routes=[
            RouteOf(name=name, order=route.order, models=[part.model for part in route.parts()])
            for name, route in models.routes().items()
        ],
        health=[
            Health(
                model=one.model,
                state=one.state,
                failures=one.failures,
                error=one.error,
                since=moment_text(one.since_ms) if one.since_ms else None,
                rests_until=moment_text(one.rests_until_ms) if one.rests_until_ms else None,
            )
            for one in (models.health() if request.user.organisation == HOME else ())
        ],
    )


@get("/models/spend", tags=["models"], opt=needs("usage:read"))
async def list_spend(request: Call, service: Given) -> Spending:
    """Return what the organisation used of each model, of all time."""
    sums = await service.runtime.read_models.usage(request.user.organisation, by="model")
    return Spending(items=[Spend(model=one.group, **structs.asdict(used_of(one))) for one in sums])


ROUTES: list[HTTPRouteHandler] = [list_models, list_spend]
