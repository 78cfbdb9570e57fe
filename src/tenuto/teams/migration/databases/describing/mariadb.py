"""The schema of a MariaDB or MySQL database, from its `information_schema`."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, Final

from tenuto.teams.migration.databases.describing.asking import Asking, rows
from tenuto.teams.migration.databases.describing.mariadb_types import type_of
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

COUNTED_MAX: Final = 200_000
"""Tables of which the statistics expect more rows than this are not counted."""

_TABLES: Final = """
    SELECT table_name, table_type, table_rows, data_length, auto_increment, table_collation
    FROM information_schema.tables WHERE table_schema = database() ORDER BY table_name
"""
_COLUMNS: Final = """
    SELECT table_name, column_name, column_type, is_nullable, column_default, extra,
           generation_expression, collation_name, column_comment
    FROM information_schema.columns WHERE table_schema = database()
    ORDER BY table_name, ordinal_position
"""
_INDEXES: Final = """
    SELECT table_name, index_name, non_unique, column_name, index_type, sub_part
    FROM information_schema.statistics WHERE table_schema = database()
    ORDER BY table_name, index_name, seq_in_index
"""
_KEYS: Final = """
    SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name,
           k.referenced_column_name, r.delete_rule, r.update_rule
    FROM information_schema.key_column_usage k
    JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
      AND r.table_name = k.table_name
    WHERE k.table_schema = database() AND k.referenced_table_schema = database()
    ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""
_CHECKS: Final = """
    SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints
    WHERE constraint_schema = database() ORDER BY table_name, constraint_name
"""
_VIEWS: Final = """
    SELECT table_name, view_definition FROM information_schema.views
    WHERE table_schema = database() ORDER BY table_name
"""
_TRIGGERS: Final = """
    SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement
    FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY trigger_name
"""
_FACTS: Final = """
    SELECT version(), default_character_set_name, default_collation_name, schema_name
    FROM information_schema.schemata WHERE schema_name = database()
"""
_JSON: Final = re.compile(r"json_valid\(`?((?:[^`)]|``)+)`?\)", re.IGNORECASE)


def describe(database: Asking) -> Schema:
    """Return what a database holds beside its rows.

    Raises:
        DatabaseError: it cannot be read.
    """
    return _Describing(database).schema()


