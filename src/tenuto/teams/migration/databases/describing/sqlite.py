"""The schema of a SQLite database: from PRAGMAs, and from the text of
declarations where those are mute.
"""

from __future__ import annotations

from typing import Any, Final

from tenuto.teams.migration.databases.describing.asking import Asking, rows
from tenuto.teams.migration.databases.describing.lexing import marks
from tenuto.teams.migration.databases.describing.sqlite_text import (
    Declared,
    declared_in,
    index_parts,
)
from tenuto.teams.migration.databases.describing.sqlite_types import type_of
from tenuto.teams.migration.databases.port import DatabaseError
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    Schema,
    Sequence,
    Table,
    Trigger,
    View,
)

MEASURED_MAX: Final = 200 * 1024 * 1024
"""Of larger files no table is measured: SQLite would read all of it."""


def describe(database: Asking) -> Schema:
    """Return what a database holds beside its rows; it only reads.

    Raises:
        DatabaseError: it cannot be read.
    """
    return _Describing(database).schema()


class _Describing:
    def __init__(self, database: Asking) -> None:
        self._database = database
        self._sql = {
            (kind, name): sql or ""
            for kind, name, sql in self._rows("SELECT type, name, sql FROM sqlite_schema")
        }
        self._names = {name.lower(): name for kind, name in self._sql if kind == "table"}
        self._left_out: dict[str, str] = {}

    def _rows(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        return rows(self._database, sql, *arguments)

    def schema(self) -> Schema:
        listed = self._rows("SELECT name, type FROM pragma_table_list WHERE schema = 'main'")
        tables = tuple(
            self._table(str(name))
            for name, kind in sorted(listed)
            if kind == "table" and not str(name).startswith("sqlite_")
        )
        for name, kind in listed:
            if kind == "virtual":
                self._left_out[str(name)] = (
                    f"The virtual table {name!r} keeps its rows in ways of a SQLite module; "
                    "its shadow tables are left out with it."
                )
        views = self._rows("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
        triggers = self._rows(
            "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
        )
        return Schema(
            system="sqlite",
            version=str(self._rows("SELECT sqlite_version()")[0][0]),
            tables=tables,
            views=tuple(self._view(str(name)) for (name,) in views),
            triggers=tuple(
                Trigger(name=str(name), table=str(table), program=str(sql))
                for name, table, sql in triggers
            ),
            sequences=tuple(self._sequences(tables)),
            encoding=str(self._rows("PRAGMA encoding")[0][0]),
            collation="BINARY",
            left_out=self._left_out,
        )

    def _table(self, name: str) -> Table:
        declared = declared_in(self._sql["table", name])
        found = self._rows(
            'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)'
            " ORDER BY cid",
            name,
        )
        key = [str(row[0]) for row in sorted(found, key=_key_place) if row[4]]
        rowid = self._rowid(name, declared, found)
        columns = []
        for column, kind, not_null, default, place, hidden in found:
            if hidden == 1:
                continue
            said = declared.columns.get(str(column).lower())
            generated = said.generated if said and hidden else None
            kept = place and (declared.without_rowid or declared.strict or column == rowid)
            columns.append(
                Column(
                    name=str(column),
                    type=type_of(str(kind)),
                    nullable=not (not_null or kept),
                    default=None if default is None or generated else str(default),
                    generated=generated,
                    counts=column == rowid,
                    collation=said.collation if said else None,
                )
            )
        return Table(
            name=name,
            columns=tuple(columns),
            key=tuple(key),
            foreign_keys=tuple(self._foreign_keys(name)),
            indexes=tuple(self._indexes(name)),
            checks=tuple(
                Check(name=said or f"{name}_check_{number}", condition=condition)
                for number, (said, condition) in enumerate(declared.checks, start=1)
            ),
            without_rowid=declared.without_rowid,
            rows=int(str(self._rows(f"SELECT count(*) FROM {quoted('sqlite', name)}")[0][0])),
            bytes=self._bytes(name),
        )

    def _rowid(self, name: str, declared: Declared, found: list[tuple[Any, ...]]) -> str | None:
        """Return the column that is another name of the rowid.

        Source: https://sqlite.org/lang_createtable.html#rowid: the type is INTEGER and no other,
        and the key has no index of its own.
        """
        keyed = [row for row in found if row[4]]
        if len(keyed) != 1 or str(keyed[0][1]).upper() != "INTEGER" or declared.without_rowid:
            return None
        indexes = self._rows("SELECT origin FROM pragma_index_list(?)", name)
        return None if ("pk",) in indexes else str(keyed[0][0])

    def _bytes(self, name: str) -> int | None:
        pages = int(str(self._rows("PRAGMA page_count")[0][0]))
        size = int(str(self._rows("PRAGMA page_size")[0][0]))
        if pages * size > MEASURED_MAX:
            return None
        try:
            found = self._rows("SELECT pgsize FROM dbstat(?, 1) WHERE name = ?", "main", name)
        except DatabaseError:
            return None
        return int(str(found[0][0])) if found else None

    def _foreign_keys(self, table: str) -> list[ForeignKey]:
        found = self._rows(
            'SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?)'
            " ORDER BY id, seq",
            table,
        )
        keys: list[ForeignKey] = []
        for number in sorted({int(str(row[0])) for row in found}):
            of_key = [row for row in found if row[0] == number]
            parent = self._names.get(str(of_key[0][1]).lower(), str(of_key[0][1]))
            named = tuple(str(row[3]) for row in of_key if row[3] is not None)
            columns = tuple(str(row[2]) for row in of_key)
            keys.append(
                ForeignKey(
                    name=f"{table}_{'_'.join(columns)}_fkey",
                    columns=columns,
                    table=parent,
                    named=named or self._key_of(parent),
                    on_update=str(of_key[0][4]),
                    on_delete=str(of_key[0][5]),
                )
            )
        # SQLite tells the last one declared first.
        return keys[::-1]

    def _key_of(self, table: str) -> tuple[str, ...]:
        found = self._rows("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", table)
        return tuple(str(name) for (name,) in found)

    def _indexes(self, table: str) -> list[Index]:
        found = []
        for name, unique, origin, partial in self._rows(
            'SELECT name, "unique", origin, partial FROM pragma_index_list(?) ORDER BY name', table
        ):
            if origin == "pk":
                continue
            columns = self._rows(
                "SELECT name, coll, desc FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno", name
            )
            sql = self._sql.get(("index", str(name)), "")
            texts, where = index_parts(sql)
            parts = tuple(
                f"({texts[place]})" if column is None else str(column)
                for place, (column, _, _) in enumerate(columns)
            )
            collations = tuple(str(collation) for _, collation, _ in columns)
            said = str(name)
            if said.startswith("sqlite_autoindex_"):
                said = f"{table}_{'_'.join(parts)}_key"
            found.append(
                Index(
                    name=said,
                    parts=parts,
                    unique=bool(unique),
                    where=where if partial else None,
                    collations=collations if set(collations) - {"BINARY"} else (),
                )
            )
        return found

    def _view(self, name: str) -> View:
        sql = self._sql["view", name]
        of = marks(sql)
        query = ""
        for index, mark in enumerate(of):
            if mark.is_word("AS"):
                query = sql[of[index + 1].start :].strip().rstrip(";")
                break
        try:
            columns = self._rows("SELECT name FROM pragma_table_info(?) ORDER BY cid", name)
        except DatabaseError as error:
            self._left_out[name] = f"The view {name!r} does not work in the source: {error}."
            columns = []
        return View(name=name, query=query, columns=tuple(str(column) for (column,) in columns))

    def _sequences(self, tables: tuple[Table, ...]) -> list[Sequence]:
        if "sqlite_sequence" not in self._names:
            return []
        given = dict(self._rows("SELECT name, seq FROM sqlite_sequence"))
        return [
            Sequence(
                name=f"{table.name}_{table.key[0]}_seq",
                next=int(str(given.get(table.name) or 0)) + 1,
                table=table.name,
                column=table.key[0],
            )
            for table in tables
            if declared_in(self._sql["table", table.name]).counts
        ]


def _key_place(row: tuple[Any, ...]) -> int:
    return int(str(row[4]))
