"""Whether a target numbers on from where it must: beyond each row that is there, and beyond what
the source has given out."""

from __future__ import annotations

import time

from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.kora.findings import Check, Difference, Found
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Schema


def sequences(source: Schema, target: Database, there: Schema, plan: Plan) -> Check | None:
    """Return what of the columns that number themselves would go wrong; None: there are none."""
    begun, found, count = time.perf_counter(), Found(), 0
    given = {(one.table, one.column): one.next for one in there.sequences}
    before = {(one.table, one.column): one.next for one in source.sequences}
    for table in plan.tables:
        for column in table.columns:
            if not column.counts:
                continue
            count += 1
            highest = _highest(target, plan, table.name, column.name)
            next = given.get((table.name, column.name))
            if next is None:
                # SQLite numbers on from the highest rowid by itself.
                next = (highest or 0) + 1 if plan.target_system == "sqlite" else None
            least = max((highest or 0) + 1, before.get((table.source, column.source)) or 1)
            if next is None or next < least:
                found.add(
                    Difference(
                        what="number",
                        table=table.name,
                        column=column.name,
                        source=least,
                        target=next,
                        reason="The next row would get a number that is taken, or was given out."
                        if next is not None
                        else "Nothing numbers the next row.",
                    )
                )
    if not count:
        return None
    return found.check("sequences", compared=count, unit="sequences", begun=begun)


def _highest(target: Database, plan: Plan, table: str, column: str) -> int | None:
    system = plan.target_system
    rows = target.query(f"SELECT max({quoted(system, column)}) FROM {quoted(system, table)}").rows
    return None if rows[0][0] is None else int(str(rows[0][0]))
