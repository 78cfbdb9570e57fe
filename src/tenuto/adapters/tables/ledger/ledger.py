"""The ledger, in the file of the log."""

import asyncio
from collections.abc import Sequence

from tenuto.adapters.tables.connection import Connection
from tenuto.adapters.tables.ledger import rows, writing
from tenuto.adapters.tables.ledger.lately import Lately
from tenuto.adapters.tables.ledger.schema import has_ledger
from tenuto.adapters.tables.reading import Reads
from tenuto.adapters.tables.works import Performer
from tenuto.core.audit.entering import Last
from tenuto.core.errors import StoreUnavailable
from tenuto.ports.ledger import Change, Entry, EntryQuery, Record, RecordQuery
from tenuto.ports.wall import everywhere


class TableLedger:
    """`Ledger` of one database: a part of a store, or beside whoever owns the database.

    `works` is None in a process that only reads."""

    def __init__(self, name: str, *, reads: Reads, works: Performer | None) -> None:
        self._name, self._reads, self._works = name, reads, works
        self._lately = Lately()
        self._has_tables = False

    def append(self, changes: Sequence[Change]) -> "asyncio.Future[tuple[Entry, ...]]":
        """See `Ledger.append`."""
        entered, left_private = tuple(changes), False

        def work(connection: Connection) -> tuple[Entry, ...]:
            nonlocal left_private
            appended = writing.append(connection, entered)
            left_private = appended.left_private
            return appended.entries

        if self._works is None:
            answer: asyncio.Future[tuple[Entry, ...]] = asyncio.get_running_loop().create_future()
            answer.set_exception(
                StoreUnavailable(f"{self._name} was opened for reading only; open it for writing.")
            )
            return answer
        # Overwriting what was private takes a moment in which nobody writes: only where some was.
        return self._works.perform(work, erase=lambda: left_private)

    async def entries(self, query: EntryQuery) -> tuple[Entry, ...]:
        """See `Ledger.entries`."""
        return await self._reads.run(rows.list_entries, query)

    async def record(
        self, tenant: str, kind: str, *, id: str = "", name: str = ""
    ) -> Record | None:
        """See `Ledger.record`."""
        if not await self._is_there():
            return None
        return await self._reads.run_soon(rows.find_record, tenant, kind, id=id, name=name)

    async def records(self, query: RecordQuery) -> tuple[Record, ...]:
        """See `Ledger.records`."""
        last, _ = await self._last()
        answer = self._lately.find(query, last)
        if answer is None:
            answer = await self._reads.run(rows.list_records, query)
            self._lately.keep(query, last, answer)
        return answer

    async def digest(self) -> tuple[int, str]:
        """See `Ledger.digest`."""
        return await self._last()

    async def _last(self) -> Last:
        if not await self._is_there():
            return Last()
        with everywhere():
            return await self._reads.run_soon(rows.last_in)

    async def _is_there(self) -> bool:
        # The tables are made by who first needs them, and stay.
        if not self._has_tables:
            self._has_tables = await self._reads.run_soon(has_ledger)
        return self._has_tables
