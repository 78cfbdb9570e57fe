"""Reading beside the writer: connections of their own, on threads of their own."""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar

from tenuto.adapters.tables.connection import Connection, OwnConnection
from tenuto.core.errors import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")


Pooled = TypeVar("Pooled", bound=OwnConnection)


class Reads(Protocol):
    """Answers questions. Each sees the database as of one moment."""

    async def run(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `query` returns."""
        ...

    async def run_soon(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `query` returns, which is one statement that gives a row by its key."""
        ...

    def run_here(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `query` returns, run on the calling thread, whichever it is."""
        ...

    async def close(self) -> None:
        """Return when the questions under way are answered and the database is let go."""
        ...


class ReadPool(ABC, Generic[Pooled]):
    """Keeps connections, and the threads that ask on them."""

    def __init__(self, open_connection: Callable[[], Pooled], *, name: str, threads: int) -> None:
        self._open_connection = open_connection
        # One for each thread, and one for who asks on the loop's.
        self._name, self._kept_max = name, threads + 1
        self._idle: list[Pooled] = []
        self._guard = threading.Lock()
        self._closed = False
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="tenuto-reader")

    async def run(
        self, query: Callable[Concatenate[Pooled, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `query` returns, run on a reader thread."""
        self._require_open()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, lambda: self.run_here(query, *args, **kwargs)
        )

    @abstractmethod
    def run_here(
        self, query: Callable[Concatenate[Pooled, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `query` returns, run on the calling thread, whichever it is."""

    async def close(self) -> None:
        """Return when the questions under way are answered and the connections closed."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        with self._guard:
            for idle in self._idles():
                while idle:
                    idle.pop().close()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"The store {self._name} is closed; open it again.")

    def _idles(self) -> tuple[list[Pooled], ...]:
        """Return the lists of connections that wait for a question."""
        return (self._idle,)

    def _take(self, idle: list[Pooled] | None = None) -> tuple[Pooled, bool]:
        """Return a connection, and whether it is a new one."""
        kept = self._idle if idle is None else idle
        with self._guard:
            if kept:
                return kept.pop(), False
        return self._open_connection(), True

    def _give_back(
        self, connection: Pooled, *, is_clean: bool, idle: list[Pooled] | None = None
    ) -> None:
        kept = self._idle if idle is None else idle
        if is_clean:
            with self._guard:
                if not self._closed and len(kept) < self._kept_max:
                    kept.append(connection)
                    return
        # The question failed; a new connection is the surest way to a clean one.
        connection.close()
