"""The whole comparison of a target with its source, and what it proves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from tenuto.teams.migration.databases.port import Database, Unavailable
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.kora.counting import number_of
from tenuto.teams.migration.kora.findings import Check, Difference, Query, Verdict
from tenuto.teams.migration.kora.workload.given import Given
from tenuto.teams.migration.plan import Plan

FORMAT: Final = 1


class Verification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was compared, what was found, and what that proves."""

    verified: bool
    """There is no defect."""
    checks: tuple[Check, ...]
    rules: tuple[str, ...]
    """By which values counted as alike."""
    seconds: float
    counts: dict[Verdict, int]
    """Differences of each class, also those that are not told one by one."""
    queries: tuple[Query, ...] = ()
    format: int = FORMAT

    @property
    def differences(self) -> tuple[Difference, ...]:
        """All differences that are told one by one."""
        return tuple(one for check in self.checks for one in check.differences)

    @property
    def defects(self) -> tuple[Difference, ...]:
        """Those of them that are defects."""
        return tuple(one for one in self.differences if one.verdict == "defect")


def verify(
    source: Database,
    target: Database,
    plan: Plan,
    *,
    workload: Sequence[Given | str] = (),
    deep: bool = True,
) -> Verification:
    """Return what is not the same in a target as in its source, by what a plan says.

    Args:
        workload: queries in the SQL of the source; more are made.
        deep: compare each value, and not only numbers of rows, declarations and behaviour.

    Raises:
        DatabaseError: a database does not answer.
    """
    from tenuto.teams.migration.kora import (
        comparing,
        declaring,
        defaults,
        refusing,
        results,
        sequences,
        views,
    )
    from tenuto.teams.migration.kora.quarantined import aside
    from tenuto.teams.migration.kora.workload.running import Workload

    begun = time.perf_counter()
    here, there = source.describe(), target.describe()
    checks: list[Check] = list(declaring.declared(plan, there))
    present = {table.name: {column.name for column in table.columns} for table in there.tables}
    whole = [
        table
        for table in plan.tables
        if {column.name for column in table.columns} <= present.get(table.name, set())
    ]
    compare = comparing.compare if deep else comparing.count
    with ThreadPoolExecutor(max(plan.parallel, 1), "kora-table") as threads:
        checks += threads.map(
            lambda table: compare(source, target, table, aside=aside(target, table)), whole
        )
    _check_read_whole(target, checks)
    numbered = sequences.sequences(here, target, there, plan)
    checks += [numbered] if numbered else []
    defaulted = defaults.defaults(source, target, plan, (here, there))
    checks += [defaulted] if defaulted else []
    whole_plan = msgspec.structs.replace(plan, tables=tuple(whole))
    checks += refusing.refusals(source, target, whole_plan, here)
    asking = Workload(source, target, whole_plan, here)
    viewed, of_views = views.views(asking, plan, (here, there))
    answers, queries = asking.run(workload)
    checks += [*viewed, answers]
    return Verification(
        verified=not any(check.defects for check in checks),
        checks=tuple(checks),
        queries=(*of_views, *queries),
        rules=results.RULES,
        seconds=time.perf_counter() - begun,
        counts={
            "defect": sum(check.defects for check in checks),
            "dialect": sum(check.dialect for check in checks),
            "expected": sum(check.expected for check in checks),
        },
    )


def _check_read_whole(target: Database, checks: Sequence[Check]) -> None:
    """Take no row for missing that a stream left out in silence.

    Raises:
        Unavailable: a table was not read to its end, or changes meanwhile.
    """
    for check in checks:
        if check.name != "rows" or not check.defects:
            continue
        its = number_of(target, quoted(target.system, check.table))
        if its != check.target_count:
            raise Unavailable(
                f"Reading table {check.table!r} of the target gave {check.target_count} rows, and "
                f"it has {its}: it changes while it is compared, or was not read to its end."
            )
