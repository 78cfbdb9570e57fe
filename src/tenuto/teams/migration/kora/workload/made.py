"""Queries that are made for a schema: what programs ask most, and where systems differ most."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from tenuto.teams.migration.databases.port import Database, DatabaseError
from tenuto.teams.migration.databases.quoting import listed, literal, quoted
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Column, ForeignKey, Schema, System, Table

COLUMNS_MAX: Final = 4
"""Columns of a table and a sort of query that queries are made for, at most."""
LARGE: Final = 100_000
"""With more rows than this queries are made for one column alone: each reads the whole table."""
ROWS: Final = 25

Named = tuple[str, str]
"""What it asks, and the query."""


def is_large(table: Table) -> bool:
    """Return whether reading a table takes long."""
    return (table.rows or 0) > LARGE


def columns_max(table: Table) -> int:
    """Return for how many columns of a table queries of a sort are made."""
    return 1 if is_large(table) else COLUMNS_MAX


class Maker:
    """Makes queries in the SQL of a source."""

    def __init__(self, source: Database, schema: Schema, plan: Plan) -> None:
        self._source = source
        self._system: System = schema.system
        self._schema = schema
        # A query that is made holds values of the source, and so would what tells of it.
        self._moved = {
            table.source: {one.source for one in table.columns if not one.is_masked}
            for table in plan.tables
        }
        self._where = {table.source: table.where for table in plan.tables}

    def queries(self) -> Iterator[Named]:
        """Give the queries for all tables that are moved whole."""
        for table in self._schema.tables:
            if table.name in self._moved and not self._where[table.name]:
                yield from self._of_table(table)
                yield from self._of_keys(table)

    def _q(self, name: str) -> str:
        return quoted(self._system, name)

    def _columns(self, table: Table, *kinds: str) -> list[Column]:
        moved = self._moved[table.name]
        return [one for one in table.columns if one.name in moved and one.type.kind in kinds]

    def _of_table(self, table: Table) -> Iterator[Named]:
        name, of = table.name, self._q(table.name)
        yield f"{name}: number of rows", f"SELECT count(*) FROM {of}"
        yield from self._sums(table)
        moved = self._moved[name]
        nullable = [one.name for one in table.columns if one.nullable and one.name in moved]
        for null in nullable[: columns_max(table)]:
            yield (
                f"{name}: rows without {null}",
                f"SELECT count(*) FROM {of} WHERE {self._q(null)} IS NULL",
            )
        sample = self._sample(table)
        for number, column in enumerate(self._columns(table, "text")[: columns_max(table)]):
            yield from self._texts(table, column, sample.get(column.name), small=not number)
        yield from self._groups(table)
        ranged = self._columns(table, "integer", "decimal", "float", "date", "timestamp")
        for column in ranged[: columns_max(table)]:
            yield from self._range(table, column, sample.get(column.name))
        yield from self._tops(table)

    def _sums(self, table: Table) -> Iterator[Named]:
        told = []
        # LENGTH of MariaDB counts bytes.
        length = "char_length" if self._system == "mariadb" else "length"
        for column in self._columns(table, "integer", "decimal", "float"):
            name = self._q(column.name)
            told += [f"sum({name})", f"avg({name})", f"min({name})", f"max({name})"]
        for column in self._columns(table, "text"):
            name = self._q(column.name)
            distinct = "" if is_large(table) else "DISTINCT "
            told += [f"count({distinct}{name})", f"sum({length}({name}))"]
        for column in self._columns(table, "date", "timestamp"):
            name = self._q(column.name)
            told += [f"min({name})", f"max({name})", f"count({name})"]
        if told:
            yield (
                f"{table.name}: sums and ends",
                f"SELECT {', '.join(told[:60])} FROM {self._q(table.name)}",
            )

    def _texts(
        self, table: Table, column: Column, value: object, *, small: bool
    ) -> Iterator[Named]:
        name, of = self._q(column.name), self._q(table.name)
        about = f"{table.name}.{column.name}"
        yield f"{about}: empty texts", f"SELECT count(*) FROM {of} WHERE {name} = ''"
        if not isinstance(value, str) or not value.isprintable() or "%" in value or "_" in value:
            return
        exact, start = literal(self._system, value), value[:2]
        yield f"{about}: one value", f"SELECT count(*) FROM {of} WHERE {name} = {exact}"
        for what, pattern in (
            ("begins with", f"{start}%"),
            *([("begins with, in small letters", f"{start.lower()}%")] if small else []),
            ("holds", f"%{value[1:4]}%"),
        ):
            like = literal(self._system, pattern)
            yield f"{about}: {what}", f"SELECT count(*) FROM {of} WHERE {name} LIKE {like}"
        yield (
            f"{about}: the last ones",
            f"SELECT DISTINCT {name} FROM {of} ORDER BY {name} DESC LIMIT {ROWS}",
        )
        yield (
            f"{about}: joined with a text",
            f"SELECT max({name} || '-' || {name}) FROM {of}"
            if self._system != "mariadb"
            else f"SELECT max(concat({name}, '-', {name})) FROM {of}",
        )

    def _groups(self, table: Table) -> Iterator[Named]:
        of = self._q(table.name)
        foreign = {name for key in table.foreign_keys for name in key.columns}
        columns = self._columns(table, "boolean", "text", "date")
        columns += [one for one in self._columns(table, "integer") if one.name in foreign]
        for column in columns[: columns_max(table)]:
            name = self._q(column.name)
            order = f"ORDER BY count(*) DESC, {name} LIMIT {ROWS}"
            yield (
                f"{table.name}: rows for each {column.name}",
                f"SELECT {name}, count(*) FROM {of} GROUP BY {name} {order}",
            )

    def _range(self, table: Table, column: Column, value: object) -> Iterator[Named]:
        if value is None or isinstance(value, bytes):
            return
        name, of = self._q(column.name), self._q(table.name)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            bound = str(value)
        elif isinstance(value, str | datetime.date):
            bound = literal(self._system, str(value))
        else:
            return
        yield (
            f"{table.name}.{column.name}: from one value on",
            f"SELECT count(*), min({name}), max({name}) FROM {of} WHERE {name} >= {bound}",
        )

    def _tops(self, table: Table) -> Iterator[Named]:
        keys = [name for name in table.key if name in self._moved[table.name]]
        if not keys or len(keys) != len(table.key):
            return
        of, key = self._q(table.name), listed(self._system, keys)
        columns = [one for one in self._columns(table, *SORTED) if one.name not in keys]
        for column in columns[: columns_max(table)]:
            name = self._q(column.name)
            for way in ("", " DESC"):
                yield (
                    f"{table.name}: first by {column.name}{way.lower()}",
                    f"SELECT {key}, {name} FROM {of} ORDER BY {name}{way}, {key} LIMIT {ROWS}",
                )

    def _of_keys(self, table: Table) -> Iterator[Named]:
        tables = {one.name: one for one in self._schema.tables}
        for key in table.foreign_keys:
            parent = tables.get(key.table)
            if parent is None or parent.name not in self._moved or self._where[parent.name]:
                continue
            if not set(key.columns) <= self._moved[table.name]:
                continue
            if not set(key.named) <= self._moved[parent.name]:
                continue
            yield from self._join(table, key, parent)

    def _join(self, table: Table, key: ForeignKey, parent: Table) -> Iterator[Named]:
        on = " AND ".join(
            f"a.{self._q(mine)} = b.{self._q(its)}"
            for mine, its in zip(key.columns, key.named, strict=True)
        )
        a, b = f"{self._q(table.name)} a", f"{self._q(parent.name)} b"
        columns = ", ".join(f"b.{self._q(name)}" for name in key.named)
        about = f"{table.name} with {parent.name}"
        yield f"{about}: joined", f"SELECT count(*) FROM {a} JOIN {b} ON {on}"
        missing = f"b.{self._q(key.named[0])} IS NULL"
        yield (
            f"{about}: without one",
            f"SELECT count(*) FROM {a} LEFT JOIN {b} ON {on} WHERE {missing}",
        )
        mine = f"a.{self._q(key.columns[0])}"
        group = f"GROUP BY {columns} ORDER BY count({mine}) DESC, {columns} LIMIT {ROWS}"
        yield (
            f"{about}: number for each",
            f"SELECT {columns}, count({mine}) FROM {b} LEFT JOIN {a} ON {on} {group}",
        )

    def _sample(self, table: Table) -> dict[str, object]:
        """Return the values of a row in the middle of a table."""
        names = [one.name for one in table.columns if one.name in self._moved[table.name]]
        query = f"SELECT {listed(self._system, names)} FROM {self._q(table.name)}"
        order = f" ORDER BY {listed(self._system, table.key)}" if table.key else ""
        middle = min((table.rows or 0) // 2, 1000)
        try:
            rows = self._source.query(f"{query}{order} LIMIT 1 OFFSET {middle}").rows
        except DatabaseError:
            return {}
        return dict(zip(names, rows[0], strict=True)) if rows else {}


SORTED: Final = ("text", "integer", "decimal", "float", "date", "timestamp")
