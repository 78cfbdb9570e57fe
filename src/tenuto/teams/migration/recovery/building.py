"""Builds what stands on rows that are there. Where rows contradict a constraint, they give way:
they are put aside with their values and the reason. What cannot be built is said.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration import ddl, existing
from tenuto.teams.migration.databases.port import BadValue, Database, DatabaseError, Unavailable
from tenuto.teams.migration.databases.quoting import listed, quoted
from tenuto.teams.migration.moving import quarantine
from tenuto.teams.migration.moving.loads import BadRow
from tenuto.teams.migration.moving.undoing import make
from tenuto.teams.migration.plan import OnError, Plan, TablePlan
from tenuto.teams.migration.schema import Scalar, System

AFTERWARDS: Final = -1
"""The number of the range under which rows are kept that gave way after they were loaded."""


class GaveWay(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that were put aside for a constraint."""

    table: str
    constraint: str
    rows: int


class Unbuilt(msgspec.Struct, frozen=True, kw_only=True):
    """Something of the plan that the target does not have."""

    what: str
    name: str
    table: str
    why: str


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What was built, and at what cost."""

    built: int
    gave_way: tuple[GaveWay, ...] = ()
    unbuilt: tuple[Unbuilt, ...] = ()


def build_all(
    target: Database, plan: Plan, *, migration: str, on_error: OnError, again: bool = False
) -> Built:
    """Return what came of building. What is there already is found and left alone.

    Args:
        again: the target was finished before, and its keys waited while rows were changed.

    Raises:
        Unavailable: the target went away; ask again.
    """
    making = _Building(target, plan, migration, heals=on_error == "quarantine")
    making.waited = waited = plan.onto or again
    for statement in [*(existing.keys_back(target, plan) if waited else ()), *ddl.finish(plan)]:
        making.build(statement)
    if plan.target_system == "sqlite" or (waited and plan.target_system == "mariadb"):
        making.look_for_orphans()
    return Built(built=making.built, gave_way=tuple(making.gave_way), unbuilt=tuple(making.unbuilt))


class _Building:
    def __init__(self, target: Database, plan: Plan, migration: str, *, heals: bool) -> None:
        self.target, self.plan, self.migration, self.heals = target, plan, migration, heals
        self.waited = False
        """Foreign keys were there before, and waited while rows came."""
        self.built = 0
        self.gave_way: list[GaveWay] = []
        self.unbuilt: list[Unbuilt] = []
        self._named: set[str] = set()
        """Tables on whose rows others stand by now."""

    def build(self, statement: ddl.Statement) -> None:
        if statement.unless and self.target.query(statement.unless).rows:
            self.built += 1
            return
        try:
            self._run(statement)
        except Unavailable:
            raise
        except DatabaseError as error:
            if not self._heal(statement, error):
                why = str(error)
                self.unbuilt.append(
                    Unbuilt(
                        what=statement.what, name=statement.name, table=statement.table, why=why
                    )
                )
                return
        self.built += 1
        if statement.what == "foreign key":
            keys = {key.name: key.table for key in self.plan.table(statement.table).foreign_keys}
            self._named.add(keys.get(statement.name, ""))

    def look_for_orphans(self) -> None:
        """Put orphans aside where the target took its foreign keys with the tables, unchecked."""
        for table in self.plan.tables:
            for key in table.foreign_keys:
                condition = orphans(table, key.name, self.plan.target_system)
                self._give_way(table, key.name, condition)

    def _run(self, statement: ddl.Statement) -> None:
        if statement.what == "view" or (statement.what == "sequence" and statement.undo):
            make(self.target, self.migration, statement)
            return
        with self.target.writing() as writing:
            writing.execute(statement.sql)

    def _heal(self, statement: ddl.Statement, error: DatabaseError) -> bool:
        """Return whether it is built, now that rows gave way."""
        if not self.heals or not isinstance(error, BadValue):
            return False
        if statement.table in self._named:
            # What names its rows would go with them, or hold them: that is for people to decide.
            return False
        table = self.plan.table(statement.table)
        condition = offending(table, statement, self.plan.target_system)
        if condition is None or not self._give_way(table, statement.name, condition):
            return False
        try:
            self._run(statement)
        except Unavailable:
            raise
        except DatabaseError:
            return False
        return True

    def _give_way(self, table: TablePlan, constraint: str, condition: str) -> int:
        """Put the rows aside for which a condition holds; return how many."""
        name = quoted(self.plan.target_system, table.name)
        found = self.target.query(f"SELECT * FROM {name} WHERE {condition}")
        if not found.rows:
            return 0
        ((number,),) = self.target.query(
            f"SELECT count(DISTINCT batch) FROM {quarantine.TABLE} "
            "WHERE migration = ? AND table_name = ? AND range_number = ?",
            (self.migration, table.name, AFTERWARDS),
        ).rows
        rows = [_put_aside(table, constraint, found.columns, row) for row in found.rows]
        with self.target.writing() as writing:
            if self.waited:
                existing.unchecked_always(self.target, writing)
            where = (self.migration, table.name, AFTERWARDS, int(str(number)))
            quarantine.put(writing, where, rows)
            gone = writing.execute(f"DELETE FROM {name} WHERE {condition}")
            if self.waited:
                existing.checked(self.target, writing)
            if gone != len(rows):
                # Somebody else writes there; nothing may go that was not kept.
                raise Unavailable(f"Table {table.name!r} changed while rows were put aside.")
        self.gave_way.append(GaveWay(table=table.name, constraint=constraint, rows=len(rows)))
        return len(rows)


def _put_aside(
    table: TablePlan, constraint: str, columns: tuple[str, ...], row: tuple[object, ...]
) -> BadRow:
    original = {column: _plain(value) for column, value in zip(columns, row, strict=True)}
    return BadRow(
        key=tuple(str(original[column]) for column in table.key),
        column="",
        reason=f"It contradicts {constraint!r}",
        original=original,
    )


def _plain(value: object) -> Scalar | list[Scalar]:
    if isinstance(value, bytes | bytearray | memoryview):
        return ["blob", bytes(value).hex()]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def offending(table: TablePlan, statement: ddl.Statement, system: System) -> str | None:
    """Return the condition of rows that contradict a constraint; None where there is no such."""
    match statement.what:
        case "foreign key":
            return orphans(table, statement.name, system)
        case "unique":
            return doubles(table, statement.name, system)
        case "check" if statement.name in table.checks:
            return f"NOT ({table.checks[statement.name]})"
    return None


def orphans(table: TablePlan, name: str, system: System) -> str:
    """Return the condition of rows whose foreign key names no row."""
    key = {one.name: one for one in table.foreign_keys}[name]
    own = quoted(system, table.name)
    there = [f"{own}.{quoted(system, column)} IS NOT NULL" for column in key.columns]
    same = [
        f"r.{quoted(system, named)} = {own}.{quoted(system, column)}"
        for column, named in zip(key.columns, key.named, strict=True)
    ]
    other = quoted(system, key.table)
    missing = f"NOT EXISTS (SELECT 1 FROM {other} AS r WHERE {' AND '.join(same)})"
    return " AND ".join([*there, missing])


def doubles(table: TablePlan, name: str, system: System) -> str | None:
    """Return the condition of rows whose values stand in a row before; None where rows have nothing
    to be told apart by."""
    index = {one.name: one for one in table.indexes}[name]
    identity = {"postgresql": "ctid", "sqlite": "rowid"}.get(system)
    if table.key:
        identity = listed(system, table.key)
    if identity is None or any(part.startswith("(") for part in index.parts):
        return None
    parts = listed(system, index.parts)
    there = " AND ".join(f"{quoted(system, part)} IS NOT NULL" for part in index.parts)
    where = f"{there} AND ({index.where})" if index.where else there
    return (
        f"({identity}) IN (SELECT {identity} FROM (SELECT {identity}, row_number() OVER "
        f"(PARTITION BY {parts} ORDER BY {identity}) AS place FROM "
        f"{quoted(system, table.name)} WHERE {where}) AS d WHERE place > 1)"
    )
