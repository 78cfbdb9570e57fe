"""Logins of people at MCP servers: where they are kept, and how one comes about."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp.oauth.logins import Logins
from tenuto.adapters.mcp.oauth.settings import Auth
from tenuto.adapters.mcp.oauth.signing_in import SignedIn, place_of, sign_in
from tenuto.adapters.mcp.settings import Address
from tenuto.adapters.mcp.source import McpServer
from tenuto.core.errors import Rejected
from tenuto.ports.tool import ToolSource

FOLDER_VARIABLE: Final = "TENUTO_MCP_LOGINS"


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
    server: ToolSource,
    show: Callable[[str], Awaitable[None]],
    *,
    port: int = 0,
    scope: str = "",
) -> SignedIn:
    """Return what was granted, once a person signed in to `server`; see `sign_in`.

    Raises:
        Rejected: nobody signs in there, or nobody did.
        WorkFailed: the server, or its authorization server, cannot be used.
    """
    name, place, auth = _of_login(server)
    wanted = " ".join(dict.fromkeys([*auth.scope.split(), *scope.split()]))
    wider = msgspec.structs.replace(auth, scope=wanted)
    place = msgspec.structs.replace(place, auth=wider)
    return await sign_in(name, place, schemas=JsonSchemas(), show=show, port=port)


def address_of(server: ToolSource) -> str:
    """Return the address under which the login at `server` is kept.

    Raises:
        Rejected: nobody signs in there.
    """
    return place_of(*_of_login(server)[:2])


def _of_login(server: ToolSource) -> tuple[str, Address, Auth]:
    if isinstance(server, McpServer) and isinstance(server.place, Address):
        auth = server.place.auth
        if auth is not None and auth.grant == "login":
            return server.name, server.place, auth
    raise Rejected("A person signs in to an MCP server with url=… and auth='login'; not to this.")
