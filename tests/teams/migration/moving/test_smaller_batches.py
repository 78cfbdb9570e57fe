"""What is too much at once goes in smaller batches."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tenuto.teams.migration.databases.port import Database, Unavailable, Writing
from tenuto.teams.migration.moving.loads import Load
from tenuto.teams.migration.moving.mover import move
from tenuto.teams.migration.moving.ranges import ranges_of
from tests.teams.migration.moving.ground import column, made, opened, plan_of, sqlite_file

ROWS = 3_000
PLAN = plan_of(column("id", "integer", nullable=False), column("name", "text"), batch_rows=1_000)


class Narrow:
    """A target that takes no more than so many rows at once."""

    def __init__(self, database: Database, rows_max: int, error: Exception) -> None:
        self._database, self.rows_max, self.error = database, rows_max, error
        self.system = database.system
        self.describe, self.query = database.describe, database.query
        self.read, self.close = database.read, database.close

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writing]:
        with self._database.writing() as writing:
            yield Through(writing, self)


class Through:
    """One of its transactions."""

    def __init__(self, writing: Writing, of: Narrow) -> None:
        self._writing, self._of, self.execute = writing, of, writing.execute

    def ingest(self, table: str, batch: pa.RecordBatch) -> int:
        if batch.num_rows > self._of.rows_max:
            raise self._of.error
        return self._writing.ingest(table, batch)


def moved_into(folder: Path, rows_max: int, error: Exception) -> tuple[Any, int]:
    """Return what came of a load, and how many rows are there."""
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)"
    source = sqlite_file(folder / "a.db", table, ((n, f"name {n}") for n in range(ROWS)))
    with opened(source, f"sqlite:///{folder / 'b.db'}") as (left, right):
        made(right, PLAN)
        (one,) = ranges_of(left, PLAN, PLAN.table("t"))
        todo = Load(migration="m", plan=PLAN, table="t", range=one)
        narrow = Narrow(right, rows_max, error)
        moved = move(left, narrow, todo, pause=lambda seconds: None)
        return moved, int(str(right.query("SELECT count(*) FROM t").rows[0][0]))


@pytest.mark.parametrize("error", [Unavailable("Locked: too many rows."), MemoryError()])
def test_batches_that_are_too_much_are_halved_until_they_go_in(
    error: Exception, tmp_path: Path
) -> None:
    moved, rows = moved_into(tmp_path, 300, error)

    assert moved.failure is None and rows == ROWS
    assert moved.batch_rows == 250 and moved.batches > ROWS / 250


def test_what_no_batch_is_small_enough_for_is_told(tmp_path: Path) -> None:
    moved, rows = moved_into(tmp_path, 0, MemoryError())

    assert (moved.failure.what, moved.failure.severity) == ("no_memory", "escalatable")
    assert rows == 0
