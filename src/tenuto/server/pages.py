"""Pages for people: the routes, and the codes of problems. Made of the tables that the server works
with, without anything from elsewhere and without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from tenuto.server.problems import CODES


def errors_page() -> str:
    """Return the codes of problems as HTML; each has its code as anchor."""
    parts = [
        f'<h2 id="{escape(code)}"><code>{escape(code)}</code></h2>'
        f"<p>{kind.status}: {escape(kind.title)}. {_marked(kind.hint)}</p>"
        for code, kind in sorted(CODES.items())
    ]
    return _page("Problems", ["<p>Every refusal has one of these codes.</p>", *parts])


def routes_page(description: Mapping[str, Any]) -> str:
    """Return the routes of an OpenAPI description as HTML, by tag."""
    by_tag: dict[str, list[str]] = {}
    for path, operations in sorted(description["paths"].items()):
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            told = escape(str(operation.get("summary", "")))
            line = f"<li><code>{method.upper()} {escape(path)}</code> {told}</li>"
            by_tag.setdefault(str((operation.get("tags") or ["other"])[0]), []).append(line)
    begin = (
        '<p>The <a href="/api/v1/openapi.json">OpenAPI description</a> says what each takes and '
        'gives; <a href="/docs/errors">problems</a> say why a request was refused.</p>'
    )
    parts = [begin]
    for tag, lines in sorted(by_tag.items()):
        parts += [f'<h2 id="{escape(tag)}">{escape(tag)}</h2>', f"<ul>{''.join(lines)}</ul>"]
    return _page("Routes", parts)


def errors_markdown() -> str:
    """Return the codes of problems as Markdown."""
    rows = [
        f"| `{code}` | {kind.status} | {kind.title} | {kind.hint} |"
        for code, kind in sorted(CODES.items())
    ]
    return "\n".join(
        [
            "# Problems",
            "",
            "Every refusal of the API is a problem (RFC 9457) with one of these codes. A code",
            "never changes its meaning. Written by `scripts/write_errors.py`.",
            "",
            "| code | status | what it means | what to do |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _page(title: str, parts: Iterable[str]) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title} - Tenuto</title>'
        "</head>"
        f"<body><main><h1>{title}</h1>{''.join(parts)}</main></body></html>"
    )


def _marked(text: str) -> str:
    pieces = escape(text).split("`")
    return "".join(
        f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces)
    )
