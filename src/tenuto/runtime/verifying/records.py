"""Verifies that each record is what its last entry says, and that none is missing.

Each record that there is, is compared with its entries. That none is gone is known by their number:
as many were made as there are, less those that were deleted. Which one is gone is looked for only
when the numbers differ.
"""

from collections.abc import AsyncIterator
from typing import Final

from tenuto.core.audit.faults import FAULTS_MAX, Fault, record_fault
from tenuto.core.errors import CorruptLog
from tenuto.ports.ledger import Entry, EntryQuery, Ledger, Record, RecordQuery
from tenuto.runtime.verifying.findings import Findings

PAGE: Final = 200
TRIES: Final = 5
"""Records change while they are looked at; after so many looks it is no accident."""


class RecordsCheck:
    """Looks at all records once."""

    def __init__(self, ledger: Ledger, findings: Findings) -> None:
        self._ledger, self._findings = ledger, findings
        self.count = 0
        self.is_unsettled = False
        """Whether records came and went too fast to be counted."""

    async def check(self, number: int, living: int) -> list[Fault]:
        """Return what is wrong; after entry `number` there must be `living` records."""
        faults: list[Fault] = []
        try:
            self.count = 0
            async for record in self._records():
                self.count += 1
                if not self.count % PAGE:
                    self._findings.looked("records", self.count, living)
                fault = await self._fault_of(record)
                if fault is not None:
                    faults.append(fault)
                if len(faults) == FAULTS_MAX:
                    break
        except CorruptLog as error:
            return [*faults, Fault(part="records", number=0, message=str(error))]
        if not faults and not await self._are_all(number, living):
            faults.append(await self._missing())
        return faults

    async def _fault_of(self, record: Record) -> Fault | None:
        seen: Record | None = record
        fault = None
        for _ in range(TRIES):
            if seen is None:
                return None  # Deleted meanwhile; if wrongly, the numbers tell.
            last, made_ms = await self._last_entry(seen)
            fault = record_fault(seen, last=last, made_ms=made_ms)
            if fault is None:
                return None
            seen = await self._ledger.record(record.tenant, record.kind, id=record.id)
        return fault

    async def _last_entry(self, record: Record) -> tuple[Entry | None, int | None]:
        """Return the last entry that wrote the record, and when the record came to be."""
        last, before = None, 2**63 - 1
        while True:
            page = await self._ledger.entries(
                EntryQuery(
                    tenant=record.tenant,
                    kind=record.kind,
                    target=record.id,
                    before=before,
                    limit=PAGE if last else 1,
                )
            )
            for entry in page:
                if not entry.version:
                    continue
                last = last or entry
                if entry.after is None or entry.before is None:
                    return last, entry.at_ms
            if not page:
                return last, None
            before = page[-1].number

    async def _are_all(self, number: int, living: int) -> bool:
        """Return whether there are as many records as the entries say.

        Records that come and go while they are counted make the count worth nothing."""
        for _ in range(TRIES):
            if self.count == living:
                return True
            end, _digest = await self._ledger.digest()
            if end == number:
                return False
            living += await self._made_between(number, end)
            number = end
            self.count = 0
            async for _record in self._records():
                self.count += 1
        end, _digest = await self._ledger.digest()
        self.is_unsettled = end != number and self.count != living
        return self.is_unsettled or self.count == living

    async def _made_between(self, after: int, end: int) -> int:
        """Return how many records the entries behind `after` made, less those they deleted."""
        made = 0
        while page := await self._ledger.entries(
            EntryQuery(after=after, before=end + 1, limit=PAGE)
        ):
            made += sum((e.after is not None) - (e.before is not None) for e in page)
            after = page[-1].number
        return made

    async def _missing(self) -> Fault:
        after = 0
        while page := await self._ledger.entries(EntryQuery(after=after, limit=PAGE)):
            after = page[-1].number
            for entry in page:
                if entry.after is not None and await self._is_gone(entry):
                    what = f"The {entry.kind} {entry.target!r} of {entry.tenant!r}"
                    message = f"{what} is gone, and no entry deleted it."
                    return Fault(part="records", number=entry.number, message=message)
        message = "There are other records than the entries say."
        return Fault(part="records", number=0, message=message)

    async def _is_gone(self, entry: Entry) -> bool:
        tenant, kind, target = entry.tenant, entry.kind, entry.target
        if await self._ledger.record(tenant, kind, id=target) is not None:
            return False
        query = EntryQuery(tenant=tenant, kind=kind, target=target, after=entry.number, limit=PAGE)
        while page := await self._ledger.entries(query):
            if any(later.version for later in page):
                return False  # Told by the later entry, or deleted by it.
            query = EntryQuery(
                tenant=tenant, kind=kind, target=target, after=page[-1].number, limit=PAGE
            )
        return True

    async def _records(self) -> AsyncIterator[Record]:
        beyond = ("", "", "")
        while page := await self._ledger.records(RecordQuery(beyond=beyond, limit=PAGE)):
            for record in page:
                yield record
            beyond = (page[-1].tenant, page[-1].kind, page[-1].id)
