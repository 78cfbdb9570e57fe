"""Moving a table of mixed types, checkpointed, beside what bounds it: binary COPY of the same rows
into PostgreSQL, SQLite's own insert of many rows; and beside pgloader, where that is installed."""

import contextlib
import sqlite3
import time
from pathlib import Path

from bench import moved
from bench.figures.sharing import address
from bench.lab import Lab, Measured, median, ratio
from bench.table import Row, at_least, at_most, number
from scripts import mariadb_server, postgres

ROWS = 1_000_000
TIMES = 2
"""How often a move and its limit take turns in a run, of which the best of each counts: what else
the machine does only ever takes time."""


def into_postgresql(folder: Path, *, rows: int) -> Measured:
    """Return rows per second from SQLite into PostgreSQL, those of COPY of the same rows on the
    same server, and the most memory that this process held."""
    source = moved.sqlite_file(folder, rows)
    with address() as target:
        return in_turns(source, target, folder, rows)


def in_turns(source: str, target: str, folder: Path, rows: int) -> Measured:
    """Return rows per second of moves into PostgreSQL and of COPY, which take turns."""
    seconds, limits = [], []
    for turn in range(TIMES):
        with moved.opened(source, target) as (left, right):
            seconds.append(moved.move(left, right, rows, again=str(turn)))
        limits.append(moved.copy_s(target, folder))
    return {
        "per_s": rows / min(seconds),
        "copy_per_s": rows / min(limits),
        "peak_mb": moved.peak_mb(),
    }


def verified(folder: Path, *, rows: int) -> Measured:
    """Return rows per second from SQLite into PostgreSQL, until KORA has compared every value."""
    from tenuto.teams.migration import kora

    source = moved.sqlite_file(folder, rows)
    with address() as target:
        with moved.opened(source, target) as (left, right):
            seconds = moved.move(left, right, rows)
            began_s = time.perf_counter()
            found = kora.verify(left, right, moved.plan_of("sqlite", "postgresql"))
            seconds += time.perf_counter() - began_s
            assert not [one for one in found.differences if one.table == "t" and one.column], found
        limit = moved.copy_s(target, folder)
    return {"per_s": rows / seconds, "copy_per_s": rows / limit}


def from_mariadb(folder: Path, *, rows: int) -> Measured:
    """Return rows per second from MariaDB into PostgreSQL, and those of COPY of the same rows."""
    server = mariadb_server.Server(innodb_flush_log_at_trx_commit="2")
    try:
        between = f"{server.url}bench"
        moved.made_database(f"{server.url}mysql", "bench")
        with moved.opened(moved.sqlite_file(folder, rows), between) as (left, right):
            moved.move(left, right, rows)
        with address() as target:
            return in_turns(between, target, folder, rows)
    finally:
        server.close()


def into_sqlite(folder: Path, *, rows: int) -> Measured:
    """Return rows per second from PostgreSQL into SQLite, and those of SQLite's own insert of the
    same rows, as Python has them, in one transaction."""
    with address() as between:
        with moved.opened(moved.sqlite_file(folder, rows), between) as (left, right):
            moved.move(left, right, rows)
        target = f"sqlite:///{folder / 'target.db'}"
        with moved.opened(between, target) as (left, right):
            seconds = moved.move(left, right, rows)
    peak = moved.peak_mb()
    ready = list(moved.rows(rows))
    with contextlib.closing(sqlite3.connect(folder / "limit.db")) as connection:
        connection.execute(moved.declared("sqlite"))
        began_s = time.perf_counter()
        with connection:
            connection.executemany(f"INSERT INTO t VALUES ({moved.marks()})", ready)
        limit = time.perf_counter() - began_s
    return {"per_s": rows / seconds, "bulk_per_s": rows / limit, "peak_mb": peak}


def by_pgloader(folder: Path, *, rows: int) -> Measured:
    """Return rows per second of pgloader, tuned, from the same SQLite database."""
    source = moved.sqlite_file(folder, rows)
    with address() as target:
        return {"per_s": rows / moved.pgloader_s(source, target, folder, rows)}


def migrating(lab: Lab) -> list[Row]:
    """Measure moves between systems."""
    if postgres.fault():
        return []
    rows = lab.count(ROWS, least=2_000)
    given = {"rows": rows}
    rivals = [(into_postgresql, given), (verified, given), (into_sqlite, given)]
    with_pgloader = moved.pgloader_is_here() and lab.apart
    if with_pgloader:
        rivals.append((by_pgloader, given))
    load, proven, back, *others = lab.in_turns(*rivals)
    peak = max(median(load, "peak_mb"), median(back, "peak_mb"))
    mixed = f"{rows:,} mixed rows, checkpointed: rows/s"
    found = [
        _against_copy(f"SQLite to PostgreSQL, {mixed}", load, 0.85),
        _against_copy("... with each value compared afterwards, in the time", proven, 0.55, 0.3),
        _back(f"PostgreSQL to SQLite, {mixed}", back),
        Row(
            figure="... peak of resident memory, of both",
            ours=number(peak, "MB"),
            beside="any size of table",
            ratio=number(peak, "MB"),
            bar="<= 300 MB",
            aim="150 MB",
            verdict=at_most(peak, bar=300, aim=150),
        ),
    ]
    if with_pgloader:
        found.append(_against_pgloader(load, others[0]))
    if not mariadb_server.fault():
        (maria,) = lab.in_turns((from_mariadb, given))
        found.append(_against_copy("MariaDB to PostgreSQL: rows/s", maria, 0.45, 0.3))
    return found


def _against_copy(figure: str, runs: list[Measured], aim: float, bar: float = 0.5) -> Row:
    share = median([{"x": run["per_s"] / run["copy_per_s"]} for run in runs], "x")
    return Row(
        figure=figure,
        ours=number(median(runs, "per_s")),
        beside=f"binary COPY of the same rows: {number(median(runs, 'copy_per_s'))}",
        ratio=f"{share:.2f} x",
        bar=f">= {bar} x",
        aim=f"{aim} x",
        verdict=at_least(share, bar=bar, aim=aim),
    )


def _back(figure: str, runs: list[Measured]) -> Row:
    share = median([{"x": run["per_s"] / run["bulk_per_s"]} for run in runs], "x")
    return Row(
        figure=figure,
        ours=number(median(runs, "per_s")),
        beside=f"executemany of ready rows, one transaction: {number(median(runs, 'bulk_per_s'))}",
        ratio=f"{share:.2f} x",
        bar=">= 0.2 x",
        aim="0.35 x",
        verdict=at_least(share, bar=0.2, aim=0.35),
    )


def _against_pgloader(ours: list[Measured], theirs: list[Measured]) -> Row:
    times = ratio(ours, theirs, "per_s")
    return Row(
        figure="... beside pgloader, tuned",
        ours=number(median(ours, "per_s")),
        beside=f"pgloader: {number(median(theirs, 'per_s'))}",
        ratio=f"{times:.1f} x",
        bar=">= 4 x",
        aim="6 x",
        verdict=at_least(times, bar=4, aim=6),
    )
