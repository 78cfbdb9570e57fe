"""Small parts of a page. Whatever comes from outside is escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


class Markup(str):
    """Text of a page that is escaped already."""

    __slots__ = ()


def esc(value: object) -> Markup:
    """Return a value as text of a page."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value), quote=True))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element; `class_` is the attribute class, an underscore within a name a dash."""
    named = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{esc(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(esc(child) for child in children if child is not None)
    return Markup(f"<{name}{named}>{inner}</{name}>")


def join(parts: Iterable[object]) -> Markup:
    """Return parts, one after the other."""
    return Markup("".join(esc(part) for part in parts))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: str = "") -> Markup:
    """Return a table; `numbers` has a letter for each column, `n` for one of numbers."""
    kinds = [("num" if mark == "n" else None) for mark in numbers.ljust(len(heads))]
    head = tag(
        "tr",
        *(tag("th", one, class_=kind, scope="col") for one, kind in zip(heads, kinds, strict=True)),
    )
    body = [
        tag("tr", *(tag("td", one, class_=kind) for one, kind in zip(row, kinds, strict=True)))
        for row in rows
    ]
    inner = tag("table", tag("thead", head), tag("tbody", *body))
    return tag("div", inner, class_="wide", tabindex="0")


def code(text: object) -> Markup:
    """Return text of a program."""
    return tag("code", text)


def bullets(texts: Iterable[object], *, empty: str = "") -> Markup:
    """Return a list, or what is said of none."""
    items = [tag("li", text) for text in texts]
    return tag("ul", *items) if items else tag("p", empty, class_="quiet")


def value(of: object) -> Markup:
    """Return a value of a database so that nothing about it is hidden: blanks, null, emptiness."""
    if of is None:
        return tag("span", "NULL", class_="null")
    text = str(of)
    if text == "":
        return tag("span", "empty text", class_="null")
    if len(text) > 160:
        text = f"{text[:150]} … ({len(text):,} characters)"
    bare = text.rstrip(" ")
    trailing = "␣" * (len(text) - len(bare))
    return tag("code", bare, tag("span", trailing, class_="null") if trailing else None)
