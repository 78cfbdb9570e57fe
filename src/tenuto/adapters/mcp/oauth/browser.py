"""A person with a browser, who is sent to sign in and comes back to an address of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from tenuto.core.errors import Rejected

if TYPE_CHECKING:
    from mcp.shared.auth import AuthorizationCodeResult

HOST: Final = "127.0.0.1"
PATH: Final = "/callback"
_LINE_BYTES_MAX: Final = 8 * 1024
_REQUEST_SECONDS_MAX: Final = 10.0

Show = Callable[[str], Awaitable[None]]
"""Brings a person to an address."""


class NotSignedIn(Rejected):
    """A person did not sign in, or was not let in; the message says why."""


class Browser:
    """A `Person`. It listens on loopback, from `open` to `close`."""

    def __init__(self, show: Show, *, port: int, seconds: float) -> None:
        self._show, self._port, self._seconds = show, port, seconds
        self._server: asyncio.Server | None = None
        self._state = ""
        self._answer: asyncio.Future[dict[str, str]] | None = None
        self._refusal: NotSignedIn | None = None
        self.redirect_uri = ""
        self.came_back = False

    async def open(self) -> None:
        """Listen at the port, or at any where it is 0.

        Raises:
            OSError: the port cannot be had.
        """
        self._server = await asyncio.start_server(
            self._served, HOST, self._port, limit=_LINE_BYTES_MAX
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self.redirect_uri = f"http://{HOST}:{self._port}{PATH}"

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def send(self, url: str) -> None:
        """Bring the person to `url`; see `Person`.

        Raises:
            NotSignedIn: they were sent before, and not let in: they are not asked again.
        """
        if self._refusal is not None:
            raise self._refusal
        self._state = parse_qs(urlsplit(url).query).get("state", [""])[0]
        self._answer = asyncio.get_running_loop().create_future()
        await self._show(url)

    async def come_back(self) -> AuthorizationCodeResult:
        """Return what the person was sent back with.

        Raises:
            NotSignedIn: nobody came back in time, or the authorization server refused.
        """
        from mcp.shared.auth import AuthorizationCodeResult

        assert self._answer is not None, "a person comes back after being sent"
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._answer
        except TimeoutError:
            raise self._refused(f"Nobody signed in within {self._seconds:g} s.") from None
        self.came_back = True
        if "error" in found:
            said = ": ".join(
                word[:200] for key in ("error", "error_description") if (word := found.get(key))
            )
            raise self._refused(f"The authorization server let nobody in: {said}.")
        return AuthorizationCodeResult(
            code=found.get("code", ""), state=found["state"], iss=found.get("iss")
        )

    def _refused(self, told: str) -> NotSignedIn:
        self._refusal = NotSignedIn(told)
        return self._refusal

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            async with asyncio.timeout(_REQUEST_SECONDS_MAX):
                status, text = self._answered((await reader.readline()).decode("latin-1"))
                while (await reader.readline()).strip():
                    pass
                body = f"<!doctype html><meta charset=utf-8><title>Tenuto</title><p>{text}\n"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
                    f"Content-Length: {len(body.encode())}\r\nCache-Control: no-store\r\n"
                    "Content-Security-Policy: default-src 'none'\r\n"
                    f"Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}".encode()
                )
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass
        finally:
            writer.close()

    def _answered(self, line: str) -> tuple[str, str]:
        """Take what a request line says; return status and text of the answer."""
        method, _, rest = line.partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        found = {name: values[0] for name, values in parse_qs(target.query).items()}
        if method != "GET" or target.path != PATH:
            return "404 Not Found", "There is nothing here."
        if self._answer is None or self._answer.done() or found.get("state") != self._state:
            # Anybody can send a browser here; only who was sent out by us knows the state.
            return "400 Bad Request", "This is not what was asked for."
        if "code" not in found and "error" not in found:
            return "400 Bad Request", "There is no code."
        self._answer.set_result(found)
        if "error" in found:
            return "200 OK", "You were not let in. The command that sent you here says why."
        return "200 OK", "You can close this page: the command that sent you here goes on."
