"""Who asks, how often, and how much at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from tenuto.ports.wall import within
from tenuto.server.answering import Header, add_headers
from tenuto.server.bodies import BoundedRequest
from tenuto.server.edge import refuse
from tenuto.server.limiting.limiter import Limiter, counts
from tenuto.server.principal import NEED, Authenticator, Connection, Need, Principal
from tenuto.server.problems import ProblemError


class Gate:
    """Finds out who asks, and whether they may ask this, and now. What a route takes is its
    `opt`: `needs`, `needs_some` or `logged_in` of `principal`."""

    def __init__(self, authenticator: Authenticator, limiter: Limiter) -> None:
        self._authenticator, self._limiter = authenticator, limiter

    async def let_in(self, scope: Scope, connection: Connection) -> Principal | None:
        """Return who asks, who may; None: somebody, where a route is for everybody.

        Raises:
            ProblemError: they may not, or not now.
        """
        principal = await self._authenticated(scope, connection)
        scope["user"], scope["auth"] = principal, None
        need: Need | None = scope["route_handler"].opt.get(NEED)
        if counts(scope):
            told = await self._counted(scope, principal)
            if told:
                add_headers(scope, told)
        if need is not None:
            need.refuse_others(principal)
        return principal

    async def _counted(self, scope: Scope, principal: Principal | None) -> list[Header]:
        if principal is None:
            return await self._limiter.stranger(scope)
        return await self._limiter.known(scope, principal)

    async def _authenticated(self, scope: Scope, connection: Connection) -> Principal | None:
        try:
            return await self._authenticator.authenticate(connection)
        except ProblemError:
            # Guessing keys is slowed down like guessing passwords.
            await self._limiter.refused(scope)
            raise


class Asked:
    """Has requests pass the gate before their routes."""

    def __init__(self, app: ASGIApp, gate: Gate, streams: Streams) -> None:
        self._app, self._gate, self._streams = app, gate, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._ask(scope, BoundedRequest(scope, receive, send))
            return
        try:
            await self._ask(scope, ASGIConnection(scope, receive, send))
        except ProblemError as problem:
            # The framework would refuse a WebSocket without saying why.
            await refuse(scope, send, problem)

    async def _ask(self, scope: Scope, connection: Connection) -> None:
        principal = await self._gate.let_in(scope, connection)
        with held(scope, principal):
            if principal is None or not is_stream(scope):
                await self._app(scope, connection.receive, connection.send)
            else:
                with self._streams.counted(principal):
                    await self._app(scope, connection.receive, connection.send)


class Streams:
    """How many streams each principal has open."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._open: Counter[str] = Counter()

    @contextmanager
    def counted(self, principal: Principal) -> Iterator[None]:
        """Count a stream while it lasts.

        Raises:
            ProblemError: too many are open.
        """
        if not self._at_most:
            yield
            return
        whose = f"{principal.organisation}/{principal.actor}"
        if self._open[whose] >= self._at_most:
            raise ProblemError(
                "too_many_streams",
                f"{self._at_most} streams are open, and no more may be at once.",
                headers={"Retry-After": "5"},
            )
        self._open[whose] += 1
        try:
            yield
        finally:
            self._open[whose] -= 1
            if not self._open[whose]:
                del self._open[whose]


def held(scope: Scope, principal: Principal | None) -> AbstractContextManager[None]:
    """Have the database refuse what is not the principal's, but for who asks about the server."""
    need: Need | None = scope["route_handler"].opt.get(NEED)
    if principal is None or (need is not None and need.home):
        return nullcontext()
    return within(principal.organisation)


def is_stream(scope: Scope) -> bool:
    """Return whether the request asks for a stream: a WebSocket, or events sent by the server."""
    if scope["type"] == ScopeType.WEBSOCKET:
        return True
    return bool(scope["route_handler"].opt.get("stream"))
