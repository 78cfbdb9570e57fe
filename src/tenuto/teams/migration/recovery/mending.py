"""What a fix makes of a plan."""

from collections.abc import Iterable

import msgspec

from tenuto.teams.migration.plan import Plan, TablePlan
from tenuto.teams.migration.recovery.fixes import Fix, mended


def with_fixes(plan: Plan, table: str, fixes: Iterable[Fix]) -> Plan:
    """Return the plan with fixes for columns of a table put into it, in their order."""
    for fix in fixes:
        if fix.column:
            tables = tuple(_mended(one, fix) if one.name == table else one for one in plan.tables)
            plan = msgspec.structs.replace(plan, tables=tables)
    return plan


def _mended(table: TablePlan, fix: Fix) -> TablePlan:
    columns = tuple(
        mended(column, fix) if column.name == fix.column else column for column in table.columns
    )
    return msgspec.structs.replace(table, columns=columns)
