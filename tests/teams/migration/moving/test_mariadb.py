"""Values of MariaDB arrive in PostgreSQL as they were, those of PostgreSQL in MariaDB, and what
does not fit is put aside."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import (
    BadValue,
    CannotConnect,
    NotPermitted,
    Read,
    Span,
    strange_cells,
)
from tenuto.teams.migration.moving import quarantine
from tenuto.teams.migration.moving.checkpoints import Batch
from tenuto.teams.migration.moving.loads import Load
from tenuto.teams.migration.moving.mover import move
from tenuto.teams.migration.moving.ranges import ranges_of
from tenuto.teams.migration.schema import Kind
from tests.mariadb import fresh_database, needs_mariadb, needs_own_mariadb, own_mariadb
from tests.postgres import fresh_database as fresh_postgres
from tests.postgres import needs_postgres
from tests.teams.migration.moving.ground import column, made, moved, opened, plan_of, sqlite_file

pytestmark = needs_mariadb

UTC = datetime.UTC
DECLARED: dict[str, tuple[str, Kind, str]] = {
    "tiny": ("tinyint(1)", "boolean", "true"),
    "small": ("smallint", "integer", "-32768"),
    "big": ("bigint", "integer", "9223372036854775807"),
    "huge": ("bigint unsigned", "decimal", "18446744073709551615"),
    "money": ("decimal(12,2)", "decimal", "1234567890.50"),
    "ratio": ("double", "float", "0.1e0"),
    "single": ("float", "float", "0.1e0"),
    "name": ("varchar(40) character set latin1", "text", "'Grüße '"),
    "note": ("text", "text", "'東京 😀 it''s'"),
    "word": ("enum('a','b')", "text", "'b'"),
    "raw": ("varbinary(10)", "bytes", "x'00ff27'"),
    "bit1": ("bit(1)", "boolean", "b'1'"),
    "day": ("date", "date", "'0001-01-01'"),
    "clock": ("time(6)", "time", "'23:59:59.999999'"),
    "at": ("datetime(6)", "timestamp", "'2024-02-29 10:11:12.5'"),
    "moment": ("timestamp", "timestamptz", "'2024-02-29 10:11:12'"),
    "doc": ("json", "json", """'{"a": [1]}'"""),
    "number": ("uuid", "uuid", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'"),
    "year": ("year", "integer", "1999"),
}


@pytest.fixture
def maria() -> Iterator[str]:
    with fresh_database() as url:
        yield url


def run(url: str, *statements: str) -> None:
    with closing(open_database(url, writing=True)) as database:
        for statement in statements:
            with database.writing() as writing:
                writing.execute(statement)


@needs_postgres
@pytest.mark.parametrize("without", ["", "bit1"], ids=["value by value", "as lines"])
def test_every_kind_of_value_arrives_in_postgresql(maria: str, without: str) -> None:
    some = {name: facts for name, facts in DECLARED.items() if name != without}
    columns = ", ".join(f"`{name}` {declared}" for name, (declared, _, _) in some.items())
    values = ", ".join(value for _, _, value in some.values())
    run(
        maria,
        f"CREATE TABLE t (id int PRIMARY KEY, {columns})",
        f"INSERT INTO t VALUES (1, {values})",
        "INSERT INTO t (id, moment) SELECT seq, NULL FROM seq_2_to_250",
    )
    mine = [
        column(name, kind, type="numeric(20,0)", precision=20, scale=0)
        if name == "huge"
        else column(name, kind)
        for name, (_, kind, _) in some.items()
    ]
    plan = plan_of(column("id", "integer"), *mine)

    with fresh_postgres() as target, opened(maria, target) as (source, there):
        made(there, plan)
        (result,) = moved(source, there, plan)
        rows = there.query("SELECT * FROM t ORDER BY id").rows

    assert result.failure is None, result.failure.reasons
    assert (result.loaded, result.quarantined) == (250, 0)
    first = dict(zip(("id", *some), rows[0], strict=True))
    assert str(first.pop("number")).startswith("6ba7")
    assert first == {
        "id": 1,
        "tiny": True,
        "small": -32768,
        "big": 2**63 - 1,
        "huge": Decimal(2**64 - 1),
        "money": Decimal("1234567890.50"),
        "ratio": 0.1,
        "single": 0.10000000149011612,
        "name": "Grüße ",
        "note": "東京 😀 it's",
        "word": "b",
        "raw": b"\x00\xff'",
        **({} if without else {"bit1": True}),
        "day": datetime.date(1, 1, 1),
        "clock": datetime.time(23, 59, 59, 999999),
        "at": datetime.datetime(2024, 2, 29, 10, 11, 12, 500000),  # noqa: DTZ001  (no zone is meant)
        "moment": datetime.datetime(2024, 2, 29, 10, 11, 12, tzinfo=UTC),
        "doc": {"a": [1]},
        "year": 1999,
    }
    assert rows[1] == (2, *[None] * len(some))


@needs_postgres
def test_values_of_postgresql_arrive_in_mariadb(maria: str) -> None:
    plan = plan_of(
        column("id", "integer", type="bigint"),
        column("b", "boolean", type="boolean"),
        column("n", "decimal", type="decimal(12,2)"),
        column("f", "float", type="double"),
        column("s", "text", type="longtext"),
        column("r", "bytes", type="longblob"),
        column("d", "date", type="date"),
        column("c", "time", type="time(6)"),
        column("t", "timestamp", type="datetime(6)"),
        column("z", "timestamptz", type="datetime(6)"),
        column("j", "json", type="json"),
        column("u", "uuid", type="uuid"),
    )
    with fresh_postgres() as source:
        run(
            source,
            "CREATE TABLE t (id bigint PRIMARY KEY, b boolean, n numeric(12,2), f float8, s text, "
            "r bytea, d date, c time, t timestamp, z timestamptz, j jsonb, u uuid)",
            r"INSERT INTO t VALUES (1, true, 1.50, 1e-7, 'it''s \n 東京 \ ', '\x00ff27', "
            "'2024-02-29', '10:11:12.5', '2024-02-29 10:11:12.5', '2024-02-29 10:11:12+02', "
            """'{"a": 1}', '6ba7b810-9dad-11d1-80b4-00c04fd430c8')""",
            "INSERT INTO t (id) SELECT generate_series(2, 250)",
        )
        with opened(source, maria) as (left, right):
            made(right, plan)
            (result,) = moved(left, right, plan)
            rows = right.query("SELECT * FROM t ORDER BY id").rows

    assert result.failure is None and (result.loaded, result.quarantined) == (250, 0)
    assert rows[0] == (
        1,
        1,
        Decimal("1.50"),
        1e-7,
        "it's \\n 東京 \\ ",
        b"\x00\xff'",
        datetime.date(2024, 2, 29),
        datetime.timedelta(hours=10, minutes=11, seconds=12.5),
        datetime.datetime(2024, 2, 29, 10, 11, 12, 500000),  # noqa: DTZ001  (no zone is meant)
        datetime.datetime(2024, 2, 29, 8, 11, 12),  # noqa: DTZ001  (no zone is meant)
        '{"a": 1}',
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    )
    assert rows[1] == (2, *[None] * 11)


def test_dates_of_zero_and_long_times_are_told_by_their_rows(maria: str) -> None:
    run(maria, "CREATE TABLE t (id int PRIMARY KEY, d date, c time)")
    with closing(open_database(maria, writing=True)) as database:
        with database.writing() as writing:
            writing.execute("INSERT INTO t VALUES (1, '0000-00-00', '25:00:00')")
            writing.execute("INSERT INTO t VALUES (2, '2024-00-10', '-01:00:00'), (3, NULL, NULL)")
        (batch,) = database.read(Read(table="t", columns=("id", "d", "c"), by=("id",)))

    assert strange_cells(batch) == {
        0: {"d": ("text", "0000-00-00"), "c": ("text", "25:00:00")},
        1: {"d": ("text", "2024-00-10"), "c": ("text", "-01:00:00")},
    }


def test_rows_longer_than_a_packet_are_read_and_written(maria: str) -> None:
    run(maria, "CREATE TABLE t (id int PRIMARY KEY, s longtext, r longtext, e int)")
    with closing(open_database(maria, writing=True)) as database:
        with database.writing() as writing:
            writing.execute(
                "INSERT INTO t VALUES (1, REPEAT('x', 9000000), '', 7), (2, 'y', 'z', 8)"
            )
            writing.execute("UPDATE t SET r = s WHERE id = 1")
        read = Read(table="t", columns=("id", "s", "r", "e"), by=("id",))
        rows = [row for batch in database.read(read) for row in batch.to_pylist()]

    assert [(row["id"], len(row["s"]), len(row["r"]), row["e"]) for row in rows] == [
        (1, 9_000_000, 9_000_000, 7),
        (2, 1, 1, 8),
    ]


def test_numbers_and_texts_of_any_form_are_read_as_they_are(maria: str) -> None:
    chance = random.Random(7)
    numbers = [chance.uniform(-1, 1) * 10 ** chance.randrange(-300, 300) for _ in range(300)]
    texts = ["", '"', '""', ",", "a\nb", "\r\n", "\\", "'", "\0", "\ufeffx", 'x","y', "NULL", None]
    run(maria, "CREATE TABLE t (id int PRIMARY KEY, f double, s text, r blob)")
    with closing(open_database(maria, writing=True)) as database:
        columns = {
            "id": pa.array(range(300)),
            "f": pa.array(numbers),
            "s": pa.array([texts[place % len(texts)] for place in range(300)]),
            "r": pa.array([bytes([place % 256, 34, 10]) for place in range(300)]),
        }
        with database.writing() as writing:
            writing.ingest("t", pa.record_batch(columns))
        read = Read(table="t", columns=("id", "f", "s", "r"), by=("id",), batch_rows=100)
        whole = pa.Table.from_batches(database.read(read)).to_pydict()
        texts_only = Read(table="t", columns=("s",))
        found = [row["s"] for batch in database.read(texts_only) for row in batch.to_pylist()]

    assert whole == {name: column.to_pylist() for name, column in columns.items()}
    assert found == columns["s"].to_pylist()


def test_many_long_rows_are_written_in_several_statements(maria: str) -> None:
    run(maria, "CREATE TABLE t (id int PRIMARY KEY, s longtext)")
    with closing(open_database(maria, writing=True)) as database:
        with database.writing() as writing:
            texts = ["x" * 3_000_000, "y" * 3_000_000, "z"]
            rows = {"id": pa.array([1, 2, 3]), "s": pa.array(texts)}
            writing.ingest("t", pa.record_batch(rows))
        sizes = database.query("SELECT id, length(s) FROM t ORDER BY id").rows

        with pytest.raises(BadValue) as refused, database.writing() as writing:
            more = {"id": pa.array([4, 5, 1]), "s": pa.array(texts)}
            writing.ingest("t", pa.record_batch(more))

    assert sizes == [(1, 3_000_000), (2, 3_000_000), (3, 1)]
    assert refused.value.column == "PRIMARY"


def test_texts_are_read_bytewise_from_where_it_stopped(maria: str) -> None:
    words = ["a", "B", "ä", "Z", "b", "é", "aa"]
    run(maria, "CREATE TABLE t (w varchar(9) COLLATE utf8mb4_bin, n int, PRIMARY KEY (w, n))")
    with closing(open_database(maria, writing=True)) as database:
        with database.writing() as writing:
            for word in words:
                for number in (2, 1):
                    writing.execute("INSERT INTO t VALUES (?, ?)", (word, number))
        read = Read(table="t", columns=("w", "n"), by=("w", "n"), batch_rows=3)
        whole = [row for batch in database.read(read) for row in batch.to_pylist()]
        rest = Read(table="t", columns=("w", "n"), by=("w", "n"), span=Span(after=("a", 1)))
        behind = [row for batch in database.read(rest) for row in batch.to_pylist()]

    expected = [
        {"w": word, "n": number} for word in sorted(words, key=str.encode) for number in (1, 2)
    ]
    assert whole == expected
    assert behind == expected[expected.index({"w": "a", "n": 1}) + 1 :]


DIRT = [
    ("varchar(5)", column("c", "text", type="varchar(5)"), "short", "too long"),
    ("tinyint", column("c", "integer", type="tinyint"), 7, 300),
    ("double", column("c", "float", type="double"), 0.5, 9e999),
    ("int", column("c", "integer", type="int NOT NULL"), 7, None),
    ("int", column("c", "integer", type="int CHECK (c < 10)"), 7, 11),
    ("enum", column("c", "text", type="enum('a','b')"), "a", "c"),
    ("date", column("c", "text", type="date"), "2024-01-01", "2024-02-30"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("declared", "one", "good", "bad"), DIRT)
def test_one_dirty_value_costs_one_row(
    declared: str, one: object, good: object, bad: object, tmp_path: Path, maria: str
) -> None:
    rows = [(number, bad if number == 777 else good) for number in range(1_000)]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c)", rows)
    plan = plan_of(column("id", "integer"), one, batch_rows=500)  # type: ignore[arg-type]  # a plan

    with opened(url, maria) as (source, there):
        made(there, plan)
        (result,) = moved(source, there, plan)
        kept = quarantine.kept(there, "m", "t")

    assert result.failure is None
    assert (result.read, result.loaded, result.quarantined) == (1_000, 999, 1)
    assert kept[0].key == (777,) and kept[0].reason


def test_rows_that_are_not_unique_are_found(tmp_path: Path, maria: str) -> None:
    rows = [(number, 7 if number in (500, 501) else number) for number in range(1_000)]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(column("id", "integer"), column("c", "integer"), batch_rows=400)

    with opened(url, maria) as (source, there):
        made(there, plan, extra=", UNIQUE (c)")
        (result,) = moved(source, there, plan)
        kept = quarantine.kept(there, "m", "t")

    assert (result.loaded, result.quarantined) == (998, 2)
    assert [row.key for row in kept] == [(500,), (501,)]


@needs_own_mariadb
@pytest.mark.slow
def test_a_target_that_is_killed_in_mid_load_is_waited_for(tmp_path: Path) -> None:
    server = own_mariadb()
    rows = [(number, number) for number in range(1_000)]
    url = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, c INT)", rows)
    plan = plan_of(column("id", "integer"), column("c", "integer"), batch_rows=100)

    def fell(batch: Batch) -> None:
        if batch.number == 4:
            server.kill()

    with fresh_database(on=server) as target, opened(url, target) as (source, there):
        made(there, plan)
        (one,) = ranges_of(source, plan, plan.table("t"))
        todo = Load(migration="m", plan=plan, table="t", range=one)
        result = move(source, there, todo, on_batch=fell, pause=lambda seconds: server.start())
        found = there.query("SELECT id, c FROM t ORDER BY id").rows

    assert result.failure is None and result.loaded == 1_000
    assert found == rows


def test_a_wrong_password_is_said_and_not_shown(maria: str) -> None:
    wrong = maria.replace(":", ":no-such-word", 2).replace("mariadb:no-such-word", "mariadb:")

    with pytest.raises(CannotConnect, match="refuses us") as refused:
        open_database(wrong)

    assert "no-such-word" not in str(refused.value)


def test_who_opened_it_to_read_cannot_write(maria: str) -> None:
    with (
        closing(open_database(maria)) as database,
        pytest.raises(NotPermitted),
        database.writing(),
    ):
        pass
