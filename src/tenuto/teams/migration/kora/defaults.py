"""Whether a column that is left out gets the same value on both sides."""

from __future__ import annotations

import re
import time
from typing import Final

from tenuto.teams.migration.databases.port import Database, DatabaseError
from tenuto.teams.migration.kora import results
from tenuto.teams.migration.kora.findings import Check, Difference, Found
from tenuto.teams.migration.kora.workload.running import as_changed
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Column, Schema

CLOCK: Final = re.compile(
    r"\b(current_(?:timestamp|date|time)|now|localtimestamp|curdate|getdate|sysdate|"
    r"datetime|date|strftime|julianday|clock_timestamp|unixepoch)\b",
    re.IGNORECASE,
)
"""Defaults that are another value each time: that both have such a one is all that is compared."""
CHANCE: Final = re.compile(r"\b(random|randomblob|rand|uuid|gen_random_uuid|hex)\b", re.IGNORECASE)


def defaults(
    source: Database, target: Database, plan: Plan, schemas: tuple[Schema, Schema]
) -> Check | None:
    """Return which defaults are not the same; None: the source has none."""
    here, there = ({table.name: table for table in schema.tables} for schema in schemas)
    begun, found, count = time.perf_counter(), Found(), 0
    for table in plan.tables:
        if table.source not in here or table.name not in there:
            continue
        before = {column.name: column for column in here[table.source].columns}
        after = {column.name: column for column in there[table.name].columns}
        for column in table.columns:
            mine, its = before.get(column.source or ""), after.get(column.name)
            if mine is None or its is None or mine.default is None or mine.counts or its.counts:
                continue
            count += 1
            values = [_value(source, mine)]
            if column.changes:
                values = [row[0] for row in as_changed((column,), [(values[0],)])]
            other = _value(target, its)
            same = results.compared([(values[0],)], [(other,)], kinds=(column.kind,)).same
            if not same:
                found.add(
                    Difference(
                        what="declared",
                        table=table.name,
                        column=column.name,
                        source=f"DEFAULT {mine.default}",
                        target=None if its.default is None else f"DEFAULT {its.default}",
                        reason="A row that leaves the column out gets another value.",
                    )
                )
    if not count:
        return None
    return found.check("defaults", compared=count, unit="columns", begun=begun)


def _value(database: Database, column: Column) -> object:
    """Return what a default gives; for one that is another value each time, what it is about."""
    if column.default is None:
        return None
    if CLOCK.search(column.default):
        return "the time of day"
    if CHANCE.search(column.default):
        return "a value by chance"
    try:
        rows = database.query(f"SELECT {column.default}").rows
    except DatabaseError:
        return column.default
    return rows[0][0]
