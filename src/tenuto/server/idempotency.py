"""The same answer again to a request that is sent again under its `Idempotency-Key`.

Holds for every POST and PATCH, but for routes with `opt={"idempotent": False}`. An answer that
tells of success is kept, encrypted, before it is sent; one that tells of a refusal changed nothing,
so the request may be tried again under the same key. Source: draft-ietf-httpapi-idempotency-key-
header-07; what it leaves open (which answers are kept, for how long) is said here.

A server that is killed between the act and the keeping of its answer carries the request out again
when it comes again. A session is started once, and takes a signal once, even then: `command_key`
gives them the key.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Message, Receive, Scope, Send

from tenuto.core.errors import PortError
from tenuto.ports.answers import KeptAnswer
from tenuto.ports.clock import Clock
from tenuto.ports.safe import CannotOpen
from tenuto.server.asked import Call
from tenuto.server.fences import Fences
from tenuto.server.principal import Principal
from tenuto.server.problems import ProblemError

_log = logging.getLogger("tenuto.server")

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
EXPIRY_MS: Final = 24 * 3_600_000
CONTENT_BYTES_MAX: Final = 1_000_000
"""Of an answer that is kept; of a larger one only that it was given."""

_METHODS: Final = frozenset({"POST", "PATCH"})
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_NOT_KEPT: Final = frozenset({b"x-request-id", b"date", b"set-cookie"})


class Given(msgspec.Struct, frozen=True, array_like=True):
    """An answer as it is kept. `body` None: it was too large."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes | None


class Idempotency:
    """Middleware behind authentication: keys are those of who asks."""

    def __init__(self, app: ASGIApp, fences: Fences, clock: Clock) -> None:
        self._app, self._clock = app, clock
        self._answers, self._safe = fences.answers, fences.safe
        self._in_flight: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = key_of(scope)
        if key is None or scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        owner = owner_of(scope["user"])
        place = (owner, key)
        if place in self._in_flight:
            raise ProblemError(
                "key_in_flight",
                f"A request with the idempotency key {key!r} is being carried out.",
                headers={"Retry-After": "1"},
            )
        self._in_flight.add(place)
        try:
            await self._carry_out(_Asked(scope, receive), place, send)
        finally:
            self._in_flight.discard(place)

    async def _carry_out(self, asked: _Asked, place: tuple[str, str], send: Send) -> None:
        owner, key = place
        known = await self._answers.find(owner, key, now_ms=self._clock.now_ms())
        if known is not None:
            await self._give_again(asked, known, send)
            return
        held = _Held(send)

        async def keep_then_send(message: Message) -> None:
            if await held.take(message):
                await self._keep(held, await asked.digest(), place)
                await held.release()

        await self._app(asked.scope, asked.receive, keep_then_send)

    async def _give_again(self, asked: _Asked, known: KeptAnswer, send: Send) -> None:
        if await asked.digest() != known.request:
            raise ProblemError(
                "key_reused",
                f"The idempotency key {known.key!r} came before, with another method, path, query "
                "or body.",
            )
        try:
            content = self._safe.open(_purpose(known.owner, known.key), known.content)
        except CannotOpen as error:
            raise ProblemError(
                "key_spent", f"The answer cannot be read any more: {error}"
            ) from None
        given = msgspec.msgpack.decode(content, type=Given)
        if given.body is None:
            raise ProblemError(
                "key_spent",
                "The request was carried out; its answer was too large to be kept.",
            )
        headers = [*given.headers, (REPLAYED.lower().encode(), b"true")]
        await send({"type": "http.response.start", "status": given.status, "headers": headers})
        await send({"type": "http.response.body", "body": given.body, "more_body": False})

    async def _keep(self, held: _Held, request: str, place: tuple[str, str]) -> None:
        given, (owner, key) = held.given(), place
        if not 200 <= given.status < 400:
            return
        now_ms = self._clock.now_ms()
        answer = KeptAnswer(
            owner=owner,
            key=key,
            request=request,
            content=self._safe.seal(_purpose(owner, key), msgspec.msgpack.encode(given)),
            kept_ms=now_ms,
            expires_ms=now_ms + EXPIRY_MS,
        )
        try:
            await self._answers.keep(answer)
        except PortError as error:
            # What was asked for is done: to say that it failed would be wrong.
            _log.warning("the answer for an idempotency key was not kept: %s", error)


