"""Takes a migration back: what it made and brought goes, what was there before stays.

What is to be undone is written into the target before anything is made there, in one transaction:
so whoever takes it back needs the target alone, and who is killed at it goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tenuto.teams.migration import ddl, existing
from tenuto.teams.migration.databases.bookkeeping import KEYS, TAKEN_BACK
from tenuto.teams.migration.databases.port import Database, DatabaseError, Writing
from tenuto.teams.migration.databases.quoting import quoted
from tenuto.teams.migration.moving import checkpoints, gate, kept, progress, quarantine
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Schema

TABLE: Final = "tenuto_made"
MADE: Final = """
CREATE TABLE IF NOT EXISTS tenuto_made (
    migration VARCHAR(64) NOT NULL,
    number BIGINT NOT NULL,
    what VARCHAR(32) NOT NULL,
    name VARCHAR(255) NOT NULL,
    table_name VARCHAR(128) NOT NULL,
    undone_by TEXT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (migration, number)
)
"""
_QUARANTINED: Final = ", ".join(quarantine.COLUMNS)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a migration makes, or brings: `table`, `rows`, `view`, `sequence`, …"""

    number: int
    what: str
    name: str
    table: str
    undo: str


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a migration that was taken back."""

    migration: str
    gone: tuple[str, ...] = ()
    """What is there no more, as `table orders`."""
    rows: int = 0
    """Rows that went with it."""
    kept_aside: int = 0
    """Rows that were in quarantine: they are in the table `tenuto_taken_back`."""


class NotAsItWas(DatabaseError):
    """A table holds other rows than the migration brought; nothing of it was touched."""


def intend(target: Database, migration: str, plan: Plan) -> None:
    """Write down what a migration will make and bring. Doing it again changes nothing."""
    checkpoints.prepare(target)
    with target.writing() as writing:
        writing.execute(MADE)
    if known(target, migration):
        return
    there = target.describe()
    wanted = {table.name for table in plan.tables}
    # Rows that were there before stay: nobody could tell them from those that came.
    full = {one.name for one in there.tables if one.name in wanted and _rows_in(target, one.name)}
    todo = _made_by(plan, there, full)
    with target.writing() as writing:
        for one in todo:
            row = (migration, one.number, one.what, one.name, one.table, one.undo, 0)
            writing.execute(f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        gate.made(writing, migration, [table.name for table in plan.tables])


def _made_by(plan: Plan, there: Schema, full: set[str]) -> list[Made]:
    names = {one.name for one in there.tables} | {one.name for one in there.views}
    names |= {one.name for one in there.sequences}
    filled = {one.name for one in plan.tables if one.name in names or one.rollback == "delete"}
    made = [("rows", name, name, "") for name in sorted(filled - full)]
    for one in (*ddl.prepare(plan), *ddl.finish(plan)):
        if not one.undo or one.table in filled:
            continue
        # What stands on a table goes with it; but keys that name each other have to go before.
        is_own = one.what in ("table", "view") or (one.what == "sequence" and not one.table)
        is_key = one.what == "foreign key" and plan.target_system == "postgresql"
        if is_key or (is_own and one.name not in names):
            made.append((one.what, one.name, one.table, one.undo))
    return [
        Made(number=number, what=what, name=name, table=table, undo=undo)
        for number, (what, name, table, undo) in enumerate(made)
    ]


def known(target: Database, migration: str) -> list[Made]:
    """Return what is still to be undone of a migration; the last made comes last."""
    rows = target.query(
        f"SELECT number, what, name, table_name, undone_by FROM {TABLE} WHERE migration = ? "
        "ORDER BY number",
        (migration,),
    ).rows
    return [
        Made(number=int(str(number)), what=str(what), name=str(name), table=str(table), undo=str(u))
        for number, what, name, table, u in rows
    ]


def migrations(target: Database) -> list[str]:
    """Return the migrations that can be taken back."""
    if TABLE not in _tables(target):
        return []
    rows = target.query(f"SELECT DISTINCT migration FROM {TABLE} ORDER BY migration").rows
    return [str(migration) for (migration,) in rows]


def make(target: Database, migration: str, statement: ddl.Statement) -> None:
    """Run a statement that was written down before.

    Raises:
        TakenBack: the migration is being taken back.
        DatabaseError: it is refused.
    """
    with target.writing() as writing:
        _still_wanted(writing, migration, statement)
        writing.execute(statement.sql)
    if target.system == "mariadb":
        # It commits what comes before a declaration by itself.
        try:
            with target.writing() as writing:
                _still_wanted(writing, migration, statement)
        except gate.TakenBack:
            with target.writing() as writing:
                writing.execute(statement.undo)
            raise


def _still_wanted(writing: Writing, migration: str, statement: ddl.Statement) -> None:
    found = writing.execute(
        f"UPDATE {TABLE} SET tries = tries + 1 WHERE migration = ? AND name = ? AND what IN "
        "(?, 'rows')",
        (migration, statement.name, statement.what),
    )
    if not found:
        raise gate.TakenBack(
            f"The {statement.what} {statement.name!r} is not made: migration {migration} is taken "
            "back, or the target had it before."
        )


def take_back(target: Database, migration: str, *, forced: bool = False) -> Undone:
    """Undo what a migration made and brought, the last first; return what is gone.

    Rows in quarantine are kept, with their values, in the table `tenuto_taken_back`.

    Args:
        forced: also where a table holds other rows than the migration brought.

    Raises:
        NotAsItWas: a table does; this and what was made before it stays.
        DatabaseError: the target refuses something, or is away: do it again.
    """
    there = _tables(target)
    if TABLE not in there:
        return Undone(migration=migration)
    todo = known(target, migration)
    touched = sorted({one.name for one in todo if one.what in ("table", "rows")})
    for table in touched:
        gate.shut(target, migration, table, is_there=table in there)
    held = {table: _rows_in(target, table) for table in touched if table in there}
    if not forced:
        for table, rows in held.items():
            _check_brought(target, migration, table, rows)
    for one in reversed(todo):
        if one.what != "rows":
            _undo(target, migration, [one], [one.undo])
    filled = [one for one in reversed(todo) if one.what == "rows"]
    if filled:
        _undo(target, migration, filled, _emptying(target, [one.name for one in filled]))
    if KEYS in there:
        _keys_back(target)
    left = _keep_aside(target, migration) if quarantine.TABLE in there else 0
    _forget(target, migration)
    return Undone(
        migration=migration,
        gone=tuple(f"{one.what} {one.name}" for one in reversed(todo)),
        rows=sum(held.values()),
        kept_aside=left,
    )


def _undo(target: Database, migration: str, done: list[Made], statements: list[str]) -> None:
    with target.writing() as writing:
        if target.system == "mariadb":
            # Tables that name each other cannot go one after the other otherwise.
            writing.execute("SET foreign_key_checks = 0")
        for sql in statements:
            writing.execute(sql)
        for one in done:
            writing.execute(
                f"DELETE FROM {TABLE} WHERE migration = ? AND number = ?", (migration, one.number)
            )


def _emptying(target: Database, tables: list[str]) -> list[str]:
    deletes = [f"DELETE FROM {quoted(target.system, table)}" for table in tables]
    if target.system != "postgresql" or len(deletes) == 1:
        return deletes
    # Keys are looked at when a statement ends: tables may name each other.
    each = ", ".join(f"d{number} AS ({sql})" for number, sql in enumerate(deletes))
    return [f"WITH {each} SELECT 1"]


def _keys_back(target: Database) -> None:
    """Put the foreign keys back that were set aside while rows came (`existing.py`)."""
    for table, name, definition in existing.keys_aside(target):
        at, called = quoted(target.system, table), quoted(target.system, name)
        with target.writing() as writing:
            writing.execute(f"ALTER TABLE {at} DROP CONSTRAINT IF EXISTS {called}")
            writing.execute(f"ALTER TABLE {at} ADD CONSTRAINT {called} {definition}")
    with target.writing() as writing:
        writing.execute(f"DROP TABLE {KEYS}")


def _rows_in(target: Database, table: str) -> int:
    ((count,),) = target.query(f"SELECT count(*) FROM {quoted(target.system, table)}").rows
    return int(str(count))


def _check_brought(target: Database, migration: str, table: str, held: int) -> None:
    ((loaded,),) = target.query(
        f"SELECT COALESCE(SUM(rows_loaded), 0) FROM {checkpoints.TABLE} "
        "WHERE migration = ? AND table_name = ?",
        (migration, table),
    ).rows
    ((gave_way,),) = (
        target.query(
            f"SELECT count(*) FROM {quarantine.TABLE} "
            "WHERE migration = ? AND table_name = ? AND range_number < 0",
            (migration, table),
        ).rows
        if quarantine.TABLE in _tables(target)
        else ((0,),)
    )
    brought = int(str(loaded)) - int(str(gave_way))
    if held not in (brought, 0):
        raise NotAsItWas(
            f"The table {table!r} holds {held:,} rows, and the migration brought {brought:,}: "
            "somebody else writes there. Nothing was taken back. Save what came since, and force "
            "it, or take that away by hand."
        )


def _keep_aside(target: Database, migration: str) -> int:
    with target.writing() as writing:
        writing.execute(quarantine.MADE.replace(quarantine.TABLE, TAKEN_BACK))
    with target.writing() as writing:
        count = writing.execute(
            f"INSERT INTO {TAKEN_BACK} ({_QUARANTINED}) SELECT {_QUARANTINED} "
            f"FROM {quarantine.TABLE} WHERE migration = ?",
            (migration,),
        )
        writing.execute(f"DELETE FROM {quarantine.TABLE} WHERE migration = ?", (migration,))
    _drop_empty(target, TAKEN_BACK)
    return count


def _forget(target: Database, migration: str) -> None:
    """Take away what the migration kept in the target for itself."""
    there = _tables(target)
    for table in (checkpoints.TABLE, progress.TABLE, quarantine.TABLE, kept.TABLE, TABLE):
        if table not in there:
            continue
        with target.writing() as writing:
            # A closed gate stays closed, as long as others keep their checkpoints beside it.
            rest = f" AND range_number <> {gate.GATE}" if table == checkpoints.TABLE else ""
            writing.execute(f"DELETE FROM {table} WHERE migration = ?{rest}", (migration,))
        _drop_empty(target, table)


def _drop_empty(target: Database, table: str) -> None:
    closed = f" WHERE range_number <> {gate.GATE} OR is_last = 0"
    where = closed if table == checkpoints.TABLE else ""
    if not target.query(f"SELECT 1 FROM {table}{where}", limit=1).rows:
        with target.writing() as writing:
            writing.execute(f"DROP TABLE IF EXISTS {table}")


def rows_aside(target: Database) -> Iterator[dict[str, Any]]:
    """Return all rows in quarantine, and those that were when their migration was taken back, as
    `quarantine.everything` does.

    Raises:
        DatabaseError: nothing was ever put aside here, or the target is away.
    """
    there = _tables(target)
    if quarantine.TABLE in there or TAKEN_BACK not in there:
        yield from quarantine.everything(target)
    if TAKEN_BACK in there:
        yield from quarantine.everything(target, of=TAKEN_BACK)


def _tables(target: Database) -> set[str]:
    return {table.name for table in target.describe().tables}
