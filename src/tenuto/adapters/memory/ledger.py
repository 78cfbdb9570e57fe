"""A ledger in memory."""

import asyncio
from collections.abc import Sequence

import msgspec

from tenuto.core.audit.chain import START, link
from tenuto.ports.ledger import (
    Change,
    Entry,
    EntryQuery,
    NameTaken,
    Outdated,
    Record,
    RecordQuery,
)

_ENCODER = msgspec.json.Encoder(order="sorted")


class MemoryLedger:
    """A `Ledger` that ends with the process."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._records: dict[tuple[str, str, str], Record] = {}

    def append(self, changes: Sequence[Change]) -> "asyncio.Future[tuple[Entry, ...]]":
        """See `Ledger.append`."""
        answer: asyncio.Future[tuple[Entry, ...]] = asyncio.get_running_loop().create_future()
        entries, records = list(self._entries), dict(self._records)
        try:
            made = tuple(_enter(change, entries, records) for change in changes)
        except (Outdated, NameTaken) as error:
            answer.set_exception(error)
        else:
            self._entries, self._records = entries, records
            answer.set_result(made)
        return answer

    async def entries(self, query: EntryQuery) -> tuple[Entry, ...]:
        """See `Ledger.entries`."""
        order = self._entries if query.after is not None else reversed(self._entries)
        found = [entry for entry in order if _matches(entry, query)]
        return tuple(found[: query.limit])

    async def record(
        self, tenant: str, kind: str, *, id: str = "", name: str = ""
    ) -> Record | None:
        """See `Ledger.record`."""
        if id:
            return self._records.get((tenant, kind, id))
        for record in self._records.values():
            if (record.tenant, record.kind, record.name) == (tenant, kind, name):
                return record
        return None

    async def records(self, query: RecordQuery) -> tuple[Record, ...]:
        """See `Ledger.records`."""
        found = [
            record
            for record in self._records.values()
            if query.tenant in (None, record.tenant)
            and query.kind in ("", record.kind)
            and (query.after is None or (record.name, record.id) > query.after)
        ]
        found.sort(key=lambda record: (record.kind, record.name, record.id))
        return tuple(found[: query.limit])

    async def digest(self) -> tuple[int, str]:
        """See `Ledger.digest`."""
        return len(self._entries), self._entries[-1].digest if self._entries else START


def _enter(
    change: Change, entries: list[Entry], records: dict[tuple[str, str, str], Record]
) -> Entry:
    place = (change.tenant, change.kind, change.target)
    old = records.get(place)
    version = 0
    if change.writes:
        found = old.version if old is not None else 0
        if change.expected is not None and change.expected != found:
            raise Outdated(
                kind=change.kind, target=change.target, expected=change.expected, found=found
            )
        version = found + 1
        records.pop(place, None)
        if change.value is not None:
            _refuse_taken(change, records)
            records[place] = Record(
                tenant=change.tenant,
                kind=change.kind,
                id=change.target,
                name=change.name,
                version=version,
                value=change.value,
                private=change.private,
                created_ms=old.created_ms if old is not None else change.at_ms,
                updated_ms=change.at_ms,
            )
    entry = Entry(
        number=len(entries) + 1,
        at_ms=change.at_ms,
        tenant=change.tenant,
        actor=change.actor,
        action=change.action,
        kind=change.kind,
        target=change.target,
        source=change.source,
        detail=change.detail,
        version=version,
        before=old.value if change.writes and old is not None else None,
        after=change.value if change.writes else None,
        digest="",
    )
    before = entries[-1].digest if entries else START
    entry = msgspec.structs.replace(entry, digest=link(before, _ENCODER.encode(entry)))
    entries.append(entry)
    return entry


def _refuse_taken(change: Change, records: dict[tuple[str, str, str], Record]) -> None:
    taken = (change.tenant, change.kind, change.name)
    if change.name and any((r.tenant, r.kind, r.name) == taken for r in records.values()):
        raise NameTaken(kind=change.kind, name=change.name)


def _matches(entry: Entry, query: EntryQuery) -> bool:
    return (
        query.tenant in (None, entry.tenant)
        and query.actor in ("", entry.actor)
        and (not query.actions or entry.action in query.actions)
        and query.kind in ("", entry.kind)
        and query.target in ("", entry.target)
        and (query.since_ms is None or entry.at_ms >= query.since_ms)
        and (query.until_ms is None or entry.at_ms < query.until_ms)
        and (query.after is None or entry.number > query.after)
        and (query.before is None or entry.number < query.before)
    )
