"""A target that has its schema already: whether a plan can fill it, and its foreign keys, which
wait while rows come in whatever order, and then hold for all of them.

Nothing else of the schema is touched. MariaDB and SQLite need not check foreign keys while rows are
loaded (`unchecked`); PostgreSQL takes the keys of these tables away, with their definitions kept in
the target, and puts them back word for word.
"""

from __future__ import annotations

from typing import Final

import tenuto
from tenuto.teams.migration.databases.bookkeeping import KEYS
from tenuto.teams.migration.databases.port import Database, DatabaseError, Writing
from tenuto.teams.migration.databases.quoting import literal, quoted
from tenuto.teams.migration.ddl import Statement
from tenuto.teams.migration.plan import ColumnPlan, Plan, TablePlan
from tenuto.teams.migration.schema import Schema

SHOWN_MAX: Final = 5
MADE: Final = """
CREATE TABLE IF NOT EXISTS tenuto_keys (
    table_name VARCHAR(128) NOT NULL,
    name VARCHAR(128) NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (table_name, name)
)
"""
_DEFINED: Final = """
SELECT t.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND t.relnamespace = current_schema()::regnamespace
ORDER BY t.relname, k.conname
"""


def problems(target: Database, plan: Plan, *, there: Schema | None = None) -> list[str]:
    """Return why a plan cannot fill a target, in sentences; nothing is written.

    Raises:
        DatabaseError: the target cannot be read.
    """
    tables = {table.name: table for table in (there or target.describe()).tables}
    found = []
    for table in plan.tables:
        if table.name not in tables:
            found.append(f"The target has no table {table.name!r}.")
            continue
        names = {column.name for column in tables[table.name].columns}
        found += [
            f"The table {table.name!r} of the target has no column {column.name!r}."
            for column in table.columns
            if column.name not in names
        ]
        planned = {column.name: column for column in table.columns}
        found += [
            f"The column {table.name}.{one.name} takes no NULL and has no default, and the plan "
            "has nothing for it: give it a source, or changes that make a value, or leave the "
            "table out."
            for one in tables[table.name].columns
            if not (one.nullable or one.default is not None or one.counts or one.generated)
            and not gets_values(planned.get(one.name))
        ]
    return found


def gets_values(column: ColumnPlan | None) -> bool:
    """Return whether a plan makes values for a column."""
    return column is not None and bool(column.source or column.sources or column.changes)


def filled(target: Database, plan: Plan) -> list[str]:
    """Return the tables of a plan that have rows already.

    Raises:
        DatabaseError: one cannot be read.
    """
    return [
        table.name
        for table in plan.tables
        if target.query(f"SELECT 1 FROM {quoted(target.system, table.name)}", limit=1).rows
    ]


def check_empty(tables: list[str]) -> None:
    """Return where no table that is to be filled has rows.

    Raises:
        Fatal: these do; nothing was written.
    """
    if tables:
        raise tenuto.Fatal(
            "Tables of the target that are to be filled have rows: "
            f"{', '.join(map(repr, tables[:SHOWN_MAX]))}. Nothing was written. Empty them; or "
            "leave them out, with --exclude or by taking them out of the plan.",
            code="target_not_empty",
        )


def ready(target: Database, plan: Plan, migration: str) -> None:
    """Return when a plan can fill a target, from now on or where it was.

    Raises:
        Fatal: it cannot; nothing was written.
        DatabaseError: the target cannot be read.
    """
    wrong = problems(target, plan)
    if wrong:
        raise tenuto.Fatal(
            f"The plan does not fit the target: {' '.join(wrong[:SHOWN_MAX])} Nothing was written.",
            code="plan_wrong",
        )
    if not is_under_way(target, migration):
        check_empty(filled(target, plan))


def is_under_way(target: Database, migration: str) -> bool:
    """Return whether a migration has begun in a target: then rows that are there may be its own."""
    try:
        query = "SELECT 1 FROM tenuto_expected WHERE migration = ?"
        return bool(target.query(query, (migration,), limit=1).rows)
    except DatabaseError:
        # No table of ours is there; or the target is away, and this says so.
        target.query("SELECT 1")
        return False


def set_keys_aside(target: Database, plan: Plan) -> None:
    """Take the foreign keys of the tables of a plan away from PostgreSQL; their definitions are
    kept, in the same transaction. Doing it again takes what is left."""
    if target.system != "postgresql":
        return
    with target.writing() as writing:
        writing.execute(MADE)
    wanted = {table.name for table in plan.tables}
    keys = [row for row in target.query(_DEFINED).rows if row[0] in wanted]
    with target.writing() as writing:
        for table, name, definition in keys:
            writing.execute(f"DELETE FROM {KEYS} WHERE table_name = ? AND name = ?", (table, name))
            writing.execute(f"INSERT INTO {KEYS} VALUES (?, ?, ?)", (table, name, definition))
            at = quoted("postgresql", str(table))
            writing.execute(f"ALTER TABLE {at} DROP CONSTRAINT {quoted('postgresql', str(name))}")


def keys_back(target: Database, plan: Plan) -> list[Statement]:
    """Return what puts the keys back, in the order of the plan."""
    if target.system != "postgresql":
        return []
    aside = keys_aside(target)
    return [
        _key_back(table, name, definition)
        for table in plan.tables
        for of, name, definition in aside
        if of == table.name
    ]


def keys_aside(target: Database) -> list[tuple[str, str, str]]:
    """Return the keys that were set aside: table, name, definition."""
    rows = target.query(
        f"SELECT table_name, name, definition FROM {KEYS} ORDER BY table_name, name"
    ).rows
    return [(str(table), str(name), str(definition)) for table, name, definition in rows]


def _key_back(table: TablePlan, name: str, definition: str) -> Statement:
    at, called = quoted("postgresql", table.name), quoted("postgresql", name)
    return Statement(
        what="foreign key",
        name=name,
        table=table.name,
        sql=f"ALTER TABLE {at} ADD CONSTRAINT {called} {definition}",
        undo="",
        unless="SELECT 1 FROM pg_constraint WHERE conrelid = "
        f"{literal('postgresql', at)}::regclass AND conname = {literal('postgresql', name)}",
    )


def unchecked(target: Database, plan: Plan, writing: Writing) -> None:
    """Let rows of a transaction come before those that they name."""
    if plan.onto:
        unchecked_always(target, writing)


def unchecked_always(target: Database, writing: Writing) -> None:
    """Let rows come before those that they name, whoever made the tables."""
    if target.system == "mariadb":
        writing.execute("SET foreign_key_checks = 0")


def checked(target: Database, writing: Writing) -> None:
    """Have them found again by what comes after in the same connection."""
    if target.system == "mariadb":
        writing.execute("SET foreign_key_checks = 1")
