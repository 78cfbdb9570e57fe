"""What agents remember, in the file of the log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.memory import forgetting, rows, searching, writing
from tenuto.adapters.tables.memory.schema import has_memory
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.works import Performer, Work
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


class TableMemory:
    """`Memory` of one database: a part of a store, or beside whoever owns the database.

    `works` is None in a process that only reads; `index` is for vectors, where the database can
    have one."""

    def __init__(
        self,
        name: str,
        *,
        reads: Reads,
        works: Performer | None,
        index: searching.Nearest | None = None,
    ) -> None:
        self._name, self._reads, self._works, self._index = name, reads, works, index

    async def keep(self, items: Sequence[Kept], *, known: Sequence[MemoryItem] = ()) -> None:
        """See `Memory.keep`."""
        kept, read = tuple(items), tuple(known)
        for one in kept:
            check(one.item, one.vector)
        if kept:
            await self._perform(
                lambda connection: writing.keep(connection, kept, known=read), index=self._index
            )

    async def recall(self, question: Question) -> tuple[Recalled, ...]:
        """See `Memory.recall`."""
        with _telling():
            return await self._reads.run(searching.recall, question, self._index)

    async def items(self, query: MemoryQuery) -> tuple[MemoryItem, ...]:
        """See `Memory.items`."""
        with _telling():
            return await self._reads.run(_items, query)

    async def touch(self, ids: Sequence[str], *, tenant: str, now_ms: int) -> None:
        """See `Memory.touch`."""
        touched = tuple(ids)
        if touched:
            await self._perform(
                lambda connection: writing.touch(connection, touched, tenant=tenant, now_ms=now_ms),
                index=None,
            )

    async def forget(self, query: MemoryQuery, *, exactly: bool = False) -> int:
        """See `Memory.forget`."""
        return await self._perform(
            lambda connection: forgetting.forget(connection, query, exactly=exactly),
            index=self._index,
            erase=True,
        )

    async def statistics(self, query: MemoryQuery) -> MemoryStatistics:
        """See `Memory.statistics`."""
        with _telling():
            return await self._reads.run(_count, query)

    async def _perform(
        self, work: Work[T], *, index: searching.Nearest | None, erase: bool = False
    ) -> T:
        if self._works is None:
            raise MemoryUnavailable(f"{self._name} was opened for reading only.")

        def and_follow(connection: Connection) -> T:
            answer = work(connection)
            if index is not None:
                index.follow(connection)
            return answer

        with _telling():
            return await self._works.perform(and_follow, erase=erase)


@contextmanager
def _telling() -> Iterator[None]:
    """Turn the store's error into memory's."""
    try:
        yield
    except StoreUnavailable as error:
        raise MemoryUnavailable(str(error)) from error


def _items(connection: Connection, query: MemoryQuery) -> tuple[MemoryItem, ...]:
    if has_memory(connection):
        return rows.list_items(connection, query)
    if query.after:
        raise NotFound(what="memory item", name=query.after)
    return ()


def _count(connection: Connection, query: MemoryQuery) -> MemoryStatistics:
    return rows.count(connection, query) if has_memory(connection) else MemoryStatistics()
