"""The ways to a server, as the SDK's streams: a child process, or HTTP.

Both tell their connection when the server has ended (`Ends`), which the SDK itself says only to
whoever asks next.
"""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from tenuto.adapters.mcp.credentials import INHERITED, Credentials
from tenuto.adapters.mcp.heard import HEARD, Heard
from tenuto.adapters.mcp.means import Means
from tenuto.adapters.mcp.settings import Address, Command
from tenuto.core import limits
from tenuto.core.errors import WorkFailed

STDERR_BYTES_MAX: Final = 4_000
STDERR_LINES_MAX: Final = 10
_STDERR_SECONDS_MAX: Final = 0.5
"""How long the last words of a server that has ended are waited for; a grandchild may hold the
pipe."""

_WRITE_SECONDS: Final = 30.0


def load() -> None:
    """Import the SDK, which takes long enough to be done in a thread.

    Raises:
        ImportError: the extra is not installed.
    """
    import mcp.client.stdio
    import mcp.client.streamable_http  # noqa: F401  # imported by name when it is used

    # It logs what servers write, which may be anything; that is for handlers that were asked for.
    for name in ("mcp", "client"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    # What it says of tokens may hold them; it is told in our words, without.
    logging.getLogger("mcp.client.auth.oauth2").disabled = True


class LastWords(asyncio.Protocol):
    """Keeps the end of what a child writes to its standard error."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._ended = asyncio.Event()
        self._ended.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._ended.clear()

    def data_received(self, data: bytes) -> None:
        self._text += data
        del self._text[:-STDERR_BYTES_MAX]

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()

    async def ended(self) -> None:
        """Return when nothing more comes, or soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_STDERR_SECONDS_MAX):
                await self._ended.wait()

    def __str__(self) -> str:
        """Return the last lines, as one."""
        lines = self._text.decode("utf-8", "replace").split("\n")
        return " | ".join([line.strip() for line in lines if line.strip()][-STDERR_LINES_MAX:])


class Ends:
    """A read stream that calls `ended` when reading is over, whatever ended it."""

    def __init__(self, stream: Any, ended: Callable[[], None]) -> None:
        self._stream, self._ended = stream, ended

    @property
    def last_context(self) -> Any:
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        try:
            return await self._stream.receive()
        except BaseException:
            self._ended()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> "Ends":
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except BaseException:
            self._ended()
            raise

    async def __aenter__(self) -> "Ends":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


@asynccontextmanager
async def over_pipes(
    place: Command, credentials: Credentials, said: LastWords, ended: Callable[[], None]
) -> AsyncIterator[tuple[Any, Any]]:
    """Start the child and give its streams; at the end it is gone, and its children with it.

    Raises:
        OSError: it cannot be started.
        Escalatable: a variable is not set.
    """
    from mcp.client.stdio import StdioServerParameters, stdio_client

    wanted = {*INHERITED, *place.inherit}
    inherited = {name: value for name, value in os.environ.items() if name in wanted}
    program, *arguments = [credentials.filled(part, where="the command") for part in place.command]
    parameters = StdioServerParameters(
        command=program,
        args=arguments,
        env=inherited | credentials.filled_secrets(place.env, where="env"),
        cwd=credentials.filled(place.cwd, where="cwd") or None,
    )
    async with (
        _pipe_to(said) as stderr,
        stdio_client(parameters, errlog=stderr) as (read, write),
    ):
        # The child has its own; with ours closed, its end is the end of the pipe.
        stderr.close()
        yield Ends(read, ended), write


@asynccontextmanager
async def _pipe_to(said: LastWords) -> AsyncIterator[Any]:
    if sys.platform == "win32":
        # Its event loop reads no pipes of this kind.
        with os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8") as nowhere:
            yield nowhere
        return
    reading, writing = os.pipe()
    stderr = os.fdopen(writing, "w", encoding="utf-8")
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: said, os.fdopen(reading, "rb", 0))
    try:
        yield stderr
    finally:
        stderr.close()
        transport.close()


@asynccontextmanager
async def over_http(
    place: Address,
    means: Means,
    *,
    connect_seconds: float,
    ended: Callable[[], None],
) -> AsyncIterator[tuple[Any, Any]]:
    """Give the streams of a server at an address.

    Raises:
        Escalatable: a variable is not set.
    """
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    # Reading has no limit of its own: each request has a deadline, and a stream of the server's
    # tellings is open for as long as the connection.
    timeout = httpx2.Timeout(_WRITE_SECONDS, connect=connect_seconds, read=None, pool=None)
    url = means.credentials.filled(place.url, where="the url")
    client = _listening_client()(
        headers=means.credentials.filled_secrets(place.headers, where="the header"),
        timeout=timeout,
        auth=means.access.flow(url) if means.access is not None else None,
    )
    async with (
        client,
        streamable_http_client(
            url, http_client=client, max_sse_event_size=limits.OUTPUT_BYTES_MAX
        ) as (read, write),
    ):
        yield Ends(read, ended), write


def _listening_client() -> Any:
    """Return a class of HTTP clients that say to `HEARD` what became of each request.

    Not by a transport of its own: given one, the client would use no proxy of the environment."""
    import httpx2

    class Listening(httpx2.AsyncClient):
        async def send(self, request: Any, **options: Any) -> Any:
            # What is said to a question, a POST, tells whether it was taken. A GET only asks for
            # more of an answer that was begun.
            posts = request.method == "POST"
            heard = (HEARD.get() if posts else None) or Heard()
            heard.had_session = "mcp-session-id" in request.headers
            try:
                response = await super().send(request, **options)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
                heard.unsent = error
                raise
            except WorkFailed as error:
                # Other requests go on: to the SDK it is a refusal of this one.
                heard.refused = error
                response = httpx2.Response(401, request=request)
            heard.status = response.status_code
            challenge = response.headers.get("www-authenticate", "")
            heard.offers_oauth = "resource_metadata" in challenge
            heard.retry_after = response.headers.get("retry-after", "")
            return response

    return Listening
