"""Ranges that are cut while they are moved hold each row once, whoever dies when."""

from __future__ import annotations

import multiprocessing
import os
import random
from pathlib import Path

import msgspec
import pytest

from tenuto.teams.migration.databases.addresses import open_database
from tenuto.teams.migration.databases.port import Unavailable
from tenuto.teams.migration.moving import checkpoints
from tenuto.teams.migration.moving.loads import Load, Range
from tenuto.teams.migration.moving.mover import move
from tenuto.teams.migration.moving.ranges import ranges_of
from tenuto.teams.migration.moving.splitting import split
from tests.postgres import fresh_database, needs_postgres
from tests.teams.migration.moving import loading
from tests.teams.migration.moving.ground import column, made, opened, plan_of, sqlite_file

KILLS = int(os.environ.get("TENUTO_KILLS", "100")) // 2
ROWS = 6_000
LIFE_S = 0.12
PLAN = plan_of(
    column("id", "integer", nullable=False), column("name", "text"), batch_rows=20, ranges=2
)


def source_in(folder: Path, rows: int = ROWS) -> str:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)"
    return sqlite_file(folder / "a.db", table, ((n, f"name {n}") for n in range(rows)))


def target_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'b.db'}"


def load_of(range: Range) -> Load:
    return Load(migration="m", plan=PLAN, table="t", range=range)


def test_a_cut_is_the_same_for_whoever_asks_again(tmp_path: Path) -> None:
    with opened(source_in(tmp_path), target_in(tmp_path)) as (left, right):
        made(right, PLAN)
        load = load_of(ranges_of(left, PLAN, PLAN.table("t"))[1])

        first = split(left, right, load, parts=3, first_number=2)
        again = split(left, right, load, parts=7, first_number=9)

        assert first == again and [one.number for one in first] == [2, 3, 4]
        assert ROWS / 2 - 3 <= sum(one.rows or 0 for one in first) <= ROWS / 2
        assert move(left, right, load).read == 0


def test_who_moves_a_range_that_is_cut_meanwhile_stops_at_the_cut(tmp_path: Path) -> None:
    with opened(source_in(tmp_path), target_in(tmp_path)) as (left, right):
        made(right, PLAN)
        one, other = ranges_of(left, PLAN, PLAN.table("t"))
        parts: list[Range] = []

        def cut(batch: checkpoints.Batch) -> None:
            if batch.number == 5 and not parts:
                parts.extend(split(left, right, load_of(one), parts=2, first_number=2))

        moved = move(left, right, load_of(one), on_batch=cut, pause=lambda seconds: None)
        for rest in (other, *parts):
            assert move(left, right, load_of(rest)).failure is None

        assert moved.failure is None and moved.batches == 6 + 1
        assert right.query("SELECT count(*), count(DISTINCT id) FROM t").rows == [(ROWS, ROWS)]


def test_a_cut_of_which_nobody_was_told_is_found_by_who_moves_the_range(tmp_path: Path) -> None:
    with opened(source_in(tmp_path), target_in(tmp_path)) as (left, right):
        made(right, PLAN)
        one, other = ranges_of(left, PLAN, PLAN.table("t"))

        lost = split(left, right, load_of(one), parts=2, first_number=2)
        known = split(left, right, load_of(other), parts=2, first_number=2)

        assert move(left, right, load_of(one)).parts == lost
        assert [part.number for part in (*lost, *known)] == [2, 3, 4, 5]


@needs_postgres
@pytest.mark.slow
def test_ranges_that_are_cut_and_movers_that_are_killed_again_and_again(tmp_path: Path) -> None:
    """Ranges are cut here while a process moves them, which is killed; others move the parts."""
    chance = random.Random(7)
    source = source_in(tmp_path)
    spawning = multiprocessing.get_context("forkserver")
    spawning.set_forkserver_preload([loading.__name__])
    kills = cuts = 0
    while kills < KILLS:
        with fresh_database() as target:
            with opened(source, target) as (_, there):
                made(there, PLAN)
            while True:
                told, tells = spawning.Pipe(duplex=False)
                given = (source, target, msgspec.json.encode(PLAN), tells)
                process = spawning.Process(target=loading.load_parts, args=given)
                process.start()
                tells.close()
                told.poll(30)
                process.join(chance.uniform(0, LIFE_S))
                if chance.random() < 0.5:
                    cuts += cut_one(source, target, chance)
                process.join(chance.uniform(0, LIFE_S) if kills < KILLS else None)
                told.close()
                if process.exitcode is not None:
                    break
                process.kill()
                process.join()
                kills += 1

            assert process.exitcode == 0
            found = open_database(target).query("SELECT id FROM t ORDER BY id").rows
            assert found == [(number,) for number in range(ROWS)]
    assert cuts >= KILLS / 10
    print(f"{kills} kills, {cuts} cuts")


def cut_one(source: str, target: str, chance: random.Random) -> int:
    """Cut a range that is not at its end; return into how many parts more."""
    with opened(source, target) as (left, right):
        there = loading.open_ranges(left, right, PLAN)
        if not there:
            return 0
        one = chance.choice(there)
        try:
            return len(split(left, right, load_of(one), parts=2, first_number=2)) - 1
        except Unavailable:
            # The process was quicker each time.
            return 0
