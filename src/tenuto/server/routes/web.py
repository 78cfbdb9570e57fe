"""The web UI: one page for all of its screens, and the files that this page names."""

from __future__ import annotations

from typing import Annotated, Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter

from tenuto.core.errors import NotFound
from tenuto.server.site import NOT_BUILT, Sent, Site

SCREENS: Final = (
    "agents",
    "approvals",
    "audit",
    "builder",
    "collections",
    "compare",
    "login",
    "memory",
    "migration",
    "models",
    "sessions",
    "settings",
    "workflows",
)
"""First parts of the addresses of screens; what follows them the page itself reads."""
_PATHS: Final = ["/", *(f"/{one}{rest}" for one in SCREENS for rest in ("", "/{rest:path}"))]
_PUBLIC: Final = {"public": True}
_FOREVER: Final = "public, max-age=31536000, immutable"

_site: Final = Site()

Accepted = Annotated[str, HeaderParameter(name="Accept-Encoding")]


@get(_PATHS, include_in_schema=False, opt=_PUBLIC, sync_to_thread=False)
def show_page(accepted: Accepted = "") -> Response[bytes]:
    """Return the page of the web UI, or one that says how to build it."""
    sent = _site.page(accepted)
    if sent is None:
        sent = Sent(body=NOT_BUILT.encode(), media_type="text/html", encoding="")
    return _answer(sent, keep="no-cache")


@get("/assets/{name:str}", include_in_schema=False, opt=_PUBLIC, sync_to_thread=False)
def show_asset(name: FromPath[str], accepted: Accepted = "") -> Response[bytes]:
    """Return a file of the web UI; its name changes with its content."""
    sent = _site.asset(name, accepted)
    if sent is None:
        raise NotFound(
            what="file of the web UI", name=name, hint="Load the page again: it was built anew."
        )
    return _answer(sent, keep=_FOREVER)


def _answer(sent: Sent, *, keep: str) -> Response[bytes]:
    headers = {"Cache-Control": keep, "Vary": "Accept-Encoding"}
    if sent.encoding:
        headers["Content-Encoding"] = sent.encoding
    return Response(sent.body, media_type=sent.media_type, headers=headers)


ROUTES: list[HTTPRouteHandler] = [show_page, show_asset]
