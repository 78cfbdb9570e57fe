"""An error of the disk at any write or sync: said clearly, nothing lost, and then on it goes."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tenuto.adapters.sqlite import SqliteEventStore, writing
from tenuto.core.errors import StoreUnavailable
from tests.faults.faulty_disk import DISK, Fault, Operation
from tests.faults.ledger import Ledger, check, commit_of

SESSIONS = 3
VERSIONS = 8


@pytest.fixture(autouse=True)
def checkpoint_early(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that the copying of the write-ahead log meets the faults, too.
    monkeypatch.setattr(writing, "CHECKPOINT_PAGES", 12)


async def open_in_the_end(file: Path, ledger: Ledger) -> SqliteEventStore:
    while True:
        try:
            return await SqliteEventStore.open(file, connect=DISK.connect)
        except StoreUnavailable as error:
            ledger.errors.append(str(error))


async def run(file: Path, fault: Fault) -> Ledger:
    """Open, write and close on a disk with `fault`; return what was acknowledged."""
    ledger = Ledger()
    with DISK.failing(fault):
        store = await open_in_the_end(file, ledger)
        await ledger.work(store, sessions=SESSIONS, versions=VERSIONS)
        await store.close()
    return ledger


def count(folder: Path, operation: Operation) -> int:
    """Return how often the whole run does `operation` on a sound disk."""
    ledger = asyncio.run(run(folder / "sound.db", Fault(operation, nth=10**9)))
    assert not ledger.errors
    return DISK.counts[operation]


def sweep(folder: Path, fault: Fault, *, step: int) -> int:
    """Let the fault hit at each `step`-th operation; return how many runs met it in an append."""
    total = count(folder, fault.operation)
    assert total > 20
    told = 0
    for nth in range(1, total + 1, step):
        at = Fault(fault.operation, nth, times=fault.times, code=fault.code, is_torn=fault.is_torn)
        file = folder / f"{nth}.db"

        ledger = asyncio.run(run(file, at))

        asyncio.run(check(file, ledger, is_exact=True))
        told += bool(ledger.errors)
        for error in ledger.errors:
            assert str(file) in error, "the message names the file"
            assert "SQLITE_" in error, "the message names the cause"
    return told


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
def test_a_write_that_fails_loses_nothing_whichever_it_is(tmp_path: Path, times: int) -> None:
    told = sweep(tmp_path, Fault("write", 0, times=times), step=2 if times == 1 else 5)

    assert told > 10


@pytest.mark.slow
def test_a_write_that_stops_in_the_middle_loses_nothing_whichever_it_is(tmp_path: Path) -> None:
    told = sweep(tmp_path, Fault("write", 0, is_torn=True), step=3)

    assert told > 10


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path: Path) -> None:
    told = sweep(
        tmp_path, Fault("write", 0, times=4, code=sqlite3.SQLITE_FULL, is_torn=True), step=5
    )

    assert told > 5


@pytest.mark.slow
def test_a_sync_that_fails_loses_nothing_whichever_it_is(tmp_path: Path) -> None:
    told = sweep(tmp_path, Fault("sync", 0, code=sqlite3.SQLITE_IOERR_FSYNC), step=1)

    assert told > 10


def test_while_the_disk_fails_all_is_refused_and_when_it_is_mended_all_goes_on(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        file = tmp_path / "store.db"
        ledger = Ledger()
        store = await SqliteEventStore.open(file, connect=DISK.connect)
        await ledger.work(store, sessions=SESSIONS, versions=3)
        before = await store.read()

        with DISK.failing(Fault("write", 1, times=10**9)) as fault:
            for _ in range(3):
                refused = await asyncio.gather(
                    *[store.append(commit_of(session, 4)) for session in ("s0", "s1", "s2")],
                    return_exceptions=True,
                )
                assert [type(answer) for answer in refused] == [StoreUnavailable] * 3
                assert "SQLITE_IOERR_WRITE" in str(refused[0])
            assert await store.read() == before
        assert fault.hits >= 3

        for session in ("s0", "s1", "s2"):
            await ledger.append(store, session, 4)
        await store.close()
        await check(file, ledger, is_exact=True)

    asyncio.run(main())
