"""A schema as a drawing: tables in layers, each to the right of those that it names.

The layers are those of the longest path, the order within a layer goes by the middle of the tables
that are named (Sugiyama's barycentre, two sweeps), tables without any foreign key stand below in
rows. Cycles are cut where a walk in the order of names comes back.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration.report.marking import Markup, join, tag

WIDTH: Final = 208
ROW: Final = 18
HEAD: Final = 26
GAP_X: Final = 72
GAP_Y: Final = 22
SHOWN: Final = 9
"""Columns of a table that are drawn, keys first."""
CROWDED: Final = 30
"""With more tables than this only keys are drawn."""
ROWS_MAX: Final = 7
"""Tables above each other in one column of the drawing."""


class Field(msgspec.Struct, frozen=True):
    """A column as it is drawn."""

    name: str
    type: str
    key: bool = False
    foreign: bool = False


class Box(msgspec.Struct, frozen=True):
    """A table as it is drawn."""

    name: str
    fields: tuple[Field, ...]
    names: tuple[tuple[str, str], ...] = ()
    """What it names: its column, the table."""


class _Placed(msgspec.Struct):
    box: Box
    fields: tuple[Field, ...]
    more: int
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        return HEAD + ROW * (len(self.fields) + bool(self.more)) + 6


def draw(boxes: tuple[Box, ...], *, title: str) -> Markup:
    """Return a drawing as SVG; its colours are those of the page."""
    shown = 3 if len(boxes) > CROWDED else SHOWN
    placed = {box.name: _cut(box, shown) for box in boxes}
    columns, alone = _columns(boxes)
    bottom = _place(placed, columns)
    width = max([len(columns) * (WIDTH + GAP_X) - GAP_X, 3 * WIDTH + 2 * GAP_X])
    bottom = _place_alone(placed, alone, bottom, width)
    lines = join(
        _line(placed[box.name], column, placed[other])
        for box in boxes
        for column, other in box.names
        if other in placed
    )
    tables = join(_table(placed[box.name]) for box in boxes)
    return tag(
        "svg",
        tag("title", title),
        lines,
        tables,
        class_="er",
        role="img",
        viewBox=f"-4 -4 {width + 8:.0f} {bottom + 8:.0f}",
        style=f"max-width: {width + 8:.0f}px",
    )


def _cut(box: Box, shown: int) -> _Placed:
    ordered = sorted(box.fields, key=lambda field: not (field.key or field.foreign))
    chosen = set(ordered[:shown])
    fields = tuple(field for field in box.fields if field in chosen)
    return _Placed(box, fields, len(box.fields) - len(fields))


def _columns(boxes: tuple[Box, ...]) -> tuple[list[list[str]], list[str]]:
    """Return the names for each column of the drawing, and those of tables that stand alone."""
    known = {box.name for box in boxes}
    named = {
        box.name: sorted({other for _, other in box.names if other in known and other != box.name})
        for box in boxes
    }
    linked = {name for name, others in named.items() if others}
    linked |= {other for others in named.values() for other in others}
    layers: dict[str, int] = {}

    def layer(name: str, path: frozenset[str]) -> int:
        if name not in layers:
            # A table that is on the way already closes a cycle: it does not push this one on.
            onward = [other for other in named[name] if other not in path]
            layers[name] = max((layer(one, path | {name}) + 1 for one in onward), default=0)
        return layers[name]

    for box in boxes:
        layer(box.name, frozenset())
    depth = max((layers[name] for name in linked), default=-1) + 1
    rows = [sorted(name for name in linked if layers[name] == number) for number in range(depth)]
    for _ in range(2):
        _sort(rows, named)
        _sort(rows[::-1], _turned(named))
    columns = []
    for row in rows:
        parts = -(-len(row) // ROWS_MAX) or 1
        size = -(-len(row) // parts) or 1
        columns += [row[at : at + size] for at in range(0, len(row), size)]
    return columns, sorted(known - linked)


def _turned(named: dict[str, list[str]]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {name: [] for name in named}
    for name, others in named.items():
        for other in others:
            turned[other].append(name)
    return turned


def _sort(rows: list[list[str]], named: dict[str, list[str]]) -> None:
    """Order each row by the middle of those that its tables are linked to before it."""
    places: dict[str, float] = {}
    for row in rows:
        middles = {}
        for place, name in enumerate(row):
            of = [places[other] for other in named[name] if other in places]
            middles[name] = sum(of) / len(of) if of else place / max(len(row), 1)
        row.sort(key=lambda name: (middles[name], name))
        for place, name in enumerate(row):
            places[name] = (place + 0.5) / len(row)


def _place(placed: dict[str, _Placed], columns: list[list[str]]) -> float:
    """Give each table of some columns its place; return where they end."""
    heights = [
        sum(placed[name].height for name in names) + GAP_Y * (len(names) - 1) for names in columns
    ]
    whole = max(heights, default=0)
    for number, (names, height) in enumerate(zip(columns, heights, strict=True)):
        y = (whole - height) / 2
        for name in names:
            placed[name].x, placed[name].y = number * (WIDTH + GAP_X), y
            y += placed[name].height + GAP_Y
    return whole


def _place_alone(placed: dict[str, _Placed], names: list[str], top: float, width: float) -> float:
    """Give tables that stand alone their places, below; return where they end."""
    each = max(int((width + GAP_X / 3) // (WIDTH + GAP_X / 3)), 1)
    for at in range(0, len(names), each):
        row = [placed[name] for name in names[at : at + each]]
        y = top + (GAP_Y if top else 0)
        for number, one in enumerate(row):
            one.x, one.y = number * (WIDTH + GAP_X / 3), y
        top = y + max(one.height for one in row)
    return top


def _line(one: _Placed, column: str, other: _Placed) -> Markup:
    names = [field.name for field in one.fields]
    y = one.y + HEAD + ROW * (names.index(column) + 0.5 if column in names else 0) + 3
    keys = [place for place, field in enumerate(other.fields) if field.key]
    to = other.y + HEAD + ROW * (keys[0] + 0.5 if keys else 0) + 3
    if one is other:
        x = one.x + WIDTH
        path = f"M {x} {y} C {x + 34} {y}, {x + 34} {to}, {x + 5} {to}"
    elif one.x > other.x:
        x, end = one.x, other.x + WIDTH + 5
        bend = max((x - end) / 2, 24)
        path = f"M {x} {y} C {x - bend} {y}, {end + bend} {to}, {end} {to}"
    elif one.x < other.x:
        x, end = one.x + WIDTH, other.x - 5
        bend = max((end - x) / 2, 24)
        path = f"M {x} {y} C {x + bend} {y}, {end - bend} {to}, {end} {to}"
    else:
        x, end = one.x, other.x - 5
        path = f"M {x} {y} C {x - 44} {y}, {x - 44} {to}, {end} {to}"
    label = f"{one.box.name}.{column} names {other.box.name}"
    end_x = other.x + WIDTH + 5 if one is other or one.x > other.x else other.x - 5
    return tag(
        "g",
        tag("title", label),
        tag("path", d=path),
        tag("circle", cx=f"{end_x}", cy=f"{to}", r="3"),
        class_="link",
    )


def _table(one: _Placed) -> Markup:
    rows = []
    for place, field in enumerate(one.fields):
        y = HEAD + ROW * (place + 1) - 2
        mark = "●" if field.key else "○" if field.foreign else ""
        rows.append(tag("text", mark, x="10", y=f"{y}", class_="mark"))
        name_class = "key" if field.key else None
        rows.append(tag("text", _fit(field.name, 18), x="24", y=f"{y}", class_=name_class))
        type_text = _fit(field.type.lower(), 13)
        rows.append(
            tag("text", type_text, x=f"{WIDTH - 8}", y=f"{y}", class_="type", text_anchor="end")
        )
    if one.more:
        y = HEAD + ROW * (len(one.fields) + 1) - 2
        rows.append(tag("text", f"and {one.more} more", x="24", y=f"{y}", class_="type"))
    return tag(
        "g",
        tag("title", one.box.name),
        tag("rect", width=f"{WIDTH}", height=f"{one.height}", rx="6", class_="box"),
        tag("path", d=_head(), class_="head"),
        tag("text", _fit(one.box.name, 26), x="10", y="17", class_="name"),
        *rows,
        class_="entity",
        transform=f"translate({one.x:.1f} {one.y:.1f})",
    )


def _head() -> str:
    return f"M 0 {HEAD} V 6 Q 0 0 6 0 H {WIDTH - 6} Q {WIDTH} 0 {WIDTH} 6 V {HEAD} Z"


def _fit(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
