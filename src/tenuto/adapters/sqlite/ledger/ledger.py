"""The ledger, in the file of the log."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from functools import partial

from tenuto.adapters.sqlite.connection import checked_path, connect_to, telling
from tenuto.adapters.sqlite.ledger import rows, writing
from tenuto.adapters.sqlite.ledger.lately import Lately
from tenuto.adapters.sqlite.ledger.schema import has_ledger
from tenuto.adapters.sqlite.reading import ReadPool
from tenuto.adapters.sqlite.schema import require_newest
from tenuto.adapters.sqlite.works import Outsider, Performer
from tenuto.core.audit.entering import Last
from tenuto.core.errors import NotFound, StoreUnavailable
from tenuto.ports.ledger import Change, Entry, EntryQuery, Record, RecordQuery


class SqliteLedger:
    """`Ledger` of one file: `SqliteEventStore.ledger`, or `open` beside whoever owns the file.

    `works` is None in a process that only reads."""

    def __init__(self, file: str, *, reads: ReadPool, works: Performer | None) -> None:
        self._file, self._reads, self._works = file, reads, works
        self._lately = Lately()
        self._has_tables = False

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "SqliteLedger":
        """Return the ledger in the file at `path`, whether or not a process owns it. Close it.

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

    def append(self, changes: Sequence[Change]) -> "asyncio.Future[tuple[Entry, ...]]":
        """See `Ledger.append`."""
        entered, left_private = tuple(changes), False

        def work(connection: sqlite3.Connection) -> tuple[Entry, ...]:
            nonlocal left_private
            appended = writing.append(connection, entered)
            left_private = appended.left_private
            return appended.entries

        if self._works is None:
            answer: asyncio.Future[tuple[Entry, ...]] = asyncio.get_running_loop().create_future()
            answer.set_exception(
                StoreUnavailable(f"{self._file} was opened for reading only; open it for writing.")
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
        return await self._reads.run_soon(rows.last_in) if await self._is_there() else Last()

    async def _is_there(self) -> bool:
        # The tables are made by who first needs them, and stay.
        if not self._has_tables:
            self._has_tables = await self._reads.run_soon(has_ledger)
        return self._has_tables
