"""A full disk: appends are refused with a clear message until there is room, then all goes on."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.errors import StoreUnavailable
from tenuto.core.vocabulary import SessionId
from tests.faults.ledger import Ledger, check, commit_of, payload_of


class SmallDisk:
    """Connections to a database that may not outgrow `pages`."""

    def __init__(self, pages: int) -> None:
        self.pages = pages
        self._connections: list[sqlite3.Connection] = []

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(*arguments, **options)
        connection.execute(f"PRAGMA max_page_count = {self.pages}")
        self._connections.append(connection)
        return connection

    def make_room(self, pages: int) -> None:
        self.pages = pages
        for connection in self._connections:
            with suppress(sqlite3.ProgrammingError):  # closed since
                connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_database_refuses_appends_and_takes_them_when_there_is_room(tmp_path: Path) -> None:
    async def main() -> None:
        file, disk, ledger = tmp_path / "store.db", SmallDisk(pages=60), Ledger()
        store = await SqliteEventStore.open(file, connect=disk.connect)
        version = 0
        try:
            while True:
                ledger.commits["s", version + 1] = await store.append(commit_of("s", version + 1))
                version += 1
        except StoreUnavailable as error:
            assert "SQLITE_FULL" in str(error)
            assert str(file) in str(error)
            assert "Make room" in str(error)
        assert version > 20

        refused = await asyncio.gather(
            *[store.append(commit_of(name, 1)) for name in ("t", "u")],
            store.artifacts.put(payload_of("s", 0) * 40),
            return_exceptions=True,
        )
        assert [type(answer) for answer in refused] == [StoreUnavailable] * 3
        assert (await store.read(session=SessionId("s"), limit=10**6))[-1].version == version

        disk.make_room(10_000)
        for later in range(version + 1, version + 20):
            await ledger.append(store, "s", later)
        await store.close()
        assert not ledger.errors
        await check(file, ledger, is_exact=True)

    asyncio.run(main())


@pytest.mark.slow
def test_a_file_that_may_not_grow_refuses_appends_at_whatever_byte_it_ends(tmp_path: Path) -> None:
    # In a process of its own: the limit is the kernel's, and holds for all files of the process.
    child = Path(__file__).with_name("growing_child.py")

    ran = subprocess.run(
        [sys.executable, str(child), str(tmp_path / "store.db")],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stderr
    refused, acknowledged = map(int, ran.stdout.split())
    assert refused >= 40
    assert acknowledged >= 40
