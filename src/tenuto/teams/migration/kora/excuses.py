"""Why a result is expected to differ: the plan changes what it reads, or rows of it were put aside.

That is no excuse for the rows themselves: each of them is compared one by one (`comparing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from tenuto.teams.migration.databases.port import Database, DatabaseError
from tenuto.teams.migration.kora.quarantined import TABLE
from tenuto.teams.migration.kora.workload.translating import Translated


def rows_aside(target: Database) -> dict[str, int]:
    """Return how many rows of each table are in quarantine."""
    try:
        rows = target.query(f"SELECT table_name, count(*) FROM {TABLE} GROUP BY table_name").rows
    except DatabaseError:
        return {}
    return {str(table): int(str(count)) for table, count in rows}


def excuse(query: Translated, aside: Mapping[str, int]) -> str:
    """Return why what a query gives may differ, in words; else nothing."""
    found: list[str] = []
    if query.touched:
        names = ", ".join(f"{table.name}.{column.name}" for table, column in query.touched)
        found.append(f"It reads {names}, whose values the plan changes.")
    tables = sorted({table.name for table in query.tree.find_all(exp.Table)} & aside.keys())
    if tables:
        counts = ", ".join(f"{aside[name]:,} of {name}" for name in tables)
        found.append(f"It reads tables of which rows are in quarantine: {counts}.")
    return " ".join(found)
