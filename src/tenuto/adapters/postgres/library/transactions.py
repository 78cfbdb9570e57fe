"""The database under shelves: questions and transactions from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg

from tenuto.adapters.postgres.connection import Connection, Line, told
from tenuto.adapters.postgres.reading import ReadPool
from tenuto.adapters.postgres.store import Database
from tenuto.core.errors import StoreUnavailable
from tenuto.ports.collections import CollectionUnavailable

T = TypeVar("T")


class Transactions:
    """Connections to one schema. Its methods block, and any thread may call them."""

    def __init__(self, database: Database) -> None:
        self.name = database.name
        self._reads = ReadPool(database.open_readonly, name=database.name)
        self._line = Line(database.open_writable, name=database.name)
        self._guard = threading.Lock()

    def read(self, query: Callable[[Connection], T]) -> T:
        """Return what `query` returns, which sees the database as of one moment.

        Raises:
            CollectionUnavailable: the server cannot be reached.
        """
        with self._telling():
            return self._reads.run_here(query)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, once it is durable; when it fails nothing has changed.

        Raises:
            CollectionUnavailable: the server cannot be reached, or lets nobody write.
        """
        with self._guard, self._telling():
            try:
                connection = self._begun()
                # To read a long document takes a while, in which nothing is sent.
                connection.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
                answer = work(connection)
                connection.execute("COMMIT")
                return answer
            except BaseException:
                # A new connection is the surest way to a clean one.
                self._line.drop()
                raise

    def _begun(self) -> Connection:
        """Return the connection, with a transaction that has begun."""
        connection = self._line.connected()
        try:
            connection.execute("BEGIN")
        except psycopg.OperationalError:
            # The server was restarted since it was used last.
            self._line.drop()
            connection = self._line.connected()
            connection.execute("BEGIN")
        return connection

    async def close(self) -> None:
        """Let the server go."""
        await self._reads.close()
        await asyncio.to_thread(self._drop)

    def _drop(self) -> None:
        with self._guard:
            self._line.drop()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise CollectionUnavailable(
                str(told(error, name=self.name, doing="keeping documents"))
            ) from error
        except StoreUnavailable as error:
            raise CollectionUnavailable(str(error)) from error
