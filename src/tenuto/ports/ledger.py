"""The ledger: what people and programs did, and the records that follow from it.

Every action is an entry; entries are numbered without gap, chained by digest, and never changed. An
entry that changes a record (a user, a key, an agent, a workflow…) and the record itself are written
in one transaction, so a record is what its last entry says, and its versions are its entries.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from tenuto.core.audit.entries import Change, Entry, NameTaken, Outdated, Record, Source

__all__ = [
    "Change",
    "Entry",
    "EntryQuery",
    "Ledger",
    "NameTaken",
    "Outdated",
    "Record",
    "RecordQuery",
    "Source",
]


class EntryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to list. Empty fields match everything."""

    tenant: str | None = None
    actor: str = ""
    actions: tuple[str, ...] = ()
    kind: str = ""
    target: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    after: int | None = None
    """Page in order: only those with larger numbers, oldest first."""
    before: int | None = None
    """Page back: only those with smaller numbers, newest first (the order without `after`)."""
    limit: int = 100


class RecordQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which records to list, by kind, then name, then id. Empty fields match everything."""

    tenant: str | None = None
    kind: str = ""
    after: tuple[str, str] | None = None
    """Page through one kind of one tenant: only those whose (name, id) come later."""
    beyond: tuple[str, str, str] | None = None
    """Walk through all: only those whose (tenant, kind, id) come later, in that order."""
    limit: int = 1000


class Ledger(Protocol):
    """Entries and records of all tenants. Every method may raise `StoreUnavailable`."""

    def append(self, changes: Sequence[Change]) -> Awaitable[tuple[Entry, ...]]:
        """Return the entries once they are as durable as the store promises: all, or none.

        The write is queued before this returns.

        Raises:
            Outdated, NameTaken: nothing was changed.
            Rejected: a change makes no sense, or holds what is no JSON; nothing was changed.
        """
        ...

    async def entries(self, query: EntryQuery) -> tuple[Entry, ...]:
        """Return the entries that match."""
        ...

    async def record(
        self, tenant: str, kind: str, *, id: str = "", name: str = ""
    ) -> Record | None:
        """Return the record with that id, or with that name, or None."""
        ...

    async def records(self, query: RecordQuery) -> tuple[Record, ...]:
        """Return the records that match."""
        ...

    async def digest(self) -> tuple[int, str]:
        """Return the last entry's number and digest; 0 and 64 zeros where there is none."""
        ...
