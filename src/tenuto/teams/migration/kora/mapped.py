"""Plans that fill what a target had before: how far queries can be asked of both sides."""

from __future__ import annotations

import msgspec

from tenuto.teams.migration.plan import ColumnPlan, Plan, TablePlan


def for_queries(plan: Plan) -> Plan:
    """Return a plan by which a table of the source is one of the target: of several that are made
    of it, the one that has most of it. A column is what holds its values as they are, if one does.
    """
    best: dict[str, TablePlan] = {}
    for table in plan.tables:
        other = best.get(table.source)
        if other is None or _taken(table) > _taken(other):
            columns = tuple(sorted(table.columns, key=_is_changed))
            best[table.source] = msgspec.structs.replace(table, columns=columns)
    return msgspec.structs.replace(plan, tables=tuple(best.values()))


def _taken(table: TablePlan) -> int:
    return len({column.source for column in table.columns if column.source})


def _is_changed(column: ColumnPlan) -> bool:
    return bool(column.changes)
