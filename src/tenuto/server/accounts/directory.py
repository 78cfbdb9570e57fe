"""Records of accounts at hand: read from the ledger once, and again when they changed.

The ledger is asked for news when the last look is FRESH_MS old, so that what another process
changes (as `tenuto keys revoke` beside a server) counts within that time. What this process
changes counts at once; and so does what another server changes: while there is one, the ledger is
asked for news each time, once for all who ask at the same moment.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from tenuto.ports.clock import Clock
from tenuto.ports.ledger import Change, Entry, EntryQuery, Ledger, Record, RecordQuery
from tenuto.server.accounts.records import KINDS

FRESH_MS: Final = 500
RECORDS_MAX: Final = 20_000
NEWS_MAX: Final = 500
"""Changes of one kind between two looks that are followed; after more all is read anew."""
PAGE: Final = 500


class Directory:
    """Reads and changes records of accounts."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock
        self._records: OrderedDict[tuple[str, str, str], Record] = OrderedDict()
        self._seen = 0
        self._looked_ms = -FRESH_MS
        self._look: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self.has_others: Callable[[], bool] = lambda: False
        """Whether another server may change records; set by who composes."""
        self.epoch = 0
        """Another one says that some record may have changed."""

    def is_fresh(self, now_ms: int) -> bool:
        """Return whether what is at hand counts. A clock that was put back makes it stale."""
        return 0 <= now_ms - self._looked_ms < FRESH_MS and not self.has_others()

    async def refresh(self) -> None:
        """Look for news, unless the last look is fresh.

        Raises:
            StoreUnavailable: the ledger could not be read; nothing at hand counts then.
        """
        if self.is_fresh(self._clock.now_ms()):
            return
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(self._look_for_news())
        elif self.has_others():
            # One that has begun may have missed what was changed before this moment.
            if self._next is None:
                self._next = asyncio.ensure_future(self._look_again(self._look))
            await asyncio.shield(self._next)
            return
        await asyncio.shield(self._look)

    async def get(self, tenant: str, kind: str, id: str) -> Record | None:
        """Return a record, or None."""
        await self.refresh()
        place = (tenant, kind, id)
        found = self._records.get(place)
        if found is not None:
            self._records.move_to_end(place)
            return found
        epoch = self.epoch
        found = await self._ledger.record(tenant, kind, id=id)
        # What was read while something changed may be what it was before.
        if found is not None and epoch == self.epoch:
            self._records[place] = found
            if len(self._records) > RECORDS_MAX:
                self._records.popitem(last=False)
        return found

    async def named(self, tenant: str, kind: str, name: str) -> Record | None:
        """Return the record of that name, or None; always read."""
        return await self._ledger.record(tenant, kind, name=name)

    async def current(self, tenant: str, kind: str, id: str) -> Record | None:
        """Return a record as the ledger has it now, to change it."""
        return await self._ledger.record(tenant, kind, id=id) if id else None

    async def page(self, query: RecordQuery) -> tuple[Record, ...]:
        """Return records that match; always read."""
        return await self._ledger.records(query)

    async def starting(self, tenant: str, kind: str, prefix: str) -> list[Record]:
        """Return all records whose name starts with `prefix`, by name."""
        found: list[Record] = []
        # Names that start with it sort from it on.
        after: tuple[str, str] | None = (prefix, "") if prefix else None
        while True:
            page = await self._ledger.records(
                RecordQuery(tenant=tenant, kind=kind, after=after, limit=PAGE)
            )
            matching = [record for record in page if record.name.startswith(prefix)]
            found += matching
            if len(page) < PAGE or len(matching) < len(page):
                return found
            after = (page[-1].name, page[-1].id)

    async def entries(self, query: EntryQuery) -> tuple[Entry, ...]:
        """Return entries that match."""
        return await self._ledger.entries(query)

    async def append(self, changes: Sequence[Change]) -> tuple[Entry, ...]:
        """Enter `changes`, all or none, and forget what they change.

        Raises:
            Outdated, NameTaken, StoreUnavailable: nothing was changed.
        """
        try:
            return await self._ledger.append(changes)
        finally:
            self._forget([(one.tenant, one.kind, one.target) for one in changes if one.writes])

    def _forget(self, places: Sequence[tuple[str, str, str]]) -> None:
        for place in places:
            self._records.pop(place, None)
        if any(kind in KINDS for _, kind, _ in places):
            self.epoch += 1

    async def _look_again(self, before: asyncio.Task[None]) -> None:
        await asyncio.wait([before])
        self._look, self._next = self._next, None
        await self._look_for_news()

    async def _look_for_news(self) -> None:
        started_ms = self._clock.now_ms()
        number, _ = await self._ledger.digest()
        if number != self._seen:
            changed: list[tuple[str, str, str]] = []
            for kind in KINDS:
                query = EntryQuery(kind=kind, after=self._seen, limit=NEWS_MAX)
                news = await self._ledger.entries(query)
                if number < self._seen or len(news) == NEWS_MAX:
                    self._records.clear()
                    self.epoch += 1
                changed += [(one.tenant, one.kind, one.target) for one in news if one.version]
            self._forget(changed)
            self._seen = number
        self._looked_ms = started_ms
