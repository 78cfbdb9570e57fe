"""What the target declares, against what the plan says that it should: columns, keys, indexes,
foreign keys, checks, views."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tenuto.teams.migration.kora.findings import Check, Difference, Found
from tenuto.teams.migration.kora.types import one_name
from tenuto.teams.migration.plan import ColumnPlan, KeyPlan, Plan, TablePlan
from tenuto.teams.migration.schema import Column, ForeignKey, Scalar, Schema, Table

NO_NAMES: tuple[str, ...] = ("sqlite",)
"""Systems that keep no names of constraints that can be asked for."""


def declared(plan: Plan, target: Schema) -> list[Check]:
    """Return for each table of a plan what its declaration lacks or has otherwise, and the same for
    all views."""
    there = {table.name: table for table in target.tables}
    checks = [_table(plan, table, there.get(table.name)) for table in plan.tables]
    begun, found = time.perf_counter(), Found()
    views = {view.name for view in target.views}
    planned = [view.name for view in plan.views if view.query is not None]
    for name in planned:
        if name not in views:
            found.add(_difference(name, "", "a view", None))
    if planned:
        checks.append(found.check("schema", compared=len(planned), unit="views", begun=begun))
    return checks


def _table(plan: Plan, table: TablePlan, there: Table | None) -> Check:
    begun, found = time.perf_counter(), Found()
    if there is None:
        found.add(_difference(table.name, "", "a table", None))
        return found.check("schema", table=table.name, compared=1, unit="parts", begun=begun)
    for difference in _differences(plan, table, there):
        found.add(difference)
    parts = len(table.columns) + len(table.indexes) + len(table.foreign_keys) + len(table.checks)
    return found.check("schema", table=table.name, compared=parts + 1, unit="parts", begun=begun)


def _differences(plan: Plan, table: TablePlan, there: Table) -> Iterator[Difference]:
    columns = {column.name: column for column in there.columns}
    for column in table.columns:
        if column.name in columns:
            yield from _column(plan, table, column, columns[column.name])
        else:
            yield _difference(table.name, column.name, column.type, None)
    if table.key != there.key:
        yield _difference(table.name, "", f"PRIMARY KEY {_list(table.key)}", _list(there.key))
    yield from _indexes(table, there)
    yield from _keys(table, there)
    named = {check.name for check in there.checks}
    for name, condition in table.checks.items():
        if name not in named and plan.target_system not in NO_NAMES:
            yield _difference(table.name, "", f"CHECK {name}: {condition}", None)
    if plan.target_system in NO_NAMES and len(there.checks) < len(table.checks):
        yield _difference(
            table.name, "", f"{len(table.checks)} checks", f"{len(there.checks)} checks"
        )


def _column(
    plan: Plan, table: TablePlan, column: ColumnPlan, there: Column
) -> Iterator[Difference]:
    system = plan.target_system
    wanted, found = one_name(column.type, system), one_name(there.type.declared, system)
    is_rowid = system == "sqlite" and there.counts and found == "integer"
    if wanted != found and not is_rowid:
        yield _difference(table.name, column.name, column.type, there.type.declared)
    # A primary key of SQLite takes nulls, but the rowid.
    nullable = column.nullable and (system == "sqlite" or column.name not in table.key)
    if not nullable and there.nullable and not (there.counts and column.name in table.key):
        yield _difference(table.name, column.name, "NOT NULL", "takes nulls")
    if nullable and not there.nullable:
        yield _difference(table.name, column.name, "takes nulls", "NOT NULL")
    if column.default is not None and there.default is None and not there.counts:
        yield _difference(table.name, column.name, f"DEFAULT {column.default}", None)
    if column.counts and not there.counts and system != "sqlite":
        yield _difference(table.name, column.name, "numbers itself", None)
    if column.generated is not None and there.generated is None:
        yield _difference(table.name, column.name, f"computed as {column.generated}", None)
    if (column.collation or "") != (there.collation or "") and column.kind == "text":
        standard = (target_collation(system),)
        if column.collation or there.collation not in (None, *standard):
            yield _difference(
                table.name,
                column.name,
                f"the collation {column.collation or 'of the database'}",
                there.collation,
            )


def target_collation(system: str) -> str | None:
    """Return the collation that columns have when a plan names none."""
    return {"mariadb": "utf8mb4_nopad_bin", "sqlite": "BINARY"}.get(system)


def _indexes(table: TablePlan, there: Table) -> Iterator[Difference]:
    left = list(there.indexes)
    for index in table.indexes:
        names = {column.name for column in table.columns}
        plain = set(index.parts) <= names
        match = next(
            (
                found
                for found in left
                if (
                    found.parts == index.parts
                    if plain
                    else len(found.parts) == len(index.parts) or found.name == index.name
                )
                and (found.unique or not index.unique)
                and bool(found.where) == bool(index.where)
            ),
            None,
        )
        if match is not None:
            left.remove(match)
            continue
        if index.unique and index.parts == there.key and not index.where:
            continue
        what = "UNIQUE" if index.unique else "INDEX"
        yield _difference(table.name, ", ".join(index.parts), f"{what} {index.name}", None)
    for found in left:
        if found.unique and found.parts != table.key:
            yield _difference(
                table.name, ", ".join(found.parts), None, f"UNIQUE {found.name} that nobody planned"
            )


def _keys(table: TablePlan, there: Table) -> Iterator[Difference]:
    left = {(key.columns, key.table, key.named): key for key in there.foreign_keys}
    for key in table.foreign_keys:
        found = left.pop((key.columns, key.table, key.named), None)
        if found is None:
            yield _difference(table.name, ", ".join(key.columns), _key(key), None)
        elif _actions(key) != _actions(found):
            yield _difference(table.name, ", ".join(key.columns), _key(key), _key(found))
    for key_left in left.values():
        yield _difference(
            table.name, ", ".join(key_left.columns), None, f"{_key(key_left)} that nobody planned"
        )


def _actions(key: KeyPlan | ForeignKey) -> tuple[str, str]:
    """Return what becomes of rows whose parent goes; RESTRICT and NO ACTION refuse both."""
    plain = {"RESTRICT": "NO ACTION"}
    return plain.get(key.on_delete, key.on_delete), plain.get(key.on_update, key.on_update)


def _key(key: KeyPlan | ForeignKey) -> str:
    return (
        f"FOREIGN KEY {_list(key.columns)} REFERENCES {key.table} {_list(key.named)}"
        f" ON DELETE {key.on_delete} ON UPDATE {key.on_update}"
    )


def _list(names: tuple[str, ...]) -> str:
    return f"({', '.join(names)})"


def _difference(table: str, column: str, source: Scalar, target: Scalar) -> Difference:
    return Difference(what="declared", table=table, column=column, source=source, target=target)
