"""Reading beside the writer: connections of their own, on threads of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, Final, ParamSpec, TypeVar

import psycopg

from tenuto.adapters.postgres.connection import Connection, told
from tenuto.core.errors import StoreUnavailable

READERS: Final = 4
"""Threads, and connections that are kept: a server has a hundred by default for everybody."""

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[Connection, P], T]


class ReadPool:
    """Runs questions on connections that see the database as of one moment each."""

    def __init__(self, open_connection: Callable[[], Connection], *, name: str) -> None:
        self._open_connection = open_connection
        self._name = name
        self._idle: list[Connection] = []
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
        """Return what `query` returns: for a row or two by their key."""
        return await self.run(query, *args, **kwargs)

    def run_here(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `query` returns, run on the calling thread, whichever it is."""
        self._require_open()
        try:
            while True:
                connection, is_new = self._take()
                try:
                    # One transaction: all statements of a question see the same moment.
                    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                    answer = query(connection, *args, **kwargs)
                    connection.execute("COMMIT")
                    return answer
                except psycopg.OperationalError:
                    # The server was restarted since it was used last: ask on a new one.
                    if is_new or not connection.is_broken:
                        raise
                finally:
                    self._give_back(connection)
        except psycopg.Error as error:
            raise told(error, name=self._name, doing="reading") from error

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
            raise StoreUnavailable(f"The store {self._name} is closed; open it again.")

    def _take(self) -> tuple[Connection, bool]:
        with self._guard:
            if self._idle:
                return self._idle.pop(), False
        return self._open_connection(), True

    def _give_back(self, connection: Connection) -> None:
        if not connection.is_broken and not connection.in_transaction:
            with self._guard:
                if not self._closed and len(self._idle) < READERS:
                    self._idle.append(connection)
                    return
        # The question failed; a new connection is the surest way to a clean one.
        connection.close()
