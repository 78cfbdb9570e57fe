"""The columns of tables: names, types, changes, defaults."""

from __future__ import annotations

import msgspec

from tenuto.teams.migration.architect import expressions
from tenuto.teams.migration.architect.columns import column_plan
from tenuto.teams.migration.architect.draft import Draft
from tenuto.teams.migration.architect.masking import masked
from tenuto.teams.migration.architect.names import Names, cased
from tenuto.teams.migration.architect.refining import Where, refined
from tenuto.teams.migration.plan import ColumnPlan
from tenuto.teams.migration.schema import Table
from tenuto.teams.migration.scout.kinds import is_untyped


def columns(draft: Draft, table: Table) -> dict[str, ColumnPlan]:
    """Return the columns of a table, without their defaults."""
    names = Names(draft.target, lambda name: cased(name, draft.options.names))
    indexed = {*table.key, *(part for index in table.indexes for part in index.parts)}
    indexed |= {name for key in table.foreign_keys for name in key.columns}
    in_keys = _keyed(draft, table)
    nexts = {
        sequence.column: sequence.next
        for sequence in draft.schema.sequences
        if sequence.table == table.name
    }
    found = {}
    for column in table.columns:
        made = column_plan(
            column,
            draft.source,
            draft.target,
            name=names.give(column.name),
            indexed=column.name in indexed,
            next=nexts.get(column.name),
            is_key=column.name in table.key,
        )
        notes = draft.notes(table, column.name)
        if notes is not None:
            where = Where(
                source=draft.source,
                target=draft.target,
                threshold=draft.options.threshold,
                indexed=column.name in indexed,
                untyped=is_untyped(table),
            )
            made = refined(made, column, notes, where, keyed=column.name in in_keys)
            made = masked(made, notes, draft.options.masks, draft.target)
        found[column.name] = made
    return found


def _keyed(draft: Draft, table: Table) -> set[str]:
    """Return the columns of a table that keys name, here or from elsewhere."""
    keyed = set(table.key)
    for other in draft.tables.values():
        for key in other.foreign_keys:
            if other is table:
                keyed.update(key.columns)
            if key.table == table.name:
                keyed.update(key.named)
    return keyed


def agree(draft: Draft) -> None:
    """Give the columns of foreign keys the types of those that they name."""
    for _ in draft.tables:
        changed = False
        for table in draft.tables.values():
            for key in table.foreign_keys:
                named = draft.columns.get(key.table, {})
                for here, there in zip(key.columns, key.named, strict=False):
                    if there in named:
                        changed |= _agrees(draft, table.name, here, named[there])
        if not changed:
            return


def _agrees(draft: Draft, table: str, name: str, to: ColumnPlan) -> bool:
    column = draft.columns[table][name]
    alike = column.kind == to.kind and (column.kind == "text" or column.type == to.type)
    if alike or (column.kind == to.kind and draft.target == "sqlite"):
        return False
    reason = f"It names a column of {to.type}."
    draft.columns[table][name] = msgspec.structs.replace(
        column,
        type=to.type,
        kind=to.kind,
        precision=to.precision,
        scale=to.scale,
        reasons=(*column.reasons, reason),
    )
    return True


def with_defaults(draft: Draft, table: Table) -> None:
    """Give each column its default in the words of the target, now that its kind is known."""
    columns = draft.columns[table.name]
    for column in table.columns:
        made = columns[column.name]
        if column.default is None or made.counts:
            continue
        try:
            words = expressions.default(column.default, draft.source, draft.target, made.kind)
        except expressions.Untranslatable as error:
            draft.left_out[f"{table.name}.{column.name} DEFAULT"] = (
                f"The default {column.default} is left out. {error}"
            )
            continue
        columns[column.name] = msgspec.structs.replace(made, default=words)


def with_generated(draft: Draft, table: Table) -> None:
    """Let columns be computed in the target too, where their expression can be said there; else
    they keep the values that the source has computed."""
    own = draft.columns[table.name]
    for column in table.columns:
        if column.generated is None:
            continue
        made = own[column.name]
        try:
            words = draft.condition(table, column.generated)
        except expressions.Untranslatable as error:
            reason = f"The source computes it: {column.generated}. Here it is stored. {error}"
            own[column.name] = msgspec.structs.replace(made, reasons=(*made.reasons, reason))
            continue
        own[column.name] = msgspec.structs.replace(
            made, generated=words, nullable=True if draft.target == "mariadb" else made.nullable
        )
