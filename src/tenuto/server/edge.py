"""The borders: what every request has to pass before the routes.

From where a request really comes (behind a proxy), for which host it is meant, from which web pages
requests may come, and the headers that tell browsers what our answers may be used for.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final, TypeAlias

import msgspec
from litestar.enums import ScopeType
from litestar.types import Scope, Send

from tenuto.core.errors import Rejected
from tenuto.server.answering import Header
from tenuto.server.problems import ProblemError, problem_of_status, rendered

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REASONS: Final = {"Not Found": 404, "Method Not Allowed": 405, "Internal Server Error": 500}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What pages of this server may load: nothing from elsewhere, and nothing written inline."""

ALWAYS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cache-control", b"no-store"),
)
"""Headers of every answer that does not say otherwise itself."""
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
_EXPOSED: Final = (
    b"ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
)
_ALLOWED_HEADERS: Final = (
    b"Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "
    b"Last-Event-ID, Prefer, X-CSRF-Token"
)
_ALLOWED_METHODS: Final = b"GET, POST, PUT, PATCH, DELETE"
_PREFLIGHT_SECONDS: Final = b"600"

Network: TypeAlias = IPv4Network | IPv6Network


class Borders(msgspec.Struct, frozen=True, kw_only=True):
    """From where, and as whom, the server may be reached."""

    hosts: tuple[str, ...] = _LOOPBACK
    """Names in `Host`, each with any port or with the one that it names; empty: any."""
    origins: tuple[str, ...] = ()
    """Web pages from elsewhere that may use the API, as `https://app.example.org`."""
    proxies: tuple[Network, ...] = ()
    """Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""


def read_borders(
    *, hosts: Sequence[str] = (), origins: Sequence[str] = (), proxies: Sequence[str] = ()
) -> Borders:
    """Return what the texts say; this machine's own names are always known.

    Raises:
        Rejected: one of them is no host, origin or network.
    """
    for origin in origins:
        scheme, colon, rest = origin.partition("://")
        if scheme not in ("http", "https") or not colon or not rest or "/" in rest or "*" in rest:
            raise Rejected(
                f"An origin is as a browser sends it, as https://app.example.org; found {origin!r}."
            )
    for host in hosts:
        if not host or "/" in host or "*" in host:
            raise Rejected(f"A host is a name without scheme and path; found {host!r}.")
    networks: list[Network] = []
    for text in proxies:
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError:
            raise Rejected(
                f"A proxy is an address or a network, as 10.0.0.0/8; found {text!r}."
            ) from None
    known = tuple(host.lower() for host in hosts)
    return Borders(
        hosts=(*_LOOPBACK, *known),
        origins=tuple(origin.lower() for origin in origins),
        proxies=tuple(networks),
    )


class Edge:
    """Judges requests before anything else sees them."""

    def __init__(self, borders: Borders) -> None:
        self._borders = borders
        self._hosts = frozenset(borders.hosts)

    def admit(self, scope: Scope, added: list[Header]) -> bool:
        """Return whether the request is an allowed page's question of what it may ask; else it may
        pass. What its answer is to have is put to the headers that are added.

        Raises:
            ProblemError: it may not pass; the answer has these headers as well.
        """
        headers = dict(scope["headers"])
        if self._borders.proxies:
            self._see_through_proxy(scope, headers)
        added += ALWAYS
        if scope["scheme"] in ("https", "wss"):
            added.append(_STRICT_TRANSPORT)
        foreign = allowed = False
        if b"origin" in headers:
            origin = headers[b"origin"].decode("latin-1").lower()
            foreign = bool(origin) and not _is_own(origin, headers)
            allowed = foreign and origin in self._borders.origins
            if allowed:
                added += _sharing(origin)
        self._check_host(headers)
        if allowed and _is_preflight(scope, headers):
            return True
        _check_page(scope, headers, foreign=foreign, allowed=allowed)
        return False

    def _see_through_proxy(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Take for the client who a proxy that is believed says it is: the last of the chain that
        is not such a proxy itself, for everything before it the client may have made up."""
        if not self._is_proxy(_client(scope)):
            return
        chain = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        for text in reversed([part.strip() for part in chain if part.strip()]):
            host = _bare(text)
            scope["client"] = (host, 0)
            if not self._is_proxy(host):
                break
        proto = headers.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()
        if proto in ("http", "https"):
            secure = "https" if scope["type"] == ScopeType.HTTP else "wss"
            scope["scheme"] = secure if proto == "https" else secure[:-1]

    def _is_proxy(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._borders.proxies)

    def _check_host(self, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        known = self._hosts
        if known and host not in known and _without_port(host) not in known:
            raise ProblemError(
                "unknown_host",
                f"This server is not known as {host!r:.100}.",
            )


def _check_page(scope: Scope, headers: dict[bytes, bytes], *, foreign: bool, allowed: bool) -> None:
    """Refuse what another site's page makes a browser send.

    Raises:
        ProblemError: it looks so. Source: OWASP, Cross-Site Request Forgery Prevention.
    """
    if scope["type"] == ScopeType.HTTP and scope["method"] in _SAFE:
        return  # Changes nothing; without CORS headers the other page cannot read the answer.
    site = headers.get(b"sec-fetch-site", b"")
    if (foreign or site in (b"cross-site", b"same-site")) and not allowed:
        raise ProblemError(
            "foreign_page", "The request comes from a web page of another origin than this server."
        )


def _is_own(origin: str, headers: dict[bytes, bytes]) -> bool:
    """Return whether the page is of this very server. Behind a proxy that ends TLS and is not
    believed the schemes differ, which browsers do not let a page make up."""
    host = headers.get(b"host", b"").decode("latin-1").lower()
    return bool(host) and origin.partition("://")[2] == host


def _is_preflight(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    return (
        scope["type"] == ScopeType.HTTP
        and scope["method"] == "OPTIONS"
        and b"access-control-request-method" in headers
    )


async def answer_preflight(send: Send) -> None:
    """Tell a page of another origin what it may ask."""
    headers: list[Header] = [
        (b"access-control-allow-methods", _ALLOWED_METHODS),
        (b"access-control-allow-headers", _ALLOWED_HEADERS),
        (b"access-control-max-age", _PREFLIGHT_SECONDS),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(scope: Scope, send: Send, problem: ProblemError) -> None:
    """Answer with a problem, outside of the routes."""
    status, headers, body = rendered(problem, scope)
    kind = "http.response"
    if scope["type"] == ScopeType.WEBSOCKET:
        kind = "websocket.http.response"
        if kind not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
            return
    messages: list[Any] = [
        {"type": f"{kind}.start", "status": status, "headers": headers},
        {"type": f"{kind}.body", "body": body, "more_body": False},
    ]
    for message in messages:
        await send(message)


def _sharing(origin: str) -> list[Header]:
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    ]


def saying_why(scope: Scope, send: Send) -> Send:
    """Return what answers with a problem where a WebSocket is closed before it was open: so the
    framework refuses, which says nothing of why."""
    begun = False

    async def saying(message: Any) -> None:
        nonlocal begun
        if message["type"] != "websocket.close" or begun:
            begun = True
            await send(message)
            return
        begun = True
        reason = str(message.get("reason") or "")
        # All that the framework tells apart is this text; its code is always that of a fault.
        status = _REASONS.get(reason, 400)
        await refuse(scope, send, problem_of_status(status, reason))

    return saying


def _client(scope: Scope) -> str:
    client = scope["client"]
    return client[0] if client else ""


def _bare(text: str) -> str:
    """Return the address without a port: `[::1]:80`, `10.0.0.1:80`."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host
