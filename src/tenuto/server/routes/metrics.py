"""Numbers for Prometheus."""

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from tenuto.core.accounts.principal import HOME
from tenuto.server.asked import Call
from tenuto.server.metrics import ALLOWED, MEDIA_TYPE
from tenuto.server.problems import ProblemError
from tenuto.server.service import Given


@get("/metrics", tags=["system"], opt={"public": True}, media_type=MEDIA_TYPE)
async def metrics(request: Call, service: Given) -> Response[bytes]:
    """Return what the server does, in numbers, as Prometheus reads them.

    For who sends the token of `--metrics-token`, and admins of the first organisation."""
    principal = request.scope.get("user")
    is_admin = (
        principal is not None and principal.organisation == HOME and principal.may("settings:read")
    )
    if not is_admin and not request.scope.get(ALLOWED):
        raise ProblemError(
            "not_authenticated" if principal is None else "not_permitted",
            "The metrics are for who sends the token that the server was started with, and for "
            "admins of its first organisation.",
            headers={"WWW-Authenticate": "Bearer"} if principal is None else None,
        )
    entries, _ = await service.ledger.digest()
    text = service.metrics.text(
        await service.surveyor.survey(),
        streams=sum(service.hub.watched.values()),
        effects=service.runtime.effects(),
        entries=entries,
    )
    return Response(text, media_type=MEDIA_TYPE)


ROUTES: list[HTTPRouteHandler] = [metrics]
