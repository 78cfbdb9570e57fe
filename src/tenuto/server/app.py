"""The application: routes, who asks, problems, and the description of all of it."""

from typing import Final

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp

from tenuto.server.asking import Asked, Gate, Streams
from tenuto.server.bodies import BODY_BYTES_MAX, BoundedRequest
from tenuto.server.description import configuration, described
from tenuto.server.front import Front
from tenuto.server.idempotency import Idempotency
from tenuto.server.limiting.limiter import Limiter
from tenuto.server.problems import answer
from tenuto.server.routes import (
    accounts,
    agents,
    approvals,
    audit,
    collections,
    docs,
    execute,
    login,
    memory,
    metrics,
    models,
    oidc,
    overview,
    pasts,
    read_models,
    roles,
    secrets,
    sessions,
    settings,
    steering,
    streams,
    system,
    tools,
    usage,
    web,
    webhooks,
    workflows,
)
from tenuto.server.service import Service
from tenuto.server.shortcut import Shortcut
from tenuto.server.straight import straighten

API: Final = "/api/v1"
_PARTS: Final = (
    accounts,
    agents,
    approvals,
    audit,
    collections,
    execute,
    login,
    memory,
    models,
    oidc,
    overview,
    pasts,
    read_models,
    roles,
    secrets,
    sessions,
    settings,
    steering,
    streams,
    tools,
    usage,
    webhooks,
    workflows,
)


def create_app(service: Service) -> ASGIApp:
    """Return the ASGI application over the parts of an open database."""
    # Around all of it: what no route takes is numbered and answered like the rest.
    fencing, gate = service.fences.fencing, gate_of(service)
    app = Shortcut(routed(service, gate), gate)
    return Front(app, fencing.borders, service.metrics, fencing.metrics_token)


def gate_of(service: Service) -> Gate:
    """Return what all requests pass: those for straight routes and the others are counted as
    one."""
    fences = service.fences
    limiter = Limiter(fences.fencing.limits, fences.allowances, service.clock)
    return Gate(service.authenticator, limiter)


def routed(service: Service, gate: Gate | None = None) -> Litestar:
    """Return the routes; `openapi_schema` describes them."""

    def provide_service() -> Service:
        return service

    fences = service.fences
    streams = Streams(fences.fencing.streams_max)
    app = Litestar(
        route_handlers=[
            *system.ROUTES,
            *metrics.ROUTES,
            *docs.ROUTES,
            *web.ROUTES,
            Router(API, route_handlers=[route for part in _PARTS for route in part.ROUTES]),
            described,
        ],
        dependencies={"service": Provide(provide_service, sync_to_thread=False, use_cache=True)},
        middleware=[
            DefineMiddleware(Asked, gate=gate or gate_of(service), streams=streams),
            DefineMiddleware(Idempotency, fences=fences, clock=service.clock),
        ],
        exception_handlers={HTTPException: answer, Exception: answer},
        request_class=BoundedRequest,
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=configuration(),
        signature_types=[Service],
        logging_config=None,
    )
    straighten(app, {"service": service})
    return app
