"""Appends per second of the SQLite store, beside raw SQLite on the same disk.

Each function makes a file of its own in `folder`, and returns commits per second. The raw figure is
what the disk gives to one writer that commits row by row, with the store's own settings."""

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import Commit, EventStore, Head

PAYLOAD: Final = b"x" * 200
WARMING_COMMITS: Final = 100
"""Before a store, or a connection, is measured."""


def raw_commits_per_s(folder: Path, *, commits: int = 2_000) -> float:
    """Return single-row transactions per second: `begin; insert; commit`, WAL, synchronous FULL."""
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events(id INTEGER PRIMARY KEY, payload BLOB)")
    began_s = time.perf_counter()
    for _ in range(commits):
        connection.execute("BEGIN")
        connection.execute("INSERT INTO events(payload) VALUES (?)", (PAYLOAD,))
        connection.execute("COMMIT")
    spent_s = time.perf_counter() - began_s
    connection.close()
    return commits / spent_s


def store_serial_per_s(folder: Path, *, appends: int = 2_000) -> float:
    """Return appends per second of one session that waits for each."""
    return asyncio.run(_appends_per_s(folder / "serial.db", sessions=1, each=appends))


def store_concurrent_per_s(folder: Path, *, sessions: int = 1_000, each: int = 50) -> float:
    """Return appends per second of many sessions at once, each waiting for its own."""
    return asyncio.run(_appends_per_s(folder / "many.db", sessions=sessions, each=each))


def postgres_per_s(url: str, *, sessions: int, each: int) -> float:
    """Return appends per second of many sessions at once, in a schema of PostgreSQL."""
    from tenuto.adapters.postgres import PostgresEventStore

    async def main() -> float:
        store = await PostgresEventStore.open(url)
        return await _measured(store, sessions=sessions, each=each)

    return asyncio.run(main())


async def _appends_per_s(file: Path, *, sessions: int, each: int) -> float:
    store = await SqliteEventStore.open(file, durability="sync")
    return await _measured(store, sessions=sessions, each=each)


async def _measured(store: EventStore, *, sessions: int, each: int) -> float:
    names = [SessionId(f"session-{number}") for number in range(sessions)]

    async def go_on(session: SessionId, count: int) -> None:
        for version in range(1, count + 1):
            await store.append(_commit(session, version))

    warming = SessionId("warming")
    await asyncio.gather(*[store.append(_start(name)) for name in (warming, *names)])
    await go_on(warming, WARMING_COMMITS)
    began_s = time.perf_counter()
    await asyncio.gather(*[go_on(name, each) for name in names])
    spent_s = time.perf_counter() - began_s
    await store.close()
    return sessions * each / spent_s


def _commit(session: SessionId, version: int, head: Head | None = None) -> Commit:
    return Commit(
        session=session,
        expected=Version(version),
        count=1,
        payload=PAYLOAD,
        at_ms=0,
        head=head,
    )


def _start(session: SessionId) -> Commit:
    head = Head(
        session=session,
        status="running",
        active=True,
        started_ms=0,
        updated_ms=0,
        version=Version(1),
    )
    return _commit(session, 0, head)


def main(rounds: int) -> None:
    """Print medians; raw and serial take turns, so that a busy moment hits both."""
    raw: list[float] = []
    serial: list[float] = []
    many: dict[int, list[float]] = {2: [], 10: [], 100: [], 1_000: []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            raw.append(raw_commits_per_s(Path(folder)))
            serial.append(store_serial_per_s(Path(folder)))
        for sessions, figures in many.items():
            with tempfile.TemporaryDirectory() as folder:
                each = max(50, 2_000 // sessions)
                figures.append(store_concurrent_per_s(Path(folder), sessions=sessions, each=each))
    ratio = statistics.median(own / disk for own, disk in zip(serial, raw, strict=True))
    print(f"raw commits/s         {statistics.median(raw):10,.0f}")
    print(f"one session, serial   {statistics.median(serial):10,.0f}   {ratio:.2f} of raw")
    for sessions, figures in many.items():
        print(f"{sessions:5} sessions at once {statistics.median(figures):10,.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
