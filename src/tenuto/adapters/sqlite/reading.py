"""Reading beside the writer: connections of their own, on threads of their own."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, Final, ParamSpec, TypeVar

from tenuto.adapters.sqlite.connection import told
from tenuto.core.errors import StoreUnavailable

READERS: Final = 2
"""Threads: one long read never holds up a load."""

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[sqlite3.Connection, P], T]


class ReadPool:
    """Runs questions on connections that see the file as of one moment each."""

    def __init__(self, open_connection: Callable[[], sqlite3.Connection], *, file: str) -> None:
        self._open_connection = open_connection
        self._file = file
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._closed = False
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="tenuto-reader")

    async def run(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `query` returns, run on a reader thread."""
        self._require_open()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, lambda: self.run_here(query, *args, **kwargs)
        )

    async def run_soon(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `query` returns, run on the event loop's thread: for one statement that
        gives a row by its key, which takes less than to hand a question to a thread and back."""
        self._require_open()
        try:
            connection = self._take()
            try:
                # One statement sees one moment by itself.
                return query(connection, *args, **kwargs)
            finally:
                self._give_back(connection)
        except sqlite3.Error as error:
            raise told(error, file=self._file, doing="reading") from error

    def run_here(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `query` returns, run on the calling thread, whichever it is."""
        try:
            connection = self._take()
            try:
                # One transaction: all statements of a question see the same moment.
                connection.execute("BEGIN")
                answer = query(connection, *args, **kwargs)
                connection.execute("COMMIT")
            finally:
                self._give_back(connection)
        except sqlite3.Error as error:
            raise told(error, file=self._file, doing="reading") from error
        return answer

    async def close(self) -> None:
        """Return when the questions under way are answered and the connections closed."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        with self._guard:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"The store {self._file} is closed; open it again.")

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._idle:
                return self._idle.pop()
        return self._open_connection()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            # The question failed; a new connection is the surest way to a clean one.
            connection.close()
            return
        with self._guard:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()
