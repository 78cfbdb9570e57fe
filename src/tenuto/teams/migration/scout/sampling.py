"""Rows of a table to look at, and figures about all of them, in the SQL of each system.

A sample is the same each time as long as the rows are: rows come from all over the table, since
what is odd in a table often came late or early.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tenuto.teams.migration.databases.describing.asking import Asking, rows
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.schema import Column, ForeignKey, Kind, System, Table

BOUNDED_CELLS: Final = 20_000_000
"""Rows times columns: of larger tables no figures are asked for that need all rows."""
JOINED_ROWS: Final = 5_000_000
TOGETHER: Final = 40
"""Columns in one query for figures."""


class Value(msgspec.Struct, frozen=True):
    """A value of a row, and as what SQLite stores it."""

    value: Any
    stored: str = ""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Figures about all values of a column."""

    nulls: int = 0
    least: Any = None
    greatest: Any = None
    length_max: int | None = None
    stored: dict[str, int] = {}


def sample_of(
    database: Asking, system: System, table: Table, *, limit: int
) -> list[tuple[Value, ...]]:
    """Return at most some `limit` rows of a table; all of it where it has no more."""
    columns = table.columns
    wanted = ", ".join(part for column in columns for part in _selected(system, column))
    if not wanted:
        return []
    at = quoted(system, table.name)
    where = _spread(system, table, limit)
    found = rows(database, f"SELECT {wanted} FROM {at}{where} LIMIT {int(limit)}")
    width = 2 if system == "sqlite" else 1
    return [
        tuple(Value(*row[place : place + width]) for place in range(0, len(row), width))
        for row in found
    ]


def _selected(system: System, column: Column) -> tuple[str, ...]:
    name = quoted(system, column.name)
    if system == "sqlite":
        # A text may be no UTF-8, which Python's module refuses; bytes it takes always.
        return (
            f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END",
            f"typeof({name})",
        )
    if system == "postgresql" and column.type.kind in ("text", "json", "uuid"):
        return (f"{name}::text",)
    # Infinite dates, and years that Python does not know.
    if system == "postgresql" and column.type.kind in ("date", "timestamp", "timestamptz"):
        return (f"{name}::text",)
    if system == "mariadb" and column.type.kind in ("date", "timestamp", "timestamptz", "time"):
        return (f"CAST({name} AS CHAR)",)
    return (name,)


def _spread(system: System, table: Table, limit: int) -> str:
    """Return the words that take one row in so many."""
    if table.rows is None or table.rows <= limit:
        return ""
    step = -(-table.rows // limit)
    if system == "sqlite":
        return "" if table.without_rowid else f" WHERE rowid % {step} = 0"
    if system == "postgresql":
        # A little more than needed: it takes whole pages, and their number varies.
        return f" TABLESAMPLE SYSTEM ({min(100.0, 120 / step):.4f}) REPEATABLE (1)"
    if system == "mariadb" and len(table.key) == 1:
        key = table.column(table.key[0])
        if key.type.kind == "integer":
            return f" WHERE {quoted(system, key.name)} % {step} = 0"
    return ""


def bounds_of(database: Asking, system: System, table: Table) -> dict[str, Bounds]:
    """Return figures about all values of each column; of none where the table is too large."""
    if table.rows is None or system == "folder":
        return {}
    if table.rows * len(table.columns) > BOUNDED_CELLS:
        return {}
    found: dict[str, Bounds] = {}
    columns = table.columns
    for start in range(0, len(columns), TOGETHER):
        some = columns[start : start + TOGETHER]
        asked = [_figures(system, column) for column in some]
        wanted = ", ".join(part for parts in asked for part in parts)
        (row,) = rows(database, f"SELECT {wanted} FROM {quoted(system, table.name)}")
        place = 0
        for column, parts in zip(some, asked, strict=True):
            found[column.name] = _bounds(
                database, system, table, column, row[place : place + len(parts)]
            )
            place += len(parts)
    return found


_BOUNDED: Final[frozenset[Kind]] = frozenset(
    {"integer", "decimal", "float", "date", "time", "timestamp", "timestamptz"}
)
_EXPECTED: Final[dict[Kind, str]] = {
    "integer": "integer",
    "boolean": "integer",
    "float": "real",
    "decimal": "real",
    "bytes": "blob",
}
"""As what SQLite stores most values of a kind; else as text."""


def _figures(system: System, column: Column) -> Sequence[str]:
    name = quoted(system, column.name)
    kind = column.type.kind
    has_length = kind in ("text", "bytes", "json")
    if system == "sqlite":
        ends = [
            f"CASE typeof({of}({name})) WHEN 'text' THEN CAST({of}({name}) AS BLOB)"
            f" ELSE {of}({name}) END"
            for of in ("min", "max")
        ]
        return [
            f"count(*) - count({name})",
            *(ends if kind not in ("bytes", "json") else ("NULL", "NULL")),
            f"max(length({name}))" if has_length else "NULL",
            f"sum(typeof({name}) = '{_EXPECTED.get(kind, 'text')}')",
        ]
    nulls = f"count(*) - count({name})"
    if system == "postgresql":
        as_text = f"{name}::text"
        least, greatest = f"min({name})::text", f"max({name})::text"
        length = f"max(length({as_text if kind != 'bytes' else name}))"
    else:
        least, greatest = f"CAST(min({name}) AS CHAR)", f"CAST(max({name}) AS CHAR)"
        length = f"max({'length' if kind == 'bytes' else 'char_length'}({name}))"
    if kind not in _BOUNDED:
        least = greatest = "NULL"
    return [nulls, least, greatest, length if has_length else "NULL", "NULL"]


def _bounds(
    database: Asking, system: System, table: Table, column: Column, row: Sequence[Any]
) -> Bounds:
    nulls, least, greatest, length, expected = row
    stored: dict[str, int] = {}
    if system == "sqlite" and table.rows:
        stored = {"null": nulls, _EXPECTED.get(column.type.kind, "text"): int(expected or 0)}
        if sum(stored.values()) < table.rows:
            stored = _stored(database, table, column)
    return Bounds(
        nulls=int(nulls or 0),
        least=least,
        greatest=greatest,
        length_max=length,
        stored={name: count for name, count in sorted(stored.items()) if count},
    )


def _stored(database: Asking, table: Table, column: Column) -> dict[str, int]:
    sql = (
        f"SELECT typeof({quoted('sqlite', column.name)}), count(*)"
        f" FROM {quoted('sqlite', table.name)} GROUP BY 1"
    )
    return {str(name): int(count) for name, count in rows(database, sql)}


def orphans_of(
    database: Asking, system: System, table: Table, key: ForeignKey, parent: Table
) -> int | None:
    """Return how many rows of a table name a row of `parent` that is not there; None: it would take
    too long to find out."""
    if max(table.rows or 0, parent.rows or 0) > JOINED_ROWS:
        return None
    child_is = " AND ".join(f"c.{quoted(system, name)} IS NOT NULL" for name in key.columns)
    same = " AND ".join(
        f"p.{quoted(system, there)} = c.{quoted(system, here)}"
        for here, there in zip(key.columns, key.named, strict=True)
    )
    sql = (
        f"SELECT count(*) FROM {quoted(system, table.name)} c WHERE {child_is} AND NOT EXISTS"
        f" (SELECT 1 FROM {quoted(system, parent.name)} p WHERE {same})"
    )
    return int(rows(database, sql)[0][0])
