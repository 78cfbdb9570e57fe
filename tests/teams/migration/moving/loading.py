"""The process that is killed: moves the table `t`, and tells when it is done."""

from __future__ import annotations

import resource
import signal
from multiprocessing.connection import Connection

import msgspec

from tenuto.teams.migration.databases import postgresql_writing, sqlite_reading
from tenuto.teams.migration.databases.port import Database
from tenuto.teams.migration.moving import checkpoints
from tenuto.teams.migration.moving.loads import Load, Range
from tenuto.teams.migration.moving.mover import move
from tenuto.teams.migration.moving.ranges import ranges_of
from tenuto.teams.migration.moving.splitting import parts_of
from tenuto.teams.migration.plan import Plan
from tests.teams.migration.moving.ground import opened

LOADED_BEFORE_THE_FORK = (postgresql_writing, sqlite_reading)


def load(source: str, target: str, plan: bytes, began: Connection) -> None:
    """Move all ranges, and tell of each batch; end with exit code 0 when nothing failed."""
    now = msgspec.json.decode(plan, type=Plan)
    with opened(source, target) as (left, right):
        for one in ranges_of(left, now, now.table("t")):
            todo = Load(migration="m", plan=now, table="t", range=one)
            moved = move(left, right, todo, on_batch=lambda batch: began.send_bytes(b"."))
            assert moved.failure is None, moved.failure.message


def load_without_room(
    source: str, target: str, plan: bytes, bytes_max: int, told: Connection
) -> None:
    """Move all ranges where no file may grow beyond some bytes; tell the failure, as `what` and
    `severity`, and what was loaded."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))
    now = msgspec.json.decode(plan, type=Plan)
    with opened(source, target) as (left, right):
        (one,) = ranges_of(left, now, now.table("t"))
        moved = move(left, right, Load(migration="m", plan=now, table="t", range=one))
        assert moved.failure is not None
        told.send((moved.failure.what, moved.failure.severity, moved.loaded))


def open_ranges(source: Database, target: Database, plan: Plan) -> list[Range]:
    """Return the ranges that are not at their end, those that others were cut into among them."""
    todo, found = ranges_of(source, plan, plan.table("t")), []
    while todo:
        one = todo.pop(0)
        done = checkpoints.of_range(target, "m", "t", one.number)
        if done and done[-1].last:
            todo += parts_of(done[-1])
        else:
            found.append(one)
    return found


def load_parts(source: str, target: str, plan: bytes, began: Connection) -> None:
    """Move all ranges, also those that appear meanwhile."""
    now = msgspec.json.decode(plan, type=Plan)
    with opened(source, target) as (left, right):
        while ranges := open_ranges(left, right, now):
            todo = Load(migration="m", plan=now, table="t", range=ranges[0])
            moved = move(left, right, todo, on_batch=lambda batch: began.send_bytes(b"."))
            assert moved.failure is None, moved.failure.message
