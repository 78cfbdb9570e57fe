"""Who is at a file of SQLite in this process.

Python's module and the ADBC driver bring a copy of SQLite each. The locks of POSIX belong to a
process: one copy does not see those of the other, takes the journal of a transaction under way for
one that a dead program left behind, and rolls it back; and whoever closes the file lets go of the
locks of both. Source: sqlite.org/howtocorrupt.html, sections 2.2 and 2.2.1. So the two take turns:
no query while a transaction writes, and no connection is closed while others are read by.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from tenuto.teams.migration.databases.port import DatabaseError, Unavailable

WAIT_SECONDS: Final = 60.0
"""How long one waits for its turn; a transaction of one batch takes far less."""


class Turns:
    """The turns at one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._queries = self._reads = 0
        self._writer: int | None = None
        self._idle: list[tuple[str, sqlite3.Connection]] = []

    @contextlib.contextmanager
    def querying(
        self, how: str, connect: Callable[[], sqlite3.Connection]
    ) -> Iterator[sqlite3.Connection]:
        """Give a connection of Python's module for a block: one that waits to be closed and was
        opened in the same way, or a new one.

        Raises:
            Unavailable: others write for too long.
            DatabaseError: this thread writes there itself.
        """
        if self._writer == threading.get_ident():
            raise DatabaseError(f"{self._path!r} is asked within a transaction that writes to it.")
        with self._changed:
            self._wait(lambda: self._writer is None)
            self._queries += 1
            waits = next((one for one in self._idle if one[0] == how), None)
            if waits is not None:
                self._idle.remove(waits)
        connection = waits[1] if waits is not None else None
        try:
            connection = connection or connect()
            yield connection
        finally:
            with self._changed:
                self._queries -= 1
                if connection is not None:
                    self._idle.append((how, connection))
                self._tidy()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold queries off for a block, in which the driver writes.

        Raises:
            Unavailable: others write for too long.
        """
        with self._changed:
            self._wait(lambda: self._writer is None and not self._queries)
            self._writer = threading.get_ident()
        try:
            yield
        finally:
            with self._changed:
                self._writer = None
                self._tidy()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Keep connections open for a block, in which the driver reads."""
        with self._changed:
            self._reads += 1
        try:
            yield
        finally:
            with self._changed:
                self._reads -= 1
                self._tidy()

    def _wait(self, free: Callable[[], bool]) -> None:
        if not self._changed.wait_for(free, WAIT_SECONDS):
            raise Unavailable(
                f"The SQLite database {self._path!r} is being written to by another part of this "
                f"program for more than {WAIT_SECONDS:.0f} s. Try again."
            )

    def _tidy(self) -> None:
        if self._writer is None and not self._queries and not self._reads:
            while self._idle:
                self._idle.pop()[1].close()
        self._changed.notify_all()


_known: Final[WeakValueDictionary[str, Turns]] = WeakValueDictionary()
"""As long as somebody has the file open, or may open it."""
_lock: Final = threading.Lock()


def turns_at(path: Path) -> Turns:
    """Return the turns at a file, the same for all that call it by any name."""
    name = os.path.realpath(path)
    with _lock:
        return _known.setdefault(name, Turns(name))
