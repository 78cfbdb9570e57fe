"""A slow disk and a file that others lock: the event loop does not wait, and nothing is lost."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.adapters.sqlite import store as store_module
from tenuto.adapters.sqlite.writing import INSERT_COMMIT
from tenuto.adapters.tables import group_commit
from tenuto.adapters.tables.connection import Durability
from tenuto.core.errors import StoreUnavailable
from tenuto.ports.event_store import Receipt
from tests.faults.faulty_disk import DISK
from tests.faults.ledger import Ledger, check, commit_of


class Watched:
    """Connections that note which thread each lone commit is written on."""

    def __init__(self) -> None:
        self.threads: list[str] = []

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        threads = self.threads

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
                if sql == INSERT_COMMIT:
                    threads.append(threading.current_thread().name)
                return super().execute(sql, parameters)

        connection: sqlite3.Connection = sqlite3.connect(*arguments, factory=Connection, **options)
        return connection


async def append_lone(store: SqliteEventStore, ledger: Ledger, versions: range) -> None:
    for version in versions:
        await ledger.append(store, "s", version)


def test_on_a_quick_disk_lone_appends_are_written_on_the_thread_of_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any disk is quick against an hour.
    monkeypatch.setattr(group_commit, "INLINE_MEAN_S_MAX", 3600.0)

    async def main() -> None:
        watched, ledger = Watched(), Ledger()
        store = await SqliteEventStore.open(tmp_path / "store.db", connect=watched.connect)

        await append_lone(store, ledger, range(1, 20))

        # The writer thread may still hold the file for a moment after opening it.
        own = [name for name in watched.threads if name == threading.current_thread().name]
        assert len(own) > len(watched.threads) / 2
        await store.close()

    asyncio.run(main())


def test_on_a_slow_disk_the_loop_leaves_all_to_the_writer_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any disk is slow against a nanosecond.
    monkeypatch.setattr(group_commit, "INLINE_MEAN_S_MAX", 1e-9)
    monkeypatch.setattr(group_commit, "INLINE_PAUSE_S_MIN", 3600.0)
    monkeypatch.setattr(group_commit, "INLINE_PAUSE_S_MAX", 3600.0)

    async def main() -> None:
        file, watched, ledger = tmp_path / "store.db", Watched(), Ledger()
        store = await SqliteEventStore.open(file, connect=watched.connect)

        await append_lone(store, ledger, range(1, 40))

        assert watched.threads[-20:] == ["tenuto-writer"] * 20
        await store.close()
        await check(file, ledger, is_exact=True)

    asyncio.run(main())


def test_while_another_process_locks_the_file_appends_wait_and_the_loop_does_not(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        file, ledger = tmp_path / "store.db", Ledger()
        store = await SqliteEventStore.open(file)
        await ledger.append(store, "s", 1)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        appends = asyncio.gather(ledger.append(store, "s", 2), ledger.append(store, "t", 1))
        await store.read()
        await store.read()
        assert not appends.done()
        other.execute("ROLLBACK")
        await appends

        assert not ledger.errors
        other.close()
        await store.close()
        await check(file, ledger, is_exact=True)

    asyncio.run(main())


def test_a_file_that_stays_locked_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BUSY_S_MAX", 0.01)

    async def main() -> None:
        file, ledger = tmp_path / "store.db", Ledger()
        store = await SqliteEventStore.open(file)
        await ledger.append(store, "s", 1)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match=rf"{file} locked"):
            await store.append(commit_of("s", 2))

        other.execute("ROLLBACK")
        other.close()
        await ledger.append(store, "s", 2)
        await store.close()
        await check(file, ledger, is_exact=True)

    asyncio.run(main())


@pytest.mark.parametrize(("durability", "syncs"), [("sync", 10), ("wal", 0)])
def test_each_lone_append_is_synced_unless_the_process_is_all_it_must_outlive(
    tmp_path: Path, durability: Durability, syncs: int
) -> None:
    async def main() -> None:
        store = await SqliteEventStore.open(
            tmp_path / "store.db", durability=durability, connect=DISK.connect
        )
        ledger = Ledger()
        await append_lone(store, ledger, range(1, 4))

        with DISK.counting() as counts:
            await append_lone(store, ledger, range(4, 14))

        assert counts.get("sync", 0) == syncs
        await store.close()

    asyncio.run(main())


def test_a_file_that_another_process_has_alone_for_a_moment_is_opened_after_it(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        file = tmp_path / "store.db"
        store = await SqliteEventStore.open(file)
        await store.append(commit_of("s", 1))
        await store.close()
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("COMMIT")

        opens = asyncio.ensure_future(SqliteEventStore.open(file))
        await asyncio.wait([opens], timeout=0.05)
        assert not opens.done()
        other.close()
        store = await opens

        assert await store.append(commit_of("s", 2)) == 2
        await store.close()

    asyncio.run(main())


def test_a_file_that_another_process_keeps_to_itself_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "LOCK_S_MAX", 0.02)

    async def main() -> None:
        file = tmp_path / "store.db"
        await (await SqliteEventStore.open(file)).close()
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match=rf"opening failed on {file} \(SQLITE_BUSY"):
            await SqliteEventStore.open(file)

        other.close()
        await (await SqliteEventStore.open(file)).close()

    asyncio.run(main())


def test_whoever_fails_over_his_answer_leaves_the_others_theirs(tmp_path: Path) -> None:
    async def main() -> None:
        store = await SqliteEventStore.open(tmp_path / "store.db")
        failures: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))

        def fail(receipt: Receipt) -> None:
            raise LookupError("over the answer")

        for count in (3, 100):  # written inline, and by the thread
            receipts = [store.append(commit_of(f"{count}.{n}", 1)) for n in range(count)]
            receipts[1].settled = fail
            await asyncio.wait_for(asyncio.gather(*receipts), 10)

        assert [type(failure) for failure in failures] == [LookupError, LookupError]
        await store.close()

    asyncio.run(main())
