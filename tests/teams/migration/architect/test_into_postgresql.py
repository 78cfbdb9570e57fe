"""Plans whose statements a real PostgreSQL runs."""

import sqlite3
from contextlib import closing

import psycopg
import pytest

from tenuto.teams.migration import ddl
from tenuto.teams.migration.architect import Options, make_plan
from tenuto.teams.migration.architect.making import NothingToMove
from tenuto.teams.migration.databases.describing import postgresql, sqlite
from tenuto.teams.migration.plan import Plan
from tenuto.teams.migration.schema import Annotated, Schema
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.asked import Asked
from tests.teams.migration.samples import chinook, needs_samples, northwind


def plan_of(connection: sqlite3.Connection, **options: object) -> Plan:
    annotated = Annotated(schema=sqlite.describe(Asked(connection)), columns={})
    return make_plan(
        annotated,
        target_system="postgresql",
        source="sqlite:///shop.db",
        target="postgresql://there/shop",
        options=Options(**options),  # type: ignore[arg-type]
    )


def script_plan(script: str, **options: object) -> Plan:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        return plan_of(connection, **options)


def run(connection: psycopg.Connection, statements: list[ddl.Statement]) -> None:
    for statement in statements:
        if not (statement.unless and connection.execute(statement.unless.encode()).fetchone()):
            connection.execute(statement.sql.encode())


def made(plan: Plan) -> Schema:
    """Return the schema that a plan makes, run twice, and see that undoing leaves nothing."""
    with fresh_database() as url, psycopg.connect(url) as connection:
        statements = ddl.prepare(plan) + ddl.finish(plan)
        run(connection, statements)
        run(connection, statements)
        found = postgresql.describe(Asked(connection, "postgresql"))
        for statement in reversed(statements):
            if statement.undo:
                connection.execute(statement.undo.encode())
        assert postgresql.describe(Asked(connection, "postgresql")).tables == ()
        return found


@needs_samples
@needs_postgres
@pytest.mark.parametrize("sample", [chinook, northwind])
def test_a_sample_gets_all_its_tables_columns_and_keys(sample: object) -> None:
    assert callable(sample)
    with closing(sample()) as connection:
        before = sqlite.describe(Asked(connection))
        plan = plan_of(connection)

    after = made(plan)

    assert [table.name for table in after.tables] == [table.name for table in before.tables]
    for table in before.tables:
        there = after.table(table.name)
        assert [column.name for column in there.columns] == [c.name for c in table.columns]
        assert there.key == table.key
        assert len(there.foreign_keys) == len(table.foreign_keys)
        assert len(there.indexes) == len(table.indexes)
        assert len(there.checks) == len(table.checks)


def test_a_table_comes_after_those_that_its_keys_name() -> None:
    plan = script_plan(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b(id));"
        "CREATE TABLE b (id INTEGER PRIMARY KEY, c INT REFERENCES c(id), b INT REFERENCES b(id));"
        "CREATE TABLE c (id INTEGER PRIMARY KEY);"
    )

    assert [(table.name, table.level) for table in plan.tables] == [("c", 0), ("b", 1), ("a", 2)]


@needs_postgres
def test_a_cycle_is_broken_where_null_is_allowed_and_checked_at_commit() -> None:
    plan = script_plan(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b INT NOT NULL REFERENCES b(id));"
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a(id));"
    )

    deferred = [key.columns for table in plan.tables for key in table.foreign_keys if key.deferred]
    assert deferred == [("a",)]
    assert len(made(plan).table("b").foreign_keys) == 1


@needs_postgres
def test_names_that_are_too_long_stay_apart() -> None:
    long = "x" * 70
    plan = script_plan(
        f"CREATE TABLE {long}1 ({long}a INT, {long}b INT); CREATE TABLE {long}2 (a INT);"
        f'CREATE INDEX "select" ON {long}1 ({long}a);'
    )

    names = [table.name for table in made(plan).tables]
    assert len(set(names)) == 2
    assert all(len(name.encode()) <= 63 for name in names)


@needs_postgres
def test_checks_and_defaults_are_said_in_the_words_of_the_target_or_left_out() -> None:
    plan = script_plan(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT CHECK (N > 0 AND n IN (1, 2)),"
        " flag BOOLEAN DEFAULT 1 CHECK (flag IN (0, 1)), made DATETIME DEFAULT CURRENT_TIMESTAMP,"
        " said TEXT DEFAULT \"don't\" CHECK (said GLOB '*x'), r TEXT DEFAULT (random()))"
    )

    after = made(plan).table("t")
    assert len(after.checks) == 2
    assert after.column("flag").default == "true"
    assert "UTC" in str(after.column("made").default)
    assert after.column("said").default == "'don''t'::text"
    assert sorted(plan.left_out) == ["t.r DEFAULT", "t.t_check_3"]


@needs_postgres
def test_counting_goes_on_where_the_source_was() -> None:
    plan = script_plan(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v INT);"
        "INSERT INTO t VALUES (41, 1); DELETE FROM t;"
    )

    with fresh_database() as url, psycopg.connect(url) as connection:
        run(connection, ddl.prepare(plan))
        connection.execute("INSERT INTO t VALUES (7, 1)")
        run(connection, ddl.finish(plan))
        new = connection.execute("INSERT INTO t (v) VALUES (2) RETURNING id").fetchone()

    assert new == (42,)


def test_only_what_is_asked_for_is_planned_and_the_rest_is_named() -> None:
    plan = script_plan(
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE log_1 (x INT);"
        "CREATE TABLE b (a INT REFERENCES a(id));",
        exclude=("log_*", "a"),
        where={"b": "a > 3"},
    )

    assert [(table.name, table.where) for table in plan.tables] == [("b", "a > 3")]
    assert sorted(plan.left_out) == ["a", "b.b_a_fkey", "log_1"]


def test_the_books_of_an_earlier_migration_are_not_moved_on() -> None:
    plan = script_plan("CREATE TABLE a (x INT); CREATE TABLE tenuto_checkpoints (x INT);")

    assert [table.name for table in plan.tables] == ["a"]
    assert list(plan.left_out) == ["tenuto_checkpoints"]


def test_names_that_match_no_table_are_refused_with_those_there_are() -> None:
    with pytest.raises(NothingToMove, match=r"the source has: a\."):
        script_plan("CREATE TABLE a (x INT)", tables=("b",))
