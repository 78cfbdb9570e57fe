"""A connection with a thread of its own, for what must not wait for the writer or the readers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

import psycopg

from tenuto.adapters.postgres.connection import Connection, Line, told
from tenuto.core.errors import StoreUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class OwnLine:
    """Does one thing after the other, in the order in which it is asked."""

    def __init__(
        self, open_connection: Callable[[], Connection], *, name: str, doing: str, thread: str
    ) -> None:
        self._line = Line(open_connection, name=name)
        self._name, self._doing = name, doing
        self._thread = ThreadPoolExecutor(1, thread)

    async def run(
        self, do: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what `do` returns.

        Raises:
            StoreUnavailable, CorruptLog: the server is away, refuses, or this is closed.
        """

        def run() -> T:
            try:
                return do(self._line.connected(), *args, **kwargs)
            except psycopg.Error as error:
                # A new connection is the surest way to a clean one.
                self._line.drop()
                raise told(error, name=self._name, doing=self._doing) from error

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, run)
        except RuntimeError as error:
            raise StoreUnavailable(f"The store {self._name} is closed; open it again.") from error

    def try_soon(
        self, do: Callable[Concatenate[Connection, P], object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Have `do` done soon; or, when the server is away or this is closed, not."""

        def run() -> None:
            try:
                do(self._line.connected(), *args, **kwargs)
            except (psycopg.Error, StoreUnavailable):
                self._line.drop()

        with suppress(RuntimeError):
            self._thread.submit(run)

    async def close(self) -> None:
        """Return when all that was asked is done, and the server is let go."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._thread.shutdown()
        self._line.drop()
