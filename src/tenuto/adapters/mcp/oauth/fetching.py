"""Requests to authorization servers, whose addresses come from others: bounded in time and size,
and to no place that the owner of the MCP server did not mean."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from tenuto.adapters.mcp.oauth.settings import is_loopback, is_safe_address
from tenuto.core.addresses import is_public_address

SECONDS_MAX: Final = 15.0
BYTES_MAX: Final = 256 * 1024
_DROPPED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


Resolve = Callable[[str, int], Awaitable[list[str]]]


class NotAllowed(Exception):
    """A request goes where none may go, or its answer is too large; the message says which."""


class Fetching:
    """Sends requests for the SDK's OAuth.

    `home` is the address of the MCP server, `trusted` are addresses that its owner wrote down.
    Others may be on a private network only where the MCP server itself is: else whoever runs it
    could have asked what only this machine can reach."""

    def __init__(
        self, home: str, trusted: Sequence[str] = (), *, resolve: Resolve | None = None
    ) -> None:
        self._home = urlsplit(home)
        self._trusted = {urlsplit(url).hostname for url in (home, *trusted) if url}
        self._resolve = resolve or resolved
        self._private: bool | None = None
        self.refusal = ""
        """What the last server that refused said: the code of OAuth, and its words."""

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer, read to its end. Redirects are not followed.

        Raises:
            NotAllowed: it may not be sent, or the answer is larger than BYTES_MAX.
            TimeoutError: there was no whole answer within SECONDS_MAX.
            httpx2.HTTPError, OSError: the server cannot be reached.
        """
        self._check(request)
        async with asyncio.timeout(SECONDS_MAX):
            answer = await self._sent(request)
        self.refusal = _refusal(answer) if answer.status_code >= 400 else ""
        return answer

    def _check(self, request: httpx2.Request) -> None:
        if not is_safe_address(str(request.url)):
            raise NotAllowed(f"{shown(str(request.url))} is not https")

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        proxied = _is_proxied(request.url)
        addresses = [request.url.host] if proxied else await self._addresses(request.url)
        async with httpx2.AsyncClient(
            timeout=SECONDS_MAX,
            follow_redirects=False,
            trust_env=proxied,
            verify=httpx2.create_ssl_context(),
        ) as client:
            for address in addresses[:-1]:
                try:
                    return await _asked(client, request, address)
                except (httpx2.ConnectError, httpx2.ConnectTimeout):
                    continue
            return await _asked(client, request, addresses[-1])

    async def _addresses(self, url: httpx2.URL) -> list[str]:
        """Return the addresses of the host. Whoever connects takes one of these: another question
        for the name may lead elsewhere."""
        found = await self._resolve(url.host, url.port or (443 if url.scheme == "https" else 80))
        if url.host in self._trusted:
            return found
        inside = next((one for one in found if not is_public_address(one)), "")
        if inside and not await self._is_private():
            raise NotAllowed(f"{shown(str(url))} is at {inside}, no address of the public internet")
        return found

    async def _is_private(self) -> bool:
        """Return whether the MCP server itself is on a private network."""
        if self._private is None:
            host = self._home.hostname or ""
            port = self._home.port or (443 if self._home.scheme == "https" else 80)
            found = await self._resolve(host, port)
            self._private = not any(map(is_public_address, found))
        return self._private


async def resolved(host: str, port: int) -> list[str]:
    """Return the addresses that the system knows for `host`, in its order.

    Raises:
        OSError: it knows none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _asked(
    client: httpx2.AsyncClient, request: httpx2.Request, address: str
) -> httpx2.Response:
    sent = client.build_request(
        request.method,
        request.url.copy_with(host=address),
        content=await request.aread(),
        headers={**request.headers, "host": request.url.netloc.decode("ascii")},
        extensions={"sni_hostname": request.url.host},
    )
    answer = await client.send(sent, stream=True)
    try:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > BYTES_MAX:
                raise NotAllowed(f"{shown(str(request.url))} answers with over {BYTES_MAX} bytes")
    finally:
        await answer.aclose()
    headers = [(name, v) for name, v in answer.headers.items() if name.lower() not in _DROPPED]
    return httpx2.Response(
        answer.status_code, headers=headers, content=bytes(body), request=request
    )


def _is_proxied(url: httpx2.URL) -> bool:
    """Return whether the environment has a proxy for it, which then resolves the name."""
    proxies = getproxies()
    if is_loopback(url.host) or not (proxies.get(url.scheme) or proxies.get("all")):
        return False
    try:
        ip_address(url.host)
    except ValueError:
        return not proxy_bypass(url.host)
    return False


def _refusal(answer: httpx2.Response) -> str:
    """Return what an error of OAuth says (RFC 6749, section 5.2); nothing for any other body,
    which may hold what was sent."""
    try:
        said: Any = answer.json()
    except ValueError:
        said = None
    told = said if isinstance(said, dict) else {}
    words = [str(told.get(key) or "")[:200] for key in ("error", "error_description")]
    return ": ".join(word for word in words if word) or f"status {answer.status_code}"


def shown(url: str) -> str:
    """Return an address without what may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
