"""Work on tables beside the log, in transactions of its own.

What belongs to no session, as the memory of agents, must neither fail with a session's events nor
make them fail. It is done on a connection of its own, which overwrites what it deletes. The process
that owns the file does it on the writer thread, between two batches of commits; another process
does it by itself, in short transactions that wait for the owner's.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from tenuto.adapters.sqlite.connection import told
from tenuto.adapters.sqlite.writing import UNSTORABLE
from tenuto.adapters.tables.works import WORKS_MAX, Wish, Work, settle
from tenuto.core.errors import Rejected, StoreUnavailable

BUSY_MS_MAX: Final = 10_000
"""How long work waits for other processes' transactions."""
ERASE_MS_MAX: Final = 1_000
"""How long erasing waits for who reads an older moment; nobody can write meanwhile."""
CHECKPOINT_PAGES: Final = 1_000

T = TypeVar("T")


class WorkWriter:
    """Carries out work on a connection of its own, opened when first needed. Blocks."""

    def __init__(self, open_connection: Callable[[], sqlite3.Connection], *, file: str) -> None:
        self._open_connection = open_connection
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._erase_is_due = False

    def perform(self, works: list[Work[object]], *, erase: list[Wish]) -> list[object]:
        """Return what each returns, or the error that it ended with, all in one transaction."""
        try:
            connection = self._connected()
            answers = _transact(connection, works)
            self._erase_is_due |= any(wish if isinstance(wish, bool) else wish() for wish in erase)
            if self._erase_is_due:
                self._erase_is_due = not _erase(connection)
            return answers
        except sqlite3.Error as error:
            # A new connection is the surest way to a clean one.
            self.close()
            return [told(error, file=self._file, doing="writing") for _ in works]

    def close(self) -> None:
        """Let the file go; the next work opens it again."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = self._connection = self._open_connection()
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS_MAX}")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return self._connection


class Works:
    """What waits for the writer thread. Made and asked by one event loop."""

    def __init__(self, open_connection: Callable[[], sqlite3.Connection], *, file: str) -> None:
        self._writer = WorkWriter(open_connection, file=file)
        self._file = file
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Work[object], asyncio.Future[object], Wish]] = deque()
        self._closed = False
        self.wake: Callable[[], None] = lambda: None
        """Called when there is something to do."""

    def perform(self, work: Work[T], *, erase: Wish = False) -> "asyncio.Future[T]":
        """See `Performer.perform`."""
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(_closed(self._file))
            return future
        self._waiting.append((work, future, erase))  # type: ignore[arg-type]  # a future of T
        self.wake()
        return future

    @property
    def are_waiting(self) -> bool:
        return bool(self._waiting)

    def do_some(self) -> None:
        """On the writer thread: do what has come together."""
        batch = [self._waiting.popleft() for _ in range(min(WORKS_MAX, len(self._waiting)))]
        if not batch:
            return
        works = [work for work, _, _ in batch]
        answers = self._writer.perform(works, erase=[erase for _, _, erase in batch])
        futures = [future for _, future, _ in batch]
        # A loop that was closed first has nobody left to tell.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(settle, futures, answers)

    def close(self) -> None:
        """On the writer thread: let the file go."""
        self._writer.close()

    def refuse(self) -> None:
        """On the loop: nothing more is taken, and nobody is left waiting."""
        self._closed = True
        futures = [future for _, future, _ in self._waiting]
        self._waiting.clear()
        settle(futures, [_closed(self._file)] * len(futures))


class Outsider:
    """Carries out work on a file that another process may own, one after another, in threads."""

    def __init__(self, open_connection: Callable[[], sqlite3.Connection], *, file: str) -> None:
        self._open_connection = open_connection
        self._file = file
        self._turn = asyncio.Lock()

    def perform(self, work: Work[T], *, erase: Wish = False) -> "asyncio.Future[T]":
        """See `Performer.perform`."""
        return asyncio.ensure_future(self._perform_in_turn(work, erase=erase))

    async def _perform_in_turn(self, work: Work[T], *, erase: Wish) -> T:
        async with self._turn:
            return await asyncio.to_thread(self._perform, work, erase=erase)

    def _perform(self, work: Work[T], *, erase: Wish) -> T:
        writer = WorkWriter(self._open_connection, file=self._file)
        try:
            answers: list[T] = []
            (answer,) = writer.perform([lambda c: answers.append(work(c))], erase=[erase])
        finally:
            writer.close()
        if isinstance(answer, BaseException):
            raise answer
        return answers[-1]


def _transact(connection: sqlite3.Connection, works: list[Work[object]]) -> list[object]:
    answers: list[object] = []
    connection.execute("BEGIN IMMEDIATE")
    for work in works:
        connection.execute("SAVEPOINT work")
        try:
            answers.append(work(connection))
        except UNSTORABLE as error:
            answers.append(Rejected(f"What is to be written cannot be stored: {error}."))
            connection.execute("ROLLBACK TO work")
        except sqlite3.Error:
            raise
        except Exception as error:  # a fault of one caller's work is not to end everybody's thread
            answers.append(error)
            connection.execute("ROLLBACK TO work")
        connection.execute("RELEASE work")
    connection.execute("COMMIT")
    return answers


def _erase(connection: sqlite3.Connection) -> bool:
    """Empty the write-ahead log, where deleted rows still stand; return whether it is empty."""
    connection.execute(f"PRAGMA busy_timeout = {ERASE_MS_MAX}")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        busy = 1
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS_MAX}")
    return not busy


def _closed(file: str) -> StoreUnavailable:
    return StoreUnavailable(f"The store {file} is closed; open it again.")
