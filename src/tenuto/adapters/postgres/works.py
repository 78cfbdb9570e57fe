"""Work on tables beside the log, in transactions of its own, one after another.

What belongs to no session must neither fail with a session's events nor make them fail. All
processes take one lock for it, so that each work sees what the ones before it left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

import psycopg

from tenuto.adapters.postgres import nearest
from tenuto.adapters.postgres.connection import Connection, Line, told
from tenuto.adapters.postgres.writing import UNSTORABLE
from tenuto.adapters.tables.connection import has_table
from tenuto.adapters.tables.works import WORKS_MAX, Wish, Work, settle
from tenuto.core.errors import Rejected, StoreUnavailable

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('works ' || current_schema(), 0))"

ERASED: Final = tuple(f"memory_{part}" for part in ("items", "vectors", "current", "words", "sums"))

T = TypeVar("T")
_Waiting = tuple[Work[Any], "asyncio.Future[Any]", Wish]


class Works:
    """`Performer` of one schema. Made and asked by one event loop; blocks a thread."""

    def __init__(self, open_connection: Callable[[], Connection], *, name: str) -> None:
        self._line = Line(open_connection, name=name)
        self._name = name
        self._waiting: deque[_Waiting] = deque()
        self._doing: asyncio.Task[None] | None = None
        self._closed = False

    def perform(self, work: Work[T], *, erase: Wish = False) -> asyncio.Future[T]:
        """See `Performer.perform`."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_exception(
                StoreUnavailable(f"The store {self._name} is closed; open it again.")
            )
            return future
        self._waiting.append((work, future, erase))
        if self._doing is None:
            self._doing = asyncio.create_task(self._do_all())
        return future

    async def close(self) -> None:
        """Return when all that was asked for is done and the server is let go."""
        self._closed = True
        if self._doing is not None:
            await self._doing
        await asyncio.to_thread(self._line.drop)

    async def _do_all(self) -> None:
        try:
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(WORKS_MAX, len(self._waiting)))]
                answers = await asyncio.to_thread(self._transact, some)
                settle([future for _, future, _ in some], answers)
        finally:
            self._doing = None

    def _transact(self, some: list[_Waiting]) -> list[Any]:
        """Return what each returns, or the error that it ended with, all in one transaction."""
        try:
            connection = self._line.connected()
            answers = self._perform(connection, [work for work, _, _ in some])
            if any(wish if isinstance(wish, bool) else wish() for _, _, wish in some):
                self._erase(connection)
            return answers
        except psycopg.Error as error:
            # A new connection is the surest way to a clean one.
            self._line.drop()
            return [told(error, name=self._name, doing="writing") for _ in some]
        except StoreUnavailable as error:
            return [error] * len(some)

    def _perform(self, connection: Connection, works: list[Work[Any]]) -> list[Any]:
        answers: list[Any] = []
        connection.execute("BEGIN")
        connection.execute(LOCK)
        for work in works:
            connection.execute("SAVEPOINT work")
            try:
                answers.append(work(connection))
            except UNSTORABLE as error:
                text = " ".join(str(error).split())
                answers.append(Rejected(f"What is to be written cannot be stored: {text}."))
                connection.execute("ROLLBACK TO work")
            except psycopg.Error:
                raise
            except Exception as error:  # a fault of one caller's work is not to fail everybody's
                answers.append(error)
                connection.execute("ROLLBACK TO work")
            connection.execute("RELEASE work")
        connection.execute("COMMIT")
        return answers

    def _erase(self, connection: Connection) -> None:
        """Take deleted rows out of the tables of memory, where they stand until then."""
        for table in ERASED:
            if has_table(connection, table):
                connection.execute(f"VACUUM {table}")
        if has_table(connection, nearest.TABLE):
            # Its index holds vectors too, also where few were deleted.
            connection.execute(f"VACUUM (INDEX_CLEANUP ON) {nearest.TABLE}")
