"""The plan: tables in their order, each column with its type, and what cannot be moved."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import msgspec

from tenuto.teams.migration.architect import expressions, views
from tenuto.teams.migration.architect.columns import column_plan
from tenuto.teams.migration.architect.estimating import (
    batch_rows,
    range_count,
    row_bytes,
    seconds,
)
from tenuto.teams.migration.architect.masking import masked
from tenuto.teams.migration.architect.names import Names, cased
from tenuto.teams.migration.architect.options import Options
from tenuto.teams.migration.architect.ordering import Order, order
from tenuto.teams.migration.architect.refining import Where, refined
from tenuto.teams.migration.databases.quoting import literal, quoted
from tenuto.teams.migration.plan import (
    ColumnPlan,
    IndexPlan,
    KeyPlan,
    Plan,
    TablePlan,
    ViewPlan,
)
from tenuto.teams.migration.schema import Annotated, Schema, System, Table


class NothingToMove(Exception):
    """No table is left by what was asked; the message names what there is."""


def make_plan(
    annotated: Annotated,
    *,
    target_system: System,
    source: str,
    target: str,
    options: Options = Options(),  # noqa: B008 - frozen
) -> Plan:
    """Return what is to be done, by rules alone.

    Args:
        source: its address, without a password.
        target: its address, without a password.

    Raises:
        NothingToMove: there is no table, or `options` name none of them.
    """
    return _Making(annotated, target_system, options).plan(source, target)


class _Making:
    def __init__(self, annotated: Annotated, target: System, options: Options) -> None:
        self.annotated, self.target, self.options = annotated, target, options
        self.schema: Schema = annotated.schema
        self.left_out: dict[str, str] = dict(annotated.schema.left_out)
        self.tables: dict[str, Table] = {
            table.name: table for table in self.schema.tables if self._wanted(table.name)
        }
        if not self.tables:
            there = ", ".join(table.name for table in self.schema.tables) or "no table at all"
            raise NothingToMove(f"No table is to be moved; the source has: {there}.")
        # Tables, indexes and views share one space of names in PostgreSQL and SQLite.
        self.space = Names(target, lambda name: cased(name, options.names))
        self.names = {name: self.space.give(name, of="table") for name in self.tables}
        self.columns: dict[str, dict[str, ColumnPlan]] = {}

    def _wanted(self, name: str) -> bool:
        asked = self.options.tables
        if asked and not any(fnmatchcase(name, pattern) for pattern in asked):
            self.left_out[name] = "It is not among the tables that were asked for."
            return False
        if any(fnmatchcase(name, pattern) for pattern in self.options.exclude):
            self.left_out[name] = "It was excluded."
            return False
        return True

    def plan(self, source: str, target: str) -> Plan:
        for name, table in self.tables.items():
            self.columns[name] = self._columns(table)
        self._agree()
        for table in self.tables.values():
            self._with_defaults(table)
        ordered = order(self.tables)
        tables = [self._table(table, ordered) for table in self.tables.values()]
        for trigger in self.schema.triggers:
            if trigger.table in self.tables:
                self.left_out[f"{trigger.table}.{trigger.name}"] = (
                    "Triggers are programs of their system; write it anew for the target."
                )
        return Plan(
            source=source,
            target=target,
            source_system=self.schema.system,
            target_system=self.target,
            tables=tuple(sorted(tables, key=lambda table: (table.level, table.name))),
            views=tuple(self._views()),
            left_out=self.left_out,
            threshold=self.options.threshold,
            masks=self.options.masks,
            parallel=self.options.parallel,
            rate_limit=self.options.rate_limit,
        )

    def _columns(self, table: Table) -> dict[str, ColumnPlan]:
        names = Names(self.target, lambda name: cased(name, self.options.names))
        indexed = {*table.key, *(part for index in table.indexes for part in index.parts)}
        indexed |= {name for key in table.foreign_keys for name in key.columns}
        keyed = self._keyed(table)
        nexts = {
            sequence.column: sequence.next
            for sequence in self.schema.sequences
            if sequence.table == table.name
        }
        found = {}
        for column in table.columns:
            made = column_plan(
                column,
                self.schema.system,
                self.target,
                name=names.give(column.name),
                indexed=column.name in indexed,
                next=nexts.get(column.name),
                is_key=column.name in table.key,
            )
            notes = self.annotated.columns.get(f"{table.name}.{column.name}")
            if notes is not None:
                where = Where(
                    source=self.schema.system,
                    target=self.target,
                    threshold=self.options.threshold,
                    indexed=column.name in indexed,
                )
                made = refined(made, column, notes, where, keyed=column.name in keyed)
                made = masked(made, notes, self.options.masks, self.target)
            found[column.name] = made
        return found

    def _keyed(self, table: Table) -> set[str]:
        """Return the columns of a table that keys name, here or from elsewhere."""
        keyed = set(table.key)
        for other in self.tables.values():
            for key in other.foreign_keys:
                if other is table:
                    keyed.update(key.columns)
                if key.table == table.name:
                    keyed.update(key.named)
        return keyed

    def _with_defaults(self, table: Table) -> None:
        """Give each column its default in the words of the target, now that its kind is known."""
        columns = self.columns[table.name]
        for column in table.columns:
            made = columns[column.name]
            if column.default is None or made.counts:
                continue
            try:
                words = expressions.default(
                    column.default, self.schema.system, self.target, made.kind
                )
            except expressions.Untranslatable as error:
                self.left_out[f"{table.name}.{column.name} DEFAULT"] = (
                    f"The default {column.default} is left out. {error}"
                )
                continue
            columns[column.name] = msgspec.structs.replace(made, default=words)

    def _agree(self) -> None:
        """Give the columns of foreign keys the types of those that they name."""
        for _ in self.tables:
            changed = False
            for table in self.tables.values():
                for key in table.foreign_keys:
                    named = self.columns.get(key.table, {})
                    for here, there in zip(key.columns, key.named, strict=False):
                        if there in named:
                            changed |= self._agrees(table.name, here, named[there])
            if not changed:
                return

    def _agrees(self, table: str, name: str, to: ColumnPlan) -> bool:
        column = self.columns[table][name]
        alike = column.kind == to.kind and (column.kind == "text" or column.type == to.type)
        if alike or (column.kind == to.kind and self.target == "sqlite"):
            return False
        reason = f"It names a column of {to.type}."
        self.columns[table][name] = msgspec.structs.replace(
            column,
            type=to.type,
            kind=to.kind,
            precision=to.precision,
            scale=to.scale,
            reasons=(*column.reasons, reason),
        )
        return True

    def _table(self, table: Table, ordered: Order) -> TablePlan:
        columns = self.columns[table.name]
        where = self.options.where.get(table.name)
        rows = None if where else table.rows
        by = self._by(table)
        return TablePlan(
            name=self.names[table.name],
            source=table.name,
            columns=tuple(columns.values()),
            key=tuple(columns[name].name for name in table.key),
            by=by,
            where=where,
            foreign_keys=tuple(self._foreign_keys(table, ordered)),
            indexes=tuple(self._indexes(table)),
            checks=self._checks(table),
            level=ordered.levels[table.name],
            batch_rows=batch_rows(table),
            ranges=range_count(table, by, self.options.parallel),
            rows=rows,
            seconds=seconds(table, rows, rate_limit=self.options.rate_limit),
            bytes=None if rows is None else rows * row_bytes(table),
            on_error=self.options.on_error,
        )

    def _by(self, table: Table) -> tuple[str, ...]:
        """Return the columns by which it is read in order: never NULL, and each value once."""
        if self.schema.system == "sqlite" and not table.without_rowid:
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

    def _foreign_keys(self, table: Table, ordered: Order) -> list[KeyPlan]:
        columns = self.columns[table.name]
        found = []
        for key in table.foreign_keys:
            named = self.columns.get(key.table, {})
            if not set(key.named) <= set(named) or not key.named:
                self.left_out[f"{table.name}.{key.name}"] = (
                    f"It names {key.table!r}, which is not moved."
                    if key.table not in self.columns
                    else f"It names columns that {key.table!r} does not have."
                )
                continue
            if not self._is_unique(self.tables[key.table], key.named):
                self.left_out[f"{table.name}.{key.name}"] = (
                    f"The columns that it names in {key.table!r} are not unique there."
                )
                continue
            found.append(
                KeyPlan(
                    name=self.space.give(cased(key.name, self.options.names), of=table.name),
                    columns=tuple(columns[name].name for name in key.columns),
                    table=self.names[key.table],
                    named=tuple(named[name].name for name in key.named),
                    on_delete=key.on_delete,
                    on_update=key.on_update,
                    deferred=(table.name, key.name) in ordered.deferred,
                )
            )
        return found

    def _is_unique(self, table: Table, columns: tuple[str, ...]) -> bool:
        wanted = set(columns)
        return wanted == set(table.key) or any(
            index.unique and index.where is None and set(index.parts) == wanted
            for index in table.indexes
        )

    def _indexes(self, table: Table) -> list[IndexPlan]:
        found = []
        for index in table.indexes:
            try:
                parts = tuple(self._part(table, part) for part in index.parts)
                where = index.where and self._condition(table, index.where)
            except expressions.Untranslatable as error:
                self.left_out[f"{table.name}.{index.name}"] = f"The index is left out. {error}"
                continue
            found.append(
                IndexPlan(
                    name=self.space.give(index.name, of=table.name),
                    parts=parts,
                    unique=index.unique,
                    where=where,
                )
            )
        return found

    def _part(self, table: Table, part: str) -> str:
        columns = self.columns[table.name]
        return columns[part].name if part in columns else f"({self._condition(table, part)})"

    def _condition(self, table: Table, sql: str) -> str:
        columns: Mapping[str, ColumnPlan] = self.columns[table.name]
        of = expressions.Names(
            names={name: column.name for name, column in columns.items()},
            kinds={name: column.kind for name, column in columns.items()},
            changed=frozenset(name for name, column in columns.items() if column.changes),
        )
        return expressions.condition(sql, self.schema.system, self.target, of=of)

    def _checks(self, table: Table) -> dict[str, str]:
        found: dict[str, str] = {}
        names = Names(self.target)
        for check in table.checks:
            try:
                found[names.give(check.name)] = self._condition(table, check.condition)
            except expressions.Untranslatable as error:
                self.left_out[f"{table.name}.{check.name}"] = (
                    f"The check {check.condition} is left out. {error}"
                )
        return found | self._enumerations(table, names)

    def _enumerations(self, table: Table, names: Names) -> dict[str, str]:
        """Return the checks that stand for enumerations where the target has none."""
        found = {}
        for column in table.columns:
            made = self.columns[table.name][column.name]
            if column.type.values and made.kind == "text" and self.target != "mariadb":
                values = ", ".join(literal(self.target, value) for value in column.type.values)
                name = names.give(f"{self.names[table.name]}_{made.name}_values")
                found[name] = f"{quoted(self.target, made.name)} IN ({values})"
        return found

    def _views(self) -> list[ViewPlan]:
        relations = {
            name: views.Relation(
                name=self.names[name],
                source=name,
                columns={column: plan.name for column, plan in columns.items()},
                plans=columns,
                kinds={column.name: column.type.kind for column in self.tables[name].columns},
                lengths=self._lengths(self.tables[name]),
            )
            for name, columns in self.columns.items()
        }
        names = {view.name: self.space.give(view.name, of="view") for view in self.schema.views}
        for view in self.schema.views:
            relations[view.name] = views.Relation(
                name=names[view.name], columns={column: column for column in view.columns}
            )
        queries, notes = self._translated(relations)
        # What shows in a view shows in the views of it.
        for _ in queries:
            again = {
                name: msgspec.structs.replace(relations[name], changed=query.changed)
                for name, query in queries.items()
            }
            if all(relations[name].changed == one.changed for name, one in again.items()):
                break
            relations |= again
            queries, notes = self._translated(relations)
        self._without_lost(queries, notes)
        by_name = {view.name: view for view in self.schema.views}
        return [
            ViewPlan(
                name=names[name],
                query=queries[name].sql if name in queries else None,
                source_query=by_name[name].query,
                changed=dict(queries[name].changed) if name in queries else {},
                note=notes.get(name, ""),
            )
            for name in (*views.in_order(queries), *sorted(notes))
        ]

    def _translated(
        self, relations: dict[str, views.Relation]
    ) -> tuple[dict[str, views.Query], dict[str, str]]:
        queries: dict[str, views.Query] = {}
        notes: dict[str, str] = {}
        for view in self.schema.views:
            if self._wanted(view.name):
                try:
                    queries[view.name] = views.translated(
                        view, self.schema.system, self.target, relations
                    )
                except expressions.Untranslatable as error:
                    notes[view.name] = str(error)
        return queries, notes

    def _lengths(self, table: Table) -> dict[str, int]:
        """Return with how many characters the dates of columns are written; 0: with several."""
        found = {}
        for column in table.columns:
            notes = self.annotated.columns.get(f"{table.name}.{column.name}")
            if notes is None or column.type.kind not in ("date", "timestamp"):
                continue
            ends = (notes.profile.least, notes.profile.greatest)
            if all(isinstance(end, str) for end in ends):
                texts = [str(value) for value in (*ends, *notes.profile.examples)]
                lengths = {len(text) for text in texts}
                alike = len(lengths) == 1 and not any("T" in text for text in texts)
                found[column.name] = lengths.pop() if alike else 0
        return found

    def _without_lost(self, queries: dict[str, views.Query], notes: dict[str, str]) -> None:
        """Leave out what names a view that is left out."""
        while True:
            lost = {
                name: gone for name, query in queries.items() for gone in query.names & set(notes)
            }
            for name, gone in lost.items():
                notes[name] = f"It names the view {gone!r}, which is left out."
                del queries[name]
            if not lost:
                return
