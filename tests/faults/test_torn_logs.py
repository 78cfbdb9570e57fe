"""What a power cut leaves: a write-ahead log whose end is missing, garbled, or half an older one.

All that was acknowledged had been synced, so only bytes written after it can be wrong. Each test
takes the files of a living store, spoils such bytes, and opens the copy."""

import asyncio
import random
import subprocess
from pathlib import Path

import pytest

from tenuto.adapters.sqlite import SqliteEventStore, writing
from tenuto.core.vocabulary import Position
from tests.faults.ledger import Ledger, check

SECTOR = 512
NAMES = ("copy.db", "before.wal", "after.wal")


def copy(source: Path, target: Path) -> None:
    # By another process: whoever closes a file drops all locks that its process has on it, SQLite's
    # too. Source: fcntl(2), POSIX record locks.
    subprocess.run(["cp", str(source), str(target)], check=True)


def wal_of(file: Path) -> Path:
    return Path(f"{file}-wal")


def image(folder: Path, name: object, database: bytes, wal: bytes) -> Path:
    file = folder / f"{name}.db"
    file.write_bytes(database)
    wal_of(file).write_bytes(wal)
    return file


def spoiled(wal: bytes, cut: int, chance: random.Random) -> bytes:
    """Return the log with everything from `cut` on missing, zero, or noise."""
    rest = len(wal) - cut
    return wal[:cut] + chance.choice([b"", bytes(rest), chance.randbytes(rest)])


@pytest.mark.slow
def test_a_log_cut_anywhere_has_all_that_was_acknowledged_before_the_cut(tmp_path: Path) -> None:
    chance = random.Random(20)
    file = tmp_path / "store.db"
    marks: list[tuple[int, dict[tuple[str, int], Position]]] = [(0, {})]

    async def write() -> tuple[bytes, bytes]:
        store = await SqliteEventStore.open(file)
        ledger = Ledger()
        for version in range(1, 25):
            names = ["s", "t", "u"][: 1 + version % 3]
            for name in names:
                newest = max([v for n, v in ledger.commits if n == name], default=0)
                await ledger.append(store, name, newest + 1)
            marks.append((wal_of(file).stat().st_size, dict(ledger.commits)))
        copy(file, tmp_path / "copy.db")
        copy(wal_of(file), tmp_path / "copy.wal")
        await store.close()
        return (tmp_path / "copy.db").read_bytes(), (tmp_path / "copy.wal").read_bytes()

    database, wal = asyncio.run(write())
    near = [mark + offset for mark, _ in marks for offset in (-1, 0, 1)]
    cuts = [cut for cut in near if 0 <= cut <= len(wal)]
    cuts += [chance.randrange(len(wal)) for _ in range(60)]
    for number, cut in enumerate(cuts):
        torn = image(tmp_path, number, database, spoiled(wal, cut, chance))

        acknowledged = [commits for size, commits in marks if size <= cut][-1]

        asyncio.run(check(torn, Ledger(commits=dict(acknowledged)), is_exact=False))


@pytest.mark.slow
def test_a_log_that_was_written_over_in_part_has_all_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sectors reach the disk in any order, and what they replace is an older, valid log.
    monkeypatch.setattr(writing, "CHECKPOINT_PAGES", 30)
    chance = random.Random(21)
    file = tmp_path / "store.db"

    async def main() -> None:
        store = await SqliteEventStore.open(file)
        ledger = Ledger()
        images = []
        for version in range(1, 61):
            copy(file, tmp_path / "copy.db")
            copy(wal_of(file), tmp_path / "before.wal")
            before = Ledger(commits=dict(ledger.commits))
            names = ["s", "t"]
            await asyncio.gather(*[ledger.append(store, name, version) for name in names])
            copy(wal_of(file), tmp_path / "after.wal")
            copy(file, tmp_path / "now.db")
            if (tmp_path / "copy.db").read_bytes() == (tmp_path / "now.db").read_bytes():
                database, old, new = [(tmp_path / name).read_bytes() for name in NAMES]
                images.append((before, database, old, new))
        await store.close()
        assert len(images) > 30, "most rounds leave the database alone"
        for number, (before, database, old, new) in enumerate(images):
            torn = image(tmp_path, number, database, mixed(old, new, chance))
            await check(torn, before, is_exact=False)

    asyncio.run(main())


def mixed(old: bytes, new: bytes, chance: random.Random) -> bytes:
    """Return a log of which each sector that changed is the old or the new one."""
    old = old.ljust(len(new), b"\x00")
    share = chance.random()
    return b"".join(
        (new if chance.random() < share else old)[begin : begin + SECTOR]
        for begin in range(0, len(new), SECTOR)
    )
