"""A workload that writes down what was acknowledged, and the check that a file still has it all."""

import asyncio
import hashlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tenuto.adapters.sqlite import SqliteEventStore
from tenuto.core.errors import StoreUnavailable
from tenuto.core.vocabulary import Digest, Position, SessionId, Version
from tenuto.ports.event_store import Commit, Head, Snapshot

RETRIES_MAX: Final = 200


def payload_of(session: str, version: int) -> bytes:
    """Return the bytes that the commit ending at `version` has, whoever writes it: 64 to 1,087."""
    seed = hashlib.sha256(f"{session}@{version}".encode()).digest()
    return seed * (2 + int.from_bytes(seed[:2]) % 32)


def head_of(session: str, version: int) -> Head:
    """Return a head whose indexed columns change with the version."""
    return Head(
        session=SessionId(session),
        status="running" if version % 2 else "waiting",
        active=bool(version % 2),
        wake_ms=None if version % 3 else version,
        started_ms=1,
        updated_ms=version,
        version=Version(version),
    )


def commit_of(session: str, version: int) -> Commit:
    """Return the commit of one event that leads to `version`; some bring heads and snapshots."""
    with_snapshot = version % 5 == 0
    return Commit(
        session=SessionId(session),
        expected=Version(version - 1),
        count=1,
        payload=payload_of(session, version),
        at_ms=version,
        head=head_of(session, version) if version == 1 or version % 4 == 0 else None,
        snapshot=Snapshot(version=Version(version), payload=b"fold") if with_snapshot else None,
    )


@dataclass
class Ledger:
    """What was acknowledged, and what went wrong on the way."""

    commits: dict[tuple[str, int], Position] = field(default_factory=dict)
    artifacts: dict[Digest, bytes] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    async def append(self, store: SqliteEventStore, session: str, version: int) -> None:
        """Append until it is acknowledged. Anything but `StoreUnavailable` fails the test: a
        `Stale` would mean that a refused append was written after all."""
        for _ in range(RETRIES_MAX):
            try:
                position = await store.append(commit_of(session, version))
            except StoreUnavailable as error:
                self.errors.append(str(error))
                await asyncio.sleep(0)
            else:
                self.commits[session, version] = position
                return
        raise AssertionError(f"still refused after {RETRIES_MAX} tries: {self.errors[-1]}")

    async def put(self, store: SqliteEventStore, payload: bytes) -> None:
        for _ in range(RETRIES_MAX):
            try:
                digest = await store.artifacts.put(payload)
            except StoreUnavailable as error:
                self.errors.append(str(error))
            else:
                self.artifacts[digest] = payload
                return
        raise AssertionError(f"still refused after {RETRIES_MAX} tries: {self.errors[-1]}")

    async def work(self, store: SqliteEventStore, *, sessions: int, versions: int) -> None:
        """Let some sessions write their versions at once, and an artifact each."""

        async def one(session: str) -> None:
            for version in range(1, versions + 1):
                await self.append(store, session, version)
            await self.put(store, payload_of(session, 0))

        await asyncio.gather(*[one(f"s{number}") for number in range(sessions)])


async def check(file: Path, ledger: Ledger, *, is_exact: bool) -> None:
    """Assert that the file has what the ledger has, nothing by half, and takes more.

    Args:
        is_exact: the file has nothing else, either.
    """
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    store = await SqliteEventStore.open(file)
    try:
        found: dict[tuple[str, int], Position] = {}
        reached = 0
        while page := await store.read(after=reached):
            for stored in page:
                assert stored.position == reached + 1
                assert stored.payload == payload_of(stored.session, stored.version)
                found[stored.session, stored.version] = reached = stored.position
        assert {key: found.get(key) for key in ledger.commits} == ledger.commits
        if is_exact:
            assert found == ledger.commits
        for digest, payload in ledger.artifacts.items():
            assert store.artifacts.get(digest) == payload
        newest: dict[str, int] = {}
        for session, version in found:
            newest[session] = max(version, newest.get(session, 0))
        for session, version in newest.items():
            await check_session(store, session, version)
            await store.append(commit_of(session, version + 1))
    finally:
        await store.close()


async def check_session(store: SqliteEventStore, session: str, version: int) -> None:
    """Assert that head and snapshot are those of the commits that brought them."""
    loaded = await store.load(SessionId(session))
    assert loaded.version == version
    assert loaded.head == head_of(session, 1 if version < 4 else version - version % 4)
    begin = 0 if loaded.snapshot is None else loaded.snapshot.version
    assert begin == version - version % 5
    assert [commit.version for commit in loaded.commits] == list(range(begin + 1, version + 1))
