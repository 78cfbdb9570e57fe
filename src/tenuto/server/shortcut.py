"""The way of simple questions past the framework's outer layers, where it would only find the route
and turn errors into answers. Whatever is not plainly one of them goes the framework's way."""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send

from tenuto.server.asking import Gate, held
from tenuto.server.bodies import BoundedRequest
from tenuto.server.problems import answer
from tenuto.server.straight import Straight, straight_of

_HOST: Final = re.compile(rb"[0-9A-Za-z.:\[\]_-]*")
"""No more than what the framework takes for a host."""


class Shortcut:
    """Takes requests for straight routes through the gate to their answers."""

    def __init__(self, app: Litestar, gate: Gate) -> None:
        self._app, self._gate = app, gate
        # The framework's own, with what it remembers of paths: each leads where it leads there.
        self._routing = app.asgi_router.handle_routing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        straight = self._straight(scope)
        if straight is None:
            await self._app(scope, receive, send)
            return
        request = BoundedRequest(scope, receive, send)
        try:
            principal = await self._gate.let_in(scope, request)
            with held(scope, principal):
                found = await straight.answer(request)
        except Exception as error:
            encoders = scope["route_handler"].resolve_type_encoders()
            found = answer(request, error).to_asgi_response(
                app=None, request=request, type_encoders=encoders
            )
        await found(scope, receive, send)

    def _straight(self, scope: Scope) -> Straight | None:
        """Return the straight way to the answer, where there is one; the scope then has what the
        framework puts there."""
        if scope["type"] != ScopeType.HTTP or not _is_plain(scope):
            return None
        try:
            _, handler, _, parameters, template = self._routing(path=scope["path"], method="GET")
        except HTTPException:
            return None
        straight = straight_of(handler)
        if straight is not None:
            facts: Any = scope
            facts["app"] = facts["litestar_app"] = self._app
            facts["route_handler"], facts["path_template"] = handler, template
            facts["path_params"] = parameters
        return straight


def _is_plain(scope: Scope) -> bool:
    """Return whether the request is a question that names a path as routes do, and nothing else."""
    path = scope["path"]
    if scope.get("method") != "GET" or scope["query_string"] or scope["root_path"]:
        return False
    if path.endswith("/") or "//" in path:
        return False
    for name, value in scope["headers"]:
        if name == b"host":
            return _HOST.fullmatch(value) is not None
    return True
