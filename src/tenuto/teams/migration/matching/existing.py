"""Plans onto a target that has its schema already: it is looked at as the source is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import msgspec

from tenuto.teams.migration.databases.bookkeeping import BOOKKEEPING
from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.matching.matcher import match
from tenuto.teams.migration.matching.onto import plan_onto
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Annotated
from tenuto.teams.migration.scout import survey


def planned_onto(
    plan: Plan, found: Annotated, target: Database, *, exclude: Sequence[str] = ()
) -> Plan:
    """Return a plan that fills what a target has, by one that would make it anew.

    Args:
        found: what Scout knows of the source.
        exclude: tables of the target that are left as they are; `*` and `?` work.

    Raises:
        DatabaseError: the target cannot be read.
    """

    def may_be_filled(name: str) -> bool:
        return name not in BOOKKEEPING and not any(fnmatchcase(name, one) for one in exclude)

    there = _only(survey(target), may_be_filled)
    wanted = {table.source for table in plan.tables}
    matching = match(_only(found, wanted.__contains__), there)
    return plan_onto(plan, matching, there.schema)


def _only(found: Annotated, wanted: Callable[[str], bool]) -> Annotated:
    tables = tuple(table for table in found.schema.tables if wanted(table.name))
    schema = msgspec.structs.replace(found.schema, tables=tables)
    return msgspec.structs.replace(found, schema=schema)
