"""The whole comparison of a target with its source, and what it proves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypedDict, Unpack

import msgspec

from tenuto.teams.migration.databases.port import Database, Unavailable
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.kora.counting import number_of
from tenuto.teams.migration.kora.findings import Check, Difference, Query, Verdict
from tenuto.teams.migration.kora.workload.given import Given
from tenuto.teams.migration.plan import Plan, TablePlan
from tenuto.teams.migration.schema import Schema

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


class Options(TypedDict, total=False):
    """How far it goes."""

    workload: Sequence[Given | str]
    """Queries in the SQL of the source."""
    deep: bool
    """Compare each value, and not only numbers of rows, declarations and behaviour."""
    made: bool
    """Ask made queries as well."""


def verify(
    source: Database, target: Database, plan: Plan, **options: Unpack[Options]
) -> Verification:
    """Return what is not the same in a target as in its source, by what a plan says.

    Raises:
        DatabaseError: a database does not answer.
    """
    from tenuto.teams.migration.kora import (
        comparing,
        declaring,
        defaults,
        mapped,
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
    whole = [left for table in plan.tables if (left := _present(table, there)) is not None]
    whole_plan = msgspec.structs.replace(plan, tables=tuple(whole))
    compare = comparing.compare if options.get("deep", True) else comparing.count
    with ThreadPoolExecutor(max(plan.parallel, 1), "kora-table") as threads:
        checks += threads.map(
            lambda table: compare(source, target, table, aside=aside(target, table)), whole
        )
    _check_read_whole(target, checks)
    numbered = sequences.sequences(here, target, there, whole_plan)
    checks += [numbered] if numbered else []
    if not plan.onto:
        # What a target had before has promises of its own, which were compared as declared.
        defaulted = defaults.defaults(source, target, whole_plan, (here, there))
        checks += [defaulted] if defaulted else []
        checks += refusing.refusals(source, target, whole_plan, here)
    asking = Workload(
        source, target, mapped.for_queries(whole_plan) if plan.onto else whole_plan, here
    )
    viewed, of_views = views.views(asking, plan, (here, there))
    answers, queries = asking.run(options.get("workload", ()), made=options.get("made", True))
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


def _present(table: TablePlan, there: Schema) -> TablePlan | None:
    """Return what of a table is there, so that it can be compared; that more is missing is told
    where declarations are compared. None: it is not there at all."""
    names = {
        column.name
        for found in there.tables
        if found.name == table.name
        for column in found.columns
    }
    columns = tuple(column for column in table.columns if column.name in names)
    key = table.key if set(table.key) <= names else ()
    return msgspec.structs.replace(table, columns=columns, key=key) if columns else None


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
