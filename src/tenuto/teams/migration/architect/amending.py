"""Numbers of a plan that somebody would have otherwise, as far as the data allow them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from tenuto.teams.migration.plan import Plan, TablePlan

BATCH_ROWS_MIN: Final = 100
BATCH_BYTES_MAX: Final = 32_000_000
"""Of a batch in memory; a few are held at once."""
RANGES_MAX: Final = 64
RANGE_ROWS_MIN: Final = 1_000
"""Smaller ranges cost more than they gain."""
ROW_BYTES: Final = 200
"""Of a row, where nobody has estimated it."""


def amended(plan: Plan, amendments: Iterable[dict[str, Any]]) -> tuple[Plan, list[dict[str, Any]]]:
    """Return a plan with the amendments that its data allow, and those that they do not."""
    tables = {table.name: table for table in plan.tables}
    refused = []
    for one in amendments:
        table = tables.get(one["table"])
        if table is None or not _allowed(table, one["what"], one["to"]):
            refused.append(one)
        else:
            tables[table.name] = msgspec.structs.replace(table, **{one["what"]: one["to"]})
    return msgspec.structs.replace(plan, tables=tuple(tables.values())), refused


def summary(plan: Plan) -> list[dict[str, Any]]:
    """Return the tables of a plan, as one that looks it over has to know them."""
    return [
        {
            "table": table.name,
            "rows": table.rows,
            "row_bytes": _row_bytes(table),
            "batch_rows": table.batch_rows,
            "ranges": table.ranges,
            "level": table.level,
        }
        for table in plan.tables
    ]


def _allowed(table: TablePlan, what: str, to: int) -> bool:
    if what == "batch_rows":
        return to >= BATCH_ROWS_MIN and to * _row_bytes(table) <= BATCH_BYTES_MAX
    enough = (table.rows or 0) >= to * RANGE_ROWS_MIN
    return what == "ranges" and 1 <= to <= RANGES_MAX and (to == 1 or enough)


def _row_bytes(table: TablePlan) -> int:
    if not table.bytes or not table.rows:
        return ROW_BYTES
    return max(table.bytes // table.rows, 1)
