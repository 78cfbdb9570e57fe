"""Pages for people."""

from typing import Any

from litestar import Request, get
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler

from tenuto.server.description import describe
from tenuto.server.pages import errors_page, routes_page


@get(
    "/docs",
    include_in_schema=False,
    opt={"public": True},
    media_type=MediaType.HTML,
    sync_to_thread=False,
)
def show_routes(request: Request[Any, Any, Any]) -> str:
    """Return the routes."""
    return routes_page(describe(request.app))


@get(
    "/docs/errors",
    include_in_schema=False,
    opt={"public": True},
    media_type=MediaType.HTML,
    sync_to_thread=False,
)
def show_errors() -> str:
    """Return the codes of problems."""
    return errors_page()


ROUTES: list[HTTPRouteHandler] = [show_routes, show_errors]
