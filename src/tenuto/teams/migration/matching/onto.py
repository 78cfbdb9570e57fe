"""A plan onto tables that the target has already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tenuto.teams.migration.architect.ordering import order
from tenuto.teams.migration.matching.matcher import Match, Matching
from tenuto.teams.migration.plan import (
    Alternative,
    Change,
    ColumnPlan,
    IndexPlan,
    KeyPlan,
    Plan,
    TablePlan,
)
from tenuto.teams.migration.schema import Column, Schema, Table

LEAST: Final = 0.5
"""Matches that are less sure are left out of the plan, and named there."""
OTHERS_MAX: Final = 4
"""Other columns that a column might be made of, as far as the plan tells them."""
TOLD_FROM: Final = 0.05
"""What is less likely is not told."""
ALIKE: Final = 0.2
"""A table that is less like that of the source is filled where it has most of its columns."""
NO_COLUMN: Final = "The target has no column for it."
NO_TABLE: Final = "The target has no table for it."
EMPTY: Final = "Nothing in the source is sure to be it."
NUMBERED: Final = "It is the key: rows get numbers of their own, which others may not know."
NEEDED: Final = "It takes no NULL and has no default: no row can be loaded."


def plan_onto(plan: Plan, matching: Matching, target: Schema) -> Plan:
    """Return a plan that fills the tables of a target, and makes none.

    A table of the target is read from one table of the source: that of most of its columns. What
    comes from another, what nothing was found for, and what goes nowhere is named in `left_out`.

    Args:
        plan: of the same source, as `make_plan` gives it: it knows how values are read.
        target: what the target has; the matching is of the two.
    """
    return _Onto(plan, matching, target).plan_onto()


def is_needed(column: ColumnPlan) -> bool:
    """Return whether no row can be loaded without a value for a column."""
    gets = column.source or column.sources or column.changes or column.generated is not None
    return not (gets or column.nullable or column.default is not None or column.counts)


class _Onto:
    def __init__(self, plan: Plan, matching: Matching, target: Schema) -> None:
        self.plan, self.matching, self.target = plan, matching, target
        self.by_source = {table.source: table for table in plan.tables}
        # What was not asked for; what else is said there is about tables that are not made.
        self.left_out = {name: why for name, why in plan.left_out.items() if "." not in name}

    def plan_onto(self) -> Plan:
        for view in self.plan.views:
            self.left_out[view.name] = "Views of the target stay as they are."
        for sequence in self.plan.sequences:
            self.left_out[sequence.source] = "Counters of the target stay as they are."
        ordered = order({table.name: table for table in self.target.tables})
        tables = []
        for table in self.target.tables:
            made = self._table(table, ordered.levels[table.name])
            if made is None:
                self.left_out.setdefault(
                    table.name, "Nothing in the source is sure to be it: it stays as it is."
                )
            else:
                tables.append(_with_keys(made, table, ordered.deferred))
        self._tell_unused(tables)
        return msgspec.structs.replace(
            self.plan,
            tables=tuple(sorted(tables, key=lambda table: (table.level, table.name))),
            views=(),
            sequences=(),
            left_out=self.left_out,
            onto=True,
        )

    def _tell_unused(self, tables: Iterable[TablePlan]) -> None:
        """Name what goes nowhere; of a table that does as a whole, only the table."""
        read = {
            f"{table.source}.{name}"
            for table in tables
            for column in table.columns
            for name in (column.source, *column.sources)
        }
        for source in self.by_source.values():
            unused = [
                f"{source.source}.{column.source}"
                for column in source.columns
                if column.source and f"{source.source}.{column.source}" not in read
            ]
            if len(unused) == len(source.columns):
                self.left_out[source.source] = NO_TABLE
            else:
                self.left_out |= dict.fromkeys(unused, NO_COLUMN)

    def _table(self, table: Table, level: int) -> TablePlan | None:
        if table.name not in self.matching.tables:
            return None
        source, score = self.matching.tables[table.name]
        if source not in self.by_source:
            return None
        of = self.by_source[source]
        columns = tuple(self._column(table, column, of) for column in table.columns)
        filled = [bool(one.source or one.sources) for one in columns if one.name not in table.key]
        if not any(filled) or (score < ALIKE and sum(filled) < len(filled) / 2):
            self.left_out[table.name] = f"Too little of it is in {source!r}: it stays as it is."
            return None
        for column in columns:
            if not (column.source or column.sources or column.generated):
                self.left_out[f"{table.name}.{column.name}"] = " ".join(column.reasons)
        return TablePlan(
            name=table.name,
            source=source,
            columns=columns,
            key=table.key,
            level=level,
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

    def _column(self, table: Table, column: Column, of: TablePlan) -> ColumnPlan:
        id = f"{table.name}.{column.name}"
        read = {one.source: one for one in of.columns if one.source}
        empty = _declared(column)
        if column.generated is not None:
            return empty
        found = self.matching.matches.get(id)
        ways = self._ways(column, found or id, read, of.source)
        if found is None or found.confidence < LEAST:
            return self._without(empty, found, ways, is_key=column.name in table.key)
        names = tuple(one.rpartition(".")[2] for one in found.sources)
        elsewhere = [one for one in found.sources if one.rpartition(".")[0] != of.source]
        if elsewhere or any(name not in read for name in names):
            reason = f"It is in another table of the source: {', '.join(elsewhere)}."
            return self._without(empty, None, ways, is_key=column.name in table.key, reason=reason)
        parts = [read[name] for name in names]
        return msgspec.structs.replace(
            empty,
            source=names[0] if len(names) == 1 else None,
            sources=names if len(names) > 1 else (),
            changes=_reading(column, found.changes, parts),
            next=parts[0].next if column.counts else None,
            semantic=parts[0].semantic,
            # A value that may be read in two ways is in doubt, however sure its column is.
            confidence=min(found.confidence, *(part.confidence for part in parts)),
            reasons=found.reasons or tuple(parts[0].reasons),
            alternatives=(*_readings(column, parts), *ways),
        )

    def _ways(
        self, column: Column, found: Match | str, read: dict[str, ColumnPlan], table: str
    ) -> tuple[Alternative, ...]:
        """Return what else of the table a column may be made of; where its match is sure, nothing
        else is."""
        sure = found.confidence if isinstance(found, Match) and found.confidence >= LEAST else 0.0
        taken = found.sources if isinstance(found, Match) and sure else ()
        id = found.target if isinstance(found, Match) else found
        ways = []
        for other, likely in self.matching.others.get(id, ()):
            of, _, name = other.rpartition(".")
            left = round(min(likely, 1 - sure), 3)
            if of == table and name in read and other not in taken and left >= TOLD_FROM:
                reason = f"{name!r} is like it in some ways."
                ways.append(_way(column, read[name], _reading(column, (), [read[name]]), reason))
                ways[-1] = msgspec.structs.replace(ways[-1], confidence=left)
        return tuple(ways[:OTHERS_MAX])

    def _without(
        self,
        empty: ColumnPlan,
        found: Match | None,
        ways: tuple[Alternative, ...],
        *,
        is_key: bool,
        reason: str = EMPTY,
    ) -> ColumnPlan:
        """Return the plan of a column that gets nothing."""
        doubt = f" {found.sources[0]} is too unlikely." if found is not None else ""
        needed = f" {NEEDED}" if is_needed(empty) else ""
        if is_key and not needed:
            needed = f" {NUMBERED}"
        return msgspec.structs.replace(
            empty,
            confidence=0.0 if needed else 1.0,
            reasons=(f"{reason}{doubt}{needed}",),
            alternatives=ways,
        )


def _declared(column: Column) -> ColumnPlan:
    """Return what the target says of a column, which gets nothing."""
    return ColumnPlan(
        name=column.name,
        source=None,
        type=column.type.declared,
        kind=column.type.kind,
        scale=column.type.scale,
        precision=column.type.precision,
        nullable=column.nullable,
        default=column.default,
        counts=column.counts,
        generated=column.generated,
        collation=column.collation,
        decided_by="rules",
    )


def _reading(
    column: Column, made: Sequence[Change], parts: Sequence[ColumnPlan]
) -> tuple[Change, ...]:
    """Return what reads the values of the source as the target wants them."""
    first, kind = parts[0], column.type.kind
    # What is to be out of sight stays so, whatever it becomes a part of.
    masks = tuple(change for part in parts for change in part.changes if change.do == "mask")[:1]
    if made:
        return (*made, *masks)
    if first.kind == kind or masks:
        return first.changes
    other = next((way for way in first.alternatives if way.kind == kind), None)
    if other is not None:
        return other.changes
    cast = Change(do="text") if kind == "text" else Change(do="cast", options={"kind": kind})
    return (*first.changes, cast)


def _readings(column: Column, parts: Sequence[ColumnPlan]) -> tuple[Alternative, ...]:
    """Return the other ways to read the values of the one column that it is made of."""
    if len(parts) != 1 or any(change.do == "mask" for change in parts[0].changes):
        return ()
    return tuple(
        _way(column, parts[0], way.changes, " ".join(way.reasons))
        for way in parts[0].alternatives
        if way.kind == column.type.kind
    )


def _way(column: Column, part: ColumnPlan, changes: tuple[Change, ...], reason: str) -> Alternative:
    return Alternative(
        kind=column.type.kind,
        type=column.type.declared,
        precision=column.type.precision,
        scale=column.type.scale,
        changes=changes,
        confidence=part.confidence,
        reasons=(reason,),
        source=part.source,
    )


def _with_keys(made: TablePlan, table: Table, deferred: frozenset[tuple[str, str]]) -> TablePlan:
    """Return the plan of a table with what the target has it promise."""
    return msgspec.structs.replace(
        made,
        foreign_keys=tuple(
            KeyPlan(
                name=key.name,
                columns=key.columns,
                table=key.table,
                named=key.named,
                on_delete=key.on_delete,
                on_update=key.on_update,
                deferred=(table.name, key.name) in deferred,
            )
            for key in table.foreign_keys
        ),
        indexes=tuple(
            IndexPlan(name=index.name, parts=index.parts, unique=index.unique, where=index.where)
            for index in table.indexes
        ),
        checks={check.name: check.condition for check in table.checks},
    )
