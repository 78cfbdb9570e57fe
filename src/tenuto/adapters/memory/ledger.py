"""A ledger in memory."""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from tenuto.core.audit.entering import Last, entered
from tenuto.core.errors import Rejected
from tenuto.ports.ledger import Change, Entry, EntryQuery, NameTaken, Record, RecordQuery

Place: TypeAlias = tuple[str, str, str]
"""Tenant, kind and id."""


class MemoryLedger:
    """A `Ledger` that ends with the process."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._records: dict[Place, Record] = {}
        self._versions: dict[Place, int] = {}
        self._names: dict[Place, str] = {}
        """Tenant, kind and name to id."""

    def append(self, changes: Sequence[Change]) -> "asyncio.Future[tuple[Entry, ...]]":
        """See `Ledger.append`."""
        answer: asyncio.Future[tuple[Entry, ...]] = asyncio.get_running_loop().create_future()
        count, undo = len(self._entries), list[tuple[Place, Record | None, int]]()
        try:
            for change in changes:
                self._enter(change, undo)
        except Rejected as error:
            del self._entries[count:]
            for place, record, version in reversed(undo):
                self._put(place, record, version)
            answer.set_exception(error)
        else:
            answer.set_result(tuple(self._entries[count:]))
        return answer

    async def entries(self, query: EntryQuery) -> tuple[Entry, ...]:
        """See `Ledger.entries`."""
        # An entry's place in the list is its number less one.
        entries = self._entries[query.after or 0 : None if query.before is None else query.before]
        order = entries if query.after is not None else reversed(entries)
        found: list[Entry] = []
        for entry in order:
            if len(found) >= query.limit:
                break
            if _matches(entry, query):
                found.append(entry)
        return tuple(found)

    async def record(
        self, tenant: str, kind: str, *, id: str = "", name: str = ""
    ) -> Record | None:
        """See `Ledger.record`."""
        found = id or (self._names.get((tenant, kind, name)) if name else None)
        return self._records.get((tenant, kind, found)) if found else None

    async def records(self, query: RecordQuery) -> tuple[Record, ...]:
        """See `Ledger.records`."""
        found = [
            record
            for place, record in self._records.items()
            if query.tenant in (None, record.tenant)
            and query.kind in ("", record.kind)
            and (query.after is None or (record.name, record.id) > query.after)
            and (query.beyond is None or place > query.beyond)
        ]
        if query.beyond is None:
            found.sort(key=lambda record: (record.kind, record.name, record.id, record.tenant))
        else:
            found.sort(key=lambda record: (record.tenant, record.kind, record.id))
        return tuple(found[: query.limit])

    async def digest(self) -> tuple[int, str]:
        """See `Ledger.digest`."""
        return self._last()

    def _last(self) -> Last:
        if not self._entries:
            return Last()
        return Last(self._entries[-1].number, self._entries[-1].digest)

    def _enter(self, change: Change, undo: list[tuple[Place, Record | None, int]]) -> None:
        place = (change.tenant, change.kind, change.target)
        old, counted = self._records.get(place), self._versions.get(place, 0)
        made = entered(change, self._last(), old=old, counted=counted)
        if made.record is not None and made.record.name:
            holder = self._names.get((change.tenant, change.kind, made.record.name))
            if holder not in (None, change.target):
                raise NameTaken(kind=change.kind, name=made.record.name)
        if change.writes:
            undo.append((place, old, counted))
            self._put(place, made.record, made.entry.version)
        self._entries.append(made.entry)

    def _put(self, place: Place, record: Record | None, version: int) -> None:
        """Let the record at `place` be this one, and no other."""
        old = self._records.pop(place, None)
        if old is not None and old.name:
            del self._names[(old.tenant, old.kind, old.name)]
        if record is not None:
            self._records[place] = record
            if record.name:
                self._names[(record.tenant, record.kind, record.name)] = record.id
        self._versions[place] = version


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
