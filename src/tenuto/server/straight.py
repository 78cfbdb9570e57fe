"""The straight way to the answer of a simple question.

The framework reads what a handler takes, checks it against a model of its signature, makes a
response and has it passed on by each of its layers: for a question that names nothing but a path
this takes longer than the answer. Where a route only reads, takes no more than who asks, the
service, plain parts of its path and what has a default, and a request for it has no query, its
handler is called with just that, and what it returns is written as JSON. Who may ask, and how
often, was looked at before, as for every route; errors are answered by the framework as elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import msgspec
from litestar import Litestar, MediaType, Request, Response
from litestar.enums import ParamType
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.routes import HTTPRoute
from litestar.serialization import default_serializer
from litestar.types import ASGIApp, Receive, RouteHandlerType, Scope, Send
from litestar.types.builtin_types import NoneType
from litestar.typing import FieldDefinition

from tenuto.server.answering import Header

STRAIGHT: Final = "straight"
_PLAIN: Final = (str, int)

_json = msgspec.json.Encoder(enc_hook=default_serializer)


class Straight:
    """How a route's handler is called, and its answer sent."""

    def __init__(self, handler: HTTPRouteHandler, given: dict[str, Any]) -> None:
        self._handler, self._given = handler, given
        self._takes_request = "request" in handler.parsed_fn_signature.parameters
        fn: Any = handler.fn
        self._call = _awaited(fn) if handler.has_sync_callable else fn

    async def answer(self, request: Request[Any, Any, Any]) -> ASGIApp:
        """Call the handler, and return what sends its answer. Raises as the handler does."""
        named = {**self._given, **request.scope["path_params"]}
        if self._takes_request:
            named["request"] = request
        found = await self._call(**named)
        headers: list[Header] = []
        if isinstance(found, Response):
            if not _is_plain_response(found):
                return await self._handler.to_response(request.app, found, request)
            headers = [
                (name.lower().encode("latin-1"), str(value).encode("latin-1"))
                for name, value in found.headers.items()
            ]
            found = found.content
        body = _json.encode(found)
        headers += [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        return _Plain(headers, body).send


class _Plain:
    """An answer that is there."""

    __slots__ = ("_body", "_headers")

    def __init__(self, headers: list[Header], body: bytes) -> None:
        self._headers, self._body = headers, body

    async def send(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def straighten(app: Litestar, given: dict[str, Any]) -> None:
    """Have the routes that can be answered so bring it as their `opt`. `given`: what the
    dependencies of these names are."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if _is_simple(handler, set(route.path_parameters), set(given)):
                    handler.opt[STRAIGHT] = Straight(handler, _taken(handler, given))


def straight_of(handler: RouteHandlerType) -> Straight | None:
    """Return the straight way to the answers of a route, where there is one."""
    found: Straight | None = handler.opt.get(STRAIGHT)
    return found


def _is_simple(handler: HTTPRouteHandler, path: set[str], given: set[str]) -> bool:
    returned = handler.parsed_fn_signature.return_type
    is_response = returned.is_subclass_of(Response)
    return (
        handler.http_methods == {"GET"}
        and handler.status_code == 200
        and (is_response or handler.media_type == MediaType.JSON)
        and not returned.is_subclass_of((NoneType, str, bytes))
        and not handler.opt.get("stream")
        and not handler.resolve_guards()
        and not handler.resolve_response_headers()
        and not handler.resolve_response_cookies()
        and all(_is_plain(one, path, given) for one in _parameters(handler))
    )


def _is_plain_response(found: Response[Any]) -> bool:
    """Return whether it says no more than its value and headers."""
    return not (
        type(found) is not Response
        or found.cookies
        or found.background
        or found.media_type
        or found.status_code
        or isinstance(found.content, (bytes, str))
    )


def _is_plain(one: FieldDefinition, path: set[str], given: set[str]) -> bool:
    if one.name == "request" or one.name in given:
        return True
    kind = one.kwarg_definition
    if not isinstance(kind, ParameterKwarg):
        return False
    if one.name in path:
        return one.annotation in _PLAIN and not kind.is_constrained
    return one.has_default and kind.param_type == ParamType.QUERY


def _taken(handler: HTTPRouteHandler, given: dict[str, Any]) -> dict[str, Any]:
    names = {one.name for one in _parameters(handler)}
    return {name: value for name, value in given.items() if name in names}


def _parameters(handler: HTTPRouteHandler) -> Iterator[FieldDefinition]:
    yield from handler.parsed_fn_signature.parameters.values()


def _awaited(fn: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def call(**named: Any) -> Any:
        return fn(**named)

    return call
