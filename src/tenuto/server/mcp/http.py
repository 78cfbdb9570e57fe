"""MCP over streamable HTTP, at path /mcp."""

import asyncio
import contextlib
import hmac
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from typing import Any, Final

import uvicorn
from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tenuto.core.errors import PortError, Rejected

PATH: Final = "/mcp"
TOKEN_VARIABLE: Final = "TENUTO_MCP_TOKEN"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_GRACE_S: Final = 1
"""How long open requests may still write when the server stops. Their sessions lose nothing."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


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


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0: a free one.

    Raises:
        PortError: the address cannot be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen()
        except BaseException:
            made.close()
            raise
    except OSError as error:
        raise PortError(f"{host}:{port} cannot be listened on: {error.strerror}.") from None
    return made


def address_of(listener: socket.socket) -> str:
    """Return where clients find the server, as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def app_of(server: Server[Any], *, host: str, token: str, names: Sequence[str]) -> ASGIApp:
    """Return the application: requests with a foreign Host or Origin, or without the token where
    there is one, are refused."""
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
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH, transport_security=security
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


class _Uvicorn(uvicorn.Server):
    """Leaves signals to the command line, which has to end the runtime as well."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_http(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until cancelled; requests that are open then may end within a second."""
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Uvicorn(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.wait({serving})
    finally:
        server.should_exit = True
        await asyncio.wait({serving})
    serving.result()
