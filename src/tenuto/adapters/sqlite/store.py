"""The event store in one SQLite file: what the parts beside this module make together."""

import asyncio
import os
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass

from tenuto.adapters.sqlite import heads
from tenuto.adapters.sqlite.artifacts import SqliteArtifacts
from tenuto.adapters.sqlite.connection import (
    LOCK_S_MAX,
    Connect,
    checked_path,
    connect_to,
    is_busy,
    telling,
)
from tenuto.adapters.sqlite.ownership import Ownership
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.schema import migrate, require_newest
from tenuto.adapters.sqlite.session_lists import SqliteLists
from tenuto.adapters.sqlite.works import Outsider, Works
from tenuto.adapters.sqlite.writing import LogWriter
from tenuto.adapters.tables.connection import Durability
from tenuto.adapters.tables.group_commit import GroupCommit
from tenuto.adapters.tables.lasting import LastingStore
from tenuto.adapters.tables.pruning import TablePruning
from tenuto.adapters.tables.works import Performer
from tenuto.core.errors import NotFound, StoreUnavailable
from tenuto.ports.event_store import (
    Head,
    HeadQuery,
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

    def __init__(
        self,
        file: StoreFile,
        owner: Ownership | None = None,
        writer: LogWriter | None = None,
        *,
        works: Performer | None = None,
    ) -> None:
        self._file = file
        self._owner, self._writer = owner, writer
        commits: GroupCommit | None = None
        if writer is not None:
            works = own = Works(file.open_writable, file=file.path)
            commits = GroupCommit(writer, file=file.path, works=own)
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
            return cls(file)
        owner, writer = await asyncio.to_thread(_open_owned, file)
        return cls(file, owner, writer)

    @classmethod
    async def open_beside(cls, path: str | os.PathLike[str]) -> "SqliteEventStore":
        """Return the store for reading, whose tables beside the log can be written to, whether or
        not a process owns the file.

        Raises:
            NotFound: there is no such file.
            StoreUnavailable: it must be opened once by its owner first.
            CorruptLog: it is no file of Tenuto's, or of a newer release.
        """
        file = StoreFile(path=checked_path(path), durability="sync", connect=sqlite3.connect)
        if not await asyncio.to_thread(os.path.exists, file.path):
            raise NotFound(what="store", name=file.path, hint="Check the path.")
        await asyncio.to_thread(_check_readable, file)
        return cls(file, works=Outsider(file.open_writable, file=file.path))

    @property
    def artifacts(self) -> SqliteArtifacts:
        """Payloads by their hash, in the same file and a folder beside it."""
        return SqliteArtifacts(self._file.path, reads=self._reads, commits=self._commits)

    @property
    def pruning(self) -> TablePruning:
        """What deletes sessions that ended long ago; for the process that owns the file, which
        knows sessions by heart."""
        if self._writer is None:
            return TablePruning(reads=self._reads, works=None)
        return TablePruning(
            reads=self._reads,
            works=self._works,
            forget=self._writer.recent.clear,
            unlink=self.artifacts.unlink,
        )

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
