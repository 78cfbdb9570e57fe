"""The plan: tables in their order, each column with its type, and what cannot be moved."""

from __future__ import annotations

from collections.abc import Iterator

from tenuto.teams.migration.architect.constraining import checks, foreign_keys, indexes
from tenuto.teams.migration.architect.draft import Draft, NothingToMove
from tenuto.teams.migration.architect.estimating import (
    batch_rows,
    range_count,
    row_bytes,
    seconds,
)
from tenuto.teams.migration.architect.options import Options
from tenuto.teams.migration.architect.ordering import Order, order
from tenuto.teams.migration.architect.shaping import agree, columns, with_defaults, with_generated
from tenuto.teams.migration.architect.showing import view_plans
from tenuto.teams.migration.plan import Plan, SequencePlan, TablePlan
from tenuto.teams.migration.schema import Annotated, System, Table

__all__ = ["NothingToMove", "make_plan"]


def make_plan(
    annotated: Annotated,
    *,
    target_system: System,
    source: str,
    target: str,
    options: Options | None = None,
) -> Plan:
    """Return what is to be done, by rules alone.

    Args:
        source: its address, without a password.
        target: its address, without a password.

    Raises:
        NothingToMove: there is no table, or `options` name none of them.
        BadMask: a mask was asked for that cannot be had.
    """
    draft = Draft(annotated, target_system, options or Options())
    for name, table in draft.tables.items():
        draft.columns[name] = columns(draft, table)
    agree(draft)
    for table in draft.tables.values():
        with_defaults(draft, table)
        with_generated(draft, table)
    ordered = order(draft.tables)
    tables = [table_plan(draft, table, ordered) for table in draft.tables.values()]
    for trigger in draft.schema.triggers:
        if trigger.table in draft.tables:
            draft.left_out[f"{trigger.table}.{trigger.name}"] = (
                "Triggers are programs of their system; write it anew for the target."
            )
    return Plan(
        source=source,
        target=target,
        source_system=draft.source,
        target_system=target_system,
        tables=tuple(sorted(tables, key=lambda table: (table.level, table.name))),
        views=tuple(view_plans(draft)),
        sequences=tuple(_sequences(draft)),
        left_out=draft.left_out,
        threshold=draft.options.threshold,
        masks=draft.options.masks,
        parallel=draft.options.parallel,
        rate_limit=draft.options.rate_limit,
    )


def table_plan(draft: Draft, table: Table, ordered: Order) -> TablePlan:
    own = draft.columns[table.name]
    where = draft.options.where.get(table.name)
    rows = None if where else table.rows
    by = reading_order(draft, table)
    return TablePlan(
        name=draft.names[table.name],
        source=table.name,
        columns=tuple(own.values()),
        key=tuple(own[name].name for name in table.key),
        by=by,
        where=where,
        foreign_keys=tuple(foreign_keys(draft, table, ordered)),
        indexes=tuple(indexes(draft, table)),
        checks=checks(draft, table),
        level=ordered.levels[table.name],
        batch_rows=batch_rows(table),
        ranges=range_count(table, by, draft.options.parallel),
        rows=rows,
        seconds=seconds(table, rows, rate_limit=draft.options.rate_limit),
        bytes=None if rows is None else rows * row_bytes(table),
        on_error=draft.options.on_error,
    )


def reading_order(draft: Draft, table: Table) -> tuple[str, ...]:
    """Return the columns by which it is read in order: never NULL, and each value once."""
    if draft.source == "sqlite" and not table.without_rowid:
        numbered = [column.name for column in table.columns if column.counts]
        return tuple(numbered)
    if table.key:
        return table.key
    for index in table.indexes:
        if index.unique and index.where is None and not index.collations:
            known = {column.name: column for column in table.columns}
            if all(part in known and not known[part].nullable for part in index.parts):
                return index.parts
    return ()


def _sequences(draft: Draft) -> Iterator[SequencePlan]:
    """Give the counters that belong to no column."""
    for sequence in draft.schema.sequences:
        if sequence.table is not None:
            continue
        if draft.target == "sqlite":
            draft.left_out[sequence.name] = "SQLite has no sequences."
            continue
        name = draft.space.give(sequence.name, of="sequence")
        yield SequencePlan(name=name, source=sequence.name, next=sequence.next)
