"""A plan onto tables that the target has already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tenuto.teams.migration.architect.ordering import order
from tenuto.teams.migration.matching.matcher import Match, Matching
from tenuto.teams.migration.plan import Change, ColumnPlan, KeyPlan, Plan, TablePlan
from tenuto.teams.migration.schema import Column, Schema, Table

LEAST: Final = 0.5
"""Matches that are less sure are left out of the plan, and named there."""


def plan_onto(plan: Plan, matching: Matching, target: Schema) -> Plan:
    """Return a plan that fills the tables of a target, and makes none.

    A table of the target is read from one table of the source: that of most of its columns. What
    comes from another, what nothing was found for, and what goes nowhere is named in `left_out`.

    Args:
        plan: of the same source, as `make_plan` gives it: it knows how values are read.
        target: what the target has; the matching is of the two.
    """
    return _Onto(plan, matching, target).plan_onto()


class _Onto:
    def __init__(self, plan: Plan, matching: Matching, target: Schema) -> None:
        self.plan, self.matching, self.target = plan, matching, target
        self.by_source = {table.source: table for table in plan.tables}
        self.left_out = {
            name: why for name, why in plan.left_out.items() if name in target.left_out
        }

    def plan_onto(self) -> Plan:
        for name in self.matching.unused:
            self.left_out[name] = "The target has no column for it."
        tables = {
            table.name: made
            for table in self.target.tables
            if (made := self._table(table)) is not None
        }
        there = {table.name: table for table in self.target.tables if table.name in tables}
        ordered = order(there)
        placed = [
            msgspec.structs.replace(
                made,
                level=ordered.levels[name],
                foreign_keys=tuple(_keys(there[name], there, ordered.deferred)),
            )
            for name, made in tables.items()
        ]
        return msgspec.structs.replace(
            self.plan,
            tables=tuple(sorted(placed, key=lambda table: (table.level, table.name))),
            views=(),
            left_out=self.left_out,
        )

    def _table(self, table: Table) -> TablePlan | None:
        if table.name not in self.matching.tables:
            return None
        source, _ = self.matching.tables[table.name]
        if source not in self.by_source:
            return None
        of = self.by_source[source]
        columns = []
        for column in table.columns:
            made = self._column(table, column, of)
            if made is not None:
                columns.append(made)
        if not columns:
            return None
        return TablePlan(
            name=table.name,
            source=source,
            columns=tuple(columns),
            key=table.key if set(table.key) <= {column.name for column in columns} else (),
            by=of.by,
            where=of.where,
            batch_rows=of.batch_rows,
            ranges=of.ranges,
            rows=of.rows,
            seconds=of.seconds,
            bytes=of.bytes,
            on_error=of.on_error,
            rollback="delete",
        )

    def _column(self, table: Table, column: Column, of: TablePlan) -> ColumnPlan | None:
        id = f"{table.name}.{column.name}"
        found = self.matching.matches.get(id)
        if column.generated is not None:
            return None
        if found is None or found.confidence < LEAST:
            self._missing(id, column, found)
            return None
        elsewhere = [one for one in found.sources if one.rpartition(".")[0] != of.source]
        if elsewhere:
            self.left_out[id] = f"It is in another table of the source: {', '.join(elsewhere)}."
            return None
        names = tuple(one.rpartition(".")[2] for one in found.sources)
        read = {one.source: one for one in of.columns}
        if any(name not in read for name in names):
            return None
        made = _read_as(column, found, [read[name] for name in names])
        return msgspec.structs.replace(
            made, source=names[0] if len(names) == 1 else None,
            sources=names if len(names) > 1 else (),
        )  # fmt: skip

    def _missing(self, id: str, column: Column, found: Match | None) -> None:
        doubt = f" {found.sources[0]} is too unlikely." if found is not None else ""
        needed = not column.nullable and column.default is None and not column.counts
        said = " It takes no NULL and has no default: no row can be loaded." if needed else ""
        self.left_out[id] = f"Nothing in the source is sure to be it.{doubt}{said}"


def _read_as(column: Column, found: Match, read: Iterable[ColumnPlan]) -> ColumnPlan:
    """Return the plan for a column of the target, with what reads the values of the source."""
    first, *_ = read
    kind = column.type.kind
    if found.changes:
        changes = found.changes
    elif first.kind == kind:
        changes = first.changes
    else:
        other = next((way for way in first.alternatives if way.kind == kind), None)
        cast = Change(do="text") if kind == "text" else Change(do="cast", options={"kind": kind})
        changes = other.changes if other is not None else (*first.changes, cast)
    return ColumnPlan(
        name=column.name,
        source=None,
        type=column.type.declared,
        kind=kind,
        scale=column.type.scale,
        precision=column.type.precision,
        nullable=column.nullable,
        default=column.default,
        counts=column.counts,
        next=first.next if column.counts else None,
        changes=changes,
        semantic=first.semantic,
        confidence=found.confidence,
        reasons=found.reasons,
        decided_by="rules",
    )


def _keys(
    table: Table, there: dict[str, Table], deferred: frozenset[tuple[str, str]]
) -> Iterable[KeyPlan]:
    for key in table.foreign_keys:
        if key.table in there:
            yield KeyPlan(
                name=key.name,
                columns=key.columns,
                table=key.table,
                named=key.named,
                on_delete=key.on_delete,
                on_update=key.on_update,
                deferred=(table.name, key.name) in deferred,
            )
