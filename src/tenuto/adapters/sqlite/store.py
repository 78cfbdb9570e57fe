"""The event store in one SQLite file: what the parts beside this module make together."""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from tenuto.adapters.sqlite import heads, rows
from tenuto.adapters.sqlite.artifacts import SqliteArtifacts
from tenuto.adapters.sqlite.beside import LastingStore
from tenuto.adapters.sqlite.connection import (
    LOCK_S_MAX,
    Connect,
    Durability,
    checked_path,
    connect_to,
    is_busy,
    telling,
)
from tenuto.adapters.sqlite.following import Followers, poll
from tenuto.adapters.sqlite.group_commit import GroupCommit
from tenuto.adapters.sqlite.mailbox import Inbox
from tenuto.adapters.sqlite.ownership import Ownership
from tenuto.adapters.sqlite.pieces import SqlitePieces
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.schema import migrate, require_newest
from tenuto.adapters.sqlite.session_lists import SqliteLists
from tenuto.adapters.sqlite.works import Works
from tenuto.adapters.sqlite.writing import LogWriter
from tenuto.core.errors import StoreUnavailable
from tenuto.core.vocabulary import SessionId, Version
from tenuto.ports.event_store import (
    Commit,
    Head,
    HeadQuery,
    Receipt,
    StoredCommit,
    StoredSession,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFile:
    """A store's file, and how connections to it are made."""

    path: str
    durability: Durability
    connect: Connect

    def open_writable(self) -> sqlite3.Connection:
        return connect_to(
            self.path, durability=self.durability, readonly=False, connect=self.connect
        )

    def open_readonly(self) -> sqlite3.Connection:
        return connect_to(
            self.path, durability=self.durability, readonly=True, connect=self.connect
        )


class SqliteEventStore(LastingStore):
    """An `EventStore` in one file, owned by this process, or only read by it. Use `open`.

    All methods belong to the event loop in which the store was opened."""

    def __init__(self, file: StoreFile, owner: Ownership | None, writer: LogWriter | None) -> None:
        self._file = file
        self._owner = owner
        self._followers = Followers()
        commits: GroupCommit | None = None
        works: Works | None = None
        if writer is not None:
            works = Works(file.open_writable, file=file.path)
            commits = GroupCommit(
                writer, file=file.path, written=self._followers.publish, works=works
            )
        reads = ReadPool(file.open_readonly, file=file.path)
        super().__init__(file.path, reads=reads, works=works, commits=commits)
        self.lists = SqliteLists(file.path, reads=reads, works=works)
        """What long lists of sessions need."""
        self._closed = False

    @classmethod
    async def open(
        cls,
        path: str | os.PathLike[str],
        *,
        durability: Durability = "sync",
        readonly: bool = False,
        connect: Connect = sqlite3.connect,
    ) -> "SqliteEventStore":
        """Return the store in the file at `path`, which is made if need be.

        Args:
            readonly: list, load, read and follow while another process owns the file.
            connect: opens connections; tests hand in one that makes faults.

        Raises:
            StoreOwned: another process owns the file.
            StoreUnavailable: the folder is missing or may not be written to.
            CorruptLog: the file is no database, another program's, or of a newer release.
        """
        file = StoreFile(path=checked_path(path), durability=durability, connect=connect)
        if readonly:
            await asyncio.to_thread(_check_readable, file)
            return cls(file, None, None)
        owner, writer = await asyncio.to_thread(_open_owned, file)
        return cls(file, owner, writer)

    @property
    def artifacts(self) -> SqliteArtifacts:
        """Payloads by their hash, in the same file and a folder beside it."""
        return SqliteArtifacts(self._file.path, reads=self._reads, commits=self._commits)

    @property
    def inbox(self) -> Inbox:
        """What other processes post to this one by `SqliteMailbox`."""
        return Inbox(reads=self._reads, commits=self._owned())

    @property
    def pieces(self) -> SqlitePieces:
        """Return the pieces of answers that are being given, in the same file."""
        return SqlitePieces(reads=self._reads, commits=self._commits)

    def append(self, commit: Commit) -> Receipt:
        """See `EventStore.append`."""
        head, snapshot = commit.head, commit.snapshot
        assert commit.count >= 0 and commit.expected >= 0, "numbers of events"
        assert head is None or head.session == commit.session, "a head of the same session"
        assert snapshot is None or snapshot.version <= commit.expected + commit.count, (
            "a snapshot is a fold of what is written"
        )
        return self._owned().append(commit)

    async def load(self, session: SessionId, *, at: Version | None = None) -> StoredSession:
        """See `EventStore.load`."""
        return await self._reads.run(rows.load, session, at=at, file=self._file.path)

    async def read(
        self, *, session: SessionId | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[StoredCommit, ...]:
        """See `EventStore.read`."""
        file = self._file.path
        if session is None:
            return await self._reads.run(rows.read_all, after=after, limit=limit, file=file)
        return await self._reads.run(
            rows.read_session, session, after=after, limit=limit, file=file
        )

    def follow(
        self, *, session: SessionId | None = None, after: int = 0
    ) -> AsyncIterator[StoredCommit]:
        """See `EventStore.follow`."""
        if self._commits is None:
            return poll(self.read, session=session, after=after)
        return self._followers.follow(self.read, session=session, after=after)

    async def heads(self, query: HeadQuery) -> tuple[Head, ...]:
        """See `EventStore.heads`."""
        return await self._reads.run(heads.list_heads, query)

    async def close(self) -> None:
        """See `EventStore.close`. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._commits is not None:
                await self._commits.close()
            self._followers.close()
            await self._reads.close()
        finally:
            if self._owner is not None:
                self._owner.release()

    def _owned(self) -> GroupCommit:
        if self._commits is None:
            raise StoreUnavailable(
                f"{self._file.path} was opened for reading only; open it for writing."
            )
        return self._commits


def _check_readable(file: StoreFile) -> None:
    if not os.path.exists(file.path):
        raise StoreUnavailable(f"There is no file {file.path}; check the path.")
    with telling(file=file.path, doing="opening"):
        connection = file.open_readonly()
        try:
            require_newest(connection, file.path)
        finally:
            connection.close()


def _open_owned(file: StoreFile) -> tuple[Ownership, LogWriter]:
    owner = Ownership.take(file.path)
    try:
        with telling(file=file.path, doing="opening"):
            make_private(file.path)
            return owner, _open_patiently(file)
    except BaseException:
        owner.release()
        raise


def make_private(path: str) -> None:
    """Make a new file its owner's alone: it may hold what users say, and hashes of passwords. The
    files that SQLite makes beside it get the same mode."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _open_patiently(file: StoreFile) -> LogWriter:
    give_up_s = time.monotonic() + LOCK_S_MAX
    while True:
        try:
            prepare(file)
            return LogWriter(file.open_writable, file=file.path)
        except sqlite3.Error as error:
            # A reader that closes the file last has it alone while it removes the log.
            if not is_busy(error) or time.monotonic() > give_up_s:
                raise
        time.sleep(0.005)


def prepare(file: StoreFile) -> None:
    """Make the tables, or bring them to the newest format, then switch the file to WAL."""
    connection = file.open_writable()
    try:
        migrate(connection, file.path)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreUnavailable(
                f"{file.path} is on a file system without shared memory (journal mode {mode!r}); "
                "use a local disk."
            )
    finally:
        connection.close()
    folder = os.open(os.path.dirname(file.path), os.O_RDONLY)
    try:
        # The file's name must outlive a power cut as surely as what is in it.
        os.fsync(folder)
    finally:
        os.close(folder)
