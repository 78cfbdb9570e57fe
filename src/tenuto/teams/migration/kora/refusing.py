"""Whether the target refuses what the source refuses: rows are changed for a moment, each is
undone at once, all are in one transaction that is rolled back, and nothing stays.

A probe takes a row that is there and breaks one promise: a null where none may be, a value of
another row where each is there once, a name of nobody, a value that a check forbids, a text that is
too long. Of an empty table only the declaration was compared.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tenuto.teams.migration.databases.port import (
    Database,
    DatabaseError,
    Unavailable,
    Writing,
)
from tenuto.teams.migration.databases.quoting import listed, literal, quoted
from tenuto.teams.migration.kora.findings import Check, Difference, Found, Verdict
from tenuto.teams.migration.plan import ColumnPlan, Plan, TablePlan
from tenuto.teams.migration.schema import Kind, Schema, System, Table

SAVED: Final = "tenuto_kora"
TOLD: Final = re.compile(r"tenuto_kora\(([\d ]*)\)")
PROBES_MAX: Final = 40
"""Probes of one table at most."""
NOBODY: Final[dict[Kind, object]] = {
    "integer": -987_654_321,
    "text": "\u2400 nobody \u2400",
    "uuid": "deadbeef-dead-4ead-8ead-deadbeefdead",
    "decimal": -987_654_321,
    "date": "0999-09-09",
    "timestamp": "0999-09-09 09:09:09",
}
"""Values that no row is expected to have; where one has, the probe is left out."""
CANDIDATES: Final[dict[Kind, tuple[str, ...]]] = {
    "integer": ("-1", "0", "999999999", "-999999999"),
    "decimal": ("-1", "0", "999999999", "-0.01"),
    "float": ("-1", "0", "999999999"),
    "text": ("''", "'\u2400'", "'x'", "'0'", "'\u2400\u2400\u2400\u2400\u2400\u2400\u2400\u2400'"),
    "boolean": ("0", "1"),
    "date": ("'0999-09-09'", "'9998-09-09'"),
    "timestamp": ("'0999-09-09 00:00:00'", "'9998-09-09 00:00:00'"),
}
"""Values, in SQL, of which one may break a check."""


class Probe(msgspec.Struct, frozen=True):
    """A change of a row that the source refuses."""

    what: str
    column: str
    sql: str
    arguments: tuple[object, ...] = ()
    keys: bool = False
    """What refuses it is a foreign key, which may wait until the end of the transaction."""


class _Undo(Exception):
    """Ends a transaction without an effect."""


def refusals(source: Database, target: Database, plan: Plan, here: Schema) -> list[Check]:
    """Return for each table that has promises whether the target keeps them."""
    tables = {table.name: table for table in here.tables}
    probings = [
        _Probing(source, target, plan, (table, tables[table.source]))
        for table in plan.tables
        if table.source in tables
    ]
    probes = [probe for probing in probings for probe in probing.probes]
    begun = time.perf_counter()
    taken = accepted(target, probes) if probes else frozenset()
    checks = []
    for probing in probings:
        check = probing.check(taken, begun)
        checks += [check] if check.compared or check.note else []
        begun = time.perf_counter()
    return checks


def accepted(target: Database, probes: Sequence[Probe]) -> frozenset[Probe]:
    """Return the probes that a target accepts; whatever they do is undone.

    Raises:
        Unavailable: the target went away.
    """
    if target.system == "postgresql":
        return frozenset(probes[place] for place in _by_one_block(target, probes))
    taken = set()
    with contextlib.suppress(_Undo), target.writing() as writing:
        for probe in probes:
            if not _is_refused(target.system, writing, probe):
                taken.add(probe)
        raise _Undo
    return frozenset(taken)


def _is_refused(system: System, writing: Writing, probe: Probe) -> bool:
    writing.execute(f"SAVEPOINT {SAVED}")
    try:
        writing.execute(probe.sql, probe.arguments)
    except Unavailable:
        raise
    except DatabaseError:
        return True
    finally:
        writing.execute(f"ROLLBACK TO SAVEPOINT {SAVED}")
    # SQLite minds foreign keys only for who asks for that; that they are declared was seen.
    return probe.keys and system == "sqlite"


def _by_one_block(target: Database, probes: Sequence[Probe]) -> list[int]:
    """Return which probes PostgreSQL accepts. All are in one block, which ends in an error that
    tells them: so nothing of it can stay."""
    parts = [
        f"BEGIN {_filled(probe)}; SET CONSTRAINTS ALL IMMEDIATE; RAISE EXCEPTION SQLSTATE 'KORA1'; "
        f"EXCEPTION WHEN SQLSTATE 'KORA1' THEN told := told || '{place} '; "
        "WHEN OTHERS THEN NULL; END;"
        for place, probe in enumerate(probes)
    ]
    block = (
        f"DO ${SAVED}$ DECLARE told text := ''; BEGIN {' '.join(parts)} "
        f"RAISE EXCEPTION '{SAVED}(%)', told; END ${SAVED}$"
    )
    try:
        target.query(block)
    except Unavailable:
        raise
    except DatabaseError as error:
        found = TOLD.search(f"{error} {error.detail}")
        if found is None:
            raise
        return [int(place) for place in found[1].split()]
    raise AssertionError("the block ends in an error")


def _filled(probe: Probe) -> str:
    """Return the SQL of a probe with its arguments in place: PostgreSQL finds their types."""
    parts = probe.sql.split("?")
    values = [
        f"'\\x{value.hex()}'" if isinstance(value, bytes) else literal("postgresql", str(value))
        for value in probe.arguments
    ]
    return "".join(part + value for part, value in zip(parts, [*values, ""], strict=True))


class _Probing:
    """The probes of one table. They are found before the first one is tried."""

    def __init__(
        self, source: Database, target: Database, plan: Plan, table: tuple[TablePlan, Table]
    ) -> None:
        self._source, self._target = source, target
        self._table, self._before = table
        self._system: System = plan.target_system
        self._columns = {column.name: column for column in self._table.columns}
        self._of = {column.source: column for column in self._table.columns if column.source}
        row = self._row()
        self.probes = [] if row is None else list(self._probes(row))[:PROBES_MAX]

    def check(self, taken: frozenset[Probe], begun: float) -> Check:
        """Return what the target accepts that it should refuse."""
        found = Found()
        for probe in self.probes:
            if probe in taken:
                found.add(self._accepted(probe))
        note = ""
        if not self.probes and self._promises():
            note = "No row or no key to probe with: constraints are compared as declared alone."
        return found.check(
            "constraints",
            table=self._table.name,
            compared=len(self.probes),
            unit="probes",
            begun=begun,
            note=note,
        )

    def _promises(self) -> bool:
        return bool(
            self._before.foreign_keys
            or self._before.checks
            or any(index.unique for index in self._before.indexes)
        )

    def _accepted(self, probe: Probe) -> Difference:
        verdict: Verdict = "defect"
        reason = f"The source refuses {probe.what}, the target takes it."
        if probe.what.startswith("a text longer") and self._system == "sqlite":
            verdict, reason = "dialect", "SQLite keeps texts of any length, whatever is declared."
        return Difference(
            what="accepted",
            table=self._table.name,
            column=probe.column,
            verdict=verdict,
            reason=reason,
        )

    def _q(self, name: str) -> str:
        return quoted(self._system, name)

    def _row(self) -> dict[str, object] | None:
        """Return the key of a row of the target; None: there is none, or there is no key."""
        names = self._table.key
        if not names:
            return None
        rows = self._target.query(
            f"SELECT {listed(self._system, names)} FROM {self._q(self._table.name)} LIMIT 1"
        ).rows
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def _probes(self, row: dict[str, object]) -> Iterator[Probe]:
        where = " AND ".join(f"{self._q(name)} = ?" for name in row)
        begin = f"UPDATE {self._q(self._table.name)} SET "
        key = tuple(row.values())
        yield from self._nulls(begin, where, key)
        yield from self._doubles(begin, row)
        yield from self._names(begin, where, key)
        yield from self._checks(begin, where, key)
        yield from self._lengths(begin, where, key)

    def _nulls(self, begin: str, where: str, key: tuple[object, ...]) -> Iterator[Probe]:
        for column in self._before.columns:
            planned = self._of.get(column.name)
            if column.nullable or planned is None or planned.generated or planned.changes:
                continue
            sql = f"{begin}{self._q(planned.name)} = NULL WHERE {where}"
            yield Probe(f"NULL in {planned.name}", planned.name, sql, key)

    def _doubles(self, begin: str, row: dict[str, object]) -> Iterator[Probe]:
        """Give a row the values of another one."""
        uniques = [self._before.key] if self._before.key else []
        uniques += [one.parts for one in self._before.indexes if one.unique and not one.where]
        table = self._q(self._table.name)
        for parts in uniques:
            planned = [self._of.get(part) for part in parts]
            names = [one.name for one in planned if one is not None and not one.changes]
            if len(names) != len(parts):
                continue
            rows = self._target.query(
                f"SELECT {listed(self._system, [*names, *row])} FROM {table} WHERE "
                + " AND ".join(f"{self._q(name)} IS NOT NULL" for name in names)
                + " LIMIT 2"
            ).rows
            if len(rows) < 2:
                continue
            values = rows[0][: len(names)]
            at = rows[1][len(names) :]
            given = ", ".join(f"{self._q(name)} = ?" for name in names)
            where = " AND ".join(f"{self._q(name)} = ?" for name in row)
            told = ", ".join(names)
            yield Probe(
                f"the same {told} twice", told, f"{begin}{given} WHERE {where}", values + at
            )

    def _names(self, begin: str, where: str, key: tuple[object, ...]) -> Iterator[Probe]:
        """Name a row that is not there."""
        for one in self._table.foreign_keys:
            column = self._columns[one.columns[-1]]
            nobody = NOBODY.get(column.kind)
            if nobody is None or len(one.columns) > 1:
                continue
            parent = f"{self._q(one.table)} WHERE {self._q(one.named[-1])} = ?"
            if self._target.query(f"SELECT 1 FROM {parent}", (nobody,), limit=1).rows:
                continue
            sql = f"{begin}{self._q(column.name)} = ? WHERE {where}"
            told = f"a {column.name} that {one.table} does not have"
            yield Probe(told, column.name, sql, (nobody, *key), keys=True)

    def _checks(self, begin: str, where: str, key: tuple[object, ...]) -> Iterator[Probe]:
        for check in self._before.checks:
            for column in self._before.columns:
                planned = self._of.get(column.name)
                if column.name not in check.condition or planned is None or planned.changes:
                    continue
                value = self._forbidden(check.condition, column.name, planned)
                if value is not None:
                    sql = f"{begin}{self._q(planned.name)} = {value} WHERE {where}"
                    told = f"{planned.name} = {value}, against {check.condition}"
                    yield Probe(told, planned.name, sql, key)
                    break

    def _forbidden(self, condition: str, name: str, column: ColumnPlan) -> str | None:
        """Return a value that breaks a check in the source, as SQL."""
        system = self._source.system
        others = [quoted(system, one.name) for one in self._before.columns if one.name != name]
        rows = f"SELECT * FROM {quoted(system, self._before.name)} LIMIT 1"
        for value in CANDIDATES.get(column.kind, ()):
            columns = ", ".join([*others, f"{value} AS {quoted(system, name)}"])
            query = f"SELECT 1 FROM (SELECT {columns} FROM ({rows}) AS a) AS b"
            try:
                found = self._source.query(f"{query} WHERE NOT ({condition})", limit=1).rows
            except DatabaseError:
                continue
            if found:
                return value
        return None

    def _lengths(self, begin: str, where: str, key: tuple[object, ...]) -> Iterator[Probe]:
        if self._source.system == "sqlite":
            return
        for column in self._before.columns:
            planned = self._of.get(column.name)
            if planned is None or column.type.length is None or column.type.kind != "text":
                continue
            if planned.changes or column.type.values:
                continue
            sql = f"{begin}{self._q(planned.name)} = ? WHERE {where}"
            told = f"a text longer than {column.type.length} characters in {planned.name}"
            yield Probe(told, planned.name, sql, ("x" * (column.type.length + 1), *key))
