"""Read models in the file of the log."""

from collections.abc import Sequence

from tenuto.adapters.tables.read_models import rows, sums
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.works import Performer
from tenuto.core.errors import StoreUnavailable
from tenuto.core.tables import Change, Row
from tenuto.ports.read_models import (
    AgentQuery,
    AgentWork,
    Reached,
    RowQuery,
    UsageQuery,
    UsageSum,
)


class TableReadModels:
    """`ReadModels` of one file: see `SqliteEventStore.read_models`.

    Batches are written between the commits of sessions, in transactions of their own. `works` is
    None in a process that only reads."""

    def __init__(self, file: str, *, reads: Reads, works: Performer | None) -> None:
        self._file, self._reads, self._works = file, reads, works

    async def apply(
        self, changes: Sequence[Change], reached: Reached, *, before: Reached | None = None
    ) -> None:
        """See `ReadModels.apply`."""
        batch = tuple(changes)
        await self._writable().perform(
            lambda connection: rows.apply(connection, batch, reached, before=before)
        )

    async def reached(self) -> Reached:
        """See `ReadModels.reached`."""
        return await self._reads.run(rows.reached)

    async def rows(self, query: RowQuery) -> tuple[Row, ...]:
        """See `ReadModels.rows`."""
        query.check()
        return await self._reads.run(rows.rows, query)

    async def usage(self, query: UsageQuery) -> tuple[UsageSum, ...]:
        """See `ReadModels.usage`."""
        return await self._reads.run(sums.usage, query)

    async def work(self, query: AgentQuery) -> AgentWork:
        """See `ReadModels.work`."""
        return await self._reads.run(sums.work, query)

    async def clear(self) -> None:
        """See `ReadModels.clear`."""
        await self._writable().perform(rows.clear)

    def _writable(self) -> Performer:
        if self._works is None:
            raise StoreUnavailable(
                f"{self._file} was opened for reading only; open it for writing."
            )
        return self._works
