"""Values of PostgreSQL arrive in SQLite, and in another PostgreSQL, as they were."""

from __future__ import annotations

import datetime
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import BadValue, Read, Span, strange_cells
from tenuto.teams.migration.moving import quarantine
from tenuto.teams.migration.moving.loads import Moved
from tenuto.teams.migration.plan import ColumnPlan, Plan
from tenuto.teams.migration.schema import Kind
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.moving.ground import TYPES, column, made, moved, opened, plan_of

KINDS: tuple[Kind, ...] = tuple(TYPES)
SQLITE: dict[Kind, str] = {
    "boolean": "BOOLEAN",
    "integer": "INTEGER",
    "decimal": "DECIMAL TEXT",
    "float": "DOUBLE",
    "text": "TEXT",
    "bytes": "BLOB",
    "date": "DATE TEXT",
    "time": "TIME TEXT",
    "timestamp": "TIMESTAMP TEXT",
    "timestamptz": "TIMESTAMPTZ TEXT",
    "json": "JSON TEXT",
    "uuid": "UUID TEXT",
}
ONE = (
    "true",
    "-9223372036854775808",
    "1234567890.50",
    "0.1",
    "'Grüße, 東京 '",
    r"'\x00ff'",
    "'0001-01-01'",
    "'23:59:59.999999'",
    "'2024-02-29 10:11:12.5'",
    "'2024-02-29 10:11:12+02'",
    """'{"a": [1, null]}'""",
    "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
)


def every_kind(types: dict[Kind, str]) -> Plan:
    """Return a plan with a column of each kind, beside the key."""
    columns: list[ColumnPlan] = [
        column(f"c_{kind}", kind, source=f"c_{kind}", type=types[kind]) for kind in KINDS
    ]
    return plan_of(column("id", "integer", type="bigint", nullable=False), *columns)


def filled(url: str) -> None:
    """Make the table `t` with a row of every kind, one of nulls, and many more."""
    columns = ", ".join(f"c_{kind} {TYPES[kind]}" for kind in KINDS)
    with closing(open_database(url, writing=True)) as database, database.writing() as writing:
        writing.execute(f"CREATE TABLE t (id bigint PRIMARY KEY, {columns})")
        writing.execute(f"INSERT INTO t VALUES (1, {', '.join(ONE)})")
        writing.execute("INSERT INTO t (id) SELECT generate_series(2, 250)")


def move_all(source: str, target: str, plan: Plan) -> tuple[Moved, list[tuple[object, ...]]]:
    with opened(source, target) as (left, right):
        made(right, plan)
        (result,) = moved(left, right, plan)
        return result, right.query("SELECT * FROM t ORDER BY id").rows


@needs_postgres
def test_every_kind_of_value_arrives_in_sqlite(tmp_path: Path) -> None:
    with fresh_database() as source:
        filled(source)

        result, rows = move_all(source, f"sqlite:///{tmp_path / 'b.db'}", every_kind(SQLITE))

    assert result.failure is None and (result.loaded, result.quarantined) == (250, 0)
    assert rows[0] == (
        1,
        1,
        -9223372036854775808,
        "1234567890.50",
        0.1,
        "Grüße, 東京 ",
        b"\x00\xff",
        "0001-01-01",
        "23:59:59.999999",
        "2024-02-29 10:11:12.500000",
        "2024-02-29 08:11:12+00:00",
        '{"a": [1, null]}',
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    )
    assert rows[1] == (2, *[None] * len(KINDS))


@needs_postgres
def test_every_kind_of_value_arrives_in_another_postgresql() -> None:
    with fresh_database() as source, fresh_database() as target:
        filled(source)

        result, rows = move_all(source, target, every_kind(TYPES))
        same = open_database(source).query("SELECT * FROM t ORDER BY id").rows

    assert result.failure is None and result.loaded == 250
    assert rows == same


@needs_postgres
def test_values_that_arrow_has_no_place_for_are_put_aside_as_texts(tmp_path: Path) -> None:
    plan = plan_of(
        column("id", "integer", type="bigint"),
        column("d", "date", type="TEXT"),
        column("t", "timestamp", type="TEXT"),
        column("f", "float", type="DOUBLE"),
        column("n", "decimal", type="TEXT", precision=None, scale=None),
    )
    with fresh_database() as source:
        with closing(open_database(source, writing=True)) as one, one.writing() as writing:
            writing.execute(
                "CREATE TABLE t (id bigint PRIMARY KEY, d date, t timestamp, f float8, n numeric)"
            )
            writing.execute(
                "INSERT INTO t VALUES (1, 'infinity', now(), 1, 1), (2, now(), '-infinity', 1, 1), "
                "(3, '4000-01-01 BC', now(), 1, 1), (4, now(), now(), 'NaN', 1), "
                "(5, now(), now(), 1, 'NaN'), (6, now(), now(), 1, '0.123456789012345678901234567')"
            )
        with opened(source, f"sqlite:///{tmp_path / 'b.db'}") as (left, right):
            made(right, plan)
            (result,) = moved(left, right, plan)
            kept = quarantine.kept(right, "m", "t")
            rows = right.query("SELECT id, n FROM t").rows

    assert result.failure is None and (result.loaded, result.quarantined) == (1, 5)
    assert [row.column for row in kept] == ["d", "t", "d", "f", "n"]
    assert kept[0].original["d"] == ["text", "infinity"]
    assert rows == [(6, "0.123456789012345678901234567")]


