"""From a plan to statements; which ones there are is the same for all systems, each words them."""

from __future__ import annotations

from tenuto.teams.migration.ddl.dialects import Dialect, dialect
from tenuto.teams.migration.ddl.statements import Statement
from tenuto.teams.migration.plan import Plan


def prepare(plan: Plan) -> list[Statement]:
    """Return what is run before rows come: tables with their primary keys, in the order of levels.

    SQLite takes constraints with the table alone, so its tables have them from the beginning. A
    target that has its tables already needs nothing.
    """
    if plan.onto:
        return []
    write = dialect(plan)
    return [write.table(table) for table in plan.tables]


def finish(plan: Plan) -> list[Statement]:
    """Return what is run when all rows are there: unique and other indexes, checks, foreign keys,
    counters, views; each is fit to be run by itself, and in this order. Where the target had its
    tables before, only counters go on."""
    write: Dialect = dialect(plan)
    if plan.onto:
        return _counters(write, plan)
    found: list[Statement] = []
    for table in plan.tables:
        found += [write.index(table, index) for index in table.indexes if index.unique]
    for table in plan.tables:
        found += [write.index(table, index) for index in table.indexes if not index.unique]
    for table in plan.tables:
        found += write.checks(table)
    for table in plan.tables:
        found += write.foreign_keys(table)
    found += _counters(write, plan)
    found += [write.sequence(sequence) for sequence in plan.sequences]
    found += [write.view(view, view.query) for view in plan.views if view.query is not None]
    return found


def _counters(write: Dialect, plan: Plan) -> list[Statement]:
    return [
        statement
        for table in plan.tables
        for column in table.columns
        if column.counts and (statement := write.counter(table, column))
    ]
