"""Records with versions: what organisations keep in the ledger under names of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from tenuto.core.errors import NotFound
from tenuto.core.vocabulary import JsonObject
from tenuto.ports.clock import Clock
from tenuto.ports.ledger import (
    Change,
    Entry,
    EntryQuery,
    Ledger,
    Outdated,
    Record,
    RecordQuery,
    Source,
)
from tenuto.server.principal import Principal

_PAGE: Final = 200


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who changes a record, and from where."""

    principal: Principal
    source: Source


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A record at one of its versions."""

    id: str
    version: int
    value: JsonObject
    actor: str
    """Who made this version; empty where it was not looked up."""
    at_ms: int
    is_first: bool = False
    """There was nothing before it, or it had been deleted."""


class Overtaken(Outdated):
    """Another version is there than the one that `mine` was to follow."""

    def __init__(self, error: Outdated, mine: JsonObject) -> None:
        super().__init__(
            kind=error.kind, target=error.target, expected=error.expected, found=error.found
        )
        self.mine: JsonObject = msgspec.json.decode(msgspec.json.encode(mine))
        """As it would have been kept."""


class Versions:
    """The records of one kind. Every method sees those of one organisation only (P7)."""

    def __init__(self, kind: str, ledger: Ledger, clock: Clock) -> None:
        self.kind = kind
        self._ledger, self._clock = ledger, clock

    async def all(self, organisation: str, *, after: str = "") -> AsyncIterator[Kept]:
        """Return all beyond the id `after`, by id."""
        last = (after, after) if after else None
        while True:
            query = RecordQuery(tenant=organisation, kind=self.kind, after=last, limit=_PAGE)
            page = await self._ledger.records(query)
            for record in page:
                yield _kept(record)
            if len(page) < _PAGE:
                return
            last = page[-1].name, page[-1].id

    async def find(self, organisation: str, id: str) -> Kept | None:
        """Return the newest version, or None."""
        record = await self._ledger.record(organisation, self.kind, id=id)
        return None if record is None else _kept(record)

    async def get(self, organisation: str, id: str, version: int | None = None) -> Kept:
        """Return a version, by default the newest.

        Raises:
            NotFound: there is none.
        """
        if version is None:
            found = await self.find(organisation, id)
        else:
            found = None
            async for kept in self.history(organisation, id):
                if kept.version == version:
                    found = kept
        if found is None:
            name = id if version is None else f"{id}, version {version}"
            raise NotFound(what=self.kind, name=name)
        return found

    async def history(
        self, organisation: str, id: str, *, before: int | None = None
    ) -> AsyncIterator[Kept]:
        """Return the versions of what is there now, newest first; those below `before` only."""
        if await self.find(organisation, id) is None:
            return
        number: int | None = None
        while True:
            page = await self._ledger.entries(
                EntryQuery(
                    tenant=organisation, kind=self.kind, target=id, before=number, limit=_PAGE
                )
            )
            for entry in page:
                if entry.version and entry.after is None:
                    return  # What was there before it was deleted is another thing.
                if entry.version and (before is None or entry.version < before):
                    yield _of_entry(entry)
            if len(page) < _PAGE:
                return
            number = page[-1].number

    async def put(
        self,
        asked: Asked,
        id: str,
        value: JsonObject,
        *,
        expected: int | None,
        detail: JsonObject | None = None,
    ) -> Kept:
        """Return the new version.

        Args:
            expected: the version that it follows; 0: there is none; None: any.
            detail: for the ledger.

        Raises:
            Overtaken: another version is there.
        """
        change = msgspec.structs.replace(
            self._change(asked, id, "add" if expected == 0 else "change"),
            expected=expected,
            name=id,
            value=value,
            detail=detail or {},
        )
        try:
            (entry,) = await self._ledger.append([change])
        except Outdated as error:
            raise Overtaken(error, value) from None
        return _of_entry(entry)

    async def delete(self, asked: Asked, id: str, *, expected: int | None) -> None:
        """Return once it is gone; its past stays in the ledger.

        Raises:
            NotFound: there is none.
            Outdated: another version is there.
        """
        kept = await self.get(asked.principal.organisation, id)
        if expected is None:
            expected = kept.version
        change = self._change(asked, id, "delete")
        await self._ledger.append([msgspec.structs.replace(change, expected=expected)])

    def _change(self, asked: Asked, id: str, action: str) -> Change:
        return Change(
            at_ms=self._clock.now_ms(),
            tenant=asked.principal.organisation,
            actor=asked.principal.actor,
            action=f"{self.kind}.{action}",
            kind=self.kind,
            target=id,
            source=asked.source,
            writes=True,
        )


def _kept(record: Record) -> Kept:
    return Kept(
        id=record.id,
        version=record.version,
        value=record.value,
        actor="",
        at_ms=record.updated_ms,
    )


def _of_entry(entry: Entry) -> Kept:
    return Kept(
        id=entry.target,
        version=entry.version,
        value=entry.after or {},
        actor=entry.actor,
        at_ms=entry.at_ms,
        is_first=entry.before is None,
    )