@needs_postgres
def test_keys_of_texts_and_several_columns_are_read_bytewise_from_where_it_stopped() -> None:
    words = ["a", "B", "ä", "Z", "b", "é", "aa"]
    with fresh_database() as url:
        database = open_database(url, writing=True)
        with database.writing() as writing:
            writing.execute("CREATE TABLE t (w text, n int, PRIMARY KEY (w, n))")
            for word in words:
                for number in (2, 1):
                    writing.execute("INSERT INTO t VALUES (?, ?)", (word, number))
        read = Read(table="t", columns=("w", "n"), by=("w", "n"), batch_rows=3)

        whole = [row for batch in database.read(read) for row in batch.to_pylist()]
        rest = Read(table="t", columns=("w", "n"), by=("w", "n"), span=Span(after=("a", 1)))
        behind = [row for batch in database.read(rest) for row in batch.to_pylist()]
        database.close()

    expected = [
        {"w": word, "n": number} for word in sorted(words, key=str.encode) for number in (1, 2)
    ]
    assert whole == expected
    assert behind == expected[expected.index({"w": "a", "n": 1}) + 1 :]


@needs_postgres
def test_a_table_without_a_key_is_moved_in_one_transaction(tmp_path: Path) -> None:
    plan = plan_of(column("c", "integer", type="INTEGER"), key=(), batch_rows=10)
    with fresh_database() as source:
        with closing(open_database(source, writing=True)) as one, one.writing() as writing:
            writing.execute("CREATE TABLE t (c bigint)")
            writing.execute("INSERT INTO t SELECT generate_series(1, 100)")
        with opened(source, f"sqlite:///{tmp_path / 'b.db'}") as (left, right):
            made(right, plan)
            (first,) = moved(left, right, plan)
            (again,) = moved(left, right, plan)
            count = right.query("SELECT count(*) FROM t").rows

    assert (first.loaded, again.loaded, count) == (100, 100, [(100,)])


def test_sqlite_says_which_column_refused_a_row(tmp_path: Path) -> None:
    with closing(open_database(f"sqlite:///{tmp_path / 'a.db'}", writing=True)) as database:
        with database.writing() as writing:
            writing.execute("CREATE TABLE t (c INTEGER NOT NULL)")

        with pytest.raises(BadValue) as refused, database.writing() as writing:
            writing.ingest("t", pa.record_batch({"c": pa.array([1, None])}))
        count = database.query("SELECT count(*) FROM t").rows

    assert refused.value.column == "c"
    assert count == [(0,)], "all of it is rolled back"


@needs_postgres
def test_a_transaction_counts_what_it_changed_and_an_error_undoes_it() -> None:
    with fresh_database() as url:
        database = open_database(url, writing=True)
        with database.writing() as writing:
            writing.execute("CREATE TABLE t (c date)")
            day = datetime.date(2024, 1, 1).isoformat()
            counts = [writing.execute("INSERT INTO t VALUES (CAST(? AS date)), (NULL)", (day,))]
            counts.append(writing.execute("UPDATE t SET c = NULL"))
            counts.append(writing.execute("DELETE FROM t WHERE c = '2024-01-01'"))
        with pytest.raises(ZeroDivisionError), database.writing() as writing:
            writing.execute("DELETE FROM t")
            raise ZeroDivisionError
        left = database.query("SELECT count(*) FROM t").rows
        database.close()

    assert counts == [2, 2, 0] and left == [(2,)]


@needs_postgres
def test_rows_are_committed_also_where_nothing_follows_them() -> None:
    with fresh_database() as url, closing(open_database(url, writing=True)) as database:
        with database.writing() as writing:
            writing.execute("CREATE TABLE t (c bigint)")
        for number in range(3):
            with database.writing() as writing:
                writing.ingest("t", pa.record_batch({"c": pa.array([number])}))
        rows = database.query("SELECT c FROM t ORDER BY c").rows

    assert rows == [(0,), (1,), (2,)]


@needs_postgres
def test_dates_of_before_the_calendar_are_told_by_the_row_they_stand_in() -> None:
    with fresh_database() as url:
        database = open_database(url, writing=True)
        with database.writing() as writing:
            writing.execute("CREATE TABLE t (id int PRIMARY KEY, d date, t time)")
            writing.execute(
                "INSERT INTO t VALUES (1, '2024-01-01', '24:00'), (2, 'infinity', '1:00')"
            )
        (batch,) = database.read(Read(table="t", columns=("id", "d", "t"), by=("id",)))
        database.close()

    assert strange_cells(batch) == {0: {"t": ("text", "24:00:00")}, 1: {"d": ("text", "infinity")}}
