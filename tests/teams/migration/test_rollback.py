"""A migration that is taken back leaves its target as it was, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tenuto
from tenuto.teams.migration import ddl, moving, team
from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.bookkeeping import BOOKKEEPING, TAKEN_BACK
from tenuto.teams.migration.databases.port import Database, Writing
from tenuto.teams.migration.moving import quarantine, undoing
from tenuto.teams.migration.moving.loads import BadRow, Load, Moved
from tenuto.teams.migration.moving.mover import move
from tenuto.teams.migration.moving.ranges import ranges_of
from tenuto.teams.migration.recovery import building
from tenuto.teams.migration.schema import Schema
from tests.teams.migration import existing_shop
from tests.teams.migration.moving.ground import column, plan_of, sqlite_file
from tests.teams.migration.shop import given
from tests.teams.migration.systems import on_each_system, sqlite_target, target_of
from tests.teams.migration.test_team import until_asked

ROWS = 400
PLAN = plan_of(column("id", "integer", nullable=False), column("n", "integer"), batch_rows=10)


def shape(url: str) -> Schema:
    with contextlib.closing(open_database(url)) as database:
        return database.describe()


def old(folder: Path) -> str:
    """Return a source with a view, tables that name each other, and one row that does not fit."""
    file = folder / "old.db"
    with contextlib.closing(sqlite3.connect(file)) as made, made:
        made.executescript("""
            CREATE TABLE teams (
              id INTEGER PRIMARY KEY, name TEXT, head INT REFERENCES people (id));
            CREATE TABLE people (id INTEGER PRIMARY KEY, team INT REFERENCES teams (id), age INT);
            CREATE INDEX people_age ON people (age);
            CREATE VIEW elders AS SELECT id FROM people WHERE age > 50;
        """)
        for number in range(ROWS):
            made.execute("INSERT INTO teams VALUES (?, ?, ?)", (number, f"team {number}", number))
            age = "old" if number == ROWS - 1 else number % 90
            made.execute("INSERT INTO people VALUES (?, ?, ?)", (number, number, age))
    return f"sqlite:///{file}"


def failing(target: str, folder: Path, **more: Any) -> tenuto.SessionFailedError:
    """Return how a migration ended that stops at the first row that does not fit."""
    inputs = given(old(folder), target, on_error="stop", learn=False, **more)
    with pytest.raises(tenuto.SessionFailedError) as caught:
        tenuto.run(team.workflow, inputs, db="memory://", timeout=120)
    return caught.value


@pytest.mark.slow
@on_each_system
def test_a_migration_that_fails_takes_back_what_it_made_where_that_is_wished(
    system: str, tmp_path: Path
) -> None:
    with target_of(system, tmp_path) as target:
        with contextlib.closing(open_database(target, writing=True)) as database:
            before = database.describe()

        error = failing(target, tmp_path, on_failure="roll_back")

        assert "to stop at the first" in error.failure.message
        assert shape(target) == before


@pytest.mark.slow
def test_without_that_wish_what_was_moved_is_kept(tmp_path: Path) -> None:
    with sqlite_target(tmp_path) as target:
        failing(target, tmp_path)

        assert {"people", "tenuto_checkpoints"} <= {one.name for one in shape(target).tables}


def moved_by_hand(source: str, target: str) -> None:
    """Make the table `t`, and move all its rows: five of them are put aside."""
    with contextlib.closing(open_database(target, writing=True)) as database:
        undoing.intend(database, "m", PLAN)
        moving.prepare(database)
        for statement in ddl.prepare(PLAN):
            undoing.make(database, "m", statement)
        load(source, database)


def load(source: str, database: Database) -> Moved:
    with contextlib.closing(open_database(source)) as left:
        (one,) = ranges_of(left, PLAN, PLAN.table("t"))
        return move(left, database, Load(migration="m", plan=PLAN, table="t", range=one))


@pytest.fixture
def source(tmp_path: Path) -> str:
    rows = [(number, "many" if number % 20 == 7 else number) for number in range(100)]
    return sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT)", rows)


def test_rows_that_were_put_aside_are_kept_with_their_values(source: str, tmp_path: Path) -> None:
    with sqlite_target(tmp_path) as target:
        moved_by_hand(source, target)

        with contextlib.closing(open_database(target, writing=True)) as database:
            undone = undoing.take_back(database, "m")
            kept = list(undoing.rows_aside(database))

        assert (undone.rows, undone.kept_aside) == (95, 5)
        assert {one.name for one in shape(target).tables} == {TAKEN_BACK}
        assert kept[0]["original"]["n"] == ["text", "many"]


@pytest.mark.parametrize("commits", range(12))
def test_who_is_killed_at_it_goes_on(commits: int, source: str, tmp_path: Path) -> None:
    with sqlite_target(tmp_path) as target:
        moved_by_hand(source, target)
        with contextlib.closing(open_database(target, writing=True)) as database:
            with contextlib.suppress(Killed):
                undoing.take_back(Dying(database, after=commits), "m")

            undoing.take_back(database, "m")
            kept = list(undoing.rows_aside(database))

        assert len(kept) == 5
        assert {one.name for one in shape(target).tables} == {TAKEN_BACK}


def test_a_table_in_which_somebody_else_writes_is_not_taken_away(
    source: str, tmp_path: Path
) -> None:
    with sqlite_target(tmp_path) as target:
        moved_by_hand(source, target)
        with contextlib.closing(sqlite3.connect(target[10:])) as other, other:
            other.execute("INSERT INTO t VALUES (1000, 1)")

        with contextlib.closing(open_database(target, writing=True)) as database:
            with pytest.raises(undoing.NotAsItWas, match=r"holds 96 rows.* brought 95"):
                undoing.take_back(database, "m")
            assert database.query("SELECT count(*) FROM t").rows == [(96,)]
            undoing.take_back(database, "m", forced=True)

        assert "t" not in {one.name for one in shape(target).tables}


def test_tables_that_were_there_before_are_emptied_and_stay(source: str, tmp_path: Path) -> None:
    with sqlite_target(tmp_path) as target:
        with contextlib.closing(sqlite3.connect(target[10:])) as before, before:
            before.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, mine TEXT)")
            before.execute("CREATE TABLE other (id INTEGER)")
        was = shape(target)
        with contextlib.closing(open_database(target, writing=True)) as database:
            undoing.intend(database, "m", PLAN)
            moving.prepare(database)
            assert load(source, database).loaded == 95
            undoing.take_back(database, "m")
            assert database.query("SELECT count(*) FROM t").rows == [(0,)]

        assert without_own(shape(target)) == without_own(was)


@on_each_system
def test_who_still_moves_while_it_is_taken_back_brings_no_row_more(
    system: str, source: str, tmp_path: Path
) -> None:
    with (
        target_of(system, tmp_path) as target,
        contextlib.closing(open_database(target, writing=True)) as database,
    ):
        name = "INTEGER" if system == "sqlite" else "bigint"
        with database.writing() as writing:
            writing.execute(f"CREATE TABLE t (id {name} PRIMARY KEY, n bigint)")
        undoing.intend(database, "m", PLAN)
        undoing.intend(database, "other", PLAN)
        moving.prepare(database)
        with database.writing() as writing:
            aside = BadRow(key=(1,), column="n", reason="of another", original={})
            quarantine.put(writing, ("other", "t", 0, 0), [aside])
        with contextlib.closing(open_database(source)) as left:
            (one,) = ranges_of(left, PLAN, PLAN.table("t"))
            todo = Load(migration="m", plan=PLAN, table="t", range=one)

            def take_back(batch: moving.Batch) -> None:
                if batch.number == 3:
                    with contextlib.closing(open_database(target, writing=True)) as second:
                        undoing.take_back(second, "m")

            moved = move(left, database, todo, on_batch=take_back)

        assert moved.failure is not None and moved.failure.what == "taken_back"
        assert database.query("SELECT count(*) FROM t").rows == [(0,)]


def without_own(schema: Schema) -> list[Any]:
    # How much room a table takes is no part of what it is.
    return [
        msgspec.structs.replace(table, rows=None, bytes=None)
        for table in schema.tables
        if table.name not in BOOKKEEPING
    ]


class Killed(BaseException):
    """The process is no more."""


class Dying:
    """A database whose process is killed after so many transactions."""

    def __init__(self, database: Database, after: int) -> None:
        self._database, self._left = database, after
        self.system = database.system
        self.describe, self.query = database.describe, database.query
        self.read, self.close = database.read, database.close

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        if not self._left:
            raise Killed
        self._left -= 1
        with self._database.writing() as writing:
            yield writing


@pytest.mark.slow
@on_each_system
def test_a_target_with_a_schema_of_its_own_is_as_it_was(system: str, tmp_path: Path) -> None:
    with target_of(system, tmp_path) as target:
        existing_shop.made(target)
        was = shape(target)
        inputs = given(existing_shop.old_shop(tmp_path), target, onto=True, learn=False)
        output: Any = tenuto.run(team.workflow, inputs, db="memory://", timeout=120)
        assert output["verified"]

        with contextlib.closing(open_database(target, writing=True)) as database:
            (migration,) = undoing.migrations(database)
            undone = undoing.take_back(database, migration)

        assert (
            undone.rows == existing_shop.STAFF + 2 * existing_shop.CUSTOMERS + existing_shop.ORDERS
        )
        assert without_own(shape(target)) == without_own(was)
        assert not {one.name for one in shape(target).tables} & BOOKKEEPING


@pytest.mark.slow
def test_defects_that_nobody_takes_are_taken_back_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*arguments: Any, **more: Any) -> Any:
        built = build_all(*arguments, **more)
        with arguments[0].writing() as writing:
            writing.execute("UPDATE teams SET name = 'other' WHERE id = 7")
        return built

    build_all = building.build_all
    monkeypatch.setattr(building, "build_all", damaged)

    async def main(target: str) -> None:
        inputs = given(old(tmp_path), target, on_failure="roll_back", learn=False)
        async with tenuto.open("memory://") as runtime:
            session = await runtime.start(team.workflow, inputs)
            task = await until_asked(session, "accept")
            await session.deny(task=task, by="ada")
            with pytest.raises(tenuto.SessionFailedError, match="1 defect"):
                await session.result(60)
            events: list[Any] = [stored.event async for stored in session.events()]
            kinds = [one.kind for one in events if type(one).__name__ == "Noted"]
            assert "taken_back" in kinds

    with sqlite_target(tmp_path) as target:
        asyncio.run(main(target))

        assert {one.name for one in shape(target).tables} == {TAKEN_BACK}


# Fails for good, and kills itself when its log has so many commits more since it began to fail.
CHILD = """
import asyncio, json, os, signal, sys
import tenuto
from tenuto.teams.migration import team

async def main(db, inputs, commits):
    async with tenuto.open(db) as runtime:
        session = await runtime.start(team.workflow, json.loads(inputs), key="the one")

        async def die():
            left = int(commits)
            async for stored in session.events():
                if type(stored.event).__name__ == "UndoStarted" and left:
                    await asyncio.sleep(0.004 * left)
                    os.kill(os.getpid(), signal.SIGKILL)

        dying = asyncio.create_task(die())
        try:
            await session.result(120)
        except tenuto.SessionFailedError as error:
            print(error)
        dying.cancel()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_session_that_is_killed_while_it_takes_back_goes_on(tmp_path: Path) -> None:
    inputs = json.dumps(
        given(old(tmp_path), f"sqlite:///{tmp_path}/target.db", on_error="stop", learn=False)
        | {"on_failure": "roll_back"}
    )
    for left in (1, 2, 4, 8, 0):
        ended = subprocess.run(
            [sys.executable, "-c", CHILD, f"sqlite:///{tmp_path}/s.db", inputs, str(left)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ended.returncode != -signal.SIGKILL:
            break

    assert ended.returncode == 0 and "to stop at the first" in ended.stdout, ended.stderr
    assert shape(f"sqlite:///{tmp_path}/target.db").tables == ()