class _Describing:
    def __init__(self, database: Asking) -> None:
        self._database = database
        self._left_out: dict[str, str] = {}
        self._columns = self._by_table(_COLUMNS)
        self._indexes = self._by_table(_INDEXES)
        self._keys = self._by_table(_KEYS)
        self._checks = self._by_table(_CHECKS)
        facts = self._rows(_FACTS)
        self._version, self._encoding, self._collation, self._name = facts[0]

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(map(_plain, row)) for row in rows(self._database, sql)]

    def _by_table(self, sql: str) -> dict[str, list[tuple[Any, ...]]]:
        found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for row in self._rows(sql):
            found[row[0]].append(row[1:])
        return found

    def schema(self) -> Schema:
        tables, sequences = [], []
        for name, kind, expected, size, following, collation in self._rows(_TABLES):
            if kind == "BASE TABLE":
                table = self._table(name, expected or 0, size, collation)
                tables.append(table)
                counted = [column.name for column in table.columns if column.counts]
                if counted and following is not None:
                    sequences.append(
                        Sequence(
                            name=f"{name}_{counted[0]}_seq",
                            next=int(following),
                            table=name,
                            column=counted[0],
                        )
                    )
            elif kind == "SEQUENCE":
                at = self._rows(f"SELECT next_not_cached_value FROM {quoted('mariadb', name)}")
                sequences.append(Sequence(name=name, next=int(at[0][0])))
            elif kind != "VIEW":
                self._left_out[name] = f"{name!r} is a {kind.lower()}."
        return Schema(
            system="mariadb",
            version=self._version,
            tables=tuple(sorted(tables, key=_name)),
            views=tuple(self._view(name, query) for name, query in self._rows(_VIEWS)),
            triggers=tuple(
                Trigger(name=name, table=table, program=f"{time} {event}\n{program}")
                for name, table, time, event, program in self._rows(_TRIGGERS)
            ),
            sequences=tuple(sequences),
            encoding="UTF-8" if self._encoding.startswith("utf8") else self._encoding,
            collation=self._collation,
            left_out=self._left_out,
        )

    def _view(self, name: str, query: str) -> View:
        # Every name is written with that of the database.
        bare = query.replace(f"{quoted('mariadb', self._name)}.", "")
        return View(
            name=name, query=bare, columns=tuple(column[0] for column in self._columns[name])
        )

    def _table(self, name: str, expected: int, size: int | None, collation: str) -> Table:
        of_json, checks = self._checks_of(name)
        columns = tuple(
            self._column(name, column, collation, is_json=column[0] in of_json)
            for column in self._columns[name]
        )
        count = expected
        if expected <= COUNTED_MAX:
            count = int(self._rows(f"SELECT count(*) FROM {quoted('mariadb', name)}")[0][0])
        key, indexes = self._indexes_of(name)
        return Table(
            name=name,
            columns=columns,
            key=key,
            foreign_keys=tuple(self._foreign_keys(name)),
            indexes=indexes,
            checks=checks,
            rows=count,
            bytes=size,
        )

    def _column(self, table: str, row: tuple[Any, ...], usual: str, *, is_json: bool) -> Column:
        name, declared, nullable, default, extra, generated, collation, comment = row
        of = type_of("json" if is_json and declared == "longtext" else declared)
        extra = (extra or "").lower()
        if "on update" in extra:
            self._left_out[f"{table}.{name} ON UPDATE"] = "Each update sets the column anew."
        return Column(
            name=name,
            type=of,
            nullable=nullable == "YES",
            default=None if default is None or default == "NULL" or generated else str(default),
            generated=generated or None,
            counts="auto_increment" in extra,
            collation=collation if collation and collation != usual and not is_json else None,
            comment=comment or None,
        )

    def _checks_of(self, table: str) -> tuple[set[str], tuple[Check, ...]]:
        """Return the columns that are JSON, which MariaDB says by a check, and the other checks."""
        of_json, checks = set(), []
        for name, clause in self._checks[table]:
            is_json = _JSON.fullmatch(clause.strip())
            if is_json and is_json[1] == name:
                of_json.add(name)
            else:
                said = name if "." not in name else name.replace(".", "_")
                # A check of a column has the name of the column.
                columns = {row[0] for row in self._columns[table]}
                said = f"{table}_{said}_check" if said in columns else said
                checks.append(Check(name=said, condition=clause))
        return of_json, tuple(checks)

    def _indexes_of(self, table: str) -> tuple[tuple[str, ...], tuple[Index, ...]]:
        parts: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for name, *rest in self._indexes[table]:
            parts[name].append(tuple(rest))
        key: tuple[str, ...] = ()
        found = []
        for name, of in parts.items():
            columns = tuple(row[1] for row in of)
            if name == "PRIMARY":
                key = columns
            elif of[0][2] not in ("BTREE", "HASH"):
                self._left_out[f"{table}.{name}"] = f"The index {name!r} is {of[0][2]}."
            elif any(row[3] is not None for row in of) and int(of[0][0]) == 0:
                self._left_out[f"{table}.{name}"] = (
                    f"The index {name!r} is unique by the first letters of a text."
                )
            else:
                found.append(Index(name=name, parts=columns, unique=int(of[0][0]) == 0))
        return key, tuple(found)

    def _foreign_keys(self, table: str) -> list[ForeignKey]:
        keys: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for name, *rest in self._keys[table]:
            keys[name].append(tuple(rest))
        return [
            ForeignKey(
                name=name,
                columns=tuple(row[0] for row in of),
                table=of[0][1],
                named=tuple(row[2] for row in of),
                on_delete=of[0][3],
                on_update=of[0][4],
            )
            for name, of in keys.items()
        ]


def _name(table: Table) -> str:
    return table.name


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
