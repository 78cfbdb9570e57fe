"""The routes of the API and the shapes of what they take and give, for pages that people read.

Read from the OpenAPI description. A type is a text in which `[[Name]]` leads to a shape.
"""

from __future__ import annotations

import http
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec

Schema: TypeAlias = Mapping[str, Any]
_REFERENCE: Final = "#/components/schemas/"
_BOUNDS: Final = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} of them"),
    ("maxItems", "at most {} of them"),
    ("pattern", "as `{}`"),
)


_COMMONPLACES: Final = {status.description for status in http.HTTPStatus}
"""What the framework says of an answer when a route says nothing."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of a route, or a field of a shape."""

    name: str
    type: str
    place: str = ""
    """Of a parameter: `path`, `query` or `header`."""
    required: bool = False
    text: str = ""
    bounds: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of a route; a refusal has the status `default`."""

    status: str
    text: str
    type: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A method of a route."""

    id: str
    tag: str
    method: str
    path: str
    text: str
    parameters: tuple[Part, ...]
    bodies: tuple[tuple[str, str], ...]
    """Media type and type of each body that it takes."""
    answers: tuple[Answer, ...]
    public: bool
    """Nobody has to show who they are."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is sent or given."""

    name: str
    text: str
    parts: tuple[Part, ...]
    type: str = ""
    """Of one that is no object with fields."""


def operations_of(description: Schema) -> dict[str, list[Operation]]:
    """Return the operations by tag, tags and paths in the order of their names."""
    found: dict[str, list[Operation]] = {}
    for path, methods in sorted(description["paths"].items()):
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                read = _operation(method, path, operation)
                found.setdefault(read.tag, []).append(read)
    return dict(sorted(found.items()))


def shapes_of(description: Schema) -> list[Shape]:
    """Return the shapes by name."""
    schemas = description["components"]["schemas"]
    return [_shape(name, schema) for name, schema in sorted(schemas.items())]


def type_of(schema: Schema) -> str:
    """Return a type in words, as `list of [[Session]] or null`."""
    if "$ref" in schema:
        return f"[[{schema['$ref'].removeprefix(_REFERENCE)}]]"
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            parts = dict.fromkeys(type_of(part) for part in schema[several])
            return " or ".join(sorted(parts, key="null".__eq__))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(
            f'"{value}"' if isinstance(value, str) else str(value) for value in values
        )
    return _plain_type(schema)


def _plain_type(schema: Schema) -> str:
    kind = schema.get("type", "any JSON")
    if isinstance(kind, list):
        return " or ".join(type_of({**schema, "type": one}) for one in kind)
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"object of {type_of(values)}" if isinstance(values, dict) and values else "object"
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)


def _operation(method: str, path: str, operation: Schema) -> Operation:
    body = operation.get("requestBody", {}).get("content", {})
    return Operation(
        id=str(operation["operationId"]),
        tag=str((operation.get("tags") or ["other"])[0]),
        method=method.upper(),
        path=path,
        text=str(operation.get("description") or operation.get("summary", "")),
        parameters=tuple(_parameter(one) for one in operation.get("parameters", ())),
        bodies=tuple((media, type_of(one.get("schema", {}))) for media, one in body.items()),
        answers=tuple(_answers(operation["responses"])),
        public="security" not in operation,
    )


def _parameter(found: Schema) -> Part:
    schema = found.get("schema", {})
    return Part(
        name=found["name"],
        type=type_of(schema),
        place=found["in"],
        required=bool(found.get("required")),
        text=_of_text(str(found.get("description") or schema.get("description", ""))),
        bounds=_bounds(schema),
    )


def _answers(responses: Schema) -> Iterator[Answer]:
    for status, response in responses.items():
        content = response.get("content", {})
        types = [
            type_of(one.get("schema", {})) if media.endswith("json") else media
            for media, one in content.items()
        ]
        text = _of_text(response.get("description", ""))
        if text in _COMMONPLACES:
            text = ""
        yield Answer(status=status, text=text, type=" or ".join(types))


def _shape(name: str, schema: Schema) -> Shape:
    required = schema.get("required", ())
    fields = schema.get("properties", {})
    parts = tuple(
        Part(
            name=field,
            type=type_of(one),
            required=field in required,
            text=_of_text(str(one.get("description", ""))),
            bounds=_bounds(one),
        )
        for field, one in fields.items()
    )
    text = _of_text(str(schema.get("description", "")))
    return Shape(name=name, text=text, parts=parts, type="" if parts else type_of(schema))


def _bounds(schema: Schema) -> str:
    found = ((words, schema[name]) for name, words in _BOUNDS if name in schema)
    bounds = [
        words.format(f"{value:g}" if isinstance(value, float) else value) for words, value in found
    ]
    if schema.get("default") not in (None, "", [], {}):
        default = schema["default"]
        told = str(default).lower() if isinstance(default, bool) else default
        bounds.append(f"{told} by default")
    return ", ".join(bounds)


def _of_text(text: str) -> str:
    return " ".join(text.split())
