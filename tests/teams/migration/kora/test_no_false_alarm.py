"""Whatever a table holds: moved in order, it is verified; with one value changed, it is not."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from tenuto.teams.migration.databases.port import Read
from tenuto.teams.migration.kora.comparing import compare
from tenuto.teams.migration.kora.findings import KEPT, Check
from tenuto.teams.migration.kora.sides import Changed
from tenuto.teams.migration.kora.verification import verify
from tenuto.teams.migration.plan import ColumnPlan, TablePlan
from tenuto.teams.migration.schema import Kind, System
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.kora.moved import moved, opened

TEXTS = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
MOMENTS = some.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23))  # noqa: DTZ001  (local times)
VALUES: dict[Kind, some.SearchStrategy[object]] = {
    "boolean": some.booleans(),
    "integer": some.integers(-(2**63), 2**63 - 1),
    "float": some.floats(allow_nan=False),
    "text": TEXTS | some.sampled_from(["", " ", "a ", "A", "a", "é", "e\u0301", "NULL", "0"]),
    "bytes": some.binary(max_size=8),
    "date": some.dates(),
    "timestamp": MOMENTS,
}
DECLARED = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "float": "DOUBLE PRECISION",
    "text": "TEXT",
    "bytes": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
ROWS = some.lists(
    some.tuples(*(some.none() | VALUES[kind] for kind in DECLARED)), min_size=1, max_size=12
)


def stored(value: object) -> object:
    """Return a value as programs store it in SQLite."""
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, datetime.date) else value


class Held:
    """A side that holds rows in batches."""

    def __init__(self, system: System, batches: list[pa.RecordBatch]) -> None:
        self.system: System = system
        self._batches = batches

    def read(self, read: Read) -> Iterator[pa.RecordBatch]:
        return iter([batch.select(list(read.columns)) for batch in self._batches])


PLAN = TablePlan(
    name="t",
    source="t",
    columns=(
        ColumnPlan(name="id", source="id", type="bigint", kind="integer"),
        *(ColumnPlan(name=kind, source=kind, type=kind, kind=kind) for kind in VALUES),
    ),
    key=("id",),
)


def as_it_is(plan: TablePlan, batch: pa.RecordBatch) -> Changed:
    return Changed(batch=batch)


def held(rows: list[tuple[object, ...]], *, cuts: list[int]) -> list[pa.RecordBatch]:
    """Return rows as batches, cut at some places."""
    types = [
        pa.int64(),
        pa.bool_(),
        pa.int64(),
        pa.float64(),
        pa.string(),
        pa.binary(),
        pa.date32(),
    ]
    types.append(pa.timestamp("us"))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in types]
    names = [column.name for column in PLAN.columns]
    arrays = [pa.array(column, type) for column, type in zip(columns, types, strict=True)]
    whole = pa.RecordBatch.from_arrays(arrays, names=names)
    edges = sorted({0, *(cut % (len(rows) + 1) for cut in cuts), len(rows)})
    return [whole.slice(a, b - a) for a, b in itertools.pairwise(edges)]


def checked(left: list[pa.RecordBatch], right: list[pa.RecordBatch], *, chunk: int) -> Check:
    source, target = Held("sqlite", left), Held("postgresql", right)
    return compare(source, target, PLAN, change=as_it_is, chunk=chunk)


CUTS = some.lists(some.integers(0, 30), max_size=4)


@given(ROWS, CUTS, CUTS, some.integers(1, 7))
def test_where_batches_end_makes_no_difference(
    rows: list[tuple[object, ...]], cuts: list[int], others: list[int], chunk: int
) -> None:
    numbered = [(number, *row) for number, row in enumerate(rows)]

    check = checked(held(numbered, cuts=cuts), held(numbered, cuts=others), chunk=chunk)

    assert (check.compared, check.target_count, check.defects) == (len(rows), len(rows), 0)


@given(ROWS, some.data(), CUTS, some.integers(1, 7))
def test_rows_lost_added_and_changed_are_told_exactly(
    rows: list[tuple[object, ...]], data: some.DataObject, cuts: list[int], chunk: int
) -> None:
    numbered = [(number * 2, *row) for number, row in enumerate(rows)]
    keys = [row[0] for row in numbered]
    # Of each sort so many are told one by one.
    lost = data.draw(some.sets(some.sampled_from(keys), max_size=KEPT))
    changed = data.draw(some.sets(some.sampled_from(keys), max_size=KEPT)) - lost
    odd = some.integers(-3, 30).map(lambda number: number * 2 + 1)
    extra = data.draw(some.sets(odd, max_size=KEPT))
    text = list(VALUES).index("text") + 1
    target = [
        (*row[:text], "changed!" if row[0] in changed else row[text], *row[text + 1 :])
        for row in numbered
        if row[0] not in lost
    ]
    target = sorted([*target, *((key, *rows[0]) for key in extra)], key=lambda row: row[0])

    check = checked(held(numbered, cuts=cuts), held(target, cuts=[]), chunk=chunk)

    told = {(one.what, one.key["id"]) for one in check.differences}
    wanted = {("missing", key) for key in lost} | {("extra", key) for key in extra}
    wanted |= {("changed", key) for key in changed}
    assert told == wanted
    assert check.defects == len(wanted)


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return itertools.count()


@needs_postgres
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ROWS)
def test_a_table_that_was_moved_in_order_is_verified(
    tmp_path: Path, numbers: Iterator[int], rows: list[tuple[object, ...]]
) -> None:
    file = tmp_path / f"{next(numbers)}.db"
    columns = ", ".join(f'"{kind}" {DECLARED[kind]}' for kind in DECLARED)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {columns})")
        connection.execute(f"CREATE TABLE bag ({columns})")
        marks = ", ".join("?" * len(DECLARED))
        for row in rows:
            values = tuple(map(stored, row))
            connection.execute(f"INSERT INTO t VALUES (NULL, {marks})", values)
            connection.execute(f"INSERT INTO bag VALUES ({marks})", values)
    with fresh_database() as url:
        plan = moved(f"sqlite:///{file}", url)
        with opened(f"sqlite:///{file}", url) as (source, target):
            found = verify(source, target, plan)
            assert found.defects == ()
            with psycopg.connect(url) as connection:
                connection.execute("""UPDATE t SET "text" = coalesce("text", '') || '!' """)
            damaged = verify(source, target, plan, made=False)

    assert not damaged.verified
    assert {one.column for one in damaged.defects} == {"text"}
