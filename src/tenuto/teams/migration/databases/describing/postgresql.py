"""The schema of a PostgreSQL database, from its catalogs: of the schema that comes first in the
search path, as `current_schema()` names it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from tenuto.teams.migration.databases.describing.asking import Asking, rows
from tenuto.teams.migration.databases.describing.lexing import closing, marks
from tenuto.teams.migration.databases.describing.postgresql_types import Enumerations, type_of
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
"""Tables of which the statistics expect more rows than this are not counted: the estimate stands
for the number of their rows."""

_ACTIONS: Final = {
    "a": "NO ACTION",
    "r": "RESTRICT",
    "c": "CASCADE",
    "n": "SET NULL",
    "d": "SET DEFAULT",
}

_TABLES: Final = """
    SELECT c.oid, c.relname, c.relkind::text, c.reltuples::bigint, pg_table_size(c.oid),
           c.relispartition
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname
"""
_COLUMNS: Final = """
    SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
           CASE WHEN a.attcollation <> t.typcollation THEN co.collname END,
           col_description(a.attrelid, a.attnum)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""
_CONSTRAINTS: Final = """
    SELECT k.conrelid, k.conname, k.contype::text,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i),
           f.relname, f.relnamespace = current_schema()::regnamespace,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i),
           k.confdeltype::text, k.confupdtype::text,
           CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END,
           pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN pg_class f ON f.oid = k.confrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND k.conparentid = 0
    ORDER BY k.conrelid, k.conname
"""
_INDEXES: Final = """
    SELECT i.indrelid, c.relname, i.indisunique, i.indisprimary, m.amname,
           ARRAY(SELECT CASE WHEN i.indkey[n] = 0 THEN '(' || pg_get_indexdef(i.indexrelid, n + 1,
                             true) || ')'
                        ELSE (SELECT a.attname::text FROM pg_attribute a
                              WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[n]) END
                 FROM generate_series(0, i.indnkeyatts - 1) n ORDER BY n),
           pg_get_expr(i.indpred, i.indrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
    ORDER BY c.relname
"""
_SEQUENCES: Final = """
    SELECT c.relname, s.seqincrement, s.seqstart, pg_sequence_last_value(c.oid), t.relname,
           a.attname
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
    LEFT JOIN pg_class t ON t.oid = d.refobjid
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE c.relnamespace = current_schema()::regnamespace ORDER BY c.relname
"""
_ENUMERATIONS: Final = """
    SELECT t.oid, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.oid
"""
_DOMAINS: Final = """
    SELECT t.oid, format_type(t.typbasetype, t.typtypmod), t.typbasetype, t.typnotnull,
           t.typdefault,
           ARRAY(SELECT pg_get_expr(k.conbin, 0) FROM pg_constraint k
                 WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname)
    FROM pg_type t WHERE t.typtype = 'd'
"""
_TRIGGERS: Final = """
    SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid) || E';\\n' || pg_get_functiondef(t.tgfoid)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
    AND t.tgparentid = 0 ORDER BY t.tgname, c.relname
"""
_FACTS: Final = """
    SELECT current_setting('server_version'), pg_encoding_to_char(encoding), datcollate
    FROM pg_database WHERE datname = current_database()
"""


def describe(database: Asking) -> Schema:
    """Return what the current schema of a database holds beside its rows.

    Raises:
        DatabaseError: it cannot be read.
    """
    return _Describing(database).schema()


