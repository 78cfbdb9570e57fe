"""Dirty rows, servers that go away, and databases that are locked: each row is loaded or put
aside, whatever happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.moving import quarantine
from tenuto.teams.migration.moving.checkpoints import TABLE, Batch
from tenuto.teams.migration.moving.loads import BadRow, Load, Moved
from tenuto.teams.migration.moving.mover import move
from tenuto.teams.migration.moving.ranges import ranges_of
from tenuto.teams.migration.moving.replaying import replay
from tenuto.teams.migration.plan import Change, ColumnPlan
from tests.postgres import fresh_database, needs_own_postgres, needs_postgres, own_server
from tests.teams.migration.moving.ground import column, made, moved, opened, plan_of, sqlite_file

ROWS = 2_000
ID = column("id", "integer", nullable=False)


@pytest.fixture
def target() -> Iterator[str]:
    with fresh_database() as url:
        yield url


def with_one_bad(
    folder: Path, target: str, declared: str, one: ColumnPlan, good: object, bad: object
) -> tuple[Moved, list[BadRow], int]:
    """Move a table whose second column holds good values and, near its end, a bad one."""
    rows = [(number, bad if number == ROWS - 100 else good) for number in range(ROWS)]
    table = f"CREATE TABLE t (id INTEGER PRIMARY KEY, c {declared})"
    url = sqlite_file(folder / "a.db", table, rows)
    plan = plan_of(ID, one, batch_rows=250)
    with opened(url, target) as (source, there):
        made(there, plan)
        (result,) = moved(source, there, plan)
        count = there.query("SELECT count(*) FROM t").rows[0][0]
        assert isinstance(count, int)
        return result, quarantine.kept(there, "m", "t"), count


BROKEN = sqlite3.Binary(b"\xff\xfe")
DIRT = [
    ("INTEGER", column("c", "integer"), 7, "seven", ["text", "seven"]),
    ("INTEGER", column("c", "integer"), 7, 7.5, ["real", "7.5"]),
    ("INTEGER", column("c", "integer"), 7, 2.0**70, ["real", "1.1805916207174113e+21"]),
    ("INTEGER", column("c", "integer", type="smallint"), 7, 70_000, 70_000),
    ("REAL", column("c", "decimal"), 0.5, 9e999, ["real", "inf"]),
    ("REAL", column("c", "decimal"), 0.5, 0.125, 0.125),
    ("REAL", column("c", "decimal", type="numeric(4,2)"), 0.5, 1000.0, 1000.0),
    ("TEXT", column("c", "text"), "a", b"\x61\x62", ["blob", "6162"]),
    ("TEXT", column("c", "text"), "a", "a\0b", "a\0b"),
    ("TEXT", column("c", "text", type="varchar(5)"), "short", "too long", "too long"),
    ("TEXT", column("c", "text", nullable=False), "a", None, None),
    ("TEXT", column("c", "date"), "2024-02-29", "0000-00-00", "0000-00-00"),
    ("TEXT", column("c", "date"), "2024-02-29", "2023-02-29", "2023-02-29"),
    ("TEXT", column("c", "timestamp"), "2024-02-29 10:00:00", "now", "now"),
    ("TEXT", column("c", "json"), "{}", "{a: 1}", "{a: 1}"),
    ("TEXT", column("c", "uuid"), "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7", "6ba7"),
    ("TEXT", column("c", "text", type="inet"), "127.0.0.1", "local", "local"),
    ("", column("c", "integer"), 7, 2**53 + 0.0, ["real", "9007199254740992.0"]),
    ("BLOB", column("c", "bytes"), b"\0", "text", ["text", "text"]),
    ("BOOLEAN", column("c", "boolean"), 1, 2, 2),
]


@needs_postgres
@pytest.mark.slow
@pytest.mark.parametrize(("declared", "one", "good", "bad", "original"), DIRT)
def test_one_dirty_value_costs_one_row(
    declared: str,
    one: ColumnPlan,
    good: object,
    bad: object,
    original: object,
    tmp_path: Path,
    target: str,
) -> None:
    result, kept, count = with_one_bad(tmp_path, target, declared, one, good, bad)

    assert result.failure is None
    assert (result.read, result.loaded, result.quarantined) == (ROWS, ROWS - 1, 1)
    assert count == ROWS - 1
    assert kept[0].key == (ROWS - 100,) and kept[0].original["c"] == original
    assert kept[0].reason


@needs_postgres
def test_bytes_that_are_no_utf8_are_kept_in_hex(tmp_path: Path, target: str) -> None:
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT)", [])
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("INSERT INTO t VALUES (1, CAST(x'4dfc6c' AS TEXT)), (2, 'x')")
    connection.close()
    plan = plan_of(ID, column("c", "text"))

    with opened(url, target) as (source, there):
        made(there, plan)
        (result,) = moved(source, there, plan)
        kept = quarantine.kept(there, "m", "t")

    assert (result.loaded, result.quarantined) == (1, 1)
    assert kept[0].original == {"id": 1, "rowid": 1, "c": ["broken", "4dfc6c"]}


@needs_postgres
def test_rows_that_are_not_unique_are_found_one_by_one(tmp_path: Path, target: str) -> None:
    twice = {500, 501, 900}
    rows = [(number, 7 if number in twice else number) for number in range(1_000)]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(ID, column("c", "integer"), batch_rows=400)

    with opened(url, target) as (source, there):
        made(there, plan, extra=", UNIQUE (c)")
        (result,) = moved(source, there, plan)
        kept = quarantine.kept(there, "m", "t")

    assert (result.loaded, result.quarantined) == (997, 3)
    assert [row.key for row in kept] == [(500,), (501,), (900,)]
    assert {row.column for row in kept} == {"c"} and "duplicate key" in kept[0].reason


@needs_postgres
def test_too_many_bad_rows_stop_the_load_with_a_sample(tmp_path: Path, target: str) -> None:
    rows = [(number, "N/A" if number >= 600 else number) for number in range(1_000)]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(ID, column("c", "integer"), batch_rows=100)

    with opened(url, target) as (source, there):
        made(there, plan)
        (result,) = moved(source, there, plan, bad_rows_free=10)
        count = there.query("SELECT count(*) FROM t").rows

    assert result.failure is not None and result.failure.severity == "recoverable"
    assert result.failure.what == "bad_rows" and result.failure.column == "c"
    assert result.failure.sample[0].original["c"] == ["text", "N/A"]
    assert count == [(result.loaded,)], "what came before stays, and is checkpointed"


@needs_postgres
def test_where_the_plan_says_stop_the_first_bad_row_does(tmp_path: Path, target: str) -> None:
    rows = [(1, 1), (2, "x")]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(ID, column("c", "integer"), on_error="stop")

    with opened(url, target) as (source, there):
        made(there, plan)
        (result,) = moved(source, there, plan)

    assert result.failure is not None and "stop" in result.failure.message
    assert (result.loaded, result.quarantined) == (0, 0)


@needs_own_postgres
@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "restart"])
def test_a_server_that_goes_away_in_mid_load_is_waited_for(tmp_path: Path, how: str) -> None:
    server = own_server()
    rows = [(number, number) for number in range(2_000)]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(ID, column("c", "integer"), batch_rows=100)

    def fell(batch: Batch) -> None:
        if batch.number in (3, 8):
            getattr(server, how)()

    def back(seconds: float) -> None:
        server.start()

    with fresh_database(on=server) as target, opened(url, target) as (source, there):
        made(there, plan)
        (one,) = ranges_of(source, plan, plan.table("t"))
        todo = Load(migration="m", plan=plan, table="t", range=one)
        result = move(source, there, todo, on_batch=fell, pause=back)
        found = there.query("SELECT id, c FROM t ORDER BY id").rows

    assert result.failure is None and result.loaded == 2_000
    assert found == rows


@needs_postgres
def test_a_source_that_is_locked_is_waited_for(tmp_path: Path, target: str) -> None:
    rows = [(number, number) for number in range(10)]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(ID, column("c", "integer"))
    waits: list[float] = []

    with opened(url, target) as (source, there):
        made(there, plan)
        (one,) = ranges_of(source, plan, plan.table("t"))
        writer = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")

        def let_go(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                writer.execute("ROLLBACK")

        source.busy_seconds = 0.01  # type: ignore[attr-defined]  # of SQLite
        todo = Load(migration="m", plan=plan, table="t", range=one)
        result = move(source, there, todo, pause=let_go)
        writer.close()

    assert result.failure is None and result.loaded == 10
    assert len(waits) == 2


@needs_postgres
def test_what_stays_away_is_a_failure_that_may_pass(tmp_path: Path, target: str) -> None:
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)", [(1,)])
    plan = plan_of(ID)

    with opened(url, target) as (source, there):
        made(there, plan)
        (one,) = ranges_of(source, plan, plan.table("t"))
        writer = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        source.busy_seconds = 0.01  # type: ignore[attr-defined]  # of SQLite
        todo = Load(migration="m", plan=plan, table="t", range=one, attempts_max=2)
        result = move(source, there, todo, pause=lambda seconds: None)
        writer.close()

    assert result.failure is not None and result.failure.severity == "transient"
    assert "locked" in result.failure.message


@needs_postgres
def test_rows_in_quarantine_are_loaded_by_a_plan_that_was_mended(
    tmp_path: Path, target: str
) -> None:
    rows: list[tuple[int, object]] = [(number, number) for number in range(100)]
    rows[7], rows[8], rows[9] = (7, "n/a"), (8, "many"), (9, b"\xff")
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(ID, column("c", "integer"))
    nothing = Change(do="null_if", options={"values": ["n/a"]})
    mended = plan_of(ID, column("c", "integer", nothing))

    with opened(url, target) as (source, there):
        made(there, plan)
        moved(source, there, plan)
        result = replay(there, mended, "t", migration="m")
        again = replay(there, mended, "t", migration="m")
        kept = quarantine.kept(there, "m", "t")
        found = there.query("SELECT count(*), count(c) FROM t").rows
        sums = there.query("SELECT sum(rows_read), sum(rows_loaded), sum(rows_bad) FROM " + TABLE)

    assert (result.loaded, len(result.left), again.loaded) == (1, 2, 0)
    assert [row.key for row in kept] == [(8,), (9,)]
    assert found == [(98, 97)]
    assert sums.rows == [(100, 98, 2)]


@needs_own_postgres
@pytest.mark.slow
def test_a_source_that_goes_away_while_it_is_read_is_waited_for(tmp_path: Path) -> None:
    server = own_server()
    plan = plan_of(column("id", "integer", type="INTEGER"), column("c", "text", type="TEXT"))
    kills: list[int] = []

    def fell(batch: Batch) -> None:
        if batch.number in (2, 30) and batch.number not in kills:
            kills.append(batch.number)
            server.kill()

    with fresh_database(on=server) as url:
        with closing(open_database(url, writing=True)) as one, one.writing() as writing:
            writing.execute("CREATE TABLE t (id bigint PRIMARY KEY, c text)")
            writing.execute(
                "INSERT INTO t SELECT n, repeat('x', 4000) FROM generate_series(1, 9000) n"
            )
        with opened(url, f"sqlite:///{tmp_path / 'b.db'}") as (source, there):
            made(there, plan)
            (range,) = ranges_of(source, plan, plan.table("t"))
            todo = Load(migration="m", plan=plan, table="t", range=range)
            result = move(source, there, todo, on_batch=fell, pause=lambda seconds: server.start())
            found = there.query("SELECT count(*), count(DISTINCT id), sum(length(c)) FROM t").rows

    assert kills == [2, 30]
    assert result.failure is None and result.loaded == 9_000
    assert found == [(9_000, 9_000, 36_000_000)]
