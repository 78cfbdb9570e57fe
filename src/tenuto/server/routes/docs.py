"""Pages for people."""

from typing import Any

from litestar import Request, get
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler

from tenuto.server.description import describe
from tenuto.server.pages import STYLE, STYLE_PATH, errors_page, routes_page

_KEPT = "docs_page"


@get(
    "/docs",
    include_in_schema=False,
    opt={"public": True},
    media_type=MediaType.HTML,
    sync_to_thread=False,
)
def show_routes(request: Request[Any, Any, Any]) -> str:
    """Return the routes."""
    state = request.app.state
    if _KEPT not in state:
        state[_KEPT] = routes_page(describe(request.app))
    page: str = state[_KEPT]
    return page


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


@get(
    STYLE_PATH,
    include_in_schema=False,
    opt={"public": True},
    media_type="text/css",
    sync_to_thread=False,
)
def show_style() -> str:
    """Return how the pages look."""
    return STYLE


ROUTES: list[HTTPRouteHandler] = [show_routes, show_errors, show_style]
