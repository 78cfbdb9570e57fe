"""The tools that agents and nodes can name."""

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from tenuto.sdk.tool_list import ToolFacts
from tenuto.server.principal import needs
from tenuto.server.service import Given


class Tools(msgspec.Struct, kw_only=True):
    """What there is, and what cannot be asked now."""

    items: list[ToolFacts]
    away: dict[str, str]
    """Namespace of a source to why it cannot be asked."""


@get("/tools", tags=["tools"], opt=needs("tools:read"))
async def list_tools(service: Given) -> Tools:
    """Return the tools of this server, and of its sources as they are now."""
    found = await service.runtime.tools()
    return Tools(items=list(found.tools), away=found.away)


ROUTES: list[HTTPRouteHandler] = [list_tools]
