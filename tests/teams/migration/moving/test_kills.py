"""A load that is killed at any moment, again and again, ends with each row once."""

from __future__ import annotations

import multiprocessing
import os
import random
from pathlib import Path

import msgspec
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.moving import checkpoints, quarantine
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.moving import loading
from tests.teams.migration.moving.ground import (
    column,
    made,
    moved,
    opened,
    plan_of,
    sqlite_file,
)

KILLS = int(os.environ.get("TENUTO_KILLS", "100"))
"""More, where the environment says so: TENUTO_KILLS=10000."""
ROWS = 6_000
BAD_EACH = 500
"""Each so many rows one is bad."""
LIFE_S = 0.06
"""No process lives longer than this, from its start or from its first batch on."""
AT_WORK = 0.8
"""So many are left alone until they have committed a batch."""
COUNT = "SELECT count(*) FROM tenuto_checkpoints"
PLAN = plan_of(
    column("id", "integer", nullable=False),
    column("name", "text"),
    column("count", "integer"),
    batch_rows=10,
    ranges=2,
)


@needs_postgres
@pytest.mark.slow
def test_a_load_that_is_killed_a_hundred_times_ends_with_each_row_once(tmp_path: Path) -> None:
    chance = random.Random(20)
    rows: list[tuple[int, str, object]] = [
        (number, f"name {number}", "many" if number % BAD_EACH == 7 else number)
        for number in range(ROWS)
    ]
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, count INTEGER)"
    source = sqlite_file(tmp_path / "a.db", table, rows)
    spawning = multiprocessing.get_context("forkserver")
    spawning.set_forkserver_preload([loading.__name__])
    kills, loads, steps = 0, 0, set()

    while kills < KILLS:
        with fresh_database() as target:
            with opened(source, target) as (_, there):
                made(there, PLAN)
            while True:
                told, tells = spawning.Pipe(duplex=False)
                given = (source, target, msgspec.json.encode(PLAN), tells)
                process = spawning.Process(target=loading.load, args=given)
                process.start()
                tells.close()
                if chance.random() < AT_WORK:
                    told.poll(30)
                process.join(None if kills >= KILLS else chance.uniform(0, LIFE_S))
                told.close()
                if process.exitcode is not None:
                    break
                process.kill()
                process.join()
                kills += 1
                steps.add((loads, open_database(target).query(COUNT).rows[0][0]))

            assert process.exitcode == 0
            _check_each_row_once(target, rows)
            loads += 1
    assert len(steps) > KILLS / 4, "most die before they have done anything"
    print(f"{kills} kills in {loads} loads, after {len(steps)} different batches")


def _check_each_row_once(target: str, rows: list[tuple[int, str, object]]) -> None:
    there = open_database(target)
    found = there.query("SELECT id, name, count FROM t ORDER BY id").rows
    aside = quarantine.kept(there, "m", "t")
    read = [
        batch.read for number in (0, 1) for batch in checkpoints.of_range(there, "m", "t", number)
    ]

    assert found == [row for row in rows if isinstance(row[2], int)]
    assert sorted(row.key for row in aside) == [(row[0],) for row in rows if row[2] == "many"]
    assert sum(read) == len(rows)


@pytest.mark.slow
def test_a_full_disk_stops_a_load_that_goes_on_when_there_is_room(tmp_path: Path) -> None:
    rows = [(number, "x" * 200, number) for number in range(5_000)]
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, count INTEGER)"
    source = sqlite_file(tmp_path / "a.db", table, rows)
    target = f"sqlite:///{tmp_path / 'b.db'}"
    plan = plan_of(
        column("id", "integer", type="INTEGER"),
        column("name", "text", type="TEXT"),
        column("count", "integer", type="INTEGER"),
    )
    with opened(source, target) as (_, there):
        made(there, plan)
    spawning = multiprocessing.get_context("forkserver")
    told, tells = spawning.Pipe(duplex=False)

    process = spawning.Process(
        target=loading.load_without_room,
        args=(source, target, msgspec.json.encode(plan), 500_000, tells),
    )
    process.start()
    what, severity, loaded = told.recv()
    process.join()
    told.close()
    with opened(source, target) as (left, there):
        before = there.query("SELECT count(*) FROM t").rows
        (result,) = moved(left, there, plan)
        found = there.query("SELECT id, name, count FROM t ORDER BY id").rows

    assert (what, severity) == ("no_room", "escalatable")
    assert 0 < loaded < 5_000 and before == [(loaded,)]
    assert result.failure is None and found == rows