class _Describing:
    def __init__(self, database: Asking) -> None:
        self._database = database
        self._left_out: dict[str, str] = {}
        self._enumerations: Enumerations = {
            oid: tuple(labels) for oid, labels in self._rows(_ENUMERATIONS)
        }
        self._domains = {row[0]: row[1:] for row in self._rows(_DOMAINS)}
        self._columns = self._by_first(_COLUMNS)
        self._constraints = self._by_first(_CONSTRAINTS)
        self._indexes = self._by_first(_INDEXES)
        self._sequences = self._rows(_SEQUENCES)
        self._counting = {(row[4], row[5]) for row in self._sequences if row[4]}

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return rows(self._database, sql)

    def _by_first(self, sql: str) -> dict[Any, list[tuple[Any, ...]]]:
        found: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
        for row in self._rows(sql):
            found[row[0]].append(row[1:])
        return found

    def schema(self) -> Schema:
        tables, views = [], []
        for oid, name, kind, expected, size, is_part in self._rows(_TABLES):
            if kind in "vm":
                views.append(self._view(oid, name, kind))
            elif kind == "f":
                self._left_out[name] = f"The rows of the foreign table {name!r} are elsewhere."
            elif not is_part:
                tables.append(self._table(oid, name, expected, size))
        version, encoding, collation = self._rows(_FACTS)[0]
        return Schema(
            system="postgresql",
            version=str(version),
            tables=tuple(sorted(tables, key=_name)),
            views=tuple(views),
            triggers=tuple(
                Trigger(name=name, table=table, program=program)
                for name, table, program in self._rows(_TRIGGERS)
            ),
            sequences=tuple(
                Sequence(
                    name=name,
                    next=self._set_to(name, start) if last is None else last + step,
                    table=table,
                    column=column,
                )
                for name, step, start, last, table, column in self._sequences
            ),
            encoding=encoding if encoding != "UTF8" else "UTF-8",
            collation=collation,
            left_out=self._left_out,
        )

    def _set_to(self, sequence: str, start: int) -> int:
        """Return what a sequence gives next that has given nothing since it was set."""
        query = f"SELECT last_value, is_called FROM {quoted('postgresql', sequence)}"
        for last, is_called in self._rows(query):
            return start if is_called else last
        return start

    def _view(self, oid: int, name: str, kind: str) -> View:
        query = self._rows(f"SELECT pg_get_viewdef({int(oid)})")[0][0]
        if kind == "m":
            self._left_out[name] = (
                f"The view {name!r} is kept as rows (MATERIALIZED); it is made a plain view."
            )
        columns = tuple(row[0] for row in self._columns[oid])
        return View(name=name, query=query.strip().rstrip(";"), columns=columns)

    def _table(self, oid: int, name: str, expected: int, size: int) -> Table:
        columns = [self._column(name, row) for row in self._columns[oid]]
        key: tuple[str, ...] = ()
        foreign_keys, checks = [], []
        for (
            said,
            kind,
            names,
            parent,
            here,
            named,
            on_delete,
            on_update,
            condition,
            text,
        ) in self._constraints[oid]:
            if kind == "p":
                key = tuple(names)
            elif kind == "c":
                checks.append(Check(name=said, condition=condition))
            elif kind == "f" and here:
                foreign_keys.append(
                    ForeignKey(
                        name=said,
                        columns=tuple(names),
                        table=parent,
                        named=tuple(named),
                        on_delete=_ACTIONS[on_delete],
                        on_update=_ACTIONS[on_update],
                    )
                )
            elif kind in "fx":
                self._left_out[f"{name}.{said}"] = f"The constraint {said!r} of {name!r}: {text}."
        checks.extend(self._domain_checks(name, oid))
        count = expected
        if expected <= COUNTED_MAX:
            count = self._rows(f"SELECT count(*) FROM {quoted('postgresql', name)}")[0][0]
        return Table(
            name=name,
            columns=tuple(columns),
            key=key,
            foreign_keys=tuple(foreign_keys),
            indexes=tuple(self._indexes_of(oid)),
            checks=tuple(checks),
            rows=count,
            bytes=size,
        )

    def _column(self, table: str, row: tuple[Any, ...]) -> Column:
        name, declared, oid, not_null, default, identity, generated, collation, comment = row
        while oid in self._domains:
            declared, oid, domain_not_null, domain_default, _ = self._domains[oid]
            not_null, default = not_null or domain_not_null, default or domain_default
        counts = bool(identity) or (
            (table, name) in self._counting and str(default).startswith("nextval(")
        )
        return Column(
            name=name,
            type=type_of(declared, oid, self._enumerations),
            nullable=not not_null,
            default=None if generated or counts else default,
            generated=default if generated else None,
            counts=counts,
            collation=collation,
            comment=comment,
        )

    def _domain_checks(self, table: str, oid: int) -> list[Check]:
        """Return the checks of the domains of its columns, with each column in place of VALUE."""
        found = []
        for name, _, domain, *_ in self._columns[oid]:
            at, number = domain, 0
            while at in self._domains:
                _, at, _, _, conditions = self._domains[at]
                for condition in conditions:
                    number += 1
                    found.append(
                        Check(
                            name=f"{table}_{name}_domain_{number}",
                            condition=_with_column(condition, quoted("postgresql", name)),
                        )
                    )
        return found

    def _indexes_of(self, oid: int) -> list[Index]:
        found = []
        for name, unique, primary, method, parts, where in self._indexes[oid]:
            if primary:
                continue
            if method not in ("btree", "hash"):
                self._left_out[name] = f"The index {name!r} is of the method {method}."
                continue
            found.append(Index(name=name, parts=_bare(parts), unique=unique, where=where))
        return found


def _name(table: Table) -> str:
    return table.name


def _bare(parts: list[str]) -> tuple[str, ...]:
    """Return the parts, without a second pair of brackets around an expression."""
    bare = []
    for part in parts:
        of = marks(part)
        twice = part.startswith("((") and closing(of, 1) == len(of) - 2
        bare.append(part[1:-1] if twice else part)
    return tuple(bare)


def _with_column(condition: str, column: str) -> str:
    text, at = "", 0
    for mark in marks(condition):
        if mark.is_word("VALUE"):
            text += condition[at : mark.start] + column
            at = mark.end
    return text + condition[at:]
