"""Whether views of the target give the rows that they give in the source."""

from __future__ import annotations

import time

from tenuto.teams.migration.kora.findings import Check, Found, Query
from tenuto.teams.migration.kora.workload.running import Workload
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Schema


def views(
    workload: Workload, plan: Plan, schemas: tuple[Schema, Schema]
) -> tuple[list[Check], tuple[Query, ...]]:
    """Return for each view that both sides have what is not the same in its rows, and how it was
    judged."""
    here, there = schemas
    known = {view.name for view in there.views}
    names = {view.query: view.name for view in here.views}
    checks, queries = [], []
    for view in plan.views:
        if view.query is None or view.name not in known:
            continue
        begun, found = time.perf_counter(), Found()
        answered = workload.view(names.get(view.source_query, view.name), view)
        answered.tell(found)
        query = answered.query
        queries.append(query)
        checks.append(
            found.check(
                "views",
                table=view.name,
                compared=query.rows,
                begun=begun,
                note=query.reason if query.answer == "skipped" else "",
            )
        )
    return checks, tuple(queries)
