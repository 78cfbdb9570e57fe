"""Whether views of the target give the rows that they give in the source."""

from __future__ import annotations

import time
from typing import Final

from tenuto.teams.migration.databases.port import Database, DatabaseError
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.kora import results
from tenuto.teams.migration.kora.excuses import excuse, rows_aside
from tenuto.teams.migration.kora.findings import Check, Difference, Found, Verdict
from tenuto.teams.migration.kora.telling import Told, tell
from tenuto.teams.migration.kora.workload.translating import Translator, Untranslatable
from tenuto.teams.migration.plan import Plan, ViewPlan
from tenuto.teams.migration.schema import Schema

ROWS_MAX: Final = 100_000
"""Rows of a view that are compared at most."""


def views(
    source: Database, target: Database, plan: Plan, schemas: tuple[Schema, Schema]
) -> list[Check]:
    """Return for each view that both sides have what is not the same in its rows."""
    here, there = schemas
    known = {view.name for view in there.views}
    names = {view.query: view.name for view in here.views}
    translator, aside = Translator(plan, here), rows_aside(target)

    def why(view: ViewPlan) -> str:
        try:
            return excuse(translator.translated(view.source_query), aside)
        except Untranslatable:
            return ""

    return [
        _view(source, target, view, (names.get(view.source_query, view.name), why(view)))
        for view in plan.views
        if view.query is not None and view.name in known
    ]


def _view(source: Database, target: Database, view: ViewPlan, facts: tuple[str, str]) -> Check:
    """Return what differs in a view; `facts` are its name in the source, and why it may differ."""
    name, why = facts
    verdict: Verdict = "expected" if why else "defect"
    begun, found = time.perf_counter(), Found()
    try:
        mine = source.query(_query(source, name), limit=ROWS_MAX + 1)
    except DatabaseError as error:
        found.add(
            Difference(
                what="error",
                verdict="expected",
                table=view.name,
                reason=f"The view does not work in the source: {error}",
            )
        )
        return found.check("views", table=view.name, begun=begun)
    try:
        its = target.query(_query(target, view.name), limit=ROWS_MAX + 1)
    except DatabaseError as error:
        found.add(Difference(what="error", table=view.name, reason=str(error)))
        return found.check("views", table=view.name, begun=begun)
    if len(mine.rows) > ROWS_MAX or len(its.rows) > ROWS_MAX:
        counts = _count(source, name), _count(target, view.name)
        if counts[0] != counts[1]:
            found.add(
                Difference(
                    what="number",
                    verdict=verdict,
                    table=view.name,
                    source=counts[0],
                    target=counts[1],
                    reason=why,
                )
            )
        return found.check(
            "views",
            table=view.name,
            compared=1,
            begun=begun,
            note=f"More than {ROWS_MAX:,} rows: only their number was compared.",
        )
    outcome = results.compared(mine.rows, its.rows)
    told = Told(name=view.name, columns=mine.columns, verdict=verdict, reason=why)
    tell(found, outcome, told)
    return found.check(
        "views", table=view.name, compared=len(mine.rows), target_count=len(its.rows), begun=begun
    )


def _query(database: Database, name: str) -> str:
    return f"SELECT * FROM {quoted(database.system, name)}"


def _count(database: Database, name: str) -> int:
    query = f"SELECT count(*) FROM {quoted(database.system, name)}"
    return int(str(database.query(query).rows[0][0]))
