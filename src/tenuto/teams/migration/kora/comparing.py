"""Whether a table of the target holds what the plan makes of a table of the source."""

from __future__ import annotations

import time

from tenuto.teams.migration.kora.findings import Check, Found
from tenuto.teams.migration.kora.merging import CHUNK, Merging
from tenuto.teams.migration.kora.sides import Change, Expected, Reads, Stream, target_rows
from tenuto.teams.migration.plan import TablePlan


def compare(
    source: Reads, target: Reads, plan: TablePlan, *, change: Change, chunk: int = CHUNK
) -> Check:
    """Return what is not the same in a table, down to rows and columns.

    Reads each side once, in batches, each in a thread of its own.
    """
    begun = time.perf_counter()
    found = Found()
    expected = Expected(source, plan, change)
    by = key_in_source(plan)
    with (
        Stream(plan, expected.rows(by)) as left,
        Stream(plan, target_rows(target, plan, plan.key)) as right,
    ):
        Merging(plan, found, chunk=chunk).run(left, right)
    return Check(
        name="rows",
        table=plan.name,
        compared=left.count,
        target_count=right.count,
        seconds=time.perf_counter() - begun,
        expected=found.counts["expected"],
        dialect=found.counts["dialect"],
        defects=found.counts["defect"],
        differences=tuple(found.kept),
    )


def key_in_source(plan: TablePlan) -> tuple[str, ...]:
    """Return the columns of the source that the key is made of, one each; () when it is not."""
    columns = {column.name: column.source for column in plan.columns}
    names = tuple(columns.get(name) for name in plan.key)
    return () if None in names else tuple(str(name) for name in names)
