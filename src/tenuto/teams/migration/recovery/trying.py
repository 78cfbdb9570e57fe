"""Tries fixes on the rows that were refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import pyarrow as pa

from tenuto.teams.migration.moving.loads import BadRow, Failure
from tenuto.teams.migration.moving.rows import AS_TEXT, through
from tenuto.teams.migration.plan import ColumnPlan, Plan
from tenuto.teams.migration.recovery.fixes import QUARANTINE, Fix, candidates, mended, ranked
from tenuto.teams.migration.schema import Scalar, System

TEXT_TYPES: Final[dict[System, str]] = {
    "postgresql": "TEXT",
    "sqlite": "TEXT",
    "mariadb": "LONGTEXT",
}
"""The type of each target that holds any text."""

_BOUND: Final = re.compile(r"char\w*\s*\((\d+)\)", re.IGNORECASE)
"""The length in a type, as VARCHAR(40)."""


def fixes_for(
    plan: Plan, table: str, failure: Failure, *, known: Mapping[str, int] | None = None
) -> list[Fix]:
    """Return the fixes that help the rows of a failure, the best first; where no column is at
    fault, the only one is to put rows aside.

    Args:
        known: patterns of the library, and how many migrations share each.
    """
    columns = {column.name: column for column in plan.table(table).columns}
    column = columns.get(failure.column)
    if column is None or column.source is None:
        return [QUARANTINE]
    sample = [row for row in failure.sample if row.column == column.name]
    tried = (
        msgspec.structs.replace(
            fix,
            saves=_share(sample, column, fix),
            known=(known or {}).get(f"fix {column.kind} → {fix.name}", 0),
        )
        for fix in candidates(column, text_type=TEXT_TYPES[plan.target_system])
        # The columns of a target that was there before stay as they are.
        if not (plan.onto and fix.type)
    )
    return ranked([*tried])


def _share(sample: Iterable[BadRow], column: ColumnPlan, fix: Fix) -> float:
    """Return which share of rows would fit after a fix."""
    with_it = mended(column, fix)
    assert column.source is not None, "only columns of one source are mended"
    fits = [_fits(row.original.get(column.source), with_it) for row in sample]
    return sum(fits) / len(fits) if fits else 0.0


def _fits(value: Scalar | list[Scalar], column: ColumnPlan) -> bool:
    array, bad = through(_array(value), column)
    if bad or not (column.nullable or array.null_count == 0):
        return False
    bound = _BOUND.search(column.type)
    return bound is None or column.kind != "text" or len(str(array[0])) <= int(bound[1])


def _array(value: Scalar | list[Scalar]) -> pa.Array:
    """Return one value as it came from the source: as JSON has it, or `[as what it is stored, its
    digits, text or hex]`."""
    if not isinstance(value, list):
        return pa.array([value])
    stored, text = str(value[0]), str(value[1])
    if stored in AS_TEXT:
        return pa.array([text], pa.string())
    return pa.array([bytes.fromhex(text)], pa.binary())
