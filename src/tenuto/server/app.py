"""The application: routes, who asks, problems, and the description of all of it."""

from secrets import token_hex
from typing import Any, Final

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tenuto.server.asking import Asked
from tenuto.server.bodies import BODY_BYTES_MAX, BoundedRequest
from tenuto.server.description import configuration, described
from tenuto.server.edge import Edge
from tenuto.server.idempotency import Idempotency
from tenuto.server.metrics import Measured
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
    pasts,
    secrets,
    sessions,
    settings,
    steering,
    streams,
    system,
    tools,
    usage,
    webhooks,
    workflows,
)
from tenuto.server.service import Service

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
    pasts,
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
    fencing = service.fences.fencing
    edge = Edge(routed(service), fencing.borders)
    return Numbered(Measured(edge, service.metrics, fencing.metrics_token))


def routed(service: Service) -> Litestar:
    """Return the routes; `openapi_schema` describes them."""

    def provide_service() -> Service:
        return service

    return Litestar(
        route_handlers=[
            *system.ROUTES,
            *metrics.ROUTES,
            *docs.ROUTES,
            Router(API, route_handlers=[route for part in _PARTS for route in part.ROUTES]),
            described,
        ],
        dependencies={"service": Provide(provide_service, sync_to_thread=False, use_cache=True)},
        middleware=[
            DefineMiddleware(Asked, service=service),
            DefineMiddleware(Idempotency, fences=service.fences, clock=service.clock),
        ],
        exception_handlers={HTTPException: answer, Exception: answer},
        request_class=BoundedRequest,
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=configuration(),
        signature_types=[Service],
        logging_config=None,
    )


class Numbered:
    """Gives each request an id, which is in its answer, in the ledger, and in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = token_hex(8)
        facts: Any = scope
        # Streams send thousands of messages: not each through all of the layers.
        facts["plain_send"] = send
        facts["request_id"] = request_id
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        header = (b"x-request-id", request_id.encode())

        async def send_numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], header]
            await send(message)

        await self._app(scope, receive, send_numbered)
