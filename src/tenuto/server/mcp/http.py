"""MCP over streamable HTTP, at path /mcp."""

import hmac
import ipaddress
from collections.abc import Sequence
from typing import Any, Final

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tenuto.core.errors import Rejected
from tenuto.server.listening import is_loopback
from tenuto.server.mcp.resuming import Manager

PATH: Final = "/mcp"
TOKEN_VARIABLE: Final = "TENUTO_MCP_TOKEN"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


def check_exposure(host: str, *, token: str, names: Sequence[str]) -> None:
    """Check that what others can reach asks for a token and knows its own names.

    Raises:
        Rejected: it does not.
    """
    if is_loopback(host):
        return
    if not token:
        raise Rejected(
            f"{host!r} can be reached by other machines. Set {TOKEN_VARIABLE} to a secret that "
            "clients send as bearer token, or listen on 127.0.0.1."
        )
    if not names and _is_every_address(host):
        raise Rejected(
            f"{host!r} is every address of this machine. Say under which names clients reach it: "
            "--allow-host NAME."
        )


def _is_every_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def app_of(
    server: Server[Any],
    *,
    host: str,
    token: str,
    names: Sequence[str],
    poll_seconds: float = 0.0,
) -> ASGIApp:
    """Return the application: requests with a foreign Host or Origin, or without the token where
    there is one, are refused.

    A stream that a client came back to ends after `poll_seconds`, if that is not 0."""
    known = [*(_LOOPBACK if is_loopback(host) else (_bracketed(host),)), *names]
    security = TransportSecuritySettings(
        allowed_hosts=[form for name in known for form in (name, f"{name}:*")],
        allowed_origins=[
            form
            for name in known
            for scheme in ("http", "https")
            for form in (f"{scheme}://{name}", f"{scheme}://{name}:*")
        ],
    )
    manager = Manager(server, security, poll_seconds=poll_seconds)
    app: ASGIApp = Starlette(
        routes=[Route(PATH, endpoint=StreamableHTTPASGIApp(manager))],
        lifespan=lambda app: manager.run(),
    )
    return _Guarded(app, token) if token else app


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Guarded:
    """Lets only requests with the token through."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._expected = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                answer = PlainTextResponse(
                    f"Send the server's token: Authorization: Bearer ${TOKEN_VARIABLE}\n",
                    status_code=401,
                    headers={"WWW-Authenticate": "Bearer"},
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