class _Asked:
    """A request, and the digest of all that makes it this request and no other."""

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        self.scope, self._receive = scope, receive
        self._hash = hashlib.sha256()
        types = [value for name, value in scope["headers"] if name == b"content-type"]
        for part in (scope["method"].encode(), scope["raw_path"], scope["query_string"], *types):
            self._hash.update(b"%d:%b" % (len(part), part))
        self._complete = False

    async def receive(self) -> HTTPReceiveMessage:
        """Return the next part of the request."""
        message = cast("HTTPReceiveMessage", await self._receive())
        if message["type"] == "http.request":
            self._hash.update(message["body"])
            self._complete = self._complete or not message["more_body"]
        else:
            self._complete = True
        return message

    async def digest(self) -> str:
        """Return the digest, once the body was read to its end."""
        while not self._complete:
            await self.receive()
        return self._hash.hexdigest()


class _Held:
    """An answer that waits until it is kept; a stream of events, and what is too large, passes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        self._size = 0
        self._passes = self._too_large = False

    async def take(self, message: Message) -> bool:
        """Return whether the answer is complete, and waits to be kept."""
        if self._passes:
            await self._send(message)
            return False
        self._messages.append(message)
        if message["type"] == "http.response.start":
            self._passes = any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message["headers"]
            )
            if self._passes:
                await self.release()
            return False
        if message["type"] != "http.response.body":
            return False
        self._size += len(message["body"])
        self._too_large = self._size > CONTENT_BYTES_MAX
        return self._too_large or not message["more_body"]

    def given(self) -> Given:
        """Return what is kept of it."""
        start = self._messages[0]
        assert start["type"] == "http.response.start", "an answer begins with its status"
        headers = [(n, v) for n, v in start["headers"] if n.lower() not in _NOT_KEPT]
        parts = [m["body"] for m in self._messages if m["type"] == "http.response.body"]
        return Given(start["status"], headers, None if self._too_large else b"".join(parts))

    async def release(self) -> None:
        """Send what was held, and from now on everything at once."""
        self._passes = True
        for message in self._messages:
            await self._send(message)
        self._messages = []


def takes_key(method: str, opt: Mapping[str, Any]) -> bool:
    """Return whether an idempotency key counts for a route with these options, for who is logged
    in."""
    return method in _METHODS and opt.get("idempotent", True) is not False


def key_of(scope: Scope) -> str | None:
    """Return the idempotency key that the request carries, where one counts.

    Raises:
        ProblemError: it is no key.
    """
    if scope["type"] != ScopeType.HTTP or scope.get("user") is None:
        return None
    if not takes_key(scope["method"], scope["route_handler"].opt):
        return None
    found = [v for n, v in scope["headers"] if n == HEADER.lower().encode()]
    if not found:
        return None
    text = found[0].decode("latin-1").strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]  # As a structured field, which the draft asks for and few clients send.
    if len(found) > 1 or not _KEY.fullmatch(text):
        raise ProblemError(
            "bad_request",
            f"{HEADER} is one text of 1 to 255 visible ASCII characters; found {text!r:.60}.",
        )
    return text


def command_key(request: Call) -> str | None:
    """Return the key of the start or the signal that this request asks for, or None where it
    carries no idempotency key: so a session is started once, and takes a signal once, even if the
    server is killed before it answers, or two servers are asked at the same moment."""
    key = key_of(request.scope)
    if key is None:
        return None
    text = f"{owner_of(request.user)}\n{key}".encode()
    return f"idempotency:{hashlib.sha256(text).hexdigest()[:32]}"


def owner_of(principal: Principal) -> str:
    """Return whose keys a principal's are."""
    return f"{principal.organisation}/{principal.actor}"


def _purpose(owner: str, key: str) -> str:
    return f"answer:{owner}:{key}"
