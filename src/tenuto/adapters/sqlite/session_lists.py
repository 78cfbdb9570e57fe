"""What long lists of sessions need of a file."""

from collections.abc import Mapping
from functools import partial

import msgspec

from tenuto.adapters.sqlite import heads, lists
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.tables.heads import count_by_status
from tenuto.adapters.tables.works import Performer
from tenuto.core.errors import StoreUnavailable
from tenuto.core.lifecycle import Status
from tenuto.ports.event_store import HeadQuery, SessionCount


class SqliteLists:
    """`SessionLists` of one file: `SqliteEventStore.lists`. `works` is None where it is only
    read."""

    def __init__(self, file: str, *, reads: ReadPool, works: Performer | None) -> None:
        self._file, self._reads, self._works = file, reads, works

    async def prepare(self) -> None:
        """See `SessionLists.prepare`."""
        if self._works is None:
            raise StoreUnavailable(
                f"{self._file} was opened for reading only; open it for writing."
            )
        for number in range(len(lists.INDEXES)):
            await self._works.perform(partial(lists.prepare, number=number))

    async def by_status(self) -> Mapping[Status, int]:
        """See `SessionLists.by_status`."""
        return await self._reads.run(count_by_status)

    async def count(self, query: HeadQuery, *, at_most: int = 10_000) -> SessionCount:
        """See `SessionLists.count`."""
        asked = msgspec.structs.replace(query, limit=at_most + 1)
        found = await self._reads.run(heads.count_heads, asked)
        return SessionCount(count=min(found, at_most), is_exact=found <= at_most)
