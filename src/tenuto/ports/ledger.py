"""The ledger: what people and programs did, and the records that follow from it.

Every action is an entry; entries are numbered without gap, chained by digest, and never changed. An
entry that changes a record (a user, a key, an agent, a workflow…) and the record itself are written
in one transaction, so a record is what its last entry says, and its versions are its entries.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import JsonObject


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """From where an action was asked for."""

    address: str = ""
    """Of the client on the network; empty for this machine's own programs."""
    client: str = ""
    """What the client says it is, as a browser's User-Agent."""
    request: str = ""
    """Id of the request, also in the answer and in traces."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An action that is to be entered; with `writes` it also changes the record `kind`/`target`."""

    at_ms: int
    tenant: str
    actor: str
    """Who: `user:ID`, `key:ID`, or `system`."""
    action: str
    """What, as `user.add` or `session.cancel`."""
    kind: str = ""
    """Of what was acted on, as `user` or `session`."""
    target: str = ""
    """Its id."""
    source: Source = Source()
    detail: JsonObject = {}
    """What else is worth knowing. Never a credential, and not the whole of a large text."""
    writes: bool = False
    expected: int | None = None
    """The record's version that this change is made for; 0: there is none. None: any."""
    name: str = ""
    """Of the record, for people; unique for its tenant and kind where not empty."""
    value: JsonObject | None = None
    """What the record says from now on; None: it is deleted."""
    private: bytes = b""
    """What only programs need of the record, as a hash of a password: in no entry, and gone from
    the ledger once the record changes or is deleted."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was made."""

    number: int
    """Counts from 1 over all tenants, without gap."""
    at_ms: int
    tenant: str
    actor: str
    action: str
    kind: str
    target: str
    source: Source
    detail: JsonObject
    version: int
    """Of the record after it; 0 where it changed none."""
    before: JsonObject | None
    after: JsonObject | None
    digest: str
    """SHA-256 in hex over the entry and the digest before it; see `core.audit`."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What the entries of one thing amount to."""

    tenant: str
    kind: str
    id: str
    name: str
    version: int
    """Counts its changes, from 1."""
    value: JsonObject
    private: bytes
    created_ms: int
    updated_ms: int


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
    """Page: only those whose (name, id) come later."""
    limit: int = 1000


class Outdated(Rejected):
    """The record has another version than the one that a change was made for."""

    def __init__(self, *, kind: str, target: str, expected: int, found: int) -> None:
        self.kind, self.target, self.expected, self.found = kind, target, expected, found
        state = f"has version {found}" if found else "does not exist"
        wanted = f"version {expected}" if expected else "none"
        super().__init__(
            f"The {kind} {target!r} {state}, and the change was made for {wanted}; "
            "read it again and repeat the change."
        )


class NameTaken(Rejected):
    """Another record of that tenant and kind has the name."""

    def __init__(self, *, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"There is a {kind} named {name!r} already; choose another name.")


class Ledger(Protocol):
    """Entries and records of all tenants. Every method may raise `StoreUnavailable`."""

    def append(self, changes: Sequence[Change]) -> Awaitable[tuple[Entry, ...]]:
        """Return the entries once they are as durable as the store promises: all, or none.

        The write is queued before this returns.

        Raises:
            Outdated, NameTaken: nothing was changed.
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
