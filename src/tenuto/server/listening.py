"""Sockets and the loop of a server of this process."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

import uvicorn

from tenuto.core.errors import PortError

_GRACE_S: Final = 1
"""How long open requests may still write when the server stops. Their sessions lose nothing."""

MESSAGE_BYTES_MAX: Final = 65_536
"""Of a WebSocket message from a client; a larger one ends the connection with code 1009."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; port 0: a free one.

    Raises:
        PortError: the address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With its protocol named: only then does asyncio send small answers at once (TCP_NODELAY).
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(1024)
        except BaseException:
            made.close()
            raise
    except OSError as error:
        raise PortError(f"{host}:{port} cannot be listened on: {error.strerror}.") from None
    return made


def address_of(listener: socket.socket) -> str:
    """Return where clients find the server, as a URL without a path."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class _Uvicorn(uvicorn.Server):
    """Leaves signals to the command line, which has to end the runtime as well."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_app(
    app: Any,
    listener: socket.socket,
    *,
    api: bool = False,
    stopping: Callable[[], None] | None = None,
) -> None:
    """Serve an ASGI application until cancelled; requests that are open then may end within a
    second.

    Args:
        api: take WebSockets too, and bound what a connection may send, and how slowly.
        stopping: called before the open requests are waited for.
    """
    http: Any = "auto"
    ws: Any = "none"
    if api:
        from tenuto.server.streaming.framing import SharedFramesProtocol
        from tenuto.server.transport import BoundedHttp

        http, ws = BoundedHttp, SharedFramesProtocol
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws=ws,
        http=http,
        # Who asks is found out by `edge`, which believes no proxy that it was not told of.
        proxy_headers=False,
        # Compression would take a buffer per client, and the same work for each of them.
        ws_per_message_deflate=False,
        ws_max_size=MESSAGE_BYTES_MAX,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Uvicorn(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        await asyncio.wait({serving})
    finally:
        if stopping is not None:
            stopping()
        server.should_exit = True
        await asyncio.wait({serving})
    serving.result()
