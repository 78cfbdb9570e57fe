"""Reading a schema beside its writer."""

from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec, TypeVar

import psycopg

from tenuto.adapters.postgres.connection import Connection, told
from tenuto.adapters.tables import reading

READERS: Final = 4
"""Threads, and connections that are kept: a server has a hundred by default for everybody."""

P = ParamSpec("P")
T = TypeVar("T")


class ReadPool(reading.ReadPool[Connection]):
    """Runs questions on connections that see the database as of one moment each."""

    def __init__(self, open_connection: Callable[[], Connection], *, name: str) -> None:
        super().__init__(open_connection, name=name, threads=READERS)

    async def run_soon(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `query` returns, run on a reader thread: nothing of a server is at hand."""
        return await self.run(query, *args, **kwargs)

    def run_here(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """See `reading.ReadPool.run_here`."""
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
                    is_clean = not connection.is_broken and not connection.in_transaction
                    self._give_back(connection, is_clean=is_clean)
        except psycopg.Error as error:
            raise told(error, name=self._name, doing="reading") from error
