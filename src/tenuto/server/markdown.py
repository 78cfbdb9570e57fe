"""The same as `pages` in Markdown, for the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tenuto.server.codes import CODES
from tenuto.server.reference import Operation, Part, Shape, operations_of, shapes_of

_SHAPE: Final = re.compile(r"\[\[(.+?)\]\]")


def errors_markdown() -> str:
    """Return the codes of problems."""
    rows = [
        f"| `{code}` | {kind.status} | {kind.title} | {kind.hint} |"
        for code, kind in sorted(CODES.items())
    ]
    return "\n".join(
        [
            "# Problems",
            "",
            "Every refusal of the API is a problem (RFC 9457) with one of these codes. A code",
            "never changes its meaning. `tenuto explain CODE` tells the same. Written by",
            "`scripts/write_errors.py`.",
            "",
            "| code | status | what it means | what to do |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def routes_markdown(description: Mapping[str, Any]) -> str:
    """Return the routes of an OpenAPI description by tag, and the shapes of what is sent."""
    by_tag = operations_of(description)
    lines = [
        "# The API",
        "",
        "Every route of `tenuto serve`, as [the OpenAPI description](openapi.json) has it and",
        "`/docs` of a server shows it. [The guide](guides/server.md) tells how they are used;",
        "[problems](errors.md) say why a request was refused. Written by `scripts/write_api.py`.",
        "",
        ", ".join(f"[{tag}](#{tag})" for tag in by_tag) + ", [shapes](#shapes).",
        "",
    ]
    for tag, operations in by_tag.items():
        lines += [f"## {tag}", ""]
        for operation in operations:
            lines += _operation(operation)
    lines += ["## Shapes", ""]
    for shape in shapes_of(description):
        lines += _shape(shape)
    return "\n".join(lines)


def _operation(one: Operation) -> Iterator[str]:
    yield from (f"### `{one.method} {one.path}`", "", " ".join(one.text.split()), "")
    if one.public:
        yield from ("Nobody has to log in for it.", "")
    yield from _fields("parameter", one.parameters)
    for media, kind in one.bodies:
        yield from (f"Body: `{media}`, {_type(kind)}.", "")
    for answer in one.answers:
        if answer.status == "default":
            continue  # It is a problem everywhere.
        told = f": {answer.text}" if answer.text else ""
        yield from (f"- {answer.status}{told}{f', {_type(answer.type)}' if answer.type else ''}",)
    yield ""


def _shape(one: Shape) -> Iterator[str]:
    yield from (f'### <a id="shape-{one.name}"></a>{one.name}', "")
    if one.text:
        yield from (one.text, "")
    if one.type:
        yield from (_type(one.type), "")
    yield from _fields("field", one.parts)


def _fields(title: str, parts: Iterable[Part]) -> Iterator[str]:
    rows = [
        f"| `{part.name}` | {_cell(_where(part))} | {_cell(_type(part.type))} | "
        f"{_cell('; '.join(filter(None, (part.text, part.bounds))))} |"
        for part in parts
    ]
    if rows:
        yield from (f"| {title} | | type | |", "| --- | --- | --- | --- |", *rows, "")


def _where(part: Part) -> str:
    return f"{part.place}{'' if part.required else ' optional'}".strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _type(text: str) -> str:
    return _SHAPE.sub(r"[\1](#shape-\1)", text)
