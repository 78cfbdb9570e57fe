"""What agents remember, in the file of the log."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from tenuto.adapters.sqlite.connection import checked_path, connect_to, telling
from tenuto.adapters.sqlite.memory import forgetting, rows, searching, writing
from tenuto.adapters.sqlite.memory.schema import has_memory
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.schema import require_newest
from tenuto.adapters.sqlite.works import Outsider, Performer, Work
from tenuto.core.errors import NotFound, StoreUnavailable
from tenuto.core.memory.checking import check
from tenuto.core.memory.items import MemoryItem, Recalled
from tenuto.ports.memory import (
    Kept,
    MemoryQuery,
    MemoryStatistics,
    MemoryUnavailable,
    Question,
)

T = TypeVar("T")


class SqliteMemory:
    """`Memory` of one file: `SqliteEventStore.memory`, or `open` beside whoever owns the file.

    `works` is None in a process that only reads."""

    def __init__(self, file: str, *, reads: ReadPool, works: Performer | None) -> None:
        self._file, self._reads, self._works = file, reads, works

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "SqliteMemory":
        """Return the memory in the file at `path`, whether or not a process owns it. Close it.

        Blocks for a moment.

        Raises:
            NotFound: there is no such file.
            StoreUnavailable: it must be opened once by its owner first.
            CorruptLog: it is no file of Tenuto's, or of a newer release.
        """
        file = checked_path(path)
        if not os.path.exists(file):
            raise NotFound(what="store", name=file, hint="Check the path.")

        def connected(*, readonly: bool) -> sqlite3.Connection:
            return connect_to(file, durability="sync", readonly=readonly, connect=sqlite3.connect)

        with telling(file=file, doing="opening"):
            connection = connected(readonly=True)
            try:
                require_newest(connection, file)
            finally:
                connection.close()
        return cls(
            file,
            reads=ReadPool(partial(connected, readonly=True), file=file),
            works=Outsider(partial(connected, readonly=False), file=file),
        )

    async def close(self) -> None:
        """Let the file go; only for one that was made by `open`."""
        await self._reads.close()

    async def keep(self, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()) -> None:
        """See `Memory.keep`."""
        kept, read = tuple(items), tuple(known)
        for one in kept:
            check(one.item, one.vector)
        if kept:
            await self._perform(lambda connection: writing.keep(connection, kept, known=read))

    async def recall(self, question: Question) -> tuple[Recalled, ...]:
        """See `Memory.recall`."""
        with _telling():
            return await self._reads.run(searching.recall, question)

    async def items(self, query: MemoryQuery) -> tuple[MemoryItem, ...]:
        """See `Memory.items`."""
        with _telling():
            return await self._reads.run(_items, query)

    async def touch(self, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
        """See `Memory.touch`."""
        touched = tuple(ids)
        if touched:
            await self._perform(
                lambda connection: writing.touch(connection, touched, tenant=tenant, now_ms=now_ms)
            )

    async def forget(self, query: MemoryQuery, *, exactly: bool = False) -> int:
        """See `Memory.forget`."""
        return await self._perform(
            lambda connection: forgetting.forget(connection, query, exactly=exactly), erase=True
        )

    async def statistics(self, query: MemoryQuery) -> MemoryStatistics:
        """See `Memory.statistics`."""
        with _telling():
            return await self._reads.run(_count, query)

    async def _perform(self, work: Work[T], *, erase: bool = False) -> T:
        if self._works is None:
            raise MemoryUnavailable(f"{self._file} was opened for reading only.")
        with _telling():
            return await self._works.perform(work, erase=erase)


@contextmanager
def _telling() -> Iterator[None]:
    """Turn the store's error into memory's."""
    try:
        yield
    except StoreUnavailable as error:
        raise MemoryUnavailable(str(error)) from error


def _items(connection: sqlite3.Connection, query: MemoryQuery) -> tuple[MemoryItem, ...]:
    if has_memory(connection):
        return rows.list_items(connection, query)
    if query.after:
        raise NotFound(what="memory item", name=query.after)
    return ()


def _count(connection: sqlite3.Connection, query: MemoryQuery) -> MemoryStatistics:
    return rows.count(connection, query) if has_memory(connection) else MemoryStatistics()
