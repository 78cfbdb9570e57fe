"""Logins of people at MCP servers: where they are kept, and how one comes about."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp.oauth.logins import Logins
from tenuto.adapters.mcp.oauth.signing_in import SignedIn, sign_in
from tenuto.adapters.mcp.settings import Address
from tenuto.adapters.mcp.source import McpServer
from tenuto.core.errors import Rejected
from tenuto.ports.tool import ToolSource

FOLDER_VARIABLE = "TENUTO_MCP_LOGINS"


def folder() -> Path:
    """Return where logins are kept."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given)
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA")
    return Path(base or Path.home() / ".config") / "tenuto" / "mcp"


def logins() -> Logins:
    """Return the logins of whoever runs this."""
    return Logins(folder())


async def login(
    server: ToolSource, show: Callable[[str], Awaitable[None]], *, port: int = 0
) -> SignedIn:
    """Return what was granted, once a person signed in to `server`; see `sign_in`.

    Raises:
        Rejected: nobody signs in there, or nobody did.
        WorkFailed: the server, or its authorization server, cannot be used.
    """
    place = server.place if isinstance(server, McpServer) else None
    if not isinstance(place, Address) or place.auth is None or place.auth.grant != "login":
        raise Rejected("A person signs in to an MCP server with url=… and auth='login'.")
    return await sign_in(server.name, place, schemas=JsonSchemas(), show=show, port=port)
