"""Cutting a table into ranges of its key, which may be moved at once."""

from __future__ import annotations

import itertools
from typing import Final

from tenuto.teams.migration.databases.port import Database, Span
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.databases.sqlite import Sqlite
from tenuto.teams.migration.moving.loads import Range
from tenuto.teams.migration.plan import Plan, TablePlan

RANGES_MAX: Final = 64


def ranges_of(source: Database, plan: Plan, table: TablePlan) -> list[Range]:
    """Return the ranges of a table of the target, in their order; together they hold each row once.

    A table whose rows have no order that can be relied on is one range, in one transaction. The
    number of a row is taken for SQLite, whatever the plan says: it has one order and no null, and a
    primary key there may hold nulls.
    """
    by = table.by
    if isinstance(source, Sqlite):
        rowid = source.rowid(table.source)
        by = (rowid,) if rowid else by
    if len(by) != 1 or table.ranges < 2:
        return [Range(number=0, by=by)]
    bounds = _bounds(source, table.source, by[0], min(table.ranges, RANGES_MAX))
    edges: list[int | None] = [None, *bounds, None]
    return [
        Range(
            number=number,
            by=by,
            span=Span(
                after=None if after is None else (after,), upto=None if upto is None else (upto,)
            ),
        )
        for number, (after, upto) in enumerate(itertools.pairwise(edges))
    ]


def _bounds(source: Database, table: str, column: str, count: int) -> list[int]:
    """Return the inner edges of `count` equal parts of a column of integers; else none."""
    name, of = quoted(source.system, column), quoted(source.system, table)
    ((least, greatest),) = source.query(f"SELECT min({name}), max({name}) FROM {of}").rows
    if not (isinstance(least, int) and isinstance(greatest, int)) or greatest - least < count:
        return []
    step = (greatest - least + 1) / count
    return sorted({least + round(step * place) for place in range(1, count)})
