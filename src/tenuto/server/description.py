"""The description of the API: OpenAPI 3.1, from the routes."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import Method

from tenuto.server.codes import CODES
from tenuto.server.field_notes import put_notes
from tenuto.server.idempotency import HEADER, REPLAYED, takes_key
from tenuto.server.problems import MEDIA_TYPE

PROBLEM: Final = "Problem"
_KEPT: Final = "openapi"
_SUMMARY_MAX: Final = 100
_REFERENCE: Final = "#/components/schemas/"
_GENERIC: Final = re.compile(r"(\w+?)_(?:[\w.]+\.)?(\w+)_")
_UNUSED: Final = "/openapi"
"""Where the framework would serve the description. There a path that is none gets a page of
HTML, so it is not below the API."""

_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": PROBLEM,
    "description": "Why a request was refused. Source: RFC 9457.",
    "required": ["type", "title", "status", "detail", "code", "hint", "instance", "trace_id"],
    "properties": {
        "type": {"type": "string", "description": "Where the code is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, what was found, where."},
        "code": {"type": "string", "enum": sorted(CODES)},
        "hint": {"type": "string", "description": "What to do next."},
        "instance": {"type": "string"},
        "trace_id": {"type": "string", "description": "Also in the header X-Request-Id."},
        "errors": {
            "type": "array",
            "description": "Each thing that is wrong, with its place.",
            "items": {"type": "object"},
        },
        "base": {
            "type": ["object", "null"],
            "description": "`outdated`, of a workflow or agent: the version of `If-Match`, with "
            "`text`, `actor` and `at`; null where it is not kept.",
        },
        "present": {
            "type": ["object", "null"],
            "description": "`outdated`: the version that is there now; null where there is none.",
        },
        "changed": {
            "type": "object",
            "description": "`outdated`: the places that only one side changed, in `mine` (what was "
            "sent) and `theirs` (what is there).",
        },
        "conflicts": {
            "type": "array",
            "description": "`outdated`: each `path` that both changed differently, with `base`, "
            "`mine` and `theirs`; what is not there is left out.",
            "items": {"type": "object", "required": ["path"]},
        },
        "complete": {
            "type": "boolean",
            "description": "`outdated`: false where there are more places than are told.",
        },
    },
}
_REFUSED: Final[dict[str, Any]] = {
    "description": "A problem; `code` says which.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}},
}
_KEY: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A new text for each thing that is wanted: the same request under the same key "
    f"is carried out once within 24 hours and gets the same answer, with `{REPLAYED}: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_KEPT_FROM: Final[dict[str, dict[str, Any]]] = {
    "409": {
        "description": "A request with this idempotency key is being carried out "
        "(`key_in_flight`) or its answer is not kept (`key_spent`); or what is there does not "
        "allow it."
    },
    "422": {
        "description": "The idempotency key was used for another request (`key_reused`); or the "
        "request cannot be carried out."
    },
}
_SCHEMES: Final[dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or the access token that a login gave.",
    }
}


def configuration() -> OpenAPIConfig:
    """Return how the framework describes the routes; it serves nothing of it itself."""
    return OpenAPIConfig(
        title="Tenuto",
        version="1",
        description="Durable sessions of teams of AI agents.",
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        path=_UNUSED,
    )


def _operation_id(handler: HTTPRouteHandler, method: Method, path: object) -> str:
    """Return `sessions_list` for `list_sessions` of `routes/sessions.py`, as clients name calls."""
    part = handler.fn.__module__.rpartition(".")[2]
    return f"{part}_{handler.fn.__name__}"


@get(
    "/api/v1/openapi.json",
    opt={"public": True},
    include_in_schema=False,
    media_type="application/json",
    sync_to_thread=False,
)
def described(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the description of the API."""
    app = request.app
    if _KEPT not in app.state:
        app.state[_KEPT] = msgspec.json.encode(describe(app))
    return Response(app.state[_KEPT], media_type="application/json")


def describe(app: Litestar) -> dict[str, Any]:
    """Return the description of the application's routes."""
    # Defaults of fields are still values of their types.
    found: dict[str, Any] = msgspec.to_builtins(app.openapi_schema.to_schema())
    found = _with_plain_names(found)
    components = found["components"]
    put_notes(components["schemas"])
    components["schemas"][PROBLEM] = _SCHEMA
    components["securitySchemes"] = _SCHEMES
    routes = [
        # Of the route: its handler does not know what stands before its own path.
        ((route.path_format, method.lower()), handler.opt)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    ]
    public = {place for place, opt in routes if opt.get("public")}
    keyed = {place for place, opt in routes if takes_key(place[1].upper(), opt)} - public
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            _tell(operation)
            if (path, method) in keyed:
                _tell_of_key(operation)
            if (path, method) not in public:
                operation["security"] = [{"bearer": []}]
    return found


def _with_plain_names(found: dict[str, Any]) -> dict[str, Any]:
    """Return it with `PageOfKey` for `Page_tenuto.server.routes.accounts.Key_`."""
    names = {
        f"{match[1]}Of{match[2]}": name
        for name in found["components"]["schemas"]
        if (match := _GENERIC.fullmatch(name))
    }
    text = msgspec.json.encode(found)
    for plain, name in names.items():
        text = text.replace(f'{_REFERENCE}{name}"'.encode(), f'{_REFERENCE}{plain}"'.encode())
    renamed: dict[str, Any] = msgspec.json.decode(text)
    schemas = renamed["components"]["schemas"]
    for plain, name in names.items():
        schemas[plain] = schemas.pop(name)
    return renamed


def _tell(operation: dict[str, Any]) -> None:
    """Put the answers in order: those of the framework's own are no answers of this API."""
    responses = {
        status: response for status, response in operation["responses"].items() if int(status) < 400
    }
    operation["responses"] = {**responses, "default": _REFUSED}
    # The framework takes the name of the function for both.
    if "description" in operation:
        operation["summary"] = _first_sentence(operation["description"])


def _tell_of_key(operation: dict[str, Any]) -> None:
    operation["parameters"] = [*operation.get("parameters", ()), _KEY]
    responses = operation["responses"]
    rest = responses.pop("default")
    for status, told in _KEPT_FROM.items():
        responses[status] = {**told, "content": _REFUSED["content"]}
    responses["default"] = rest


def _first_sentence(text: str) -> str:
    words = " ".join(text.split("\n\n")[0].split())
    sentence = words.partition(". ")[0].removesuffix(".")
    # What follows a colon says more of the same.
    return sentence if len(sentence) <= _SUMMARY_MAX else sentence.partition(":")[0]
