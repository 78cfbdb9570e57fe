"""Reading a file beside its writer."""

import sqlite3
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec, TypeVar

from tenuto.adapters.sqlite.connection import told
from tenuto.adapters.tables import reading

READERS: Final = 2
"""Threads: one long read never holds up a load."""

P = ParamSpec("P")
T = TypeVar("T")


class ReadPool(reading.ReadPool[sqlite3.Connection]):
    """Runs questions on connections that see the file as of one moment each."""

    def __init__(self, open_connection: Callable[[], sqlite3.Connection], *, file: str) -> None:
        super().__init__(open_connection, name=file, threads=READERS)

    async def run_soon(
        self,
        query: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Return what `query` returns, run on the event loop's thread: for one statement that
        gives a row by its key, which takes less than to hand a question to a thread and back."""
        self._require_open()
        try:
            connection, _ = self._take()
            try:
                # One statement sees one moment by itself.
                return query(connection, *args, **kwargs)
            finally:
                self._give_back(connection, is_clean=not connection.in_transaction)
        except sqlite3.Error as error:
            raise told(error, file=self._name, doing="reading") from error

    def run_here(
        self,
        query: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """See `reading.ReadPool.run_here`."""
        try:
            connection, _ = self._take()
            try:
                # One transaction: all statements of a question see the same moment.
                connection.execute("BEGIN")
                answer = query(connection, *args, **kwargs)
                connection.execute("COMMIT")
            finally:
                self._give_back(connection, is_clean=not connection.in_transaction)
        except sqlite3.Error as error:
            raise told(error, file=self._name, doing="reading") from error
        return answer
