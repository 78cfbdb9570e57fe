"""Pages for people: the routes, and the codes of problems. Made of the tables that the server works
with, without anything from elsewhere and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from tenuto.server.codes import CODES
from tenuto.server.reference import Operation, Part, Shape, operations_of, shapes_of

STYLE_PATH: Final = "/docs/style.css"
STYLE: Final = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; list-style: none; padding: 0; }
section { border-top: 1px solid var(--line); margin-top: 1.5rem; }
h3 code { font-size: 1rem; overflow-wrap: anywhere; }
code { font-family: ui-monospace, monospace; background: var(--soft); padding: 0 0.2em; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: 600; padding-top: 0.5rem; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.quiet { opacity: 0.75; }
:target { background: var(--soft); }
a:focus-visible { outline: 2px solid; outline-offset: 2px; }
"""

_SHAPE: Final = re.compile(r"\[\[(.+?)\]\]")


def errors_page() -> str:
    """Return the codes of problems as HTML; each has its code as anchor."""
    parts = [
        f'<h2 id="{escape(code)}"><code>{escape(code)}</code></h2>'
        f"<p>{kind.status}: {escape(kind.title)}. {_marked(kind.hint)}</p>"
        for code, kind in sorted(CODES.items())
    ]
    begin = (
        "<p>Every refusal is a problem (RFC 9457) with one of these codes, which never change "
        'their meaning. <a href="/docs">The routes</a>.</p>'
    )
    return _page("Problems", [begin, *parts])


def routes_page(description: Mapping[str, Any]) -> str:
    """Return the routes of an OpenAPI description as HTML, by tag: what each takes and answers; and
    the shapes of what is sent and given."""
    by_tag = operations_of(description)
    links = "".join(f'<li><a href="#{escape(tag)}">{escape(tag)}</a></li>' for tag in by_tag)
    begin = (
        '<p>Programs read the <a href="/api/v1/openapi.json">OpenAPI description</a>; '
        '<a href="/docs/errors">problems</a> say why a request was refused.</p>'
    )
    parts = [
        begin,
        f'<nav aria-label="Routes"><ul>{links}<li><a href="#shapes">shapes</a></li></ul></nav>',
    ]
    for tag, operations in by_tag.items():
        parts.append(f'<h2 id="{escape(tag)}">{escape(tag)}</h2>')
        parts += map(_operation, operations)
    parts.append('<h2 id="shapes">shapes</h2>')
    parts += map(_shape, shapes_of(description))
    return _page("Routes", parts)


def _operation(one: Operation) -> str:
    parts = [
        f'<section id="{escape(one.id)}"><h3><code>{one.method} {escape(one.path)}</code></h3>',
        f"<p>{_marked(' '.join(one.text.split()))}</p>",
    ]
    if one.public:
        parts.append('<p class="quiet">Nobody has to log in for it.</p>')
    if one.parameters:
        parts.append(_fields("Parameters", one.parameters))
    bodies = [(f"<code>{escape(media)}</code>", _type(kind)) for media, kind in one.bodies]
    if bodies:
        parts.append(_table("Body", bodies))
    answers = [
        (
            escape("refused" if answer.status == "default" else answer.status),
            _type(answer.type),
            _marked(answer.text),
        )
        for answer in one.answers
    ]
    parts.append(_table("Answers", answers))
    return "".join([*parts, "</section>"])


def _shape(one: Shape) -> str:
    body = _fields("Fields", one.parts) if one.parts else f"<p>{_type(one.type)}</p>"
    name = escape(one.name)
    return (
        f'<section id="shape-{name}"><h3><code>{name}</code></h3><p>{_marked(one.text)}</p>'
        f"{body}</section>"
    )


def _fields(title: str, parts: Iterable[Part]) -> str:
    rows = [
        (
            f"<code>{escape(part.name)}</code>",
            f"{escape(part.place)}{'' if part.required else ' optional'}".strip(),
            _type(part.type),
            _marked("; ".join(filter(None, (part.text, part.bounds)))),
        )
        for part in parts
    ]
    return _table(title, rows)


def _table(title: str, rows: Iterable[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><caption>{title}</caption><tbody>{body}</tbody></table>"


def _type(text: str) -> str:
    return _SHAPE.sub(r'<a href="#shape-\1">\1</a>', escape(text))


def _page(title: str, parts: Iterable[str]) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title} - Tenuto</title>'
        f'<link rel="stylesheet" href="{STYLE_PATH}"></head>'
        f"<body><main><h1>{title}</h1>{''.join(parts)}</main></body></html>"
    )


def _marked(text: str) -> str:
    pieces = escape(text).split("`")
    return "".join(
        f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces)
    )
